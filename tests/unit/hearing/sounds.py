"""Sounds that stand for speech: each letter a chord of its own, 0.1 s long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from f5serve.audio import SAMPLE_RATE_HZ
from scripts.training.espeak import HOP_SAMPLES, MARGIN_S, Reading

Samples = NDArray[np.float32]


def said(text: str, *, pace: float = 1.0) -> Samples:
    """Answer a text's letters one after another, between margins of near silence."""
    count = round(0.1 * SAMPLE_RATE_HZ / pace)
    margin = np.zeros(round(MARGIN_S * SAMPLE_RATE_HZ), np.float32)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    letters = [np.random.default_rng(ord(letter)).uniform(100, 6000, size=4) for letter in text]
    chords = [0.05 * np.sin(2 * np.pi * np.outer(chord, time_s)).sum(axis=0) for chord in letters]
    samples = np.concatenate([margin, *chords, margin]).astype(np.float32)
    faint = np.random.default_rng(0).standard_normal(samples.size) * 1e-4
    whole = samples.size // HOP_SAMPLES * HOP_SAMPLES
    return (samples + faint).astype(np.float32)[:whole]


def reading(text: str) -> Reading:
    """Answer a text as espeak-ng would hand it over."""
    return Reading(text=text, tokens=list(text), samples=said(text))


def pulses(pitch_hz: float, duration_s: float = 1.0, brightness: float = 1.0) -> Samples:
    """Answer a voice without words: harmonics of a pitch, weaker the higher they are, and a little breath."""
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    orders = np.arange(1, int(8000 / pitch_hz))
    waves = np.sin(2 * np.pi * pitch_hz * np.outer(orders, time_s)) / orders[:, None] ** brightness
    breath = np.random.default_rng(0).standard_normal(time_s.size) * 1e-2
    samples: Samples = (0.1 * (waves.sum(axis=0) + breath)).astype(np.float32)
    return samples
