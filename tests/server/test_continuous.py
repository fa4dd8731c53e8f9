"""Step-level batching on a real server: short pieces overtake, each is answered when it is done, none is mixed up."""

from __future__ import annotations

import os
import signal
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import yaml

from scripts.archive import MODEL_CONFIG
from scripts.server import TorchServe
from tests.faults.breaking import wait_ready, worker_pids
from tests.server.harness import demo_archives, serve_archives, with_config
from tests.server.listening import TIMEOUT_S, distance, heard, post, refused
from tests.server.test_batching import BAD, TEXTS

pytestmark = pytest.mark.server

LONG = TEXTS[5]
SHORT = "À demain."
UNDER_WAY = 8


@pytest.fixture(scope="module")
def continuous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """The French model alone, with continuous batching."""
    folder = tmp_path_factory.mktemp("continuous")
    (archive,) = [archive for archive in demo_archives() if archive.stem == "f5_fr"]
    with zipfile.ZipFile(archive) as content:
        told: dict[str, Any] = yaml.safe_load(content.read(MODEL_CONFIG))
    changes = {
        "batchSize": UNDER_WAY,
        "maxBatchDelay": 1,
        "continuousBatching": True,
        "jobQueueSize": 16,
        "handler": {**told["handler"], "continuous": {"turn_ms": 50, "patience_s": 20.0}},
    }
    changed = with_config(archive, folder / "archives", changes)
    with serve_archives([changed], folder) as running:
        yield running


@pytest.fixture
def url(continuous: TorchServe) -> str:
    return f"{continuous.inference_url}/predictions/f5_fr"


def test_requests_that_come_together_sound_as_they_do_alone(url: str) -> None:
    def speak(index: int) -> requests.Response:
        return post(url, text=TEXTS[index], seed=index)

    with ThreadPoolExecutor(8) as threads:
        together = [heard(answer) for answer in threads.map(speak, range(8))]
    alone = [heard(speak(index)) for index in range(8)]

    apart = [distance(one, other) for one, other in zip(together, alone, strict=True)]
    assert max(apart) < 1e-3, apart
    swapped = [distance(together[0], alone[1]), distance(together[1], alone[0])]
    assert min(swapped) > 1e-3


def test_a_short_piece_that_comes_later_is_answered_before_the_long_ones(url: str) -> None:
    ended: dict[str, float] = {}

    def speak(name: str, text: str, steps: int) -> None:
        heard(post(url, text=text, seed=1, steps=steps))
        ended[name] = time.monotonic()

    with ThreadPoolExecutor(4) as threads:
        for index in range(3):
            threads.submit(speak, f"long {index}", LONG, 32)
        time.sleep(0.3)  # until the long ones are under way
        threads.submit(speak, "short", SHORT, 5)

    assert len(ended) == 4
    assert min(ended, key=ended.__getitem__) == "short"


def test_bad_requests_are_refused_at_once_and_their_mates_are_spoken(url: str) -> None:
    good = [{"text": text, "quality": "draft", "seed": 1} for text in TEXTS[:4]]
    mixed = [fields for pair in zip(good, BAD, strict=True) for fields in pair]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda fields: post(url, **fields), mixed))

    for answer in answers[::2]:
        heard(answer)
    for answer in answers[1::2]:
        refused(answer, 404 if "nobody" in answer.text else 422)


def test_each_answer_has_headers_of_its_own(url: str) -> None:
    def speak(index: int) -> requests.Response:
        return requests.post(
            url,
            json={"text": TEXTS[index], "seed": 100 + index, "quality": "draft"},
            headers={"X-Request-Id": f"caller-{index}"},
            timeout=TIMEOUT_S,
        )

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(speak, range(8)))

    assert [answer.headers["X-Seed"] for answer in answers] == [f"{100 + i}" for i in range(8)]
    assert [answer.headers["X-Correlation-Id"] for answer in answers] == [
        f"caller-{index}" for index in range(8)
    ]
    assert all(float(answer.headers["X-Inference-Ms"]) > 0 for answer in answers)
    assert not any("ts_stream_next" in answer.headers for answer in answers)


def test_the_frames_of_what_was_spoken_are_counted_once(continuous: TorchServe, url: str) -> None:
    def counted() -> float:
        text = requests.get(f"{continuous.metrics_url}/metrics", timeout=TIMEOUT_S).text
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith("f5serve_pieces_total") and 'Code="200"' in line
        )

    before = counted()
    heard(post(url, text=SHORT, seed=1))
    heard(post(url, text=LONG, seed=1))

    assert counted() - before == 2


def test_when_the_worker_is_killed_all_under_way_are_told_and_it_speaks_again(
    continuous: TorchServe, url: str
) -> None:
    def speak(index: int) -> requests.Response:
        return post(url, text=LONG, seed=index, steps=32)

    (pid,) = worker_pids(continuous, "f5_fr")
    with ThreadPoolExecutor(3) as threads:
        futures = [threads.submit(speak, index) for index in range(3)]
        time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
        answers = [future.result() for future in futures]

    # TorchServe's own answer, by which the router knows to ask again.
    assert {answer.json()["message"] for answer in answers} == {"Worker died."}
    assert {answer.status_code for answer in answers} <= {500, 507}  # by what it notices first
    wait_ready(continuous, "f5_fr")
    heard(post(url, text=SHORT, seed=1))
