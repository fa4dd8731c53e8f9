"""A language model is replaced while it is asked for: the new server comes, the old one goes, nobody notices."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import requests

from scripts.launch import ServerOptions
from scripts.ports import Ports
from scripts.server import TorchServe
from tests.faults.breaking import under_load
from tests.server.harness import router_archive, serve_archives, tiny_archive, with_config
from tests.server.test_replicas import BATCH, SPEAKER, requests_of

pytestmark = pytest.mark.server

OLD, NEW = 0.1, 0.3
SHIFT_DEADLINE_S = 90.0


@dataclass(frozen=True, slots=True)
class Change:
    router: TorchServe
    old: TorchServe
    new: TorchServe


@pytest.fixture
def change(tmp_path: Path) -> Iterator[Change]:
    """The router, which knows two addresses of the French model, and a server at the first of them."""
    router = with_config(
        router_archive(tmp_path), tmp_path / "four", {"minWorkers": 4, "maxWorkers": 4}
    )
    with ExitStack() as running:
        old, new = (model_server(tmp_path / name, level) for name, level in (("old", OLD), ("new", NEW)))  # fmt: skip
        running.callback(new.stop, drain_s=0)
        running.enter_context(old)
        told = ",".join(f"f5_fr={server.inference_url}" for server in (old, new))
        environment = {"F5SERVE_BACKENDS": told}
        server = serve_archives([router], tmp_path / "router", environment=environment)
        yield Change(running.enter_context(server), old, new)


def model_server(folder: Path, level: float) -> TorchServe:
    """A server of the French model's stand-in, not yet started; its speech has one level."""
    folder.mkdir()
    archive = tiny_archive("f5_fr", folder, SPEAKER, BATCH)
    options = ServerOptions(
        store=archive.parent,
        models=("f5_fr",),
        ports=Ports.free(),
        logs=folder / "logs",
        environment={"SPEAKER_LEVEL": str(level)},
        threads=1,
    )
    return TorchServe(options)


def spoken_by(router: TorchServe) -> float:
    """Answer the level of what is spoken now: it tells which server has spoken."""
    answer = requests.post(
        f"{router.inference_url}/predictions/tts",
        json={"text": "Bonjour.", "language": "fr", "response_format": "json"},
        timeout=60,
    )
    wav = base64.b64decode(answer.json()["audio"])
    return float(np.abs(np.frombuffer(wav[44:], dtype="<i2")).max()) / 32768


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SHIFT_DEADLINE_S
    while not true():
        assert time.monotonic() < end, "the change takes too long"
        time.sleep(0.5)


def test_a_language_is_replaced_without_one_failed_request(change: Change) -> None:
    with under_load(change.router, 4, "Bonjour.") as load:
        time.sleep(2.0)  # the new address is known, and nothing is there
        change.new.start()
        change.new.wait_ready()
        wait_until(lambda: requests_of(change.new) > 5)
        change.old.stop(drain_s=10.0)
        after = load.answers[200]
        wait_until(lambda: load.answers[200] > after + 8)

    assert set(load.answers) == {200}, load.answers
    levels = {round(spoken_by(change.router), 1) for _ in range(3)}
    assert levels == {NEW}
