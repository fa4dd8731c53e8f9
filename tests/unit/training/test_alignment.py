"""English phonemes get the times at which espeak-ng says them."""

from __future__ import annotations

import ctypes
import itertools

import numpy as np
import pytest

from f5serve.text.phonemes import heard
from scripts.training.alignment import (
    FRAMES_PER_TOKEN,
    AlignmentError,
    Library,
    Spoken,
    library,
    placed,
    starts,
)
from scripts.training.data import Utterance, batches, log_mel
from scripts.training.espeak import WORDS_PER_MINUTE, read_aloud
from scripts.training.languages import LANGUAGES, SPEAKERS

TEXT = "The quick better bird, walked over comfortable water."


def test_what_agrees_takes_the_times_of_what_was_said() -> None:
    said = Spoken(heard=[("k", 0.0), ("a", 0.1), ("t", 0.2), ("_:", 0.3), ("_", 0.5)], end_s=0.6)

    assert starts(["K", "AE1", "T", "."], said) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_vowel_that_is_said_otherwise_still_takes_its_vowels_time() -> None:
    said = Spoken(heard=[("k", 0.0), ("I#", 0.1), ("t", 0.2), ("_:", 0.3)], end_s=0.6)

    assert starts(["K", "AH0", "T", "."], said) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_one_sound_that_the_dictionary_writes_as_two_is_divided() -> None:
    said = Spoken(heard=[("k", 0.0), ("A@", 0.1), ("_:", 0.3)], end_s=0.6)

    assert starts(["K", "AA1", "R", "."], said) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_phoneme_that_is_not_said_shares_its_neighbours_time() -> None:
    said = Spoken(heard=[("k", 0.0), ("0", 0.1), ("f", 0.2), ("_:", 0.3)], end_s=0.6)

    told = starts(["K", "AA1", "T", "F", "."], said)

    assert told == pytest.approx([0.0, 0.1, 0.15, 0.2, 0.3])


def test_a_pause_without_a_mark_belongs_to_the_sound_before() -> None:
    said = Spoken(heard=[("k", 0.0), ("_", 0.1), ("0", 0.3), ("_:", 0.4)], end_s=0.6)

    assert starts(["K", "AA1", "."], said) == pytest.approx([0.0, 0.3, 0.4])


@pytest.mark.parametrize("count", [40, 33, 34, 57, 100])
def test_tokens_stand_where_upstream_will_spread_them(count: int) -> None:
    frames = 100
    said = [(" ", 0.0), ("A", 12.0), ("B", 40.0), (".", 90.0)]

    written = placed(said, count, frames)

    # Upstream's rule, stated anew: all alike, the last ones one frame longer.
    each, longer = divmod(frames, count)
    spread = [
        token
        for place, token in enumerate(written)
        for _ in range(each + (place >= count - longer))
    ]
    assert len(written) == count
    for token, start in said:
        assert abs(spread.index(token) - start) <= 0.5 * (each + 1)


def test_a_sound_shorter_than_a_token_is_written_all_the_same() -> None:
    said = [("A", 0.0), ("B", 3.1), ("C", 3.2), ("D", 3.3), ("E", 9.0), ("F", 29.9)]

    written = placed(said, 10, 30)

    assert list(dict.fromkeys(written)) == ["A", "B", "C", "D", "E", "F"]
    assert len(written) == 10


def test_joined_readings_keep_every_sound_in_its_place() -> None:
    mel = np.zeros((90, 100), dtype=np.float16)
    one = Utterance(
        language="en", speaker="plain", mel=mel, ids=(9,), said=((0, 0.0), (1, 6.0), (2, 45.0))
    )

    batch = next(batches([one] * 8, 100_000, np.random.default_rng(1)))

    for frames, row in zip(batch.frames, batch.ids, strict=True):
        ids = [int(token) for token in row if token >= 0]
        runs = [token for token, _ in itertools.groupby(ids)]
        assert runs == [0, 1, 2] * (int(frames) // 90)
        assert int(frames) / 3.7 <= len(ids) <= int(frames) / 2.6 + 1


def test_most_items_have_as_many_tokens_as_serving_writes() -> None:
    mel = np.zeros((90, 100), dtype=np.float16)
    one = Utterance(language="en", speaker="plain", mel=mel, ids=(9,), said=((0, 0.0), (1, 45.0)))
    drawn = itertools.islice(batches([one] * 40, 100_000, np.random.default_rng(1)), 4)

    paces = [
        int(frames) / int((row >= 0).sum())
        for batch in drawn
        for frames, row in zip(batch.frames, batch.ids, strict=True)
    ]

    usual = [pace == pytest.approx(FRAMES_PER_TOKEN, abs=0.05) for pace in paces]
    assert 0.5 < np.mean(usual) < 0.95


@pytest.mark.tool("espeak-ng")
def test_the_library_tells_when_each_sound_begins() -> None:
    speaker = library(WORDS_PER_MINUTE)
    sounds = heard(TEXT.lower())

    said = speaker.say(TEXT, "en-us")
    begins = starts(sounds, said)

    assert begins == sorted(begins)
    assert sounds[-1] == "."
    assert len(begins) == len(sounds)
    # "bird", a long vowel before a pause, takes longer than the first one of "better".
    at = {sound: place for place, sound in reversed(list(enumerate(sounds)))}
    lasting = np.diff([*begins, said.end_s])
    assert lasting[at["ER1"]] > 2 * lasting[at["EH1"]]
    again = starts(sounds, speaker.say(TEXT, "en-us"))  # nothing is left of the call before
    assert again == pytest.approx(begins, abs=0.002)


@pytest.mark.tool("espeak-ng")
def test_a_reading_is_silent_where_it_is_said_to_pause() -> None:
    reading = read_aloud("Surely, then.", LANGUAGES["en"], SPEAKERS["plain"])

    said = dict(reading.said)
    loud = log_mel(reading.samples).mean(axis=1)
    comma = next(at for sound, at in reading.said if sound == ",")
    after = min(at for at in said.values() if at > comma)
    assert reading.said[0] == (" ", 0.0)
    assert after - comma > 8
    assert loud[round(comma) + 3 : round(after) - 2].max() < loud[: round(comma)].mean() - 2
    assert loud[: round(reading.said[1][1]) - 1].max() < loud.mean()


@pytest.mark.tool("espeak-ng")
def test_a_voice_that_is_not_there_is_named() -> None:
    with pytest.raises(AlignmentError, match="no voice 'zz-none'"):
        library(WORDS_PER_MINUTE).say("word", "zz-none")


def test_a_missing_library_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)

    with pytest.raises(AlignmentError, match="apt-get install"):
        Library(170)
