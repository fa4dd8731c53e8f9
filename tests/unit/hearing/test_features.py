from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.hearing.features import dtw, dtw_to_each, envelope_db, mfcc, pitch_hz
from tests.unit.hearing.sounds import pulses


def frames(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((count, 13)).astype(np.float32)


def test_dtw_forgives_tempo_but_not_another_sentence() -> None:
    spoken, other = frames(80, 0), frames(80, 1)
    slower = np.repeat(spoken, 2, axis=0)[:150]

    assert dtw(spoken, spoken) == pytest.approx(0, abs=1e-4)  # cdist rounds
    assert dtw(spoken, slower) < 0.2 * dtw(spoken, other)


def test_dtw_is_the_cheapest_path_cell_by_cell() -> None:
    first, second = frames(7, 0), frames(5, 1)
    costs = np.linalg.norm(first[:, None].astype(float) - second[None], axis=2)
    total = np.full((8, 6), np.inf)
    total[0, 0] = 0.0
    for row in range(7):
        for column in range(5):
            before = min(total[row, column], total[row, column + 1], total[row + 1, column])
            total[row + 1, column + 1] = costs[row, column] + before

    assert dtw(first, second) == pytest.approx(total[7, 5] / 12)


def test_dtw_to_several_is_that_to_each_whatever_their_lengths() -> None:
    first, others = frames(30, 0), [frames(count, count) for count in (1, 20, 45, 30)]

    together = dtw_to_each(first, others)

    assert together.tolist() == pytest.approx([dtw(first, other) for other in others])


def test_mfcc_ignores_loudness() -> None:
    mel = np.random.default_rng(0).standard_normal((50, 100)).astype(np.float32)

    assert mfcc(mel + 2.0) == pytest.approx(mfcc(mel), abs=1e-5)


@pytest.mark.parametrize("hertz", [80.0, 110.0, 210.0, 330.0])
def test_pitch_is_heard_and_not_its_octave(hertz: float) -> None:
    assert pitch_hz(pulses(hertz)) == pytest.approx(hertz, rel=0.02)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)

    assert math.isnan(pitch_hz(noise))
    assert math.isnan(pitch_hz(np.zeros(24_000, np.float32)))
    assert math.isnan(pitch_hz(np.zeros(10, np.float32)))


def test_an_envelope_ignores_level_and_tells_a_bright_voice_from_a_dark_one() -> None:
    dark, bright = pulses(110, brightness=2.0), pulses(110, brightness=0.5)

    assert envelope_db(0.1 * bright) == pytest.approx(envelope_db(bright), abs=0.1)
    assert np.abs(envelope_db(dark) - envelope_db(bright)).mean() > 3
