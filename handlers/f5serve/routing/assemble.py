"""Spoken pieces become one recording, whole or as a stream, and what is told about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np

from f5serve import audio, encoding
from f5serve.language import Resolution
from f5serve.response import Segment, Speech
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.joiner import Joined, Joiner
from f5serve.routing.plan import Piece
from f5serve.routing.segments import TextSegment
from f5serve.settings import Backend
from f5serve.text.duration import speech_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a text will be spoken.

    Attributes:
        resolution: Which language the text as a whole is in.
        segments: What the text was cut into.
        voices: The voice of each segment.
        pieces: What the segments were split into.
        backends: Who speaks a language.
    """

    resolution: Resolution
    segments: Sequence[TextSegment]
    voices: Sequence[str]
    pieces: Sequence[Piece]
    backends: Mapping[str, Backend]


class InLanguage(Protocol):
    """Text in one language: planned, or spoken."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def language(self) -> str:
        """What it is said in."""


def whole(plan: Plan, spoken: Iterable[SpokenPiece], headers: Mapping[str, str]) -> Speech:
    """Join all pieces.

    Args:
        plan: How the text was split.
        spoken: The speech of each piece.
        headers: What is told besides that which is known now that all is spoken.
    """
    said = list(spoken)
    joined = list(_joined(plan.pieces, said))
    samples = np.concatenate([part.samples for part in joined])
    return Speech(
        samples=samples,
        headers={**headers, **_measured(samples, said)},
        segments=_segments(plan, joined),
    )


def stream(plan: Plan, spoken: Iterable[SpokenPiece], response_format: str) -> Iterator[bytes]:
    """Encode each piece as it comes.

    Args:
        plan: How the text was split.
        spoken: The speech of each piece, in order.
        response_format: One of ``encoding.STREAMED``.

    Yields:
        The bytes of the recording, never none: the same samples as in a whole answer.
    """
    encoder = encoding.encoder(response_format)
    for joined in _joined(plan.pieces, spoken):
        encoded = encoder.encode(joined.samples)
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


def _segments(plan: Plan, joined: Sequence[Joined]) -> tuple[Segment, ...]:
    """Give the segments their times; a pause belongs to what it follows."""
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
                start_s=joined[own[0]].start / audio.SAMPLE_RATE_HZ,
                end_s=joined[own[-1]].end / audio.SAMPLE_RATE_HZ,
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
    }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
