"""Makes the tables that language detection reads: word frequencies, and odds of Han characters.

Word frequencies come from wordfreq, counts of Han characters and pairs from cjclassifier; both are needed
here only. The same versions of both give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.resources
import math
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError
from f5serve.language import han, latin
from f5serve.language.table import FOLDER, HEADER, MAGIC

_LETTERS: Final = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o"})
LEAST_LOG_PROBABILITY: Final = -14.5
"""A pair of Han characters that is rarer in every language is left out: half the file, no accuracy."""
JAPANESE_MARKS: Final = "々〆"
JAPANESE_MARK_ODDS: Final = 8.0
"""Counted by nobody, for they are no ideographs; Chinese all but never writes them."""
MISSING_CHARACTER: Final = -16.0
MISSING_PAIR: Final = -17.0
"""What stands for a count of none; the rarest that was counted is -16."""


def pack(rows: Mapping[int, Sequence[int]], columns: int) -> bytes:
    """Answer a table's file.

    Args:
        rows: Values, one byte each, by 32-bit key.
        columns: How many each row has.
    """
    keys = sorted(rows)
    parts = [HEADER.pack(MAGIC, len(keys), columns, 0)]
    parts += [key.to_bytes(4, sys.byteorder) for key in keys]
    parts += [bytes(rows[key]) for key in keys]
    return b"".join(parts)


def without_accents(word: str) -> str:
    """Answer a word as it is typed on a keyboard that lacks its letters."""
    decomposed = unicodedata.normalize("NFD", word.translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def word_rows(lists: Mapping[str, Mapping[str, float]]) -> dict[int, list[int]]:
    """Answer the word table's rows.

    A word counts in full both as it is written and without its accents: who leaves them out leaves out
    all, and no accented word of one language is much in the way of an unaccented one of another.

    Args:
        lists: Frequency by word, a list a language.
    """
    frequencies: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(latin.LANGUAGES))
    for column, language in enumerate(latin.LANGUAGES):
        for entry, frequency in lists[language].items():
            for word in latin.words_of(entry.lower()):
                for form in {word, without_accents(word)}:
                    frequencies[form][column] += frequency
    return {
        latin.key_of(word): [_word_value(frequency) for frequency in row]
        for word, row in sorted(frequencies.items())
        if max(row) >= latin.KNOWN
    }


def _word_value(frequency: float) -> int:
    if frequency <= latin.FLOOR:
        return 0
    return min(255, round(latin.STEP * math.log(frequency / latin.FLOOR)))


def han_rows(lines: Iterable[str]) -> dict[int, list[int]]:
    """Answer the Han table's rows.

    Args:
        lines: A gram and its log probabilities in simplified Chinese, traditional Chinese and Japanese,
            0 where it was never met; the first line names these columns.

    Raises:
        ConfigurationError: If the columns are others.
    """
    reader = iter(lines)
    if not next(reader, "").startswith("Languages: zh-hans,zh-hant,ja "):
        raise ConfigurationError("cjclassifier's counts have another form than version 1.0.5's")
    marks = {ord(mark): [_han_value(JAPANESE_MARK_ODDS)] * 2 for mark in JAPANESE_MARKS}
    return dict(_han_rows(reader)) | marks


def _han_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[int]]]:
    for line in lines:
        gram, *fields = line.split()
        counted = [float(field) for field in fields]
        if len(gram) == 2 and max(x for x in counted if x) < LEAST_LOG_PROBABILITY:
            continue
        missing = MISSING_CHARACTER if len(gram) == 1 else MISSING_PAIR
        simplified, traditional, japanese = (x or missing for x in counted)
        key = han.key_of(gram)
        if key is not None:
            yield key, [_han_value(japanese - chinese) for chinese in (simplified, traditional)]


def _han_value(odds: float) -> int:
    return max(0, min(255, han.ZERO + round(han.STEP * odds)))


def read_word_lists() -> dict[str, dict[str, float]]:
    """Answer wordfreq's large lists.

    Raises:
        ConfigurationError: If wordfreq is not installed.
    """
    try:
        from wordfreq import get_frequency_dict
    except ImportError as error:
        raise ConfigurationError("wordfreq is missing; make setup-dev") from error
    return {code: get_frequency_dict(code, wordlist="large") for code in latin.LANGUAGES}


def read_han_counts() -> Iterator[str]:
    """Answer the lines of cjclassifier's counts.

    Raises:
        ConfigurationError: If cjclassifier is not installed.
    """
    try:
        counts = importlib.resources.files("cjclassifier") / "cjlogprobs.gz"
    except ModuleNotFoundError as error:
        raise ConfigurationError("cjclassifier is missing; make setup-dev") from error
    with counts.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as lines:
        yield from lines


def make_tables() -> dict[str, bytes]:
    """Answer the files by name.

    Raises:
        ConfigurationError: If a source is missing.
    """
    return {
        latin.FILE: pack(word_rows(read_word_lists()), len(latin.LANGUAGES)),
        han.FILE: pack(han_rows(read_han_counts()), len(han.COLUMNS)),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or compare them with what is there.

    Returns:
        0, or 1 if a source is missing or a table differs.
    """
    parser = argparse.ArgumentParser(prog="scripts.language_tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(argv)
    try:
        tables = make_tables()
    except ConfigurationError as error:
        print(f"language-tables: {error}", file=sys.stderr)
        return 1
    found = ((FOLDER / name, content, content) for name, content in tables.items())
    return settle(found, bytes, check=options.check)


def settle(
    files: Iterable[tuple[Path, bytes, bytes]], opened: Callable[[bytes], bytes], *, check: bool
) -> int:
    """Write what differs from what is there, or only tell it.

    Args:
        files: Where each belongs, what is to be read there, and the file that is written for it.
        opened: Takes what is read from a file.
        check: Whether nothing is written.

    Returns:
        1 if something differs and was not written, else 0.
    """
    differing = False
    for path, content, packed in files:
        same = path.is_file() and opened(path.read_bytes()) == content
        print(f"{path.name}: {len(content):,} bytes{'' if same else ', differs'}")
        if not same and not check:
            write(path, packed)
        differing |= not same and check
    return int(differing)


def write(path: Path, content: bytes) -> None:
    """Put a file in place at once: a worker that has the old one mapped keeps it."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
