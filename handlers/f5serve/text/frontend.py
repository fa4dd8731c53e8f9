"""From the text of a piece to the tokens that a checkpoint was trained on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from f5serve.text import japanese, phonemes
from f5serve.text.clean import clean

# Marks that sound alike become one; quotes and brackets are silent. One character to one.
_FOLDED = {
    " ": '"“”„‟«»″「」『』《》〈〉[]{}*_|\u00a0\u3000・¿¡',
    "'": "‘’‚‛‹›′ʼ`´",
    "-": "‐‑‒–—―−",
    ",": ";:、，；：()（）",
    ".": "…。．｡।॥",
    "?": "？",
    "!": "！",
}
_ASCII: Mapping[int, str] = str.maketrans(
    {mark: folded for folded, marks in _FOLDED.items() for mark in marks}
)
# What the pinyin checkpoints' training data went through.
_PINYIN_MARKS: Mapping[int, str | int] = str.maketrans(";“”‘’", ",\"\"''")
_FIRST_HAN, _LAST_HAN = "\u3100", "\u9fff"  # Bopomofo included, as in training
_LATIN_1_END = "\u0100"
_NO_SPACE_AFTER = " :'\""
_SENTENCE_ENDS = tuple(".!?…。！？।")


class Frontend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How text becomes the tokens that a checkpoint was trained on.

    Attributes:
        converter: ``pinyin`` is upstream's converter (Han characters to pinyin syllables, a space at
            changes of script); ``char`` gives one token a character.
        lowercase: Whether the checkpoint saw lower-case text only.
        punctuation: ``keep`` leaves the marks as they are; ``ascii`` maps full-width and typographic
            marks to their ASCII forms, for vocabularies without them.
        kana: Whether kanji, digits and Latin letters become kana first, for checkpoints of Japanese.
        spoken: Whether digits, signs, capitals and markup are read out first, in the words of the text's
            language (see ``as_spoken``).
        phonemes: Whether English words become phonemes, for checkpoints that were trained on them.
        framed: Whether the checkpoint's texts stood between spaces and ended with a mark.
    """

    converter: Literal["pinyin", "char"]
    lowercase: bool = False
    punctuation: Literal["keep", "ascii"] = "keep"
    kana: bool = False
    spoken: bool = False
    phonemes: bool = False
    framed: bool = False


def load(frontend: Frontend, languages: Iterable[str]) -> None:
    """Load what a frontend reads texts with, so that the first request does not wait for it.

    Args:
        frontend: What the checkpoint was trained on.
        languages: What it speaks.
    """
    if frontend.kana:
        japanese.load()
    if frontend.phonemes:
        phonemes.load()
    if frontend.spoken:
        from f5serve.text import spoken

        for language in languages:
            spoken.load(language)


def as_spoken(text: str, frontend: Frontend, language: str) -> str:
    """Write a text in the words that are spoken, where the frontend asks for it.

    The reference's transcript and the text to say take the same way, before ``tokens``.

    Args:
        text: Cleaned text (see ``clean``).
        frontend: What the checkpoint was trained on.
        language: The language of the text, not of the checkpoint.
    """
    if not frontend.spoken:
        return text
    # Tables and libraries that the router, which imports this module, must not hold.
    from f5serve.text import spoken

    return spoken.read_out(text, language)


def tokens(text: str, frontend: Frontend) -> list[str]:
    """The tokens of a text.

    With ``ascii`` the marks left are ``, . ? ! ' -`` and single spaces: quotes and opening marks are
    silent, brackets, colons and semicolons pause like a comma.

    Args:
        text: Any text; lone surrogates are dropped.
        frontend: What the checkpoint was trained on.

    Returns:
        Single characters, phonemes and, for ``pinyin``, syllables with their tone digit, each after a space.
    """
    text = text.encode("utf-8", "ignore").decode("utf-8")
    if frontend.converter == "char" or frontend.kana:
        text = clean(text)
    if frontend.kana:
        text = japanese.to_kana(text)
    if frontend.punctuation == "ascii":
        text = unicodedata.normalize("NFC", text).translate(_ASCII)
    if frontend.lowercase:
        text = unicodedata.normalize("NFC", text.lower())
    if frontend.punctuation == "ascii":
        text = " ".join(text.split())
    if frontend.framed:
        text = _framed(text.strip())
    converted = list if frontend.converter == "char" else _pinyin
    return list(phonemes.sounded(text, converted) if frontend.phonemes else converted(text))


def _framed(text: str) -> str:
    return f" {text} " if text.endswith(_SENTENCE_ENDS) else f" {text}. "


def _pinyin(text: str) -> Iterator[str]:
    """Tokens equal to those of ``convert_char_to_pinyin`` of f5-tts 1.1.

    Its quirk of a space before an ASCII run inside a word (``pr é sident``) is part of what the
    checkpoints learned.
    """
    # Dictionaries of tens of megabytes: only a worker that needs them loads them.
    import rjieba

    last = ""
    for word in rjieba.cut(text.translate(_PINYIN_MARKS)):
        if word.isascii():
            if last and len(word) > 1 and last not in _NO_SPACE_AFTER:
                yield " "
            yield from word
            last = word[-1]
            continue
        produced = list(_word(word))
        yield from produced
        last = produced[-1] if produced else last


def _word(word: str) -> Iterator[str]:
    """Tokens of one word that is not plain ASCII."""
    from pypinyin import Style, lazy_pinyin

    if len(word.encode()) == 3 * len(word):
        # Read as a whole, since a word tells how its characters are read. What is not Han comes back
        # in one string, for which upstream fails with an IndexError.
        syllables = lazy_pinyin(word, style=Style.TONE3, tone_sandhi=True)
        if len(syllables) >= len(word):
            for character, syllable in zip(word, syllables, strict=False):
                if _is_han(character):
                    yield " "
                yield syllable
            return
    for character in word:
        if character >= _LATIN_1_END and _is_han(character):
            yield " "
            yield from lazy_pinyin(character, style=Style.TONE3, tone_sandhi=True)
        else:
            yield character


def _is_han(character: str) -> bool:
    return _FIRST_HAN <= character <= _LAST_HAN
