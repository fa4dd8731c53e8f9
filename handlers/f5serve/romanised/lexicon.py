"""Hindi and English words by their letters, as often as they are used."""

from __future__ import annotations

import lzma
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from f5serve.errors import ConfigurationError
from f5serve.romanised.spelling import skeleton, strangeness
from f5serve.romanised.usual import USUAL

FOLDER: Final = Path(__file__).resolve().parent / "data"
HINDI: Final = "hindi.txt.xz"
ENGLISH: Final = "english.txt.xz"
FLOOR: Final = -18.4
"""Log of the frequency of a word that is in no list, one in a hundred millions."""
STRANGEST: Final = 2.9
"""A word is not meant by a spelling that is stranger for it, in nats."""
_VOWEL_LEFT_OUT: Final = 1.5
_STARTS: Final = re.compile("(?:chh|ch|sh|[kgtdbjp]h|[b-df-hj-np-tv-z])(?=[b-df-hj-np-tv-z])")
_USUAL_FREQUENCY: Final = -5.0  # of those that go their own ways, all of them frequent


class Word(NamedTuple):
    """A Hindi word that may be meant.

    Attributes:
        written: In Devanagari.
        log_frequency: Of the word among Hindi words, less for a spelling that would be strange for it.
    """

    written: str
    log_frequency: float


class Lexicon:
    """Finds words in the files of a folder, which are read when first asked for.

    A line of the Hindi file is a skeleton and, after tabs, the words that share it: Devanagari, the log of its
    frequency, and how a careful writer types it. A line of the English one is a word and the log of its frequency.
    Both are in order of their characters.

    Args:
        folder: Where they lie.

    Raises:
        ConfigurationError: From any method, if a file cannot be read.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._lists: dict[str, _Lines] = {}
        self._reading = Lock()

    def there(self) -> bool:
        """Tell whether there is a list of Hindi words: archives of models that speak no Hindi have none."""
        return (self._folder / HINDI).is_file()

    def hindi(self, letters: str) -> Word | None:
        """Answer the likeliest Hindi word for a spelling, in small letters; None if there is none."""
        usual = USUAL.get(letters)
        if usual is not None:
            return Word(usual, _USUAL_FREQUENCY)
        found = self._nearest(letters)
        start = _STARTS.match(letters) if found is None else None
        if start is None:
            return found
        # Who is in a hurry leaves out the first vowel (krte, pdegi).
        found = self._nearest(f"{start[0]}a{letters[start.end() :]}")
        return found and found._replace(log_frequency=found.log_frequency - _VOWEL_LEFT_OUT)

    def _nearest(self, letters: str) -> Word | None:
        best = None
        key = skeleton(letters)
        for entry in self._fields(HINDI, key, "\t") if key else ():
            written, frequency, typed = entry.split(" ")
            strange = strangeness(letters, typed)
            word = Word(written, float(frequency) - strange)
            if strange <= STRANGEST and (best is None or word.log_frequency > best.log_frequency):
                best = word
        return best

    def english(self, letters: str) -> float:
        """Answer the log of an English word's frequency, :data:`FLOOR` if it is none."""
        fields = self._fields(ENGLISH, letters, " ")
        return float(fields[0]) if fields else FLOOR

    def _fields(self, name: str, key: str, separator: str) -> Sequence[str]:
        line = self._list(name).starting(f"{key}{separator}")
        return line.split(separator)[1:]

    def _list(self, name: str) -> _Lines:
        with self._reading:
            if name not in self._lists:
                self._lists[name] = self._read(name)
            return self._lists[name]

    def _read(self, name: str) -> _Lines:
        path = self._folder / name
        try:
            return _Lines(lzma.decompress(path.read_bytes()))
        except (OSError, lzma.LZMAError) as error:
            raise ConfigurationError(
                f"the word list {path} cannot be read ({error}); package the archive again"
            ) from error


class _Lines:
    """Lines in order, kept as they lie: a router has many workers, and a string for each line takes thrice as much."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._starts = array("L", [0])
        self._starts.extend(found.end() for found in re.finditer(b"\n", text))

    def starting(self, start: str) -> str:
        """Answer the line that starts so, or nothing."""
        key = start.encode()
        place = bisect_left(range(len(self._starts) - 1), key, key=lambda line: self._at(line, key))
        if place == len(self._starts) - 1 or self._at(place, key) != key:
            return ""
        return self._text[self._starts[place] : self._starts[place + 1] - 1].decode("utf-8")

    def _at(self, line: int, key: bytes) -> bytes:
        return self._text[self._starts[line] : self._starts[line] + len(key)]
