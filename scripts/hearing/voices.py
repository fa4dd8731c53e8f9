"""Whose voice is it? Pitch and spectral envelope beside those of the references."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from scripts.hearing.features import envelope_db, pitch_hz

if TYPE_CHECKING:
    from f5serve.audio import Samples


def voice_distance(one: Samples, other: Samples) -> float:
    """Answer how differently two recordings at 24 kHz sound, whatever is said in them.

    Semitones between the pitches and dB between the spectral envelopes are summed as they are: one of
    either is about as much as listeners notice.
    """
    pitches = pitch_hz(one), pitch_hz(other)
    semitones = (
        0.0 if any(map(math.isnan, pitches)) else 12 * abs(math.log2(pitches[0] / pitches[1]))
    )
    return semitones + float(np.mean(np.abs(envelope_db(one) - envelope_db(other))))


def nearest_voice(samples: Samples, references: Mapping[str, Samples]) -> str:
    """Answer the name of the reference that a recording sounds most like."""
    return min(references, key=lambda name: voice_distance(samples, references[name]))
