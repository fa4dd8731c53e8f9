"""Where a text may be cut, and how well: the strength of the border before each of its characters.

A sentence's end is the best place, then a clause's, then any space; a tight space parts what belongs
together (``M. Dupont``, ``№ 5``, ``Oui !``) and serves only where nothing better is in reach. Of spaces
the one before a number comes last: ``page 5``.
"""

from __future__ import annotations

import re
import unicodedata

from f5serve.text.abbreviations import BARE_TITLES, BEFORE_NUMBERS, SHORTENED, TITLES, WHOLE_WORDS
from f5serve.text.quantities import before_numbers, within_dates_and_ranges, within_quantities

TIGHT, NUMBER, SPACE, CLAUSE, SENTENCE = 1, 2, 3, 4, 5

CLOSING = "\"'”’»›)\\]}）］｝」』】》〉〕"
STOPS = ".!?…"
WIDE_STOPS = "。！？．｡।॥"
WIDE_PAUSES = "、，；："

# Possessive repetition (``++``) never gives back what it took: each match costs its length once.
_STOP = re.compile(
    rf"(?P<mark>[{STOPS}{WIDE_STOPS}]++)(?P<close>[{CLOSING}]*+(?:[ \u00a0\u202f][»›])*+)(?P<space>\s*+)"
)
_PAUSE = re.compile(rf"(?P<mark>[,;:–—|{WIDE_PAUSES}]++)(?P<close>[{CLOSING}]*+)(?P<space>\s*+)")
_WIDE_STOP = re.compile(f"[{WIDE_STOPS}]")
_WIDE_PAUSE = re.compile(f"[{WIDE_PAUSES}—]")
_AFTER_CLOSING_DASH = frozenset(STOPS + ",;:»)”")
_WHITE = re.compile(r"\s++")
_PARAGRAPH = re.compile(r"[^\n]++")
_STRAIGHT = re.compile('"')
_BREAKS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")

# Scripts written without spaces, where a mark needs none after it either.
_UNSPACED_LETTERS = "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED = re.compile(f"[{_UNSPACED_LETTERS}]")
_NUMBER_MARKS = frozenset("．，：")  # within a number where digits stand on both sides

# A space that belongs inside: before marks that end what precedes them (Oui !), after what opens
# (« Oui), in a long number (1 234), before a unit (15 h, 5 %), after a number sign or the mark of a list.
_ENDING_MARKS = re.compile(rf"[!?;:,.…|।॥{CLOSING}]++(?=\s|\Z)")
_OPENING = frozenset("«‹([{¿¡“„「『（")
_LIST_MARKS = frozenset("-–—•*")
_BARE_TITLE_CHARS = max(map(len, BARE_TITLES)) + 1

# The word before a full stop, and how far back it is looked for.
_LETTERS = "A-Za-z\u00aa-\u024f\u0400-\u052f\u0900-\u0963"
_LAST_WORD = re.compile(
    rf"(?<![^\s\"'’(«„“‘\[–—「『（{WIDE_STOPS}{WIDE_PAUSES}{_UNSPACED_LETTERS}])"
    rf"(?:(?:[{_LETTERS}]{{1,4}}\.-?)+[{_LETTERS}]{{1,4}}|[{_LETTERS}]{{1,6}}|\d{{1,6}})\Z"
)
_LOOK_BACK_CHARS = 16
_CYRILLIC = "\u0400"  # А.С. Пушкин: there capitals with stops are names, while Latin has U.S. too
_PART_CHARS = 2  # of an abbreviation of several parts: a.m., т. е., कि.मी.; a.txt is none
_SHORT_NEXT = re.compile(rf"([{_LETTERS}]{{1,2}})\.(?!\w)")
_GOES_ON_AFTER = re.compile(r"(?:[–—-]++\s?)?[¿¡]?")
_LIST_NUMBER_DIGITS = 2
_HAN_DIGITS = frozenset("一二三四五六七八九十")


def borders(text: str) -> bytearray:
    """The strength of the border before each character, and after the last; 0 inside words.

    The time is proportional to the length of the text.
    """
    found = bytearray(len(text) + 1)
    opening = _opening_quotes(text)
    has_capitals = not text.islower()
    for white in _WHITE.finditer(text):
        found[white.end()] = _after_white(text, white)
    for stop in _STOP.finditer(text):
        end = _end(stop, opening)
        strength = _after_stop(text, stop, end, found, has_capitals=has_capitals)
        broken = SENTENCE if _BREAKS.search(stop["space"]) else 0
        found[end] = max(strength, broken) or found[end]
    for pause in _PAUSE.finditer(text):
        _note_pause(text, pause, _end(pause, opening), found)
    _note_numbers(text, found)
    return found


