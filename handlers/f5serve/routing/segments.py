"""A text in several languages becomes segments, each of which one language model speaks.

Every unit of the text (see ``units``) says how well each language fits it; staying in an ill-fitting
language costs what the unit loses, changing costs what the border there is worth. The cheapest way
through the text is taken. So a borrowed word stays where it stands, and a quoted sentence does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Protocol, TypeAlias

from msgspec import Struct

from f5serve.routing.units import Border, Unit, units

COST_OF_CHANGE: Mapping[Border, float] = {
    Border.SENTENCE: 0.35,
    Border.QUOTE: 0.65,
    Border.CLAUSE: 1.0,
    Border.SCRIPT: 0.6,
}
"""What a change of language costs at a border, in words that do not fit at all."""
COST_OF_RETURN = 0.1
"""The same for going back after letters that had to be left to another: the voice changes there anyway."""

UNREADABLE = 100.0
"""Cost of a word in a script that the language is not written in, where the model has no letters for it."""
FOREIGN_LATIN = 0.45
"""Cost of a Latin word in text of another script: Hindi, Russian, Japanese and Chinese borrow freely."""
MAX_WORDS = 8.0
HAN_WEIGHT = 0.7
"""Of what Han characters tell without kana: much is written alike in Japanese and Chinese."""
LETTERS_PER_WORD = 3.0  # shorter words say less
SHORT_CLAUSE = 2.0
"""Words up to which a clause is as likely a name or a dish in a list, and pays for no change by itself."""
LIST_END = 6.0
"""Words that the end of a list may have; in which language the list is, its conjunction tells."""
MOST_BORROWED = 3.0
"""Words up to which a stretch of Hindi in Latin letters is Hindi even where it looks like another language."""
CONJUNCTIONS: Mapping[str, Collection[str]] = {
    "and": ("en",),
    "or": ("en", "fr"),
    "et": ("fi", "fr"),
    "ou": ("fr",),
    "y": ("es", "fr"),
    "e": ("es", "it"),
    "ed": ("it",),
    "o": ("es", "it"),
    "ja": ("es", "fi"),
    "tai": ("fi",),
}
"""Words that join the last of a list to the others, and the languages that have such a word."""
_TIE = 0.01
_WITHIN_CLAUSES = frozenset({Border.SCRIPT, Border.QUOTE})

_SCRIPTS: Mapping[str, Collection[str]] = {
    "cyrillic": ("ru",),
    "devanagari": ("hi",),
    "han": ("ja", "zh"),
    "kana": ("ja",),
    "latin": ("en", "es", "fi", "fr", "it"),
}


_State: TypeAlias = tuple[str, str]
"""A language, and the one that was spoken before it."""


class FitsOf(Protocol):
    """Answers how well each language of its script fits a text."""

    def fits(self, text: str) -> Mapping[str, float]:
        """Answer 0-1 for each served language written in the text's script; empty where nothing tells."""


class TextSegment(Struct, frozen=True, kw_only=True):
    """A stretch of the text in one language; joined, the segments are the text.

    Attributes:
        text: What is said.
        language: What it is said in.
        voice: The voice of its speaker; None where the text has no speakers.
    """

    text: str
    language: str
    voice: str | None = None


def segment(
    text: str,
    *,
    main: str,
    served: Collection[str],
    detector: FitsOf,
    turn_ends: Sequence[int] = (),
) -> tuple[TextSegment, ...]:
    """Cut a text into segments of one language each.

    Args:
        text: Cleaned text with something to say.
        main: The language of the text as a whole; it wins where nothing tells.
        served: Languages that can be spoken.
        detector: Says how well languages fit.
        turn_ends: Where another speaker begins: the language may change there as at a sentence.

    Returns:
        The segments in order. A text in one language is one segment, in ``main`` if that can be read in it.
    """
    parts = units(text, turn_ends)
    if len(parts) == 1:
        return (TextSegment(text=text, language=main),)
    # Hindi typed in Latin letters; then a stretch of which nothing is told is Hindi as well.
    typed = main == "hi" and all(part.script in ("latin", None) for part in parts)
    costs = [
        _costs(text[part.start : part.end], part, served, detector, typed=typed) for part in parts
    ]
    languages = _cheapest(parts, costs, _most_spoken(parts, costs, main))
    readable = all(cost.get(main, 0.0) < UNREADABLE for cost in costs)
    if len(set(languages)) == 1 and readable:
        return (TextSegment(text=text, language=main),)
    return _merged(text, parts, languages)


