"""What a language model's answer means: speech, a full queue, a refusal, a worker that died."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
import urllib3

from f5serve import audio, guard, log
from f5serve.errors import (
    BackendError,
    CallerGoneError,
    OverloadedError,
    PassedOnError,
    PoisonError,
    ServeError,
)
from f5serve.guard import Retry
from f5serve.settings import Backend

if TYPE_CHECKING:
    from f5serve.audio import Samples

logger = logging.getLogger(__name__)

WORKER_DIED: Final = "Worker died."  # TorchServe's words, with 500 or 507
MODEL_NOT_FOUND: Final = "ModelNotFoundException"
# What the edge in front of a shard makes of TorchServe's words, and says where TorchServe is not there.
RAISED_BEHIND_EDGE: Final = "internal_error"
LOST_BEHIND_EDGE: Final = frozenset({"worker_died", "backend_failed", "model_unavailable"})
GIVEN_UP: Final = CallerGoneError.code
"""Another's caller has gone, or a connection on the way: ours is still there, so it is asked again."""
PASSED_ON: Final = frozenset({400, 404, 413, 415, 422})
"""Refusals that a caller can do something about. Any other status below 500 is between router and model."""
LOCKED_OUT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""What guards the replica wants a key, and routers send none: a mistake in how it is set up."""
FULL_RETRY_S: Final = 2
LONGEST_RETRY_S: Final = 60


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


def piece_of(answer: urllib3.BaseHTTPResponse, backend: Backend, elapsed_ms: float) -> SpokenPiece:
    """Read the speech out of an answer.

    Raises:
        BackendError: If there is none in it.
    """
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


def error_of(
    answer: urllib3.BaseHTTPResponse, backend: Backend, request_id: str | None = None
) -> ServeError:
    """Understand a refusal: the model's own problem document, or one of TorchServe's few words."""
    if is_full(answer):
        return no_place(backend, _retry_after_s(answer))
    problem = _problem_of(answer)
    is_poison = problem is not None and problem.get("code") == PoisonError.code
    if problem is not None and (is_poison or answer.status in PASSED_ON):
        field = problem.get("field")
        return PassedOnError(
            str(problem.get("detail", "refused")),
            status=PoisonError.status if is_poison else answer.status,
            code=str(problem.get("code", "refused")),
            field=None if field is None else str(field),
        )
    if answer.status in LOCKED_OUT:
        logger.error(
            "locked out: routers send no key; take the keys from the shard's edge",
            extra=log.told(request_id=request_id, model=backend.model, status=answer.status),
        )
        return BackendError(
            f"{backend.model} does not let the router in; the router's log says why"
        )
    # What the model says of itself helps; what stands in front of it speaks of the router's request.
    says = problem is not None and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    told = f": {problem.get('detail')}" if problem is not None and says else ""
    failed = log.told(request_id=request_id, model=backend.model, status=answer.status)
    logger.warning("model failed", extra=failed)
    return BackendError(f"{backend.model} failed with status {answer.status}{told}")


def no_place(backend: Backend, retry_after_s: int = FULL_RETRY_S) -> OverloadedError:
    """Answer the error for a model whose queue is full."""
    return OverloadedError(
        f"{backend.model} has no free place; try again shortly", retry_after_s=retry_after_s
    )


def is_full(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell TorchServe's two 503s apart: no room in the queue, or a handler that raised.

    An edge's 429 means the same as no room: not now.
    """
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return False
    document = _document_of(answer)
    return document is None or not (
        document.get("type") == "InternalServerException"
        or document.get("code") == RAISED_BEHIND_EDGE
    )


def is_lost(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether the replica, not the piece, is why there is no speech: another may well have it.

    Its worker died under the batch, it does not hold the model (any more), or it lets no router in.
    """
    if answer.status in LOCKED_OUT:
        return True
    document = _document_of(answer) if answer.status >= HTTPStatus.BAD_REQUEST else None
    if document is None:
        return answer.status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
    if answer.status == HTTPStatus.NOT_FOUND:
        return document.get("type") == MODEL_NOT_FOUND or document.get("code") == "not_found"
    return document.get("message") == WORKER_DIED or document.get("code") in {
        *LOST_BEHIND_EDGE,
        GIVEN_UP,
    }


def _retry_after_s(answer: urllib3.BaseHTTPResponse) -> int:
    """Answer when a full replica wants to be asked again: as it says, within bounds."""
    told = answer.headers.get("Retry-After", "")
    if not (told.isascii() and told.isdecimal()):
        return FULL_RETRY_S
    return min(max(int(told[:6]), 1), LONGEST_RETRY_S)


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
