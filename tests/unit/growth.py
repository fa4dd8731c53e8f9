"""How processor time grows with a text, told so that a busy machine is not taken for a slow algorithm.

A single measurement lies: a neighbour takes the caches, or the collector walks through all that thousands of
tests left behind. Nothing makes work faster than it is, though, so the least of several measurements counts, the
collector rests meanwhile, and only work that is too slow at every try fails.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_TRIES = 6
_RESOLUTION_S = 0.001  # what is shorter says nothing about its growth


def assert_time_grows_with_length(
    work: Callable[[str], object], unit: str, short: int, long: int
) -> None:
    """Hold that `work` takes no time that is near the square of a text's length.

    The text is `unit` again and again, cut to `short` and to about `long` characters; n times the length may take
    n^1.5 times as long, half-way (as factors go) between what is proportional and a square. Both end at the same
    place of the unit: where a text is cut may double its time at any length.
    """
    long -= (long - short) % len(unit)
    allowed = (long / short) ** 1.5
    least_short, least_long = float("inf"), float("inf")
    for _ in range(_TRIES):
        least_short = min(least_short, _seconds(work, (unit * short)[:short]))
        least_long = min(least_long, _seconds(work, (unit * long)[:long]))
        if least_long <= allowed * max(least_short, _RESOLUTION_S):
            return
    growth = least_long / max(least_short, _RESOLUTION_S)
    raise AssertionError(
        f"{unit!r}: {long / short:g} times the length takes {growth:.0f} times as long"
        f" ({1e3 * least_short:.1f} and {1e3 * least_long:.1f} ms), allowed are {allowed:.0f}"
    )


def assert_takes_less_than(seconds: float, work: Callable[[str], object], text: str) -> None:
    """Hold that some try of several takes less processor time than so many seconds."""
    took = [_seconds(work, text)]
    while min(took) >= seconds and len(took) < _TRIES:
        took.append(_seconds(work, text))
    assert min(took) < seconds, f"took {min(took):.2f} s at best"


def _seconds(work: Callable[[str], object], text: str) -> float:
    collects = gc.isenabled()
    gc.disable()
    try:
        started = time.process_time()
        work(text)
        return time.process_time() - started
    finally:
        if collects:
            gc.enable()