def _costs(
    part: str, unit: Unit, served: Collection[str], detector: FitsOf, *, typed: bool
) -> Mapping[str, float]:
    """What speaking a unit in each language loses; empty where it fits all alike.

    With ``typed`` Hindi is written in Latin letters.
    """
    written = [code for code in _SCRIPTS.get(unit.script or "", ()) if code in served]
    if not written:
        return {}
    fits = detector.fits(part)
    if unit.script == "latin" and (typed or "hi" in fits):
        written.append("hi")
        borrowed = typed and "hi" not in fits and unit.words <= MOST_BORROWED
        fits = {"hi": 0.0, **fits} if fits and not borrowed else {}
    letters = sum(map(str.isalpha, part))
    weight = min(unit.words, letters / LETTERS_PER_WORD, MAX_WORDS)
    if unit.script == "han" and max(fits.values(), default=0.0) < 1.0:
        weight *= HAN_WEIGHT
    if unit.border is Border.CLAUSE and unit.script == "latin":
        fits = _joined_fits(part, unit, fits)
        weight = min(weight, 1.0) if unit.words <= SHORT_CLAUSE else weight
    best = max(fits.values(), default=0.0)
    costs = {code: weight * (best - fits[code]) if code in fits else 0.0 for code in written}
    # A language of another script can read Latin words, if foreign ones; no other language's.
    latin_readers = set(served) - set(_SCRIPTS["latin"]) if unit.script == "latin" else set()
    least = min(costs.values())
    for code in set(served) - costs.keys():
        readable = code in latin_readers
        costs[code] = least + (FOREIGN_LATIN * unit.words if readable else UNREADABLE)
    return costs


def _joined_fits(part: str, unit: Unit, fits: Mapping[str, float]) -> Mapping[str, float]:
    """How languages fit what may end a list (``tiramisu and panna cotta``): no better than its conjunction."""
    if unit.words > LIST_END:
        return fits
    joined = [CONJUNCTIONS[word] for word in part.lower().split() if word in CONJUNCTIONS]
    if not joined:
        return fits
    most = max((fits.get(code, 0.0) for code in joined[0]), default=0.0)
    return {code: fit if code in joined[0] else min(fit, most) for code, fit in fits.items()}


def _most_spoken(
    parts: Sequence[Unit], costs: Sequence[Mapping[str, float]], main: str
) -> list[str]:
    """Languages that fit some unit best, the one that fits most words first."""
    words = {main: _TIE}
    for part, cost in zip(parts, costs, strict=True):
        if cost:
            best = min(cost, key=lambda code: (cost[code], code != main, code))
            words[best] = words.get(best, 0.0) + part.words
    return sorted(words, key=lambda code: (-words[code], code))


def _cheapest(
    parts: Sequence[Unit], costs: Sequence[Mapping[str, float]], languages: Sequence[str]
) -> list[str]:
    """The language of each unit on the cheapest way through all of them (Viterbi).

    The first of ``languages`` is the text's own: it wins where nothing tells.
    """
    main = languages[0]
    # To begin in another language than the text's is a change too.
    begin = COST_OF_CHANGE[Border.SENTENCE]
    total: dict[_State, float] = {
        (code, main): (0.0 if code == main else begin) for code in languages
    }
    ways: list[dict[_State, _State]] = []
    own = main  # to which a sentence returns
    for index, (part, cost) in enumerate(zip(parts, costs, strict=True)):
        if part.border is Border.SENTENCE:
            own = _opening(part, cost, main)
        if index > 0:
            within = {part.border, parts[index - 1].border} <= _WITHIN_CLAUSES
            left = within and costs[index - 1].get(own, 0.0) >= UNREADABLE
            total, way = _step(total, part.border, own if left else None, languages)
            ways.append(way)
        for state in total:
            code = state[0]
            total[state] += cost.get(code, 0.0) + (_TIE if code != main else 0.0)
    state = min(total, key=lambda one: total[one])
    chosen = [state[0]]
    for way in reversed(ways):
        state = way[state]
        chosen.append(state[0])
    return chosen[::-1]


def _opening(part: Unit, cost: Mapping[str, float], main: str) -> str:
    """The language in which a sentence begins, if it begins with more than a name."""
    return min(cost, key=lambda code: (cost[code], code)) if cost and part.words >= 1.0 else main


def _step(
    total: Mapping[_State, float],
    border: Border,
    own: str | None,
    languages: Sequence[str],
) -> tuple[dict[_State, float], dict[_State, _State]]:
    """The cheapest ways over one border, and the state that each comes from.

    Args:
        total: What the ways up to the border cost.
        border: What is crossed.
        own: The language to which it costs little to go back, for it was left for letters it cannot read.
        languages: What can be spoken after it.
    """
    reached, way = dict(total), {state: state for state in total}
    best: dict[str, _State] = {}
    for state in total:
        left = state[0]
        if left not in best or total[state] < total[best[left]]:
            best[left] = state
    for left, cheapest in best.items():
        for code in languages:
            source, cost = cheapest, total[cheapest] + COST_OF_CHANGE[border]
            back = left, code
            if code == own and back in total and total[back] + COST_OF_RETURN < cost:
                source, cost = back, total[back] + COST_OF_RETURN
            if code != left and cost < reached.get((code, left), inf):
                reached[code, left], way[code, left] = cost, source
    return reached, way


def _merged(text: str, parts: Sequence[Unit], languages: Sequence[str]) -> tuple[TextSegment, ...]:
    segments: list[TextSegment] = []
    start = 0
    for index, part in enumerate(parts):
        last = index + 1 == len(parts)
        if last or languages[index + 1] != languages[index]:
            segments.append(TextSegment(text=text[start : part.end], language=languages[index]))
            start = part.end
    return tuple(segments)
