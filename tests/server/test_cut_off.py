"""A host that is cut off from the network, with pieces under way: another speaks them in time.

The host is a network namespace of this machine, joined to it by a pair of virtual interfaces.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import urllib3

from f5serve.routing.answers import SpokenPiece
from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.deadline import Deadline
from f5serve.settings import Backend
from scripts.package import ROOT
from tests.unit.routing_support import fake_model, speech

pytestmark = [pytest.mark.server, pytest.mark.tool("ip")]

NAME = f"f5serve{os.getpid() % 10_000}"
NETWORK = "198.18.77"  # reserved for tests between networks (RFC 2544)
PORT = 8000
STOLEN_S = 20.0
SLOW_MODEL = """
import sys, time
from tests.unit import routing_support as support

def answer(request):
    time.sleep(2.0)
    return support.speech(4800)

with support.fake_model(answer, sys.argv[1], int(sys.argv[2])):
    time.sleep(300)
"""


def ip(*words: str) -> None:
    program = ["ip", *words]
    subprocess.run(program, check=True, capture_output=True, timeout=20)  # noqa: S603 - ours


@contextmanager
def far_host() -> Iterator[str]:
    """A host at the other end of a cable, as the address that a model is served on."""
    near, far = f"{NAME}a"[:15], f"{NAME}b"[:15]
    ip("netns", "add", NAME)
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", NAME)
        ip("addr", "add", f"{NETWORK}.1/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", NAME, "addr", "add", f"{NETWORK}.2/30", "dev", far)
        ip("-n", NAME, "link", "set", far, "up")
        yield f"{NETWORK}.2"
    finally:
        ip("netns", "del", NAME)


@contextmanager
def model_on(address: str) -> Iterator[str]:
    """A language model on that host, as the URL to ask."""
    program = ["ip", "netns", "exec", NAME, sys.executable, "-c", SLOW_MODEL, address, str(PORT)]
    paths = f"{ROOT / 'handlers'}{os.pathsep}{ROOT}"
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen(program, env=environment) as process:  # noqa: S603 - ours
        try:
            _wait_for(f"http://{address}:{PORT}/")
            yield f"http://{address}:{PORT}/predictions/f5_fr"
        finally:
            process.kill()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib3.request("GET", url, retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"nothing answers at {url}")


@pytest.fixture
def may_make_hosts() -> None:
    """Only root may make a network namespace, and not in every container."""
    try:
        ip("netns", "add", NAME)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.decode().strip()}")
    ip("netns", "del", NAME)


@pytest.mark.usefixtures("may_make_hosts")
def test_pieces_at_a_host_that_is_cut_off_are_spoken_by_another() -> None:
    with (
        far_host() as address,
        model_on(address) as far,
        fake_model(lambda _: speech(480)) as near,
    ):
        backend = Backend(
            model="f5_fr",
            url=far,
            more_urls=(near.url,),
            languages=("fr",),
            licence="MIT",
            commercial_use=True,
        )
        models = LanguageModels(connections(4), max_refused_s=5.0)

        def speak(index: int) -> SpokenPiece:
            deadline = Deadline(60.0)
            return models.speak(backend, {"piece": index}, deadline=deadline, request_id="id")

        with ThreadPoolExecutor(4) as threads:
            pieces = [threads.submit(speak, index) for index in range(4)]
            time.sleep(0.7)  # half of them are at the far host, which needs two seconds
            ip("-n", NAME, "link", "set", f"{NAME}b"[:15], "down")
            started = time.monotonic()
            spoken = [piece.result(timeout=50) for piece in pieces]
            took_s = time.monotonic() - started
            later = [threads.submit(speak, index).result(timeout=50) for index in range(4)]

    assert {len(piece.samples) for piece in spoken + later} == {480}
    assert took_s < STOLEN_S, took_s
