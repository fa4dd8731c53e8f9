"""What a server's processes hold while it works: memory, file descriptors, threads, temporary files."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil
from msgspec import Struct

PERIOD_S: Final = 2.0


class Holding(Struct, frozen=True, kw_only=True):
    """What all processes of a server hold together.

    Attributes:
        at_s: When, seconds since the watch began.
        processes: How many there are.
        rss_bytes: Resident memory.
        java_bytes: Of that, the Java process's, which fills its heap before it tidies up.
        descriptors: Open files and sockets.
        threads: Threads.
        files: Files in its temporary folder, the unpacked archives among them.
    """

    at_s: float
    processes: int
    rss_bytes: int
    java_bytes: int
    descriptors: int
    threads: int
    files: int


def holding(processes: Sequence[psutil.Process], temporary: Path | None, at_s: float) -> Holding:
    """Measure; processes that end meanwhile are left out."""
    count = rss = java = descriptors = threads = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            own = process.memory_info().rss
            rss += own
            java += own if process.name() == "java" else 0
            descriptors += process.num_fds()
            threads += process.num_threads()
            count += 1
    files = 0 if temporary is None else sum(1 for _ in temporary.rglob("*"))
    return Holding(
        at_s=at_s,
        processes=count,
        rss_bytes=rss,
        java_bytes=java,
        descriptors=descriptors,
        threads=threads,
        files=files,
    )


class Watch:
    """Measures a server again and again, in a thread of its own, as long as the block lasts.

    Args:
        processes: Answers the server's processes.
        temporary: Its temporary folder.
        period_s: Seconds between two looks.
    """

    def __init__(
        self,
        processes: Callable[[], Sequence[psutil.Process]],
        temporary: Path | None = None,
        period_s: float = PERIOD_S,
    ) -> None:
        self.seen: list[Holding] = []
        self._processes = processes
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
                self.seen.append(holding(processes, self._temporary, at_s))


def growth(values: Sequence[float]) -> float | None:
    """Answer how much more the last fifth is than the first, by their medians, as a share.

    Args:
        values: In order of time, of equal distances, those of the warm-up left out; of fewer than ten
            nothing can be said.
    """
    if len(values) < 10:
        return None
    fifth = len(values) // 5
    first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
    return last / first - 1.0
