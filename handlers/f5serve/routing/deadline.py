"""Until when an answer is wanted: for a time, and not after its caller has gone."""

from __future__ import annotations

import time
from collections.abc import Callable

from f5serve.errors import CallerGoneError, DeadlineError


class Deadline:
    """A point in time until which an answer is wanted.

    Args:
        seconds: From now on.
        clock: Monotonic seconds.
        gone_s: Of these, seconds that are gone already.
        unwanted: Tells whether the caller has gone; then no time is left.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        gone_s: float = 0.0,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._start = clock()
        self._end = self._start + seconds - gone_s
        self._seconds = seconds
        self._unwanted = unwanted
        self._cancelled = False

    def spent_s(self) -> float:
        """Answer the seconds since it was set."""
        return self._clock() - self._start

    def cancel(self) -> None:
        """Let no time be left: nobody wants the answer any more."""
        self._cancelled = True

    def left_s(self) -> float:
        """Answer the seconds left.

        Raises:
            CallerGoneError: If the caller has gone.
            DeadlineError: If there are none.
        """
        left = self._end - self._clock()
        if self._cancelled or left <= 0 or self._unwanted():
            raise self.exceeded()
        return left

    def passed(self) -> bool:
        """Tell whether no time is left."""
        return self._cancelled or self._end <= self._clock() or self._unwanted()

    def require_wanted(self) -> None:
        """Do nothing while the answer is wanted, though it may be late.

        Raises:
            DeadlineError: If it was cancelled before the time was over, or the caller has gone.
        """
        if self._unwanted() or (self._cancelled and self._clock() < self._end):
            raise self.exceeded()

    def exceeded(self) -> DeadlineError:
        """Answer the error for having passed it."""
        if self._unwanted():
            return CallerGoneError()
        return DeadlineError(
            f"the speech was not ready within {self._seconds:g} s; send shorter text, or fewer steps"
        )
