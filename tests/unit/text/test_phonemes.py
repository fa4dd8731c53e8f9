"""English words become phonemes, and all else goes the way it always went."""

from __future__ import annotations

import string
import tracemalloc
from itertools import groupby
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from f5serve.text import frontend as frontend_module
from f5serve.text import phonemes as phonemes_module
from f5serve.text.frontend import Frontend, tokens
from f5serve.text.phonemes import TOKENS, heard, phonemes, sounded

DEMO = Frontend(converter="pinyin", lowercase=True, punctuation="ascii", phonemes=True)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("hello", "HH AH0 L OW1"),
        ("through", "TH R UW1"),
        ("tomorrow's", "T AH0 M AA1 R OW1 Z"),
        ("overnight", "OW1 V ER0 N AY1 T"),
        ("dogs", "D AA1 G Z"),
        ("a", "AH0"),
        ("", ""),
    ],
)
def test_a_word_is_looked_up(word: str, told: str) -> None:
    assert " ".join(phonemes(word)) == told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("bookmonth", "B UH1 K M AH1 N TH"),  # two known words
        ("blorf's", "B L AO1 R F Z"),
        ("blorf", "B L AO1 R F"),
        ("quizzle", "K W IH1 Z AH0 L"),
        ("phrake", "F R EY1 K"),
        ("shtiggy", "SH T IH1 G IY0"),
        ("zzzz", "Z"),
    ],
)
def test_a_word_that_the_dictionary_lacks_is_put_together_or_read_by_rules(
    word: str, told: str
) -> None:
    assert " ".join(phonemes(word)) == told


def test_every_letter_is_read_in_every_place() -> None:
    for letter in string.ascii_lowercase:
        for word in (f"{letter}xqj", f"xq{letter}j", f"xqj{letter}"):
            assert set(phonemes(word)) <= set(TOKENS)


def test_a_sentence_is_its_phonemes_and_pauses_and_has_none_between_words() -> None:
    told = [token for token, _ in groupby(tokens("Hello, big blorf! 你好 don’t", DEMO))]

    assert told == [
        "HH", "AH0", "L", "OW1", ",", "B", "IH1", "G", "B", "L", "AO1", "R", "F", "!",
        " ", "ni2", " ", "hao3", " ", "D", "OW1", "N", "T",
    ]  # fmt: skip


def test_several_marks_pause_like_the_strongest_of_them() -> None:
    assert tokens("what?!, no.", DEMO) == tokens("what! no.", DEMO)
    assert tokens("yes,, no.", DEMO) == tokens("yes, no.", DEMO)


def test_sounds_are_named_once_and_end_like_a_sentence() -> None:
    assert heard("a dog, a") == ["AH0", "D", "AO1", "G", ",", "AH0", "."]
    assert heard("a dog?") == ["AH0", "D", "AO1", "G", "?"]
    assert heard("") == ["."]


def test_a_hyphen_joins_and_a_dash_pauses() -> None:
    assert tokens("well-known", DEMO) == tokens("well known", DEMO)
    assert tokens("well – known", DEMO) == tokens("well, known", DEMO)


def test_a_borrowed_word_is_read_without_its_accents() -> None:
    assert tokens("Café, naïve façade: Øre?", DEMO) == tokens("cafe, naive facade, ore?", DEMO)


def test_the_length_of_a_text_follows_the_time_it_takes() -> None:
    assert len(tokens("oil, joys", DEMO)) > len(tokens("a little bit", DEMO))


@pytest.mark.parametrize("text", ["你好，世界！", "我想买两个苹果。", "今天天气很好", " ,.!? 12"])
def test_a_text_without_english_has_the_tokens_it_has_without_phonemes(text: str) -> None:
    plain = Frontend(converter="pinyin", lowercase=True, punctuation="ascii")

    assert tokens(text, DEMO) == tokens(text, plain)


def test_pieces_have_the_tokens_of_the_whole() -> None:
    first, second = "The cat sleeps.", "We don't know why!"

    assert tokens(f"{first} {second}", DEMO) == [*tokens(first, DEMO), " ", *tokens(second, DEMO)]


def test_every_phoneme_of_the_dictionary_is_a_token() -> None:
    text = (
        "the quick brown fox jumps over lazy dogs joy measure church thing bathe wow boy her book"
    )

    told = {token for word in text.split() for token in phonemes(word)}

    assert told <= set(TOKENS)
    assert len(set(TOKENS)) == len(TOKENS) == 54


def test_a_long_text_of_quotes_and_unknown_words_takes_linear_time() -> None:
    hostile = "a'" * 20_000

    tracemalloc.start()
    told = list(sounded(hostile, list))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(told) >= 20_000
    assert peak < 20_000_000


def test_a_dictionary_that_is_not_there_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(phonemes_module, "_DICTIONARY", tmp_path / "missing.xz")
    phonemes_module._dictionary.cache_clear()
    phonemes_module.phonemes.cache_clear()

    with pytest.raises(ConfigurationError, match="package the archive again"):
        phonemes("hello")

    phonemes_module._dictionary.cache_clear()


def test_the_dictionary_is_opened_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []
    monkeypatch.setattr(phonemes_module, "load", lambda: opened.append(True))

    frontend_module.load(DEMO, ["en"])
    frontend_module.load(Frontend(converter="char"), ["fr"])

    assert opened == [True]
