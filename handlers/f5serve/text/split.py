"""A text cut into pieces that a model can say at once, at the places where a reader would breathe.

Sentence ends come first, then clause marks, then spaces (see ``borders``); a single endless word is cut
between letters, never between a letter and the marks on it. A number stays with what it counts wherever
another cut is in reach. The pieces joined are the text, character by character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from f5serve.text.borders import (
    CLAUSE,
    NUMBER,
    SENTENCE,
    SPACE,
    STOPS,
    TIGHT,
    WIDE_PAUSES,
    WIDE_STOPS,
    borders,
    is_hiragana,
    is_mark,
    is_unspaced,
)
from f5serve.text.duration import units_by_character

_SPEAKABLE = re.compile(r"[^\W_]")

_TINY_SHARE = 0.2  # of the budget: a piece below it is only cut off where the next one stays whole
_ROUNDING = 1e-6  # units: sums of the same characters in another order differ in the last digits

# Signs that stay with what stands before them.
_JOINED = frozenset(
    "\u200c\u200dゝゞーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々"
    + WIDE_STOPS
    + STOPS
    + WIDE_PAUSES
    + ",;:」』）】》〉”’»)]}"
)
_JOINS_NEXT = frozenset("\u200d\u094d「『（【《〈“‘«([{¿¡")  # a virama binds the consonant after it

# Where words are not spaced: what belongs to a number as its digits do, and what stands before one as a part of it.
_OF_NUMBERS = frozenset("%‰℃°％．十百千万萬億亿兆")
_BEFORE_DIGITS = frozenset(
    "第约約每毎各共超近达達计計前午后後至到仅僅只.,:．，：$€£¥￥₹₽№#＃-－+＋~～"
)

_ALWAYS_ENDS_PHRASE = frozenset("をヲ的了吗呢吧们嗎們")
_OPENS_PHRASE = frozenset("おご")  # お茶


def split(
    text: str,
    *,
    max_units: float,
    first_max_units: float | None = None,
    language: str | None = None,
) -> tuple[str, ...]:
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
        language: In which digits and signs will be read out, so that they count as the words they become.

    Returns:
        The pieces in order; none for an empty text.

    Raises:
        ValueError: If a limit is not positive.
    """
    first_budget = max_units if first_max_units is None else first_max_units
    if not (max_units > 0 and first_budget > 0):
        raise ValueError(f"limits must be positive, got {max_units} and {first_budget}")
    cuts = [0]
    found = borders(text)
    ends = [0.0, *accumulate(units_by_character(text, language))]
    while cuts[-1] < len(text):
        budget = first_budget if len(cuts) == 1 else max_units
        cuts.append(_next_cut(text, found, ends, cuts[-1], budget))
    kept = list(_speakable(text, cuts))
    return tuple(text[start:end] for start, end in pairwise(kept))


def _next_cut(text: str, found: bytearray, ends: list[float], start: int, budget: float) -> int:
    """The end of the piece that begins at ``start``."""
    limit = bisect_right(ends, ends[start] + budget + _ROUNDING, lo=start) - 1
    if limit >= len(text):
        return len(text)
    sentence = _last(found, SENTENCE, start, limit)
    clause = _last(found, CLAUSE, start, limit)
    middle = _balanced(found, ends, start, limit, budget)
    reach = middle, limit, max(clause, sentence)
    space = _last_space(found, SPACE, start, *reach)
    tiny = ends[start] + _TINY_SHARE * budget
    if sentence > start:
        following = bisect_right(ends, ends[sentence] + budget + _ROUNDING, lo=sentence)
        next_is_whole = found.find(SENTENCE, sentence + 1, following) >= 0
        if next_is_whole or ends[sentence] >= tiny or following > len(text):
            return sentence
    number = _last_space(found, NUMBER, start, *reach)
    for cut in (clause, max(space, clause), max(number, space, clause)):
        if cut > sentence and ends[cut] >= tiny:
            return cut
    best = max(sentence, clause, space, number)
    best = best if best > start else _last_space(found, TIGHT, start, *reach)
    return best if best > start else _within_words(text, start, middle)


