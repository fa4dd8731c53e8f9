"""Words in capitals: acronyms are spelled or spoken, what is shouted is a word like any other.

Letters are spelled by their names, for a checkpoint of lower-case speech has never seen capitals, and one
that has seen them spells every word written in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


SPOKEN: Final = words(
    """
    NASA NATO OTAN UNESCO UNICEF OPEC OPEP FIFA UEFA ASEAN AIDS SIDA COVID OVNI ONU INSEE SNCM SIM PIN RAM ROM
    GIF JPEG LASER RADAR NAFTA BREXIT IKEA LEGO VISA FIAT ISTAT INPS ENEL RAI INAIL UNED RENFE AVE UCAS SARS
    MERS MIB WIFI CAPTCHA YAML JSON ASCII NAND PESC CERN ESA ZEUS SCUBA SWAT POTUS SAT ENA SMIC
    """
)
"""Acronyms that are spoken as words everywhere; a language may spell some of them nevertheless."""

SPELLED: Final = words(
    """
    UK US USA EU UE UN IT AI IA IQ QI ID IP TV HQ CEO CFO CTO CIA FBI NSA BBC CNN KFC IBM BMW PC DVD CD USB PDF
    HTML HTTP HTTPS URL API SQL CSS GPS SMS MMS LED LCD CPU GPU SSD HDD VIP DNA ADN RNA ARN HIV VIH EUA UAE ATM
    PIB GDP IMF FMI WHO OMS ABC BCE ECB AFP EFE SA SL FAQ PS DJ MC ISO ISBN IVA TVA AVI EEUU
    """
)
"""Acronyms that are spelled although they could be spoken."""

_VOWELS: Final = frozenset("AEIOUYÀÁÂÄÅÈÉÊËÌÍÎÏÒÓÔÖÙÚÛÜÆŒ")
_CAPITALS: Final = "A-ZÀ-ÖØ-ÞŒŠŽ"
_ANY_LETTER: Final = r"[^\W\d_]"
_WORD: Final = re.compile(
    rf"(?<![\w'’])(?P<capitals>[{_CAPITALS}](?:[{_CAPITALS}]|&(?=[{_CAPITALS}])|(?<=[{_CAPITALS}])-(?=[{_CAPITALS}]{{2}}))*+)"
    rf"(?P<plural>s(?!\w))?(?![^\W\d_])(?P<ending>[:’'][^\W\d_]{{1,6}}(?!\w))?"
)
_DOTTED: Final = re.compile(rf"(?<![\w.])(?:[{_CAPITALS}]\.){{2,8}}(?![^\W\d_])")
_INITIAL: Final = re.compile(rf"(?<![\w.'’])([{_CAPITALS}])\.(?=\s[{_CAPITALS}])")
_SENTENCE: Final = re.compile(r"[^.!?\n]+")
_ANY_WORD: Final = re.compile(rf"{_ANY_LETTER}{{2,}}")
_AFTER_ELISION: Final = re.compile(rf"(?<=[{_CAPITALS}a-zà-ÿ]['’])[{_CAPITALS}]{{2,}}(?![^\W\d_])")
_SHOUTED_SHARE: Final = 0.6
_SHOUTED_LETTERS: Final = 12  # fewer could be two acronyms
_CONSONANTS_AT_START, _CONSONANTS_INSIDE, _CONSONANTS_AT_END = 2, 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """What a language does with capitals.

    Attributes:
        names: The name of each small letter.
        spoken: Acronyms that are words in it.
        spelled: Acronyms that it spells, besides those of all.
        words: Short words that are often shouted, and no acronyms.
        alone: Letters that are words by themselves, in lower case.
        joins_endings: Whether a colon joins an ending to an acronym (Finnish).
        ampersand: What ``&`` is called.
    """

    names: Mapping[str, str]
    spoken: Collection[str] = ()
    spelled: Collection[str] = ()
    words: Collection[str] = ()
    alone: str = ""
    joins_endings: bool = False
    ampersand: str = ""

    def spell(self, letters: str) -> str:
        """The names of letters, a space between them; marks between letters are left out."""
        names = (
            self.ampersand if letter == "&" else self._name(letter.lower()) for letter in letters
        )
        return " ".join(name for name in names if name)

    def _name(self, letter: str) -> str:
        if letter in self.names:
            return self.names[letter]
        return letter if letter.isalpha() else ""

    def read(self, text: str) -> str:
        """Read what stands in capitals.

        Args:
            text: Text without digits but for those that follow a letter.
        """
        loud = self._capitals(text)[0] >= _SHOUTED_LETTERS
        text = _INITIAL.sub(self._initial, _DOTTED.sub(self._dotted, text))
        return _SENTENCE.sub(lambda part: self._sentence(part[0], loud=loud), text)

    def _sentence(self, text: str, *, loud: bool) -> str:
        capitals, letters = self._capitals(text)
        shouted = loud and capitals > 0 and capitals >= _SHOUTED_SHARE * letters
        text = _WORD.sub(lambda found: self._word(found, shouted=shouted), text)
        return _AFTER_ELISION.sub(lambda found: self._plain(found[0], shouted=shouted), text)

    def _initial(self, found: re.Match[str]) -> str:
        """A name's first letter: its stop ends no sentence."""
        return found[0] if found[1].lower() in self.alone else self._name(found[1].lower())

    def _dotted(self, found: re.Match[str]) -> str:
        """U.S.A. and J.R.R.: the last stop stays where a sentence may end."""
        ends = found.end() == len(found.string) or found.string[found.end()] == "\n"
        return self.spell(found[0].replace(".", "")) + ("." if ends else "")

    def _word(self, found: re.Match[str], *, shouted: bool) -> str:
        capitals, plural, ending = found["capitals"], found["plural"] or "", found["ending"] or ""
        if len(capitals) == 1:
            return self._single(found)
        if ending[:1] in {"'", "’"} and ending[1:].isupper():
            return found[0].lower()  # DON'T, QU'IL
        if plural:
            return self.spell(capitals) + plural + ending
        read = self._plain(capitals, shouted=shouted)
        if ending and self.joins_endings and ending[0] == ":":
            return read + ending[1:]
        return read + ending

    def _single(self, found: re.Match[str]) -> str:
        """One capital: a letter (plan B, J. Smith), unless it is a word or part of a name with marks."""
        letter, text = found["capitals"], found.string
        rest = (found["plural"] or "") + (found["ending"] or "")
        if letter.lower() in self.alone or rest.startswith(("'", "’", "s")):
            return found[0]
        if letter.lower() not in self.names or text[found.end() : found.end() + 1] in {"'", "’"}:
            return found[0]
        name = self.names[letter.lower()]
        return name + (rest[1:] if self.joins_endings and rest[:1] == ":" else rest)

    def _plain(self, word: str, *, shouted: bool) -> str:
        """A word of capitals alone."""
        if "&" in word:
            return self.spell(word)
        if "-" in word:
            return "-".join(self._plain(part, shouted=shouted) for part in word.split("-"))
        if self.is_spelled(word, shouted=shouted):
            return self.spell(word)
        return word.lower() if shouted or word not in self._known() else word.capitalize()

    def _capitals(self, text: str) -> tuple[int, int]:
        """Letters of words in capitals, and of all words; acronyms are left aside, for they tell nothing."""
        capitals = letters = 0
        for word in _ANY_WORD.findall(text):
            if not word.isupper():
                letters += len(word)
            elif word in self.words or not (
                word in self._known() or self.is_spelled(word, shouted=False)
            ):
                letters += len(word)
                capitals += len(word)
        return capitals, letters

    def _known(self) -> Collection[str]:
        return SPOKEN | frozenset(self.spoken)

    def is_spelled(self, word: str, *, shouted: bool) -> bool:
        """Whether a word of capitals is read letter by letter."""
        if word in self.spelled:
            return True
        if word in self.words or word in self._known():
            return False
        if shouted:
            return word in SPELLED - {
                "US",
                "IT",
                "WHO",
                "SA",
                "ABC",
                "UN",
                "ID",
            } or not _VOWELS & set(word)
        return word in SPELLED or len(word) <= 3 or not is_pronounceable(word)


def is_pronounceable(word: str) -> bool:
    """Whether a word of capitals could be said: vowels, and few consonants between them."""
    shape = "".join("V" if letter in _VOWELS else "C" for letter in word)
    runs = shape.split("V")
    if len(runs) == 1:
        return False
    inside = max(map(len, runs[1:-1]), default=0)
    return (
        len(runs[0]) <= _CONSONANTS_AT_START
        and inside <= _CONSONANTS_INSIDE
        and len(runs[-1]) <= _CONSONANTS_AT_END
    )
