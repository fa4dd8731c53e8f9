"""Pieces that TorchServe has lost: they get no answer, not even that their worker died.

TorchServe 0.12 gathers a batch one request after the other, and forgets those that it has when the worker ends
meanwhile (``WorkerThread`` is interrupted in ``Model.pollBatch`` and has no batch yet that it could refuse). Their
callers would wait until their deadline. But a model of one worker answers in the order in which it was asked, so what
was sent long after a piece and is answered tells that the piece is lost. Where nothing else is sent, the worker is
asked for an echo, which costs it nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, TypeVar

from f5serve.routing.board import Board

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How soon a piece is taken for lost; seconds.

    Attributes:
        look_s: How often a piece under way is looked after.
        margin_s: What was sent later by less may have come to the server first.
        grace_s: An answer of the same batch may be under way that long after another.
        silence_s: A replica from which nothing was heard for so long is asked for an echo.
    """

    look_s: float = 1.0
    margin_s: float = 3.0
    grace_s: float = 2.0
    silence_s: float = 10.0


PATIENCE: Final = Patience()


class Lookout:
    """Waits for the answer to one piece, and tells when there will be none.

    Args:
        board: Knows what was answered to any of the router's workers.
        model: The language model.
        url: The replica that was asked.
        echo: Asks the replica for an echo; tells whether its worker answered. None where a piece is never taken for
            lost, since what was sent later may be answered first.
        patience: How soon.
        clock: The board's.
    """

    def __init__(
        self,
        board: Board,
        model: str,
        url: str,
        *,
        echo: Callable[[], bool] | None,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._model = model
        self._url = url
        self._echo = echo
        self._patience = patience
        self._clock = clock

    def wait(
        self, answer: Callable[[], Result], look: Callable[[], object] = lambda: None
    ) -> Result | None:
        """Let something ask the replica, and give its answer or raise its error.

        Args:
            answer: Asks.
            look: Called now and then; what it raises ends the waiting.

        Returns:
            None if there will be no answer: what was sent later has one. Who asked is left behind, until
            its own deadline.
        """
        sent_at = self._clock()
        asked = in_background(answer)
        overtaken_at: float | None = None
        while True:
            try:
                return asked.result(timeout=self._patience.look_s)
            except TimeoutError:
                if asked.done():
                    raise
            look()
            if self._echo is None:
                continue
            now = self._clock()
            if self._board.heard_of_since(
                self._model, self._url, sent_at + self._patience.margin_s
            ):
                overtaken_at = now if overtaken_at is None else overtaken_at
                if now - overtaken_at >= self._patience.grace_s:
                    return None
            elif now - sent_at >= self._patience.silence_s:
                self._ask_for_echo()

    def _ask_for_echo(self) -> None:
        sent_at = self._clock()
        if self._board.may_echo(self._model, self._url, self._patience.silence_s):
            in_background(lambda: self._listen(sent_at))

    def _listen(self, sent_at: float) -> None:
        if self._echo is not None and self._echo():
            self._board.heard(self._model, self._url, sent_at)


def in_background(work: Callable[[], Result]) -> Future[Result]:
    """Do something in a thread of its own, which keeps no process from ending."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
