"""What a server's processes hold while it works: memory, file descriptors, threads, temporary files."""

from __future__ import annotations

import contextlib
import itertools
import math
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil
from msgspec import Struct

from scripts.sources import ROUTER

PERIOD_S: Final = 2.0
LEAST_LOOKS: Final = 10
BLOCKS: Final = 20
CONFIDENT: Final = 2.1
"""Standard errors to each side of a slope that hold it 95 times in 100, by Student's distribution for 18 degrees
of freedom: twenty medians and a line. (Of the fewest looks, ten, it would be 2.3.)"""
MOST_TOGETHER: Final = 0.9


class Memory(Struct, frozen=True, kw_only=True):
    """Memory of all processes of one kind.

    Attributes:
        processes: How many there are.
        rss_bytes: Resident memory. Pages of files, libraries and tables among them, count once for each
            process that has looked at them, and can be no more than the files.
        own_bytes: Of that, what is no file's: what the processes have asked for, and what a leak would fill.
    """

    processes: int
    rss_bytes: int
    own_bytes: int


class Holding(Struct, frozen=True, kw_only=True):
    """What all processes of a server hold together.

    Attributes:
        at_s: When, seconds since the watch began.
        processes: How many there are.
        rss_bytes: Resident memory.
        own_bytes: Of that, what is no file's (see ``Memory``).
        kinds: Memory by kind of process: ``java``, ``router``, ``language``.
        descriptors: Open files and sockets.
        threads: Threads.
        files: Files in its temporary folder, the unpacked archives among them.
    """

    at_s: float
    processes: int
    rss_bytes: int
    own_bytes: int
    kinds: dict[str, Memory]
    descriptors: int
    threads: int
    files: int


class Growth(Struct, frozen=True, kw_only=True):
    """How much more there is at the end than at the beginning, by the line that fits all looks best.

    Attributes:
        before_bytes: Where the line begins.
        after_bytes: Where it ends.
        share: By how much of what there was.
        margin: Half the width of the 95 % interval of the share.
        looks: How many there were.
    """

    before_bytes: float
    after_bytes: float
    share: float
    margin: float
    looks: int

    def __str__(self) -> str:
        return (
            f"{self.before_bytes / 1e6:.0f} to {self.after_bytes / 1e6:.0f} MB "
            f"({self.share:+.1%} \N{PLUS-MINUS SIGN} {self.margin:.1%})"
        )


class Kinds:
    """Tells what a process of a server is, by what TorchServe says of its workers.

    Args:
        workers: Answers the process ids of each model's workers; asked again when an unknown one appears.
    """

    def __init__(self, workers: Callable[[], Mapping[str, Collection[int]]]) -> None:
        self._workers = workers
        self._known: dict[int, str] = {}

    def of(self, process: psutil.Process) -> str:
        """Answer ``java``, ``router``, ``language``, or ``other`` for one that no model has."""
        if process.pid not in self._known and process.name() == "java":
            self._known[process.pid] = "java"
        if process.pid not in self._known:
            for model, pids in self._workers().items():
                kind = "router" if model == ROUTER else "language"
                self._known |= dict.fromkeys(pids, kind)
        return self._known.get(process.pid, "other")


def holding(
    processes: Sequence[psutil.Process], kinds: Kinds, temporary: Path | None, at_s: float
) -> Holding:
    """Measure; processes that end meanwhile are left out."""
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    descriptors = threads = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            kind, told = kinds.of(process), process.memory_info()
            more = process.num_fds(), process.num_threads()
            # Linux tells the pages of files as shared; elsewhere all of it counts.
            seen[kind].append((told.rss, told.rss - getattr(told, "shared", 0)))
            descriptors, threads = descriptors + more[0], threads + more[1]
    memory = {
        kind: Memory(
            processes=len(each),
            rss_bytes=sum(rss for rss, _ in each),
            own_bytes=sum(own for _, own in each),
        )
        for kind, each in sorted(seen.items())
    }
    return Holding(
        at_s=at_s,
        processes=sum(kind.processes for kind in memory.values()),
        rss_bytes=sum(kind.rss_bytes for kind in memory.values()),
        own_bytes=sum(kind.own_bytes for kind in memory.values()),
        kinds=memory,
        descriptors=descriptors,
        threads=threads,
        files=0 if temporary is None else sum(1 for _ in temporary.rglob("*")),
    )


