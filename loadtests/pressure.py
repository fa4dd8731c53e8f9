"""Callers that ask a server again and again while something happens to it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

END_DEADLINE_S: Final = 150.0


class Callers:
    """Each asks in a thread of its own as long as the block lasts; the block ends with its last answer.

    Args:
        asks: What each caller does: it sends one request and answers the status.
    """

    def __init__(self, asks: Sequence[Callable[[], int]]) -> None:
        self.statuses = Counter[int]()
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

    def _ask(self, ask: Callable[[], int]) -> None:
        while not self._ended.is_set():
            self.statuses[ask()] += 1
