"""Loudness is ITU's, as others measure it too, and raising it never clips."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

from f5serve.loudness import LOUDEST_PEAK, integrated, k_weighting, levelled

Samples = NDArray[np.float32]
RATE_HZ = 24_000


def tone(frequency_hz: float, duration_s: float, level: float = 0.1) -> Samples:
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def syllables(duration_s: float, seed: int = 1) -> Samples:
    """Noise with pauses and swells, as uneven as speech."""
    random = np.random.default_rng(seed)
    count = round(duration_s * RATE_HZ)
    hull = np.repeat(random.choice([0.0, 0.001, 0.05, 0.3], count // 4_000 + 1), 4_000)[:count]
    samples: Samples = (random.normal(0.0, 0.3, count) * hull).astype(np.float32)
    return samples


def theirs(samples: Samples) -> float:
    return float(pyloudnorm.Meter(RATE_HZ, filter_class="DeMan").integrated_loudness(samples))


@pytest.mark.parametrize(
    "samples",
    [
        tone(30, 2.0),
        tone(220, 1.0),
        tone(997, 3.0, level=0.9),
        tone(6_000, 0.5, level=0.001),
        syllables(0.4),
        syllables(7.93),
        syllables(8.0),
        syllables(8.05),
        syllables(41.7, seed=2),
        np.concatenate([tone(300, 3.0), np.zeros(120_000, dtype=np.float32), tone(300, 3.0, 0.01)]),
    ],
    ids=["low", "voice", "loud", "soft and high", "a block", "short", "a stretch", "more", "long", "pauses"],
)  # fmt: skip
def test_a_recording_measures_the_same_as_with_pyloudnorm(samples: Samples) -> None:
    assert integrated(samples) == pytest.approx(theirs(samples), abs=0.02)


def test_at_48_khz_the_filters_are_those_printed_in_the_recommendation() -> None:
    numerators, denominators = k_weighting(48_000)

    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    assert numerators[0] == pytest.approx(shelf, abs=1e-9)
    assert denominators[0] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-9)
    assert numerators[1] == pytest.approx([1.0, -2.0, 1.0])
    assert denominators[1] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-9)


def test_a_pause_does_not_make_a_recording_softer() -> None:
    spoken = tone(300, 4.0)
    pause = np.zeros(5 * RATE_HZ, dtype=np.float32)

    with_pause = integrated(np.concatenate([spoken, pause, spoken]))

    assert with_pause == pytest.approx(integrated(spoken), abs=0.2)


@pytest.mark.parametrize("count", [0, 1, 2_000, 9_599])
def test_less_than_a_block_is_measured_as_one(count: int) -> None:
    samples = tone(1_000, 1.0)

    loudness = integrated(samples[:count])

    assert loudness == -math.inf or abs(loudness - integrated(samples)) < 3.0
    assert (loudness == -math.inf) == (count <= 1)


@pytest.mark.parametrize("target", [-40.0, -23.0, -16.0])
def test_a_recording_is_brought_to_the_loudness_wanted(target: float) -> None:
    samples, reached = levelled(tone(500, 3.0), target)

    assert reached == pytest.approx(target, abs=1e-3)
    assert integrated(samples) == pytest.approx(target, abs=0.01)
    assert samples.dtype == np.float32


def test_a_peak_is_never_raised_beyond_full_scale_and_what_is_reached_is_told() -> None:
    samples = tone(500, 3.0, level=0.05)
    samples[1_000] = 0.6

    louder, reached = levelled(samples, -10.0)

    assert float(np.abs(louder).max()) == pytest.approx(LOUDEST_PEAK, rel=1e-5)
    assert reached < -20.0
    assert reached == pytest.approx(integrated(louder), abs=0.01)


@pytest.mark.parametrize(
    "samples", [np.zeros(24_000, dtype=np.float32), tone(500, 1.0, 1e-5), tone(500, 0.0)]
)
def test_silence_stays_silence(samples: Samples) -> None:
    same, reached = levelled(samples, -16.0)

    np.testing.assert_array_equal(same, samples)
    assert reached == -math.inf
