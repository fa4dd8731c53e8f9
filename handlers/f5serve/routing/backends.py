"""The language models as the router sees them: replicas that speak one piece each."""

from __future__ import annotations

import contextlib
import logging
import math
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec
import urllib3

from f5serve import log
from f5serve.errors import BackendError, DeadlineError, ServeError, UnavailableError
from f5serve.request import ECHO
from f5serve.routing.answers import (
    SpokenPiece,
    error_of,
    is_full,
    is_lost,
    no_place,
    piece_of,
)
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.routing.lines import Line, Lines
from f5serve.routing.lookout import PATIENCE, Lookout, Patience
from f5serve.routing.replicas import Directory, Replica
from f5serve.settings import Backend

logger = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 0.05
"""Between two tries of the piece that has waited longest for a place; each that is ahead of one adds as much."""
LONGEST_WAIT_S: Final = 0.25
CONNECT_TIMEOUT_S: Final = 2.0
MOST_TRIES: Final = 3
"""A piece that dies with its worker is sent again: the first time it may have had bad company, the second
time the suspect of its batch was found out (``f5serve.poison``). It is not sent round for ever."""
ECHO_BODY: Final = msgspec.json.encode(ECHO)
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
# A host that is cut off answers neither yes nor no; the kernel asks after it and ends the connection.
_ASK_AFTER_S: Final = 5
_ASK_AGAIN_S: Final = 2
_ASK_TIMES: Final = 3
_SPARE: Final = 8  # connections for each piece at a time


