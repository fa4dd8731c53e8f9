"""Callers that ask a server again and again while something happens to it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

END_DEADLINE_S: Final = 180.0
"""More than any caller waits for one answer: one that hangs is counted, and is no fault of the test's."""

Told = TypeVar("Told", bound=Hashable)


class Callers(Generic[Told]):
    """Each asks in a thread of its own as long as the block lasts; the block ends with its last answer.

    Args:
        asks: What each caller does: it sends one request and answers what became of it.
    """

    def __init__(self, asks: Sequence[Callable[[], Told]]) -> None:
        self.answers = Counter[Told]()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(ask,)) for ask in asks]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(END_DEADLINE_S)
        if error is None and any(thread.is_alive() for thread in self._threads):
            raise TimeoutError("a caller has no answer yet")

    def _ask(self, ask: Callable[[], Told]) -> None:
        while not self._ended.is_set():
            self.answers[ask()] += 1
