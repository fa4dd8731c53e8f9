"""English phonemes are repeated as often as they last."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from f5serve.text import lengths
from f5serve.text.lengths import COLUMNS, TOKEN_S, columns, spread
from f5serve.text.phonemes import TOKENS, heard

SENTENCE = "the morning train leaves at half past seven, and nobody knows why it is late."


def _counts(sounds: list[str]) -> list[int]:
    return [len(list(run)) for _, run in groupby(spread(sounds))]


def test_every_phoneme_has_a_plausible_length_in_every_place() -> None:
    for token in TOKENS:
        told = lengths._table()[token]
        assert len(told) == len(COLUMNS)
        assert all(0.005 < length < 0.4 for length in told)


def test_the_place_of_a_sound_is_its_syllable_and_what_follows() -> None:
    told = [COLUMNS[column] for column in columns(["B", "AE1", "N", "D", "IH0", "T", "."])]

    assert told[:-1] == [
        "inner, vowel",
        "inner, consonant",
        "inner, consonant",
        "inner, vowel",
        "last, consonant",
        "last, pause",
    ]


def test_a_text_without_a_mark_ends_like_a_sentence() -> None:
    assert columns(["B", "IY1"]) == columns(["B", "IY1", "."])[:-1]


def test_a_vowel_is_longer_before_a_pause() -> None:
    before = _counts(["G", "OW1", "."])[1]
    within = _counts(["G", "OW1", "T", "AH0", "."])[1]

    assert before > within


def test_rounding_never_adds_up() -> None:
    sounds = heard(SENTENCE)
    told_s = 0.0
    for end in range(1, len(sounds)):
        sound, column = sounds[end - 1], columns(sounds)[end - 1]
        if sound in lengths.PAUSES:
            told_s += lengths._COMMA_TOKENS * TOKEN_S
        else:
            told_s += lengths._table()[sound][column]
        given = sum(_counts(sounds)[:end]) * TOKEN_S
        # Two brief sounds in a row may each have been given a token that they do not fill.
        assert abs(given - told_s) <= 2 * TOKEN_S


def test_even_the_briefest_sound_is_there() -> None:
    assert min(_counts(["NG", "IH1"] * 40)) >= 1
    assert [sound for sound, _ in groupby(spread(["NG", "AH0"] * 3))] == ["NG", "AH0"] * 3


@pytest.mark.parametrize("content", [None, "B 1 2 x 4 5\n"])
def test_a_table_that_cannot_be_read_is_named_with_the_remedy(
    content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "lengths.txt"
    if content is not None:
        table.write_text(content)
    monkeypatch.setattr(lengths, "_TABLE", table)
    lengths._table.cache_clear()

    with pytest.raises(ConfigurationError, match="package the archive again"):
        list(spread(["B"]))

    lengths._table.cache_clear()
