"""What the benchmarks share: costs, spreads, runs in turn, and where results go."""

from __future__ import annotations

import argparse
import contextlib
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULTS: Final = Path("loadtests/results")
OUT: Final = Path("out/bench")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a piece of work cost.

    Attributes:
        cpu_s: Seconds of processor time, user and system, of all threads and of children that have ended.
        wall_s: Seconds that went by.
    """

    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A measurement that was repeated.

    Attributes:
        median: Its median.
        least: Its smallest value.
        most: Its largest value.
    """

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise values.

        Raises:
            ValueError: If there are none.
        """
        if not values:
            raise ValueError("nothing was measured")
        return cls(
            median=_digits(statistics.median(values)),
            least=_digits(min(values)),
            most=_digits(max(values)),
        )


def options_of(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the options of a benchmark that has ``--quick`` and ``--record``, and refuse both together.

    A quick run would replace figures that took minutes by a few requests'.
    """
    options = parser.parse_args(argv)
    if options.record and options.quick:
        parser.error("--quick measures too little to be recorded; leave one of the two out")
    return options


def measured(work: Callable[[], _Result]) -> tuple[_Result, Cost]:
    """Do a piece of work and answer what it gave and cost."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    result = work()
    return result, Cost(cpu_s=cpu_seconds() - cpu, wall_s=time.perf_counter() - wall)


def in_turn(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[Cost]]:
    """Measure several pieces of work in turn, A B A B, so that a slow minute of the machine meets all of them.

    Args:
        works: What is done, by name.
        repeats: How often.

    Returns:
        For each name its costs, in order; those of one place were measured right after one another.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            costs[name].append(measured(work)[1])
    return costs


def ratios(slower: Sequence[float], faster: Sequence[float]) -> Spread:
    """Answer how many times as much one costs as the other, pair by pair.

    Raises:
        ValueError: If they are not pairs.
    """
    return Spread.of([one / other for one, other in zip(slower, faster, strict=True)])


def cpu_seconds() -> float:
    """Answer the processor time of this process, all its threads, and its children that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak_rss_bytes(status: Path = Path("/proc/self/status")) -> int:
    """Answer the most memory that this process has had resident so far.

    Args:
        status: Where Linux tells it. ``ru_maxrss`` is asked elsewhere alone: a process that another one started
            inherits that one's peak there.
    """
    with contextlib.suppress(OSError):
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _digits(value: float) -> float:
    """Keep four digits; no measurement here is worth more."""
    return float(f"{value:.4g}")
