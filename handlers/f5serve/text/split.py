"""A text cut into pieces that a model can say at once, at the places where a reader would breathe.

Sentence ends come first, then clause marks, then spaces; a single endless word is cut between letters,
never between a letter and the marks on it. The pieces joined are the text, character by character.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from f5serve.text.duration import units_by_character

SPACE, CLAUSE, SENTENCE = 1, 2, 3

_CLOSING = "\"'”’»›)\\]}）］｝」』】》〉〕"
_STOPS = ".!?…"
_WIDE_STOPS = "。！？．｡।॥"
# Possessive repetition (``++``) never gives back what it took: each match costs its length once.
_STOP = re.compile(
    rf"(?P<mark>[{_STOPS}{_WIDE_STOPS}]++)(?P<close>[{_CLOSING}]*+(?:[ \u00a0\u202f][»›])*+)(?P<space>\s*+)"
)
_PAUSE = re.compile(rf"(?P<mark>[,;:–—、，；：]++)(?P<close>[{_CLOSING}]*+)(?P<space>\s*+)")
_WIDE = re.compile("[。！？．｡।॥、，；：—]")
_WHITE = re.compile(r"\s++")
_BREAKS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")
_SPEAKABLE = re.compile(r"[^\W_]")

# The word before a full stop, and how far back it is looked for.
_LETTERS = r"[A-Za-z\u00aa-\u024f\u0400-\u052f\u0900-\u0963]{1,6}"
_LAST_WORD = re.compile(rf"(?:{_LETTERS}\.)*{_LETTERS}\Z|\d{{1,6}}\Z")
_LOOK_BACK_CHARS = 14


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What they belong to follows; words that also end sentences ("No.", "es.") are left out.
_TITLES = _words(
    "mr mrs ms dr prof st approx dept est fig gen gov lt col sgt capt vol rev hon mt vs"
    " m mm mme mlle mmes pr env chap pp cf tél"  # French
    " sig sigg dott ing avv egr gent pag tel"  # Italian
    " sra srta srs ud uds vd avda pág núm"  # Spanish
    " esim ks puh synt huom tri"  # Finnish
    " ул д кв стр им проф акад см рис гл просп пер наб тел напр"  # Russian
    " डॉ श्री प्रो पं"  # Hindi
)
# They may end a sentence or not; the next word tells.
_SHORTENED = _words(
    "etc inc ltd co jr sr jan feb apr jun jul aug sep sept oct nov dec ave blvd ecc"
    " ym yms jne kpl г гг тыс руб коп обл др пр млн млрд"
)
_TINY_SHARE = 0.2  # of the budget: a piece below it is only cut off where the next one stays whole
_ROUNDING = 1e-6  # units: sums of the same characters in another order differ in the last digits

# Signs that stay with what stands before them.
_JOINED = frozenset(
    "\u200c\u200dゝゞーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々"
    + _WIDE_STOPS
    + _STOPS
    + "、，；：,;:」』）】》〉”’»)]}"
)
_JOINS_NEXT = frozenset("\u200d\u094d「『（【《〈“‘«([{¿¡")  # a virama binds the consonant after it


def split(text: str, *, max_units: float, first_max_units: float | None = None) -> tuple[str, ...]:
    """Cut a text into pieces.

    ``"".join(split(text, …)) == text``: white space stays at the end of the piece before it. Each piece
    holds a letter or a digit if the text does. Short sentences share a piece. The time is proportional
    to the length of the text, whatever it holds.

    Args:
        text: Any text, cleaned or not.
        max_units: Length of a piece at most, in units of ``duration.speech_units``. Only what cannot be
            cut may be longer: a letter with its marks.
        first_max_units: The same for the first piece, so that a stream begins early; by default
            ``max_units``.

    Returns:
        The pieces in order; none for an empty text.

    Raises:
        ValueError: If a limit is not positive.
    """
    first_budget = max_units if first_max_units is None else first_max_units
    if not (max_units > 0 and first_budget > 0):
        raise ValueError(f"limits must be positive, got {max_units} and {first_budget}")
    cuts = [0]
    strengths = borders(text)
    ends = [0.0, *accumulate(units_by_character(text))]
    while cuts[-1] < len(text):
        budget = first_budget if len(cuts) == 1 else max_units
        cuts.append(_next_cut(text, strengths, ends, cuts[-1], budget))
    kept = list(_speakable(text, cuts))
    return tuple(text[start:end] for start, end in pairwise(kept))


def _next_cut(text: str, borders: bytearray, ends: list[float], start: int, budget: float) -> int:
    """The end of the piece that begins at ``start``."""
    limit = bisect_right(ends, ends[start] + budget + _ROUNDING, lo=start) - 1
    if limit >= len(text):
        return len(text)
    sentence = _last(borders, SENTENCE, start, limit)
    clause = _last(borders, CLAUSE, start, limit)
    space = _last(borders, SPACE, start, limit)
    tiny = ends[start] + _TINY_SHARE * budget
    if sentence > start:
        following = bisect_right(ends, ends[sentence] + budget + _ROUNDING, lo=sentence)
        next_is_whole = borders.find(SENTENCE, sentence + 1, following) >= 0
        if next_is_whole or ends[sentence] >= tiny or following > len(text):
            return sentence
    for cut in (clause, max(space, clause)):
        if cut > sentence and ends[cut] >= tiny:
            return cut
    best = max(sentence, clause, space)
    return best if best > start else _letter_border(text, start, limit)


def _last(borders: bytearray, strength: int, start: int, limit: int) -> int:
    """The last border of a strength in ``(start, limit]``, or ``start``."""
    return max(start, borders.rfind(strength, start + 1, limit + 1))


def _letter_border(text: str, start: int, limit: int) -> int:
    """The last place up to ``limit`` between two letters, or the first one after it."""
    for cut in range(min(limit, len(text) - 1), start, -1):
        if _is_letter_border(text, cut):
            return cut
    cut = max(limit, start) + 1
    while cut < len(text) and not _is_letter_border(text, cut):
        cut += 1
    return cut


def _is_letter_border(text: str, cut: int) -> bool:
    after = text[cut]
    return not (
        after in _JOINED or text[cut - 1] in _JOINS_NEXT or _is_mark(text, cut) or after.isspace()
    )


def _speakable(text: str, cuts: list[int]) -> Iterator[int]:
    """The cuts without those that would leave a piece with nothing to say."""
    yield 0
    start = 0  # of the piece that is being gathered
    last = (
        None  # end of the latest piece with something to say, held back: silence after it joins it
    )
    for end in cuts[1:]:
        if _SPEAKABLE.search(text, start, end) is None:
            if last is not None:
                last = start = end
            continue
        if last is not None:
            yield last
        last = start = end
    if text:
        yield len(text)


def borders(text: str) -> bytearray:
    """The strength of the border before each character; 0 inside words."""
    borders = bytearray(len(text) + 1)
    for white in _WHITE.finditer(text):
        broken = _BREAKS.search(white[0]) is not None
        goes_on = text[white.end() : white.end() + 1].islower()
        borders[white.end()] = SENTENCE if broken and not goes_on else SPACE
    for pause in _PAUSE.finditer(text):
        if pause["space"] or (_WIDE.search(pause["mark"]) and not _is_mark(text, pause.end())):
            borders[pause.end()] = max(CLAUSE, borders[pause.end()])
    for stop in _STOP.finditer(text):
        if stop["space"] or (_WIDE.search(stop["mark"]) and not _is_mark(text, stop.end())):
            borders[stop.end()] = max(_strength(text, stop), _broken(stop["space"]))
    return borders


def _is_mark(text: str, index: int) -> bool:
    """Whether a character belongs to the one before it."""
    return index < len(text) and unicodedata.category(text[index]) in ("Mn", "Mc", "Me", "Sk")


def _broken(space: str) -> int:
    """The border that a line break makes by itself."""
    return SENTENCE if _BREAKS.search(space) else 0


def _strength(text: str, stop: re.Match[str]) -> int:
    """How strong a border the marks at the end of a sentence make, where white space follows them.

    A lower-case letter after the mark says that the sentence goes on (« Oui ! » dit-il). Titles,
    initials and ordinals are no border at all: what they belong to follows.
    """
    if _WIDE.search(stop["mark"]):
        return SENTENCE
    goes_on = text[stop.end() : stop.end() + 1].islower()
    usual = CLAUSE if goes_on else SENTENCE
    alone = text[stop.start() - 1 : stop.start()].isspace()
    if stop["mark"] != "." or stop["close"] or alone:
        return usual
    before = _LAST_WORD.search(text[max(0, stop.start() - _LOOK_BACK_CHARS) : stop.start()])
    word = before[0] if before else ""
    if word.isdigit():
        return 0 if goes_on else SENTENCE  # 6. joulukuuta
    if word.lower() in _TITLES or (len(word) == 1 and word.isupper() and word != "I"):
        return 0
    if "." in word or word.lower() in _SHORTENED:  # e.g., U.S., т.д.
        return 0 if goes_on else CLAUSE
    return usual
