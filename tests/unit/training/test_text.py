from pathlib import Path

import pytest

from f5serve.text.phonemes import TOKENS as PHONEMES
from scripts.training.languages import LANGUAGES
from scripts.training.sentences import natural_sentences
from scripts.training.text import (
    demo_tokens,
    fold,
    pinyin_parts,
    pinyin_text,
    read_vocabulary,
    token_ids,
    vocabulary,
    write_vocabulary,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Two\n\twords ", "two words"),
        ("«Où?» — “Là…”", "où? - là."),
        ("¿Qué tal?", "qué tal?"),
        ("世界、你好。", "世界,你好."),
        ("pa\u0308iva\u0308a\u0308", "päivää"),
        ("It’s", "it's"),
    ],
    ids=["white space", "quotes", "opening mark", "wide marks", "NFC", "apostrophe"],
)
def test_fold_leaves_one_spelling(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_folding_twice_changes_nothing_more() -> None:
    for code in LANGUAGES:
        for text in natural_sentences(code):
            assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "language", "tokens"),
    [
        ("Hola", "es", ["h", "o", "l", "a"]),
        ("हाँ।", "hi", ["ह", "ा", "ँ", "."]),
        ("ラーメン", "ja", ["ラ", "ー", "メ", "ン"]),
        ("你好!", "zh", [" ", "ni2", " ", "hao3", "!"]),
        ("Do!", "en", ["D", *["UW1"] * 5, "!", "!"]),
    ],
)
def test_tokens_are_characters_pinyin_syllables_and_english_phonemes(
    text: str, language: str, tokens: list[str]
) -> None:
    assert demo_tokens(text, language) == tokens


def test_reference_and_text_can_be_tokenised_apart() -> None:
    for code in LANGUAGES:
        first, second = natural_sentences(code)[:2]

        joined = demo_tokens(f"{first} {second}", code)

        assert joined == [*demo_tokens(first, code), " ", *demo_tokens(second, code)]


def test_every_natural_sentence_is_in_the_vocabulary() -> None:
    known = set(vocabulary(phonemes=True))

    for code in LANGUAGES:
        for text in natural_sentences(code):
            assert set(demo_tokens(text, code)) <= known, text


def test_espeak_is_given_the_pinyin_that_the_model_reads() -> None:
    assert pinyin_text(demo_tokens("你好，世界！", "zh")) == "ni2 hao3, shi4 jie4!"


def test_the_vocabularies_differ_at_their_end_only() -> None:
    without, with_phonemes = vocabulary(phonemes=False), vocabulary(phonemes=True)

    assert with_phonemes[: len(without)] == without
    assert with_phonemes[len(without) :] == list(PHONEMES)


def test_a_vocabulary_survives_the_file(tmp_path: Path) -> None:
    tokens = vocabulary(phonemes=True)

    write_vocabulary(tmp_path / "vocab.txt", tokens)

    ids = read_vocabulary(tmp_path / "vocab.txt")
    assert list(ids) == tokens
    assert token_ids(["a", "☃", " "], ids) == [ids["a"], 0, 0]


def test_a_vocabulary_without_the_space_in_front_is_refused(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "vocab.txt", ["a", " "])

    with pytest.raises(ValueError, match="first token must be a space"):
        read_vocabulary(tmp_path / "vocab.txt")


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("zhang3", ("initial:zh", "final:ang", "tone:3")),
        ("er2", ("initial:", "final:er", "tone:2")),
        ("de", ("initial:d", "final:e", "tone:")),
        ("a", ()),
        ("ы", ()),
        (" ", ()),
    ],
)
def test_only_syllables_have_parts(token: str, parts: tuple[str, ...]) -> None:
    assert pinyin_parts(token) == parts
