"""From text to the tokens of the demo models, and the vocabulary that numbers them.

Serving has its own implementation of the same rule; a test compares the two. The rule:

1. NFC, then the table :data:`FOLD` (one character to one), then lower case;
2. white space collapses to single spaces, none at the ends;
3. English words become phonemes, as far as a dictionary knows them;
4. Mandarin, and what is left of English, passes upstream's ``convert_char_to_pinyin`` (Han becomes
   a space and a pinyin syllable with its tone digit); every other language is split into characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from f5_tts.model.utils import convert_char_to_pinyin
from pypinyin import Style, pinyin

from f5serve.text.phonemes import TOKENS as PHONEMES
from f5serve.text.phonemes import sounded
from scripts.training.languages import ACCENTED, CYRILLIC, DEVANAGARI, KANA, LATIN

# Marks that sound alike become one, so that each token left is one the models have met.
_FOLDED = {
    " ": '"“”„‟«»″「」『』《》〈〉[]{}*_|\u00a0\u3000・',
    "'": "‘’‚‛‹›′ʼ`´",
    "-": "‐‑‒–—―−",
    ",": ";:、，；：()（）",
    ".": "…。．｡।॥",
    "?": "？¿",
    "!": "！¡",
}
_OPENING = "¿¡"  # Spanish opening marks are silent and would end a sentence that has not begun
FOLD: Mapping[int, str] = str.maketrans(
    {mark: folded for folded, marks in _FOLDED.items() for mark in marks if mark not in _OPENING}
    | dict.fromkeys(_OPENING, " ")
)

_ONE_MODEL = frozenset({"en", "zh"})  # speaks both, and Mandarin texts hold English words
PUNCTUATION = "'-,.?!"
_SYLLABLE = re.compile(
    r"(?P<initial>[zcs]h|[bpmfdtnlgkhjqxrzcsyw]?)(?P<final>[a-z]*)(?P<tone>[1-4]?)"
)
_TONES = ("", "1", "2", "3", "4")  # none: the neutral tone
_HAN = range(0x4E00, 0xA000)
UNKNOWN_ID = 0  # the space: what upstream reads in place of a token that is not in the vocabulary


def fold(text: str) -> str:
    """Text with one spelling for marks, case and white space.

    Args:
        text: Any text.

    Returns:
        NFC, lower case, single spaces, only the marks of :data:`PUNCTUATION` where a mark has an
        equal among them.
    """
    folded = unicodedata.normalize("NFC", text).translate(FOLD).lower()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def demo_tokens(text: str, language: str) -> list[str]:
    """The tokens of a text, as the demo models were trained.

    Args:
        text: Text in its own script; Japanese in kana.
        language: ISO 639-1 code.

    Returns:
        Characters; for Han a space and a pinyin syllable each, for English words their phonemes.
    """
    folded = fold(text)
    if language in _ONE_MODEL:
        return list(sounded(folded, _with_pinyin))
    return list(folded)


def _with_pinyin(folded: str) -> list[str]:
    tokens: list[str] = convert_char_to_pinyin([folded])[0]
    return tokens


def pinyin_text(tokens: Sequence[str]) -> str:
    """The tokens of a Mandarin text as espeak-ng reads them: pinyin syllables and marks."""
    return " ".join("".join(tokens).split())


def vocabulary(*, phonemes: bool) -> list[str]:
    """Every token of the demo models, in order of their ids; the first is the space.

    Args:
        phonemes: Whether those of English are among them; they come last.
    """
    letters = (
        LATIN,
        "".join(letter for letter in ACCENTED if letter not in LATIN),
        CYRILLIC,
        DEVANAGARI,
        KANA,
    )
    characters = [" ", *PUNCTUATION, *"0123456789", *(c for group in letters for c in group)]
    syllables = sorted(_pinyin_syllables() - set(characters))
    return characters + syllables + (list(PHONEMES) if phonemes else [])


def _pinyin_syllables() -> set[str]:
    # Each syllable in every tone: phrases give tones that no single character has.
    readings = pinyin([chr(c) for c in _HAN], style=Style.NORMAL, heteronym=True, errors="ignore")
    syllables = {
        reading
        for candidates in readings
        for reading in candidates
        if reading.isascii() and reading.isalpha()
    }
    return {syllable + tone for syllable in syllables for tone in _TONES}


def pinyin_parts(token: str) -> tuple[str, ...]:
    """Initial, final and tone of a pinyin token, marked as such; nothing for other tokens."""
    match = _SYLLABLE.fullmatch(token)
    if match is None or len(token) == 1:
        return ()
    return tuple(f"{name}:{part}" for name, part in match.groupdict().items())


def write_vocabulary(path: Path, tokens: Iterable[str]) -> None:
    """Write the vocabulary in upstream's format: a token a line, the line number its id."""
    path.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")


def read_vocabulary(path: Path) -> dict[str, int]:
    """Read a vocabulary: token to id.

    Raises:
        ValueError: If the first token is not the space, which stands for unknown tokens.
    """
    tokens = path.read_text(encoding="utf-8").split("\n")[:-1]
    if not tokens or tokens[UNKNOWN_ID] != " ":
        raise ValueError(f"{path}: the first token must be a space, found {tokens[:1]!r}")
    return {token: index for index, token in enumerate(tokens)}


def token_ids(tokens: Iterable[str], ids: Mapping[str, int]) -> list[int]:
    """The ids of tokens; an unknown one is read as a space, as upstream does."""
    return [ids.get(token, UNKNOWN_ID) for token in tokens]
