"""Costs, spreads and ratios of the benchmarks."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loadtests.bench.common import ROOT, Cost, Spread, in_turn, measured, peak_rss_bytes, ratios


def busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_spread_holds_the_median_and_both_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(median=2.0, least=1.0, most=3.0)


def test_nothing_measured_is_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_a_ratio_is_taken_pair_by_pair_so_that_a_slow_minute_cancels() -> None:
    assert ratios([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == Spread(median=2.0, least=2.0, most=4.0)


def test_what_is_no_pair_has_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_works_are_done_in_turn() -> None:
    order: list[str] = []

    costs = in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)

    assert order == ["a", "b", "a", "b", "a", "b"]
    assert [len(costs[name]) for name in ("a", "b")] == [3, 3]


def test_processor_time_counts_every_thread_and_waiting_costs_none() -> None:
    def work() -> str:
        threads = [threading.Thread(target=busy, args=(0.1,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "done"

    result, cost = measured(work)
    _, idle = measured(lambda: time.sleep(0.2))

    assert result == "done"
    assert isinstance(cost, Cost)
    assert cost.cpu_s > 0.18
    assert idle.cpu_s < 0.1
    assert idle.wall_s > 0.19


def test_peak_memory_is_that_of_a_process_with_python_in_it() -> None:
    assert 5e6 < peak_rss_bytes() < 1e11


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc")
def test_peak_memory_is_not_that_of_the_process_that_started_this_one() -> None:
    kept = bytearray(200_000_000)
    kept[::4096] = b"x" * len(kept[::4096])
    command = "from loadtests.bench.common import peak_rss_bytes; print(peak_rss_bytes())"

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", command], capture_output=True, check=True, cwd=ROOT
    )

    assert int(done.stdout) < 150_000_000 < peak_rss_bytes()
    assert peak_rss_bytes(Path("/none")) > len(kept)