class Watch:
    """Measures a server again and again, in a thread of its own, as long as the block lasts.

    Args:
        processes: Answers the server's processes.
        kinds: Tells them apart.
        temporary: Its temporary folder.
        period_s: Seconds between two looks.
    """

    def __init__(
        self,
        processes: Callable[[], Sequence[psutil.Process]],
        kinds: Kinds,
        temporary: Path | None = None,
        period_s: float = PERIOD_S,
    ) -> None:
        self.seen: list[Holding] = []
        self._processes = processes
        self._kinds = kinds
        self._temporary = temporary
        self._period_s = period_s
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._period_s):
            processes = self._processes()
            if processes:  # of a server elsewhere none are known
                at_s = time.monotonic() - self._started
                self.seen.append(holding(processes, self._kinds, self._temporary, at_s))


def growth(values: Sequence[float]) -> Growth | None:
    """Fit a line to all looks, and answer how much it rises from the first to the last.

    What a server holds swings from look to look by more than is allowed in all, so no look may decide: looks
    are put together by up to twenty medians, which a few high ones do not move, and the line is that of least
    squares.
    A leak of any shape lifts it. Of a step that stays it tells ``6 p (1 - p)`` times the height, where ``p``
    is its place: half as much again in the middle, less than half near the beginning, where a step is warm-up that
    came late.

    Args:
        values: Bytes in order of time, of about equal distances, those of the warm-up left out; of fewer
            than ten nothing can be said.
    """
    if len(values) < LEAST_LOOKS:
        return None
    places, medians = _blocks(values)
    slope, begin = statistics.linear_regression(places, medians)
    rise = slope * (len(values) - 1)
    rest = [value - begin - slope * place for place, value in zip(places, medians, strict=True)]
    margin = CONFIDENT * _error(places, rest) * (len(values) - 1)
    return Growth(
        before_bytes=begin,
        after_bytes=begin + rise,
        share=rise / begin,
        margin=margin / begin,
        looks=len(values),
    )


def _blocks(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Answer the middle and the median of ten to twenty runs of neighbours, of three looks and more if they suffice."""
    count = min(BLOCKS, max(LEAST_LOOKS, len(values) // 3))
    borders = [len(values) * place // count for place in range(count + 1)]
    runs = list(itertools.pairwise(borders))
    return (
        [(start + end - 1) / 2 for start, end in runs],
        [statistics.median(values[start:end]) for start, end in runs],
    )


def _error(places: Sequence[float], rest: Sequence[float]) -> float:
    """Answer the standard error of a line's slope, from what it leaves over at each place.

    Neighbours that swing together tell less than as many that swing apart: the error is widened by their
    correlation, as for a series whose swings fade by the same share from one to the next.
    """
    squares = sum(value * value for value in rest)
    if squares == 0.0:
        return 0.0
    middle = statistics.fmean(places)
    spread = sum((place - middle) ** 2 for place in places)
    error = math.sqrt(squares / (len(rest) - 2) / spread)
    together = sum(one * other for one, other in itertools.pairwise(rest)) / squares
    together = min(max(together, 0.0), MOST_TOGETHER)
    return error * math.sqrt((1.0 + together) / (1.0 - together))


def growths(held: Sequence[Holding]) -> dict[str, Growth]:
    """Answer how much each kind of memory grew over some looks.

    Returns:
        ``rss`` and ``own`` of all processes, and the own memory of each kind; nothing of too few looks.
    """
    rows: dict[str, list[float]] = {
        "own": [look.own_bytes for look in held],
        "rss": [look.rss_bytes for look in held],
    }
    for kind in sorted({kind for look in held for kind in look.kinds} - {"other"}):
        rows[kind] = [look.kinds[kind].own_bytes for look in held if kind in look.kinds]
    found = {name: growth(values) for name, values in rows.items()}
    return {name: grown for name, grown in found.items() if grown is not None}
