"""The measurement of schedules: when requests are due, what times count from, what the table says."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from f5serve.errors import BackendError
from loadtests.bench.schedules import (
    LOADS,
    SHORT_S,
    Load,
    Timing,
    arrivals,
    ask,
    profile_of,
    row,
    under_load,
)
from loadtests.workload import Wish, Workload, expected_s, read_material


def wishes(count: int) -> list[Wish]:
    workload = Workload(profile_of(3), read_material())
    return [workload.wish(number) for number in range(count)]


def test_requests_arrive_at_the_rate_asked_for_and_at_the_same_moments_each_time() -> None:
    moments = arrivals(2000, 4.0, seed=1)

    assert moments == sorted(moments)
    assert moments[-1] / 2000 == pytest.approx(1 / 4.0, rel=0.1)
    assert moments == arrivals(2000, 4.0, seed=1)
    assert moments != arrivals(2000, 4.0, seed=2)


def test_in_the_open_loop_time_counts_from_when_a_request_was_due_and_none_waits_for_another() -> (
    None
):
    at_once = threading.Barrier(4, timeout=10)

    def speak(wish: Wish) -> float:
        at_once.wait()  # passes only if all four are under way together
        time.sleep(0.05)
        return 1.0

    load = Load(name="open", share=1.0)
    timings = under_load(speak, wishes(4), load, rate_per_s=40.0, seed=5)

    last_due_s = arrivals(4, 40.0, seed=5)[-1]
    assert timings[0].waited_s > last_due_s - arrivals(4, 40.0, seed=5)[0] + 0.04
    assert all(timing.ended_s > last_due_s for timing in timings)


def test_callers_that_wait_are_never_more_than_the_load_says() -> None:
    under_way, most = 0, 0
    lock = threading.Lock()

    def speak(wish: Wish) -> float:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return 1.0

    timings = under_load(speak, wishes(12), Load(name="closed", callers=3), rate_per_s=1.0, seed=1)

    assert len(timings) == 12
    assert most == 3


def test_an_answer_that_is_no_speech_ends_the_measurement() -> None:
    def speak(wish: Wish) -> float:
        raise RuntimeError("503")

    with pytest.raises(RuntimeError, match="503"):
        under_load(speak, wishes(2), LOADS[0], rate_per_s=50.0, seed=1)


def test_a_server_that_nobody_reaches_is_told_of() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, and nobody listens

        with pytest.raises(BackendError, match="request 0: no answer"):
            ask(f"http://127.0.0.1:{held.getsockname()[1]}", wishes(1)[0])


def test_the_table_tells_the_short_ones_apart() -> None:
    asked = wishes(40)
    timings = [
        Timing(waited_s=0.1 if expected_s(wish.text) <= SHORT_S else 2.0, audio_s=1.0, ended_s=1.0)
        for wish in asked
    ]

    told = row(timings, asked)

    assert told["n"] == 40
    short = told["short_n"]
    assert isinstance(short, int)
    assert 0 < short < 40
    assert told["short_p95_s"] == 0.1
    assert told["p95_s"] == 2.0
