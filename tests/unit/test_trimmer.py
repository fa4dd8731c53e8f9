"""Silence at the ends is cut, whole or as it comes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from f5serve.routing.trimmer import KEPT_S, Trimmer

Samples = NDArray[np.float32]
RATE_HZ = 24_000
KEPT = round(KEPT_S * RATE_HZ)


def tone(duration_s: float, level: float = 0.3) -> Samples:
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def silence(duration_s: float) -> Samples:
    return np.zeros(round(duration_s * RATE_HZ), dtype=np.float32)


def trimmed(*pieces: Samples) -> tuple[Samples, int]:
    trimmer = Trimmer()
    parts = [*[trimmer.add(piece) for piece in pieces], trimmer.finish()]
    return np.concatenate(parts), trimmer.cut


def test_both_ends_keep_fifty_milliseconds_and_the_middle_all_of_its_pauses() -> None:
    spoken = [tone(0.5), silence(0.7), tone(0.5)]

    samples, cut = trimmed(silence(1.0), *spoken, silence(2.0))

    expected = np.concatenate([silence(KEPT_S), *spoken, silence(KEPT_S)])
    np.testing.assert_array_equal(samples, expected)
    assert cut == RATE_HZ - KEPT


def test_speech_without_silence_stays_whole() -> None:
    samples, cut = trimmed(tone(0.5), tone(0.5, level=0.05))

    assert (len(samples), cut) == (RATE_HZ, 0)


def test_nothing_is_given_before_there_is_speech_and_no_silence_before_more_follows() -> None:
    trimmer = Trimmer()

    before = trimmer.add(silence(0.4))
    first = trimmer.add(np.concatenate([tone(0.2), silence(0.3)]))
    between = trimmer.add(silence(0.5))
    second = trimmer.add(tone(0.2))
    last = trimmer.finish()

    assert len(before) == len(between) == len(last) == 0
    assert len(first) / RATE_HZ == pytest.approx(KEPT_S + 0.2 + KEPT_S)
    assert len(second) / RATE_HZ == pytest.approx(0.3 + 0.5 - KEPT_S + 0.2)


@pytest.mark.parametrize("pieces", [[silence(1.0), silence(1.0)], [tone(1.0, level=1e-4)]])
def test_a_recording_without_speech_is_not_left_empty(pieces: list[Samples]) -> None:
    samples, _ = trimmed(*pieces)

    assert len(samples) == KEPT


def test_a_recording_shorter_than_what_is_kept_stays_as_it_is() -> None:
    samples, cut = trimmed(tone(0.01))

    assert (len(samples), cut) == (240, 0)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3]), st.integers(0, 6_000)), max_size=12))
def test_what_is_cut_is_silent_and_at_the_ends(stretches: list[tuple[float, int]]) -> None:
    pieces = [np.full(count, level, dtype=np.float32) for level, count in stretches]
    whole = np.concatenate([*pieces, silence(0.0)])

    samples, cut = trimmed(*pieces)

    np.testing.assert_array_equal(samples, whole[cut : cut + len(samples)])
    assert not whole[:cut].any()
    assert not whole[cut + len(samples) :].any()
    if whole.any():
        assert int(np.flatnonzero(samples)[0]) <= KEPT
        # A hundredth of a second that holds speech anywhere is speech, so some more may stay at the end.
        assert len(samples) - int(np.flatnonzero(samples)[-1]) - 1 <= KEPT + 240
