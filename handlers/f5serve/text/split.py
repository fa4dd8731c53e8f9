"""A text cut into pieces that a model can say at once, at the places where a reader would breathe.

Sentence ends come first, then clause marks, then spaces (see ``borders``); a single endless word is cut
between letters, never between a letter and the marks on it. The pieces joined are the text, character by
character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from f5serve.text.borders import (
    CLAUSE,
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
_WITHIN_NUMBERS = frozenset(".,:．，：")

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
    space = _last(found, SPACE, start, limit)
    middle = _balanced(found, ends, start, limit, budget)
    earlier = _last(found, SPACE, start, middle)
    if earlier > max(clause, sentence):
        space = earlier
    tiny = ends[start] + _TINY_SHARE * budget
    if sentence > start:
        following = bisect_right(ends, ends[sentence] + budget + _ROUNDING, lo=sentence)
        next_is_whole = found.find(SENTENCE, sentence + 1, following) >= 0
        if next_is_whole or ends[sentence] >= tiny or following > len(text):
            return sentence
    for cut in (clause, max(space, clause)):
        if cut > sentence and ends[cut] >= tiny:
            return cut
    best = max(sentence, clause, space)
    best = best if best > start else _last(found, TIGHT, start, limit)
    return best if best > start else _within_words(text, start, middle)


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

    Kana and Han are parted after a particle if one is near, else where no word or number of letters
    that are written together is. Only the second half of what fits is searched for these: a piece
    should not become tiny, nor the search long.
    """
    half = start + (limit - start) // 2
    for is_border in (_is_phrase_border, _is_outside_words):
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
    if before in _ALWAYS_ENDS_PHRASE:
        return is_unspaced(after)
    ends_kana = is_hiragana(before) and before not in _OPENS_PHRASE
    return ends_kana and is_unspaced(after) and not is_hiragana(after)  # 駅で|会う


def _is_outside_words(text: str, cut: int) -> bool:
    """Whether a cut parts neither a number nor a word of letters that are written together."""
    before, after = text[cut - 1], text[cut]
    if is_unspaced(before) or is_unspaced(after):
        return True
    if after.isdigit() and before in _WITHIN_NUMBERS:
        return False
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
