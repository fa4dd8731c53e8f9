"""Signals that tell a command to end: from outside, or since its terminal was closed."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, NoReturn

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], object]


@contextlib.contextmanager
def handled(note: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Have signals noted while the block runs, but for a hang-up that whoever started us had ignored (nohup)."""
    former = {
        number: signal.signal(number, note)
        for number in numbers
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            # Within another block of the same kind that is being left: its clearing up is not to be cut off either.
            if handler is not note or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def leaving() -> contextlib.AbstractContextManager[None]:
    """While the block runs, have SIGTERM and SIGHUP end it as an error would: what is open is cleared up.

    A block that waits for threads ends when they do: requests that are under way are waited for.
    """
    return handled(_leave, *ENDING)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    # A shell hands on what the terminal has told already, and clearing up is not to be cut off.
    for one in ENDING:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)  # what a shell answers for a program that a signal has ended
