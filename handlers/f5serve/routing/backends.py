"""The language models as the router sees them: endpoints that speak one piece each."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
import urllib3

from f5serve import audio, guard
from f5serve.errors import BackendError, DeadlineError, OverloadedError, PassedOnError, ServeError
from f5serve.guard import Retry
from f5serve.settings import Backend

if TYPE_CHECKING:
    from f5serve.audio import Samples

logger = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 0.05
LONGEST_WAIT_S: Final = (
    0.25  # a long text comes back for its next piece at once; a short one must not sleep
)
CONNECT_TIMEOUT_S: Final = 2.0


class Deadline:
    """A point in time until which an answer is wanted.

    Args:
        seconds: From now on.
        clock: Monotonic seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._end = self._start + seconds
        self._seconds = seconds

    def spent_s(self) -> float:
        """Answer the seconds since it was set."""
        return self._clock() - self._start

    def cancel(self) -> None:
        """Let no time be left: nobody wants the answer any more."""
        self._end = -math.inf

    def left_s(self) -> float:
        """Answer the seconds left.

        Raises:
            DeadlineError: If there are none.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineError:
        """Answer the error for having passed it."""
        return DeadlineError(
            f"the speech was not ready within {self._seconds:g} s; send shorter text, or fewer steps"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenPiece:
    """One piece's speech.

    Attributes:
        samples: 24 kHz mono.
        voice: The voice's name.
        inference_ms: Time its batch spent in the model.
        queue_ms: Time it spent waiting and travelling.
        unknown_characters: Characters that the checkpoint has no token for.
        retry: Whether, and why, it was spoken twice.
    """

    samples: Samples
    voice: str
    inference_ms: float
    queue_ms: float
    unknown_characters: int
    retry: Retry | None = None


class LanguageModels:
    """Sends pieces to the language models over HTTP.

    Args:
        pool: Connections, kept alive between pieces.
        max_refused_s: How long a piece that a full queue refuses is tried again.
        sleep: Waits between two tries, seconds.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        *,
        max_refused_s: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._max_refused_s = max_refused_s
        self._sleep = sleep

    def speak(
        self, backend: Backend, fields: Mapping[str, object], *, deadline: Deadline, request_id: str
    ) -> SpokenPiece:
        """Have one piece spoken.

        A full queue is waited for; a broken connection is tried once more, since a model that was
        restarted meanwhile answers the second time.

        Args:
            backend: The language model.
            fields: A ``PieceRequest``'s fields.
            deadline: When to give up.
            request_id: Handed on, so that one request can be followed through the logs.

        Raises:
            OverloadedError: If the queue stayed full.
            PassedOnError: If the model refused the piece for a reason of the caller's.
            BackendError: If the model failed.
            DeadlineError: If time ran out.
        """
        body = msgspec.json.encode({**fields, "response_format": "f32"})
        patience = Deadline(self._max_refused_s)
        wait_s = FIRST_WAIT_S
        broken = False
        while True:
            started = time.perf_counter()
            try:
                answer = self._post(backend, body, deadline, request_id)
            except urllib3.exceptions.ReadTimeoutError:
                raise deadline.exceeded() from None  # reading may take all the time that is left
            except urllib3.exceptions.HTTPError as error:
                if broken:
                    raise BackendError(f"{backend.model} cannot be reached") from error
                broken = True
                continue
            if _is_full(answer) and _patient(patience):
                # Apart from one another, so that those who wait do not all come at once.
                self._sleep(min(wait_s * random.uniform(0.5, 1.0), deadline.left_s()))  # noqa: S311 - no secret
                wait_s = min(wait_s * 1.6, LONGEST_WAIT_S)
                continue
            if answer.status != HTTPStatus.OK:
                raise _error_of(answer, backend)
            return _piece_of(answer, backend, (time.perf_counter() - started) * 1000)

    def _post(
        self, backend: Backend, body: bytes, deadline: Deadline, request_id: str
    ) -> urllib3.BaseHTTPResponse:
        left_s = deadline.left_s()
        return self._pool.request(
            "POST",
            backend.url,
            body=body,
            headers={"Content-Type": "application/json", "X-Request-Id": request_id},
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, left_s), read=left_s),
            retries=False,
        )


def _patient(patience: Deadline) -> bool:
    try:
        return patience.left_s() > 0
    except DeadlineError:
        return False


def _piece_of(answer: urllib3.BaseHTTPResponse, backend: Backend, elapsed_ms: float) -> SpokenPiece:
    try:
        samples = audio.from_f32(answer.data)
        inference_ms = float(answer.headers["X-Inference-Ms"])
        unknown = int(answer.headers.get("X-Unknown-Characters", "0"))
        voice = answer.headers["X-Voice"]
    except (KeyError, ValueError) as error:
        raise BackendError(f"{backend.model} answered no speech") from error
    return SpokenPiece(
        samples=samples,
        voice=voice,
        inference_ms=inference_ms,
        queue_ms=max(0.0, elapsed_ms - inference_ms),
        unknown_characters=unknown,
        retry=guard.heard(answer.headers),
    )


def _error_of(answer: urllib3.BaseHTTPResponse, backend: Backend) -> ServeError:
    """Understand a refusal: the model's own problem document, or one of TorchServe's few words."""
    if _is_full(answer):
        return OverloadedError(
            f"{backend.model} has no free place; try again shortly", retry_after_s=2
        )
    problem = _problem_of(answer)
    if problem is not None and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        field = problem.get("field")
        return PassedOnError(
            str(problem.get("detail", "refused")),
            status=answer.status,
            code=str(problem.get("code", "refused")),
            field=None if field is None else str(field),
        )
    told = f": {problem.get('detail')}" if problem else ""
    logger.warning("model failed: model=%s status=%d", backend.model, answer.status)
    return BackendError(f"{backend.model} failed with status {answer.status}{told}")


def _is_full(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell TorchServe's two 503s apart: no room in the queue, or a handler that raised."""
    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return False
    document = _document_of(answer)
    return document is None or document.get("type") != "InternalServerException"


def _problem_of(answer: urllib3.BaseHTTPResponse) -> dict[str, object] | None:
    if not answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        return None
    return _document_of(answer)


def _document_of(answer: urllib3.BaseHTTPResponse) -> dict[str, object] | None:
    try:
        document = msgspec.json.decode(answer.data)
    except msgspec.DecodeError:
        return None
    return document if isinstance(document, dict) else None
