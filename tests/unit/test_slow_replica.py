"""One of two replicas is slow: the other gets most of the work, and nothing is lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.deadline import Deadline
from f5serve.settings import Backend
from tests.unit.routing_support import FakeModel, Scripted, fake_model, speech

CALLERS = 4
PIECES = 80
FAST_S = 0.02
SLOW_S = 0.8


def after(seconds: float) -> Any:
    def answer(_: dict[str, Any]) -> Scripted:
        time.sleep(seconds)
        return speech(480)

    return answer


def times_of(first: FakeModel, second: FakeModel) -> list[float]:
    """Have pieces spoken by callers who wait for their answers; answer how long each took."""
    backend = Backend(
        model="f5_fr", url=first.url, more_urls=(second.url,), languages=("fr",), licence="MIT",
        commercial_use=True,
    )  # fmt: skip
    pool = connections(CALLERS)
    models = LanguageModels(pool, max_refused_s=5.0)

    def speak(index: int) -> float:
        started = time.monotonic()
        piece = models.speak(
            backend, {"piece": index}, deadline=Deadline(60.0), request_id=f"id-{index}"
        )
        assert len(piece.samples) == 480
        return time.monotonic() - started

    with ThreadPoolExecutor(CALLERS) as threads:
        times = list(threads.map(speak, range(PIECES)))
    pool.clear()
    return times


def test_two_that_are_as_fast_share_the_work() -> None:
    with fake_model(after(FAST_S)) as one, fake_model(after(FAST_S)) as other:
        times_of(one, other)

    assert min(len(one.requests), len(other.requests)) > PIECES / 4


def test_a_slow_one_gets_little_of_the_work_and_nothing_is_lost() -> None:
    with fake_model(after(SLOW_S)) as slow, fake_model(after(FAST_S)) as fast:
        times = times_of(slow, fast)

    assert len(slow.requests) + len(fast.requests) == PIECES, "asked once each"
    # Nobody waits behind another at the slow one while the fast one is free.
    assert len(slow.requests) < PIECES / 5
    assert sorted(times)[PIECES // 2] < SLOW_S / 2
    assert max(times) < 3 * SLOW_S
