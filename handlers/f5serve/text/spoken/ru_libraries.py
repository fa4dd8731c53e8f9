"""What makes the libraries that read Russian quick enough for a worker that answers while it reads.

Without it a text of many short lines or of many foreign words keeps a worker for seconds. Two changes give
the same answers, sooner; a third tells the library more nouns that Roman numerals count.
"""

from __future__ import annotations

import functools
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

from f5serve.text.spoken.ru_words import ROMAN_NOUNS


def quicken() -> None:
    """Change what the loaded libraries do and know; call it once, before the first text."""
    _parse_patterns_once()
    _count_more_nouns()
    _index_english_words()


def _parse_patterns_once() -> None:
    """ru-normalizr parses ten regular expressions anew for every text: most of the time of a short one."""
    from ru_normalizr import text_scan

    if hasattr(text_scan, "required_guards"):  # as of 1.3
        text_scan.required_guards = functools.cache(text_scan.required_guards)


def _count_more_nouns() -> None:
    """ru-normalizr knows of centuries and chapters alone that a Roman numeral before them is an ordinal."""
    from ru_normalizr import roman_numerals

    known = getattr(roman_numerals, "_ROMAN_CONTEXT_LEMMAS", None)  # as of 1.3
    if known is not None:
        setattr(roman_numerals, "_ROMAN_CONTEXT_LEMMAS", known | ROMAN_NOUNS)  # noqa: B010 - not ours


def _index_english_words() -> None:
    """eng_to_ipa opens its dictionary for every word and looks at each row of it, which has no index."""
    transcribe = import_module("eng_to_ipa.transcribe")
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    path = Path(str(transcribe.__file__)).parent / "resources" / "CMU_dict.db"
    with closing(sqlite3.connect(path)) as file:
        file.backup(memory)
    memory.execute("CREATE INDEX IF NOT EXISTS by_word ON dictionary (word)")
    read_otherwise = transcribe.mode_type

    def mode_type(mode_in: str) -> object:
        return memory.cursor() if mode_in.lower() == "sql" else read_otherwise(mode_in)

    setattr(transcribe, "mode_type", mode_type)  # noqa: B010 - a module says nothing of its names