def _last_space(
    found: bytearray, strength: int, start: int, middle: int, limit: int, mark: int
) -> int:
    """The last space of a strength up to the middle, if none before the last mark; else up to the limit."""
    earlier = _last(found, strength, start, middle)
    return earlier if earlier > mark else _last(found, strength, start, limit)


def _balanced(found: bytearray, ends: list[float], start: int, limit: int, budget: float) -> int:
    """A limit that leaves no word or two before the next mark alone: the middle, if they would be."""
    near = bisect_right(ends, ends[limit] + _TINY_SHARE * budget, lo=limit) - 1
    marks = (found.find(strength, limit + 1, near + 1) for strength in (CLAUSE, SENTENCE))
    reached = [mark for mark in marks if mark > 0] or [near] * (near == len(found) - 1)
    if not reached:
        return limit
    return bisect_right(ends, (ends[start] + ends[min(reached)]) / 2, lo=start) - 1


def _last(found: bytearray, strength: int, start: int, limit: int) -> int:
    """The last border of a strength in ``(start, limit]``, or ``start``."""
    return max(start, found.rfind(strength, start + 1, limit + 1))


def _within_words(text: str, start: int, limit: int) -> int:
    """The end of a piece in whose reach no border is.

    Kana and Han are parted after a particle if one is near, else where no number with what it counts and
    no word of letters that are written together is, else at least outside a number. Only the second half
    of what fits is searched for these: a piece should not become tiny, nor the search long.
    """
    half = start + (limit - start) // 2
    for is_border in (_is_phrase_border, _is_beside_no_number, _is_outside_words):
        for cut in range(min(limit, len(text) - 1), half, -1):
            if is_border(text, cut) and _is_letter_border(text, cut):
                return cut
    return _letter_border(text, start, limit)


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
        after in _JOINED or text[cut - 1] in _JOINS_NEXT or is_mark(text, cut) or after.isspace()
    )


def _is_phrase_border(text: str, cut: int) -> bool:
    """Whether a phrase of Chinese or Japanese ends here, as far as two characters tell."""
    before, after = text[cut - 1], text[cut]
    follows = is_unspaced(after) or after.isdigit()
    if before in _ALWAYS_ENDS_PHRASE:
        return follows
    if not (is_hiragana(before) and before not in _OPENS_PHRASE):
        return False
    # 駅で|会う and 駅で|15分, but 3か月
    return follows and not is_hiragana(after) and not text[cut - 2 : cut - 1].isdigit()


def _is_beside_no_number(text: str, cut: int) -> bool:
    """Whether a cut outside words also leaves a number whole: 15%, 3.5倍, 350万美元, 第5, 1月15日.

    What a number counts is one character or two; how long it is otherwise only a dictionary knows.
    """
    if not _is_outside_words(text, cut):
        return False
    if any(map(_is_of_number, text[max(0, cut - 2) : cut])):
        return False
    return text[cut] not in _OF_NUMBERS


def _is_of_number(character: str) -> bool:
    return character.isdigit() or character in _OF_NUMBERS


def _is_outside_words(text: str, cut: int) -> bool:
    """Whether a cut parts neither a number nor a word of letters that are written together."""
    before, after = text[cut - 1], text[cut]
    if before.isdigit() or (after.isdigit() and before in _BEFORE_DIGITS):
        return False  # also 15|% and 15|元
    if is_unspaced(before) or is_unspaced(after):
        return True
    return not (after.isalnum() and (before.isalnum() or is_mark(text, cut - 1)))


def _speakable(text: str, cuts: list[int]) -> Iterator[int]:
    """The cuts without those that would leave a piece with nothing to say."""
    yield 0
    last = None  # end of the latest piece with something to say: silence after it joins it
    for start, end in pairwise(cuts):
        if _SPEAKABLE.search(text, start, end) is not None:
            if last is not None:
                yield last
            last = end
        elif last is not None:
            last = end
    if text:
        yield len(text)
