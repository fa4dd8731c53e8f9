"""A language model on several servers: the router shares out the work, and misses none that goes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from loadtests.pressure import Callers
from scripts.server import TorchServe
from tests.server.harness import router_archive, serve_archives, tiny_archive, with_config
from tests.server.listening import TIMEOUT_S, post

pytestmark = pytest.mark.server

# Stands in for a language model, inside a real TorchServe: what it says tells who said it.
SPEAKER = """
import os
import time


class Base:
    def initialize(self, context):
        self.level = float(os.environ["SPEAKER_LEVEL"])

    def handle(self, data, context):
        time.sleep(0.15)
        for index in range(len(data)):
            context.set_response_header(index, "X-Inference-Ms", "150")
            context.set_response_header(index, "X-Voice", "plain_fr")
        samples = __import__("struct").pack("<f", self.level) * 4800
        return [samples for _ in data]
"""
TEXT = {"text": "Bonjour.", "language": "fr", "response_format": "json"}
LOAD_S = 6.0


@dataclass(frozen=True, slots=True)
class Cluster:
    router: TorchServe
    shards: tuple[TorchServe, TorchServe]

    @property
    def url(self) -> str:
        return f"{self.router.inference_url}/predictions/tts"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two servers with the same model, and a third with the router alone."""
    router = with_config(
        router_archive(tmp_path), tmp_path / "four", {"minWorkers": 4, "maxWorkers": 4}
    )
    with ExitStack() as running:
        shards = tuple(
            running.enter_context(
                serve_archives(
                    [tiny_archive("f5_fr", _folder(tmp_path / f"tiny{index}"), SPEAKER, BATCH)],
                    tmp_path / f"shard{index}",
                    environment={"SPEAKER_LEVEL": f"0.{index}"},
                )
            )
            for index in (1, 2)
        )
        told = ",".join(f"f5_fr={shard.inference_url}" for shard in shards)
        environment = {"F5SERVE_BACKENDS": told}
        server = serve_archives([router], tmp_path / "router", environment=environment)
        yield Cluster(running.enter_context(server), (shards[0], shards[1]))


BATCH = {"batchSize": 2, "maxBatchDelay": 10, "jobQueueSize": 4}


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def requests_of(shard: TorchServe) -> float:
    """How many requests a server has counted."""
    told = requests.get(f"{shard.metrics_url}/metrics", timeout=TIMEOUT_S).text
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in told.splitlines()
        if line.startswith("ts_inference_requests_total{")
    )


def kill_server(server: TorchServe) -> None:
    """End a server as a lost machine does: at once, with all its workers."""
    os.killpg(server.pid, signal.SIGKILL)


def kill_worker(server: TorchServe) -> None:
    """End the process of the model, as the kernel does when memory is short."""
    (worker,) = [
        child
        for child in psutil.Process(server.pid).children(recursive=True)
        if "model_service_worker.py" in " ".join(child.cmdline())
    ]
    worker.kill()


def test_work_is_shared_out_and_no_caller_notices_that_a_worker_and_then_a_server_is_killed(
    cluster: Cluster,
) -> None:
    with Callers([lambda: post(cluster.url, **TEXT).status_code] * 4) as load:
        time.sleep(LOAD_S / 3)
        shared = [requests_of(shard) for shard in cluster.shards]
        kill_worker(cluster.shards[0])
        time.sleep(LOAD_S / 2)
        kill_server(cluster.shards[1])
        time.sleep(LOAD_S / 2)
        before = load.answers[200]
        time.sleep(LOAD_S / 6)

    assert min(shared) > max(shared) / 3, shared
    assert set(load.answers) == {200}, load.answers
    assert load.answers[200] > before, "nothing was spoken after the server was lost"
