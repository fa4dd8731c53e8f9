"""How long English phonemes last, for checkpoints that are told with every token what is heard just then.

The averages of espeak-ng's English (``python -m scripts.training.alignment``), by phoneme, by whether the last
syllable before a pause has begun, and by what comes next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

TOKEN_S: Final = 0.032
"""What a token stands for: three mel frames."""
PAUSES: Final = ",.?!"
COLUMNS: Final = (
    "inner, vowel",
    "inner, consonant",
    "last, vowel",
    "last, consonant",
    "last, pause",
)
"""What the table tells apart: the syllable, and what follows."""

_COMMA_TOKENS: Final = 5
_END_TOKENS: Final = 2  # of the pause at a sentence's end, what a recording keeps
_TABLE: Final = Path(__file__).with_name("data") / "lengths.txt"


def spread(sounds: Sequence[str]) -> Iterator[str]:
    """Repeat each sound of a sentence as often as it lasts.

    Boundaries are rounded, not lengths, so that a sentence is never off by more than a token; each phoneme is there
    at least once.

    Args:
        sounds: Phonemes and marks that pause.
    """
    heard_s, given = 0.0, 0
    for sound, column in zip(sounds, columns(sounds), strict=True):
        if sound in PAUSES:
            count = _COMMA_TOKENS if sound == "," else _END_TOKENS
            heard_s += count * TOKEN_S
        else:
            heard_s += _table()[sound][column]
            count = max(1, round(heard_s / TOKEN_S) - given)
        given += count
        yield from [sound] * count


def columns(sounds: Sequence[str]) -> list[int]:
    """Answer which column of the table holds for each sound; any for a mark."""
    told = []
    last, following = True, "pause"
    for sound in reversed(sounds):
        kind = "pause" if sound in PAUSES else "vowel" if is_vowel(sound) else "consonant"
        if kind == "pause":
            last, following = True, "pause"
        told.append(COLUMNS.index(f"{'last' if last else 'inner'}, {following}"))
        if kind == "vowel":
            last = False
        following = kind
    return told[::-1]


def is_vowel(phoneme: str) -> bool:
    """Answer whether a phoneme is a vowel."""
    return phoneme[0] in "AEIOU"


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[float, ...]]:
    """Open the table: a phoneme a line, its lengths in milliseconds."""
    try:
        rows = [line.split() for line in _TABLE.read_text(encoding="ascii").splitlines()]
        return {name: tuple(int(length) / 1000 for length in lengths) for name, *lengths in rows}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the table of lengths {_TABLE} cannot be read ({error}); package the archive again"
        ) from error
