from __future__ import annotations

import numpy as np
import pytest

from scripts.hearing.retrieval import (
    NOISES,
    closest_in_length,
    distances,
    found,
    length_spread,
    noises,
)
from tests.unit.hearing.sounds import reading, said

TEXTS = ("abcdefgh", "hgfedcba", "ijklmnop", "ponmlkji", "aibjckdl")
READINGS = [reading(text) for text in TEXTS]


def test_the_sentences_nearest_to_one_another_in_length_are_chosen() -> None:
    readings = [reading("x" * letters) for letters in (3, 20, 21, 9, 22, 40)]

    chosen = closest_in_length(readings, 3)

    assert chosen == [1, 2, 4]
    assert length_spread([readings[place] for place in chosen]) == pytest.approx(1.1, abs=0.02)
    assert closest_in_length(readings, 9) == list(range(6))


def test_what_was_said_is_found_at_another_pace() -> None:
    table = distances([said(text, pace=1.15) for text in TEXTS], READINGS)

    assert found(table).all()


def test_another_sentence_and_silence_are_not_found() -> None:
    spoken = [said(TEXTS[0]), None, said(TEXTS[3]), said(TEXTS[3]), said(TEXTS[4])]

    assert found(distances(spoken, READINGS)).tolist() == [True, False, False, True, True]


def test_noise_is_as_long_as_each_reading_and_found_no_oftener_than_by_chance() -> None:
    made = noises(READINGS, seed=1)

    assert [len(noise) for noise in made] == [r.samples.size for r in READINGS] * NOISES
    assert found(distances(made, READINGS)).mean() < 0.5
    assert np.array_equal(made[0], noises(READINGS, seed=1)[0])