def is_mark(text: str, index: int) -> bool:
    """Whether a character belongs to the one before it."""
    return index < len(text) and unicodedata.category(text[index]) in ("Mn", "Mc", "Me", "Sk")


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script written without spaces: kana or Han."""
    return _UNSPACED.match(character) is not None


def _opening_quotes(text: str) -> frozenset[int]:
    """Where straight quotation marks open, taken in turns within a paragraph that has an even number."""
    opening: list[int] = []
    for paragraph in _PARAGRAPH.finditer(text):
        marks = [mark.start() for mark in _STRAIGHT.finditer(text, *paragraph.span())]
        if len(marks) % 2 == 0:
            opening += marks[::2]
    return frozenset(opening)


def _end(mark: re.Match[str], opening: frozenset[int]) -> int:
    """Where a mark ends with what closes after it: a quotation that begins there is not taken with it."""
    if not mark["space"] and '"' in mark["close"]:
        return next((at for at in range(*mark.span("close")) if at in opening), mark.end())
    return mark.end()


def is_hiragana(character: str) -> bool:
    """Whether a character is hiragana, which particles and endings are written in."""
    return "\u3041" <= character <= "\u309f"


def _after_white(text: str, white: re.Match[str]) -> int:
    start, end = white.span()
    if _BREAKS.search(white[0]) and not text[end : end + 1].islower():
        return SENTENCE
    before = text[start - 1 : start]
    opens_text = start < 2 or text[start - 2].isspace() or text[start - 2] in _OPENING
    if _ENDING_MARKS.match(text, end) or (opens_text and before in _OPENING):
        return TIGHT
    if before in _LIST_MARKS and (start < 2 or _BREAKS.match(text[start - 2])):
        return TIGHT
    if text[max(0, start - _BARE_TITLE_CHARS) : start].rpartition(" ")[2] in BARE_TITLES:
        return TIGHT
    return SPACE


def _note_numbers(text: str, found: bytearray) -> None:
    """Weaken the spaces within quantities and before numbers."""
    for position in within_dates_and_ranges(text):
        found[position] = min(TIGHT, found[position])
    for position in within_quantities(text):
        if found[position] == SPACE:
            found[position] = TIGHT
    for position in before_numbers(text):
        if found[position] == SPACE:
            found[position] = NUMBER


def _after_stop(
    text: str, stop: re.Match[str], end: int, found: bytearray, *, has_capitals: bool
) -> int:
    """How strong a border the marks at the end of a sentence make; 0 for one that makes none.

    A lower-case letter after the mark says that the sentence goes on (« Oui ! » dit-il), unless the text
    has no capitals; a particle after a Japanese quotation says the same (「はい。」と). Titles, initials and
    ordinals are no border at all: what they belong to follows.
    """
    if is_mark(text, end):
        return 0
    if stop["space"] and not _WIDE_STOP.search(stop["mark"]):
        return _spaced_stop(text, stop, found, has_capitals=has_capitals)
    if not _WIDE_STOP.search(stop["mark"]) and not _between_unspaced(text, stop, end):
        return 0
    if stop["mark"] == "．" and text[stop.start() - 1 : stop.start()].isdigit():
        start = _number_start(text, stop.start())
        if text[end : end + 1].isdigit() or _opens_sentence(found, start):
            return TIGHT if stop["space"] else 0
    if stop["close"] and end < len(text) and is_hiragana(text[end]):
        return CLAUSE
    return CLAUSE if set(stop["mark"]) == {"…"} and not stop["close"] else SENTENCE


def _between_unspaced(text: str, mark: re.Match[str], end: int) -> bool:
    """Whether a narrow mark without space after it stands in a text that has no spaces (他走了.我)."""
    start = mark.start()
    if not (end < len(text) and (is_unspaced(text[end]) or text[end] == '"')):
        return False
    return mark["mark"][0] != "." or (start > 0 and is_unspaced(text[start - 1]))


def _number_start(text: str, end: int) -> int:
    """Where the number that ends at ``end`` begins, looked for no further than a list's number is long."""
    start = end
    while start > 0 and end - start <= _LIST_NUMBER_DIGITS and _is_digit(text[start - 1]):
        start -= 1
    return start


def _is_digit(character: str) -> bool:
    return character.isdigit() or character in _HAN_DIGITS


def _opens_sentence(found: bytearray, start: int) -> bool:
    return start == 0 or found[start] == SENTENCE


def _spaced_stop(text: str, stop: re.Match[str], found: bytearray, *, has_capitals: bool) -> int:
    """The same for narrow marks with space after them."""
    end = stop.end()
    usual = CLAUSE if has_capitals and _goes_on(text, end) else SENTENCE
    if stop["mark"] != "." or stop["close"]:
        return usual
    last = _LAST_WORD.search(text, max(0, stop.start() - _LOOK_BACK_CHARS), stop.start())
    if last is None:
        return usual
    if last[0].isdigit():
        is_list = len(last[0]) <= _LIST_NUMBER_DIGITS and _opens_sentence(found, last.start())
        return TIGHT if is_list or text[end : end + 1].islower() else SENTENCE
    if _belongs_to_next(text, last, end):
        return TIGHT
    longest = _after_abbreviation(text, last, found)
    ends_nothing = usual == CLAUSE or text[end : end + 1].isdigit()
    return TIGHT if ends_nothing and longest < SENTENCE else min(usual, longest)