def connections(per_host: int) -> urllib3.PoolManager:
    """Answer the connections of one worker, kept alive between pieces.

    There are more than pieces: one whose piece was forgotten, or whose request has failed, is given up late.

    Args:
        per_host: Pieces that may be under way at one replica.
    """
    kept_alive = [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    ]
    # What the system has of these; macOS names the first otherwise.
    for name, value in (
        ("TCP_KEEPIDLE", _ASK_AFTER_S),
        ("TCP_KEEPINTVL", _ASK_AGAIN_S),
        ("TCP_KEEPCNT", _ASK_TIMES),
    ):
        if hasattr(socket, name):
            kept_alive.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return Lines(num_pools=64, maxsize=_SPARE * per_host + 1, block=True, socket_options=kept_alive)


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One piece on its way to speech, through as many replicas as it takes.

    Attributes:
        failed: Those that have.
        error: What the piece fails with if no other replica may be asked.
        ticket: With which it stands in line for a place.
        full: The refusal of a queue that was full, or has others waiting for it, at the last try.
        forgotten: Whether a replica has forgotten it once. It may only have been slow, so that is believed once.
    """

    backend: Backend
    body: bytes
    deadline: Deadline
    request_id: str
    patience: Deadline
    headers: Mapping[str, str]
    begun: bool
    ticket: str = ""
    failed: list[str] = field(default_factory=list)
    error: ServeError | None = None
    full: ServeError | None = None
    forgotten: bool = False

    def lost(self, replica: Replica, error: ServeError) -> None:
        """Note that a replica failed."""
        self.failed.append(replica.url)
        self.error = error


class LanguageModels:
    """Sends pieces to the language models over HTTP.

    Args:
        pool: Connections, kept alive between pieces.
        max_refused_s: How long a piece that a full queue refuses is tried again.
        max_holders: Workers that may be held by one model while its queue is full.
        board: What the workers of this router know of one another.
        directory: Finds the replicas of a model.
        sleep: Waits between two tries, seconds.

    Attributes:
        forgotten_after: When a piece that gets no answer is sent again.
    """

    forgotten_after: ClassVar[Patience] = PATIENCE

    def __init__(
        self,
        pool: urllib3.PoolManager,
        *,
        max_refused_s: float,
        max_holders: float = math.inf,
        board: Board | None = None,
        directory: Directory | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._max_refused_s = max_refused_s
        self._max_holders = max_holders
        self._board = board or Board()
        self._directory = directory or Directory()
        self._sleep = sleep
        self._retries: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def retries(self) -> Counter[tuple[str, str]]:
        """Answer how often a replica gave no answer to a piece, by model and reason, since last asked.

        The reason is ``unreached``, ``lost`` (its worker died, or it does not hold the model), ``forgotten``
        (TorchServe lost the piece) or ``full``.
        """
        seen = Counter[tuple[str, str]]()
        with contextlib.suppress(Empty):
            while True:
                seen[self._retries.get_nowait()] += 1
        return seen

    def ready(self, backend: Backend) -> bool:
        """Tell whether a model can be asked: a server is found, and not all have failed and are left alone."""
        urls = tuple(
            replica.url
            for url in (backend.url, *backend.more_urls)
            for replica in self._directory.of(url)
        )
        return bool(urls) and self._board.back_in_s(backend.model, urls) <= 0

    def speak(
        self,
        backend: Backend,
        fields: Mapping[str, object],
        *,
        deadline: Deadline,
        request_id: str,
        headers: Mapping[str, str] = NO_HEADERS,
        begun: bool = False,
    ) -> SpokenPiece:
        """Have one piece spoken, by the replica that has least to do.

        A full queue is waited for, first come first served, unless the model holds so many of the router's
        workers already that other languages would suffer. A replica that cannot be reached, or whose worker dies, is
        replaced by another; a single one is asked again, since TorchServe starts the worker again.

        Args:
            backend: The language model.
            fields: A ``PieceRequest``'s fields.
            deadline: When to give up.
            request_id: Handed on, so that one request can be followed through the logs.
            headers: Handed on as they are: the caller's tracing, and by what the edge knows it.
            begun: Whether the answer may have begun. To refuse would break it off, so it waits till the deadline.

        Raises:
            OverloadedError: If the queue stayed full.
            UnavailableError: If every replica has failed again and again and is left alone for a while.
            PassedOnError: If the model refused the piece for a reason of the caller's.
            BackendError: If the model failed.
            DeadlineError: If time ran out.
        """
        body = msgspec.json.encode({**fields, "response_format": "f32"})
        attempt = _Attempt(
            backend=backend,
            body=body,
            deadline=deadline,
            request_id=request_id,
            patience=Deadline(self._max_refused_s),
            headers=headers,
            begun=begun,
        )
        with self._board.holding(backend.model) as attempt.ticket:
            while True:
                attempt.full = None
                if not self._board.may_ask(backend.model, attempt.ticket):
                    attempt.full = no_place(backend)
                else:
                    spoken = self._ask(self._choose(attempt), attempt)
                    if spoken is not None:
                        return spoken
                self._wait(attempt)

    def _choose(self, attempt: _Attempt) -> Replica:
        """Choose a replica; whoever takes one must give it back."""
        backend = attempt.backend
        replicas = {
            replica.url: replica
            for url in (backend.url, *backend.more_urls)
            for replica in self._directory.of(url)
        }
        if not replicas:
            raise UnavailableError(
                f"{backend.model} is not found: no address is known of its host", retry_after_s=5
            )
        chosen = self._board.take(backend.model, tuple(replicas), attempt.failed)
        if chosen is None:
            back_in_s = self._board.back_in_s(backend.model, tuple(replicas))
            raise UnavailableError(
                f"{backend.model} has failed repeatedly and is being restarted",
                retry_after_s=max(1, math.ceil(back_in_s)),
            )
        return replicas[chosen]

    def _ask(self, replica: Replica, attempt: _Attempt) -> SpokenPiece | None:
        """Ask one replica; None means that the piece should be sent again."""
        started = time.perf_counter()
        answer = self._asked(replica, attempt)
        model, backend = attempt.backend.model, attempt.backend
        if answer is None:
            return None
        if is_full(answer):
            self._retries.put((model, "full"))
            attempt.full = error_of(answer, backend, attempt.request_id)
            return None
        if is_lost(answer):
            self._retries.put((model, "lost"))
            attempt.lost(replica, error_of(answer, backend, attempt.request_id))
            return None
        if answer.status != HTTPStatus.OK:
            raise error_of(answer, backend, attempt.request_id)
        return piece_of(answer, backend, (time.perf_counter() - started) * 1000)

    def _asked(self, replica: Replica, attempt: _Attempt) -> urllib3.BaseHTTPResponse | None:
        """Send the piece to a replica, give that back, and answer what it said; None if it said nothing."""
        model = attempt.backend.model
        failed: bool | None = True
        answered: float | None = None
        sent_at = time.monotonic()
        tried = {"request_id": attempt.request_id, "model": model, "at": replica.url}
        try:
            answer = self._answer_of(replica, attempt)
            if answer is not None and answer.status != HTTPStatus.OK:
                attempt.deadline.require_wanted()  # it may say only that, sooner than was looked here
            failed = None if answer is None else is_lost(answer)
            answered = None if answer is None or failed or is_full(answer) else sent_at
        except urllib3.exceptions.HTTPError as error:
            # Reading may take all the time that is left. A timeout before that is the kernel's, which
            # has found that the host is no longer there.
            if isinstance(error, urllib3.exceptions.ReadTimeoutError) and attempt.deadline.passed():
                raise attempt.deadline.exceeded() from None
            logger.warning("not reached", extra=log.told(**tried, why=str(error)))
            self._retries.put((model, "unreached"))
            attempt.lost(replica, BackendError(f"{model} cannot be reached"))
            return None
        except DeadlineError:
            failed = None  # not asked, or hung up on: what nobody wants tells nothing of a replica
            raise
        finally:
            self._board.give_back(model, replica.url, failed=failed, answered=answered)
        if answer is None:
            logger.warning("forgotten", extra=log.told(**tried))
            self._retries.put((model, "forgotten"))
            attempt.forgotten = True
        return answer

    def _wait(self, attempt: _Attempt) -> None:
        """Wait before the piece is sent again.

        Raises:
            ServeError: If it is not to be sent again.
        """
        if attempt.full is not None:
            model = attempt.backend.model
            if not attempt.begun and (
                attempt.patience.passed() or self._board.holders(model) > self._max_holders
            ):
                raise attempt.full
            ahead = self._board.stand_in_line(model, attempt.ticket)
            # Apart from one another, so that those who wait do not all come at once.
            wait_s = min(FIRST_WAIT_S * (1 + ahead), LONGEST_WAIT_S)
            wait_s *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        else:
            if attempt.error is not None and len(attempt.failed) >= MOST_TRIES:
                raise attempt.error
            wait_s = 0.0
        self._sleep(min(wait_s, attempt.deadline.left_s()))

    def _answer_of(self, replica: Replica, attempt: _Attempt) -> urllib3.BaseHTTPResponse | None:
        """Send a piece and wait for its answer; None if there will be none."""
        line = Line()

        def post() -> urllib3.BaseHTTPResponse:
            with line.open():
                return self._post(replica, attempt, attempt.body)

        def echo() -> bool:
            try:
                answer = self._post(replica, attempt, ECHO_BODY)
            except (urllib3.exceptions.HTTPError, DeadlineError):
                return False
            return answer.status == HTTPStatus.OK

        lookout = Lookout(
            self._board,
            attempt.backend.model,
            replica.url,
            echo=echo if attempt.backend.in_order and not attempt.forgotten else None,
            patience=self.forgotten_after,
        )
        try:
            # Not for being late: that is its own fault, and told by a read that has timed out.
            answer = lookout.wait(post, attempt.deadline.require_wanted)
        except DeadlineError:
            line.hang_up()
            raise
        if answer is None:
            line.hang_up()
        return answer

    def _post(self, replica: Replica, attempt: _Attempt, body: bytes) -> urllib3.BaseHTTPResponse:
        left_s = attempt.deadline.left_s()
        return self._pool.request(
            "POST",
            replica.url,
            body=body,
            headers={
                "Content-Type": "application/json",
                "Host": replica.host,
                "X-Request-Id": attempt.request_id,
                **attempt.headers,
            },
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, left_s), read=left_s),
            pool_timeout=left_s,
            retries=False,
        )
