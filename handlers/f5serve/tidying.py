"""Memory that a worker has freed, loading or speaking, goes back to the system.

Each text is of another length, and with it every tensor; what is freed lies between what is kept, and glibc
gives it back only from the end of its heap. Asked now and then it gives back the pages in between, too:
some milliseconds each time, and a worker then holds what it needs and not the most it ever needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Final

EVERY: Final = 16
"""Batches between two times."""


def give_back() -> None:
    """Have the C library give free pages back; nothing happens where it cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Tidying:
    """Gives memory back after every so many batches.

    Args:
        every: Batches between two times.
        give_back: Does it.
    """

    def __init__(self, every: int = EVERY, give_back: Callable[[], None] = give_back) -> None:
        self._every = every
        self._give_back = give_back
        self._batches = 0

    def batch_done(self) -> None:
        """Count a batch, and tidy up if it is time."""
        self._batches += 1
        if self._batches % self._every == 0:
            self._give_back()
