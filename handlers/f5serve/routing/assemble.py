"""Spoken pieces become one recording, whole or as a stream, and what is told about it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Protocol

import numpy as np

from f5serve import audio, encoding, guard
from f5serve.language import Resolution
from f5serve.loudness import levelled
from f5serve.response import Segment, Speech
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.joiner import Joined, Joiner
from f5serve.routing.plan import Piece
from f5serve.routing.segments import TextSegment
from f5serve.routing.trimmer import Trimmer
from f5serve.settings import Backend
from f5serve.text.duration import speech_units
from f5serve.voice_store import StoredVoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a text will be spoken.

    Attributes:
        resolution: Which language the text as a whole is in.
        segments: What the text was cut into.
        voices: The voice of each segment.
        pieces: What the segments were split into.
        backends: Who speaks a language.
        added: Those of the voices that were added while the server runs, by name.
    """

    resolution: Resolution
    segments: Sequence[TextSegment]
    voices: Sequence[str]
    pieces: Sequence[Piece]
    backends: Mapping[str, Backend]
    added: Mapping[str, StoredVoice] = field(default_factory=dict)


class InLanguage(Protocol):
    """Text in one language: planned, or spoken."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def language(self) -> str:
        """What it is said in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What is done to the recording as a whole.

    Attributes:
        trim_silence: Cut the silence at both ends.
        loudness: Bring it to this loudness, in LUFS; whole answers only.
    """

    trim_silence: bool = False
    loudness: float | None = None


AS_SPOKEN: Final = Finish()


def whole(
    plan: Plan,
    spoken: Iterable[SpokenPiece],
    headers: Mapping[str, str],
    finish: Finish = AS_SPOKEN,
) -> Speech:
    """Join all pieces.

    Args:
        plan: How the text was split.
        spoken: The speech of each piece.
        headers: What is told besides that which is known now that all is spoken.
        finish: What is done to the whole.
    """
    said = list(spoken)
    joined = list(_joined(plan.pieces, said))
    trimmer = Trimmer() if finish.trim_silence else None
    samples = np.concatenate(list(_trimmed(joined, trimmer)))
    told = _measured(samples, said)
    if finish.loudness is not None:
        samples, reached = levelled(samples, finish.loudness)
        told |= {"X-Loudness": f"{reached:.1f}"} if math.isfinite(reached) else {}
    cut = trimmer.cut if trimmer else 0
    return Speech(
        samples=samples,
        headers={**headers, **told},
        segments=_segments(plan, joined, cut=cut, length=len(samples)),
    )


def stream(
    plan: Plan,
    spoken: Iterable[SpokenPiece],
    response_format: str,
    finish: Finish = AS_SPOKEN,
) -> Iterator[bytes]:
    """Encode each piece as it comes.

    Args:
        plan: How the text was split.
        spoken: The speech of each piece, in order.
        response_format: One of ``encoding.STREAMED``.
        finish: What is done to the whole, as far as it can be done on the way.

    Yields:
        The bytes of the recording, never none: the same samples as in a whole answer.
    """
    encoder = encoding.encoder(response_format)
    trimmer = Trimmer() if finish.trim_silence else None
    for samples in _trimmed(_joined(plan.pieces, spoken), trimmer):
        encoded = encoder.encode(samples) if len(samples) else b""
        if encoded:
            yield encoded
    rest = encoder.finish()
    if rest:
        yield rest


def planned_headers(plan: Plan) -> dict[str, str]:
    """Tell what is known before anything is spoken: languages, models, voices, counts.

    Where a text has several languages, models or voices, each is named once, in order.
    """
    used = [plan.backends[segment.language] for segment in plan.segments]
    told = main_language(plan.resolution, plan.segments)
    return {
        "X-Language": told.language,
        "X-Languages": _listed(segment.language for segment in plan.segments),
        "X-Language-Confidence": f"{told.confidence:.3f}",
        "X-Language-Source": told.source,
        "X-Model": _listed(backend.model for backend in used),
        "X-Model-Licence": _listed(backend.licence for backend in used),
        "X-Voice": _listed(plan.voices),
        "X-Segments": str(len(plan.segments)),
        "X-Pieces": str(len(plan.pieces)),
    }


def main_language(resolution: Resolution, segments: Sequence[InLanguage]) -> Resolution:
    """The language of most of the speech; of several it is told how much of the speech is in it."""
    if {segment.language for segment in segments} == {resolution.language}:
        return resolution
    units: dict[str, float] = {}
    for segment in segments:
        units[segment.language] = units.get(segment.language, 0.0) + speech_units(segment.text)
    language = max(units, key=lambda code: units[code])
    return Resolution(
        language=language, confidence=units[language] / sum(units.values()), source="detected"
    )


def _joined(pieces: Sequence[Piece], spoken: Iterable[SpokenPiece]) -> Iterator[Joined]:
    joiner = Joiner()
    for piece, said in zip(pieces, spoken, strict=True):
        speaker = f"{piece.language}/{said.voice}"
        yield joiner.add(said.samples, speaker=speaker, pause_s=piece.pause_s)


def _trimmed(joined: Iterable[Joined], trimmer: Trimmer | None) -> Iterator[audio.Samples]:
    for part in joined:
        yield part.samples if trimmer is None else trimmer.add(part.samples)
    if trimmer is not None:
        yield trimmer.finish()


def _segments(
    plan: Plan, joined: Sequence[Joined], *, cut: int, length: int
) -> tuple[Segment, ...]:
    """Give the segments their times; a pause belongs to what it follows.

    Args:
        plan: How the text was split.
        joined: The pieces in their places.
        cut: Samples that were cut off the beginning.
        length: Samples that there are now.
    """

    def seconds(place: int) -> float:
        return min(max(0, place - cut), length) / audio.SAMPLE_RATE_HZ

    told = []
    for place, group in groupby(
        range(len(plan.pieces)), key=lambda index: plan.pieces[index].segment
    ):
        own = list(group)
        segment = plan.segments[place]
        told.append(
            Segment(
                text=segment.text.strip(),
                language=segment.language,
                model=plan.backends[segment.language].model,
                voice=plan.voices[place],
                start_s=seconds(joined[own[0]].start),
                end_s=seconds(joined[own[-1]].end),
            )
        )
    return tuple(told)


def _measured(samples: audio.Samples, spoken: Sequence[SpokenPiece]) -> dict[str, str]:
    """Tell what is known at the end only; queue and inference time are the slowest piece's."""
    slowest = max(spoken, key=lambda piece: piece.queue_ms + piece.inference_ms)
    return {
        "X-Audio-Seconds": f"{audio.seconds(samples):.3f}",
        "X-Unknown-Characters": str(sum(piece.unknown_characters for piece in spoken)),
        "X-Queue-Ms": f"{slowest.queue_ms:.1f}",
        "X-Inference-Ms": f"{slowest.inference_ms:.1f}",
        **guard.told([piece.retry for piece in spoken if piece.retry]),
    }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
