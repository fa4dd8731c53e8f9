"""What a language worker tells of its pieces: headers to the caller, a line in the log, counts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from f5serve import audio, guard, log, metrics
from f5serve.metrics import Meter
from f5serve.pieces import Cost, Spoken
from f5serve.response import Answer
from f5serve.settings import ModelSettings
from f5serve.torchserve import Call

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the log tells of a request beside its answer.

    Attributes:
        piece: Its place in the text that the router cut.
        text: Its text, where texts may be logged.
    """

    piece: int | None = None
    text: str | None = None


def headers_of(settings: ModelSettings, spoken: Spoken) -> dict[str, str]:
    """Answer what a caller is told of a piece beside its speech."""
    return {
        "X-Model": settings.model,
        "X-Model-Licence": settings.licence,
        "X-Language": spoken.language,
        "X-Voice": spoken.voice,
        "X-Seed": str(spoken.request.seed),
        "X-Audio-Seconds": f"{audio.seconds(spoken.samples):.3f}",
        "X-Inference-Ms": f"{spoken.inference_s * 1000:.1f}",
        "X-Batch-Pieces": str(spoken.batch_pieces),
        "X-Unknown-Characters": str(spoken.unknown_characters),
        **guard.told([spoken.retry] if spoken.retry else []),
    }


def log_piece(
    model: str, call: Call, answer: Answer, noted: Noted, times: Mapping[str, float]
) -> None:
    """Log one line for a piece: what became of it, and how long that took, stage by stage."""
    headers = answer.headers
    inference_ms, batch = headers.get("X-Inference-Ms"), headers.get("X-Batch-Pieces")
    retry = guard.heard(headers)
    line = log.told(
        request_id=call.correlation_id,
        trace_id=call.trace_id,
        piece=noted.piece,
        language=headers.get("X-Language", metrics.NONE),
        model=model,
        status=answer.status,
        reason=answer.reason,
        batch_pieces=int(batch) if batch else None,
        audio_s=float(headers["X-Audio-Seconds"]) if "X-Audio-Seconds" in headers else None,
        inference_s=round(float(inference_ms) / 1000, 4) if inference_ms else None,
        **{name: round(seconds, 4) for name, seconds in times.items()},
        spoken_again=retry.reason if retry else None,
        text=noted.text,
    )
    logger.log(logging.WARNING if answer.status >= 500 else logging.INFO, "piece", extra=line)


def count(answers: Sequence[Answer], cost: Cost, meter: Meter) -> None:
    """Count a batch: what became of its pieces, what was spoken, and what that cost."""
    outcomes = Counter((str(answer.status), answer.reason) for answer in answers)
    for (status, reason), pieces in outcomes.items():
        meter.record(metrics.PIECES, pieces, status, reason)
    spoken = Counter[str]()
    for answer in answers:
        if "X-Audio-Seconds" in answer.headers:
            # In thousandths, so that sums are exact.
            seconds = float(answer.headers["X-Audio-Seconds"])
            spoken[answer.headers["X-Language"]] += round(seconds * 1000)
        _count_retry(answer, meter)
    for language, thousandths in spoken.items():
        meter.record(metrics.AUDIO_SECONDS, thousandths / 1000, language)
    if cost.inference_s:  # for what was given up half-way, too
        meter.record(metrics.INFERENCE_SECONDS, cost.inference_s)
    if cost.batches:
        meter.record(metrics.BATCHES, cost.batches)
        meter.record(metrics.BATCH_FRAMES, cost.frames)
        meter.record(metrics.PADDING_FRAMES, cost.padding_frames)
    if cost.batches_cut:
        meter.record(metrics.BATCHES_CUT, cost.batches_cut)


def _count_retry(answer: Answer, meter: Meter) -> None:
    """Count a piece that was spoken twice."""
    retry = guard.heard(answer.headers)
    if retry is None:
        return
    outcome = "mended" if retry.mended else "kept" if answer.status == HTTPStatus.OK else "failed"
    meter.record(metrics.GUARD_RETRIES, 1, retry.reason, outcome)
