"""Spoken pieces are put one after another as they come: at one loudness, without clicks.

A whole answer and a stream are joined by the same class, so that both hold the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve import audio

if TYPE_CHECKING:
    from f5serve.audio import Samples

FADE_S: Final = 0.015
_MOST_GAIN: Final = 4.0  # 12 dB
_LOUDEST_PEAK: Final = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One piece in its place.

    Attributes:
        samples: The piece, faded and levelled, and the pause after it.
        start: Its first sample within the recording.
        end: The sample after its last, before the pause.
    """

    samples: Samples
    start: int
    end: int


class Joiner:
    """Joins the pieces of one recording, in order.

    Each border is faded out and in over 15 ms; between two pieces stands the pause that follows the
    first. Nothing overlaps, so no sample of speech is lost and times stay exact.

    Several speakers are brought to the loudness of the first piece with speech. Every piece of a speaker
    gets the same gain, found on the speaker's first one, so that a text's own louder and softer places
    stay, and silence as it is.
    Gains are bounded, and what they would drive beyond full scale is raised less.
    """

    def __init__(self) -> None:
        self._position = 0
        self._level = 0.0
        self._gains: dict[str, float] = {}

    def add(self, piece: Samples, *, speaker: str, pause_s: float | None) -> Joined:
        """Put a piece at the end.

        Args:
            piece: Its samples.
            speaker: Who speaks it: a name for model and voice.
            pause_s: Silence after it, seconds; None after the last piece, which is not faded out.
        """
        first, last = self._position == 0, pause_s is None
        levelled = _amplified(piece, self._gain(piece, speaker))
        faded = _fade(levelled, fade_in=not first, fade_out=not last)
        silence = np.zeros(round((pause_s or 0.0) * audio.SAMPLE_RATE_HZ), dtype=np.float32)
        start, end = self._position, self._position + len(faded)
        self._position = end + len(silence)
        return Joined(samples=np.concatenate([faded, silence]), start=start, end=end)

    def _gain(self, piece: Samples, speaker: str) -> float:
        level = 0.0 if speaker in self._gains else audio.speech_level(piece)
        if level > 0.0:
            self._level = self._level or level
            self._gains[speaker] = min(max(self._level / level, 1.0 / _MOST_GAIN), _MOST_GAIN)
        return self._gains.get(speaker, 1.0)


def _amplified(piece: Samples, gain: float) -> Samples:
    if gain == 1.0:
        return piece
    peak = float(np.abs(piece).max(initial=0.0))
    bounded = min(gain, max(1.0, _LOUDEST_PEAK / peak)) if peak > 0.0 else gain
    return (piece * bounded).astype(np.float32)


def _fade(piece: Samples, *, fade_in: bool, fade_out: bool) -> Samples:
    count = min(round(FADE_S * audio.SAMPLE_RATE_HZ), len(piece) // 2)
    faded = piece.copy()
    ramp = np.sin(np.linspace(0.0, np.pi / 2, count, dtype=np.float32)) ** 2
    if fade_in and count:
        faded[:count] *= ramp
    if fade_out and count:
        faded[-count:] *= ramp[::-1]
    return faded
