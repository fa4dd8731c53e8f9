"""Two workers of one language model in a real server, though its archive says one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from f5serve.routing.lookout import PATIENCE
from scripts.management import describe
from scripts.server import TorchServe
from tests.server.harness import router_archive, serve_archives, tiny_archive, with_config
from tests.server.listening import TIMEOUT_S, post

pytestmark = pytest.mark.server

# Stands in for a language model, inside a real TorchServe: one text keeps its worker for long.
SPEAKER = """
import time


class Base:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        time.sleep(LONG_S if "Longtemps" in str(data[0]) else 0.2)
        context.set_response_header(0, "X-Inference-Ms", "150")
        context.set_response_header(0, "X-Voice", "plain_fr")
        return [__import__("struct").pack("<f", 0.1) * 4800]
"""
LONG_S = PATIENCE.margin_s + PATIENCE.grace_s + 3.0
"""Long enough for a router that believes in order to give the piece up."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    folder = tmp_path_factory.mktemp("workers")
    two = {"minWorkers": 2, "maxWorkers": 2}
    (folder / "tiny").mkdir()
    archives = [
        tiny_archive("f5_fr", folder / "tiny", f"LONG_S = {LONG_S}\n{SPEAKER}"),
        with_config(router_archive(folder / "router"), folder / "archives", two),
    ]
    with serve_archives(archives, folder, workers=2) as running:
        yield running


def speak(server: TorchServe, text: str) -> requests.Response:
    return post(f"{server.inference_url}/predictions/tts", text=text, language="fr")


def test_a_server_that_is_ready_has_all_the_workers_and_the_router_its_own(two: TorchServe) -> None:
    model, router = (describe(two.management_url, name) for name in ("f5_fr", "tts"))

    assert model is not None
    assert router is not None
    assert (model.min_workers, model.ready_workers, len(set(model.pids))) == (2, 2, 2)
    assert (router.min_workers, router.ready_workers) == (2, 2)


def test_both_work_and_a_piece_that_others_overtake_is_not_taken_for_lost(two: TorchServe) -> None:
    with ThreadPoolExecutor(1) as threads:
        started = time.monotonic()
        long = threads.submit(speak, two, "Longtemps, je me suis couché de bonne heure.")
        meanwhile = 0
        while not long.done():
            assert speak(two, "Bonjour à tous.").status_code == 200
            meanwhile += time.monotonic() - started < LONG_S
            time.sleep(0.3)

    assert long.result(timeout=TIMEOUT_S).status_code == 200
    assert meanwhile >= 3, "the other worker answers while the first is busy"
    log = (two.options.logs / "model_log.log").read_text(encoding="utf-8")
    assert '"message":"forgotten"' not in log
