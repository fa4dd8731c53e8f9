"""What the stand-in says in TorchServe's place, the real one says too; and the edge maps it the same way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from scripts.server import TorchServe
from tests.edge.edges import TIMEOUT_S, RunningEdge, refused, running_edge
from tests.edge.stand_in import TORCHSERVE_ERRORS, Backend
from tests.server.harness import serve_archives, tiny_archive

pytestmark = pytest.mark.server

MOODS = """
import os
import time


class Base:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        body = bytes(data[0].get("body") or b"")
        if body == b"raise":
            raise ValueError("a handler that raises")
        if body == b"die":
            os._exit(1)
        if body == b"wait":
            time.sleep(2)
        return ["done"]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """One worker with a queue of one."""
    folder = tmp_path_factory.mktemp("moods")
    archive = tiny_archive("f5_moods", folder, MOODS, {"jobQueueSize": 1})
    with serve_archives([archive], folder / "server") as running:
        yield running


@pytest.fixture(scope="module")
def in_front(tmp_path_factory: pytest.TempPathFactory, served: TorchServe) -> Iterator[RunningEdge]:
    """A shard's edge in front of it."""
    folder = tmp_path_factory.mktemp("front")
    port = served.options.ports.inference
    with running_edge(folder, Backend(port), role="shard", torchserve_port=port) as edge:
        yield edge


def expect(bare: requests.Response, name: str) -> None:
    """Compare an answer of the real TorchServe with what the stand-in says."""
    status, kind, message = TORCHSERVE_ERRORS[name]
    told = bare.json()
    assert (bare.status_code, told["code"], told["type"]) == (status, status, kind)
    assert told["message"].split('"')[0] == message.split('"')[0] or name == "unknown model"
    assert "X-Correlation-Id" not in bare.headers
    assert bare.headers["x-request-id"]


def test_an_unknown_model(served: TorchServe, in_front: RunningEdge) -> None:
    expect(
        requests.post(f"{served.inference_url}/predictions/f5_xx", data=b"x", timeout=TIMEOUT_S),
        "unknown model",
    )
    refused(in_front.ask("POST", "/predictions/f5_xx", data=b"x"), 404, "not_found")


def test_a_full_queue(served: TorchServe, in_front: RunningEdge) -> None:
    url = f"{served.inference_url}/predictions/f5_moods"
    with ThreadPoolExecutor(2) as threads:
        held = []
        for _ in range(2):
            held.append(threads.submit(requests.post, url, data=b"wait", timeout=TIMEOUT_S))
            time.sleep(0.5)

        expect(requests.post(url, data=b"x", timeout=TIMEOUT_S), "queue full")
        answer = in_front.ask("POST", "/predictions/f5_moods", data=b"x")
        refused(answer, 503, "overloaded")
        assert answer.headers["Retry-After"] == "1"
        assert [one.result().status_code for one in held] == [200, 200]


def test_a_handler_that_raises(served: TorchServe, in_front: RunningEdge) -> None:
    url = f"{served.inference_url}/predictions/f5_moods"

    expect(requests.post(url, data=b"raise", timeout=TIMEOUT_S), "raised")
    refused(in_front.ask("POST", "/predictions/f5_moods", data=b"raise"), 503, "internal_error")


def test_a_body_beyond_the_limit(served: TorchServe) -> None:
    url = f"{served.inference_url}/predictions/f5_moods"

    bare = requests.post(url, data=bytes(10_000_001), timeout=TIMEOUT_S)

    assert (bare.status_code, bare.content) == (413, b"")
    assert requests.post(url, data=bytes(10_000_000), timeout=TIMEOUT_S).status_code == 200


def test_a_worker_that_dies(served: TorchServe, in_front: RunningEdge) -> None:
    """Whether it is told as 500 or 507 depends on what TorchServe notices first."""
    url = f"{served.inference_url}/predictions/f5_moods"

    bare = requests.post(url, data=b"die", timeout=TIMEOUT_S)
    expect(bare, "worker died" if bare.status_code == 507 else "worker ended")
    # What is sent meanwhile waits for the worker that is started again, and then it dies as well.
    answer = in_front.ask("POST", "/predictions/f5_moods", data=b"die")
    refused(answer, 507 if answer.status_code == 507 else 500, "worker_died")