def _goes_on(text: str, end: int) -> bool:
    """Whether a sentence goes on in lower case, perhaps after a dash: — Oui ? — dit-il."""
    skipped = _GOES_ON_AFTER.match(text, end)
    start = skipped.end() if skipped else end
    return text[start : start + 1].islower()


def _belongs_to_next(text: str, last: re.Match[str], following: int) -> bool:
    """Whether a word with a full stop and what follows are one: a title, an initial, т. е., p. 5."""
    word = last[0]
    initials = word.isupper() and (len(word) == 1 or ("." in word and word >= _CYRILLIC))
    if word.lower() in TITLES or (initials and word != "I"):
        return True
    if text[following : following + 1].isdigit():
        return len(word) == 1 or word.lower() in BEFORE_NUMBERS
    if _opens_abbreviation(word, _SHORT_NEXT.match(text, following)):
        return True
    return set(word) <= set("IVXLCDM") and text[following : following + 1].islower()


def _opens_abbreviation(word: str, following: re.Match[str] | None) -> bool:
    """Whether a short word and the one after it, also with a full stop, are one: т. е., P. ej., EE. UU."""
    if following is None:
        return False
    if len(word) == 1:
        return len(following[1]) == 1 or not following[1].istitle()
    return len(word) == 2 and word.isupper() and following[1].isupper() and len(following[1]) == 2


def _after_abbreviation(text: str, last: re.Match[str], found: bytearray) -> int:
    """The strongest border that a full stop after a word can make: below a sentence's if it shortens one."""
    word, start = last[0], last.start()
    if word.lower() in SHORTENED:
        return CLAUSE
    if "." in word:
        if max(map(len, word.split("."))) > _PART_CHARS:
            return SENTENCE
        return SPACE if word.isupper() else CLAUSE  # J.R.R. before a name, M.I.T. before a sentence
    if found[start] == TIGHT and text[start - 2 : start - 1] == "." and not word.istitle():
        return CLAUSE if len(word) <= _PART_CHARS else SENTENCE  # the last of several: p. ej.
    return SENTENCE if len(word) > 1 else _after_letter(text, word, start)


def _after_letter(text: str, letter: str, start: int) -> int:
    """The same for a word of one small letter."""
    if letter.lower() in WHOLE_WORDS or text[start - 1 : start] in {"'", "’"}:
        return SENTENCE
    if start > 1 and text[start - 2].isdigit():  # 5 m., 2024 г.
        return CLAUSE
    return TIGHT if letter >= _CYRILLIC else SPACE  # г. Москва; Latin has lists too: part a.


def _note_pause(text: str, pause: re.Match[str], end: int, found: bytearray) -> None:
    """Note the border that a comma, a colon or a dash makes."""
    if is_mark(text, end):
        return
    if pause["mark"][0] in "–—" and not pause["close"]:
        _note_dash(text, pause, found)
    elif pause["space"]:
        found[end] = max(CLAUSE, found[end])
    elif _WIDE_PAUSE.search(pause["mark"]):
        if not _belongs_to_number(text, pause, end, found):
            found[end] = max(CLAUSE, found[end])
    elif _between_unspaced(text, pause, end):
        found[end] = max(CLAUSE, found[end])


def _note_dash(text: str, dash: re.Match[str], found: bytearray) -> None:
    """A dash that opens (—Sí, — Да) is one with what follows, one that closes with what precedes it."""
    start, end = dash.span()
    begins = start == 0 or found[start] >= CLAUSE
    if begins or (dash["space"] == "" and found[start]):
        if dash["space"]:
            found[end] = TIGHT
        elif start:
            found[start] = max(CLAUSE, found[start])
    elif text[end : end + 1] not in _AFTER_CLOSING_DASH and (dash["space"] or "—" in dash["mark"]):
        found[end] = max(CLAUSE, found[end])


def _belongs_to_number(text: str, pause: re.Match[str], end: int, found: bytearray) -> bool:
    """Whether a wide mark stands within a number (１，０００) or after that of a list (二、)."""
    start = pause.start()
    if pause["mark"] in _NUMBER_MARKS:
        return text[start - 1 : start].isdigit() and text[end : end + 1].isdigit()
    if pause["mark"] != "、":
        return False
    begins = _number_start(text, start)
    return begins < start and (begins == 0 or found[begins] >= CLAUSE)
