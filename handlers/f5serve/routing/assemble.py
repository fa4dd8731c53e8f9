"""Spoken pieces become one recording, and what is told about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from f5serve import audio
from f5serve.language import Resolution
from f5serve.response import Segment
from f5serve.routing.backends import SpokenPiece
from f5serve.routing.plan import Piece
from f5serve.routing.segments import TextSegment
from f5serve.settings import Backend
from f5serve.text.duration import speech_units

if TYPE_CHECKING:
    from f5serve.audio import Samples


def assemble(
    segments: Sequence[TextSegment],
    pieces: Sequence[Piece],
    spoken: Sequence[SpokenPiece],
    backends: Mapping[str, Backend],
) -> tuple[Samples, tuple[Segment, ...]]:
    """Join pieces in order, at one loudness.

    Args:
        segments: What the text was cut into.
        pieces: What each was split into.
        spoken: The speech of each piece.
        backends: Who speaks a language.

    Returns:
        All samples, and the segments with their times; the pause between two belongs to neither.
    """
    speakers = [
        f"{piece.language}/{said.voice}" for piece, said in zip(pieces, spoken, strict=True)
    ]
    levelled = audio.match_levels([said.samples for said in spoken], speakers)
    samples, starts = audio.join(levelled, [piece.pause_s for piece in pieces[:-1]])
    ends = [start + len(part) for start, part in zip(starts, levelled, strict=True)]
    told = []
    for place, group in groupby(range(len(pieces)), key=lambda index: pieces[index].segment):
        own = list(group)
        segment = segments[place]
        told.append(
            Segment(
                text=segment.text.strip(),
                language=segment.language,
                model=backends[segment.language].model,
                voice=spoken[own[0]].voice,
                start_s=starts[own[0]] / audio.SAMPLE_RATE_HZ,
                end_s=ends[own[-1]] / audio.SAMPLE_RATE_HZ,
            )
        )
    return samples, tuple(told)


def headers(
    resolution: Resolution,
    segments: Sequence[Segment],
    spoken: Sequence[SpokenPiece],
    backends: Mapping[str, Backend],
) -> dict[str, str]:
    """Tell languages, models, voices and times; queue and inference time are the slowest piece's.

    Where a text has several languages, models or voices, each is named once, in order.
    """
    slowest = max(spoken, key=lambda piece: piece.queue_ms + piece.inference_ms)
    used = [backends[segment.language] for segment in segments]
    told = main_language(resolution, segments)
    return {
        "X-Language": told.language,
        "X-Languages": _listed(segment.language for segment in segments),
        "X-Language-Confidence": f"{told.confidence:.3f}",
        "X-Language-Source": told.source,
        "X-Model": _listed(backend.model for backend in used),
        "X-Model-Licence": _listed(backend.licence for backend in used),
        "X-Voice": _listed(segment.voice for segment in segments),
        "X-Segments": str(len(segments)),
        "X-Pieces": str(len(spoken)),
        "X-Unknown-Characters": str(sum(piece.unknown_characters for piece in spoken)),
        "X-Queue-Ms": f"{slowest.queue_ms:.1f}",
        "X-Inference-Ms": f"{slowest.inference_ms:.1f}",
    }


def main_language(resolution: Resolution, segments: Sequence[Segment]) -> Resolution:
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


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
