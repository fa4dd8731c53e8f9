"""The detector: script rules first, a statistical model where several languages share a script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Literal, Protocol

import eldc
import msgspec

from f5serve.language.addresses import hints
from f5serve.language.devanagari import is_foreign
from f5serve.language.han import PairHanClassifier
from f5serve.language.latin import LANGUAGES, LatinClassifier, PieceModel, Weighed
from f5serve.language.latin_hindi import LatinHindi
from f5serve.language.scripts import Script, count, window

Reason = Literal["script", "model", "unsure", "unsupported"]

MIN_LATIN_LETTERS = 4
"""Shorter Latin text (``OK``, ``A``) is scored highly by any model and means nothing."""
# The thresholds below were chosen on labelled texts of the nine languages and of 22 others, for the most
# foreign text refused at no loss on sentences, and lie where a step either way changes next to nothing.
MIN_LATIN_PIECES = 0.45
MIN_LATIN_KNOWN = 0.30
"""Below both, neither the pieces of the words nor the words themselves belong to the best language."""
MIN_FIT = 0.50
"""A stretch of a text fits no language of which neither its pieces nor its words are (``Eki wa doko desu ka``)."""
MIN_PROBABILITY = 0.32
"""Five languages share the probability: less says that none stands out (``iPhone 15 Pro``)."""
MIN_GATE_LETTERS = 8
"""Text shorter than this is never called a foreign Latin language: two words often fit several."""
LATIN_GATE_LEAD = 2.0
LATIN_GATE_LEAD_KNOWN = 2.0
"""A foreign language is believed if the pieces speak for it this much more than for the best of the five,
and as much again where all letters stand in known words: without its accents, French looks Catalan."""
UNSERVED_PROBABILITY = 0.90
"""From here on, one of the five that is not served is believed."""
MIN_CYRILLIC_GATE_LETTERS = 12
CYRILLIC_GATE_MARGIN = 0.03
"""By how much eldc's score of a language near Russian must exceed that of Russian."""
HAN_SURE = 0.60
"""Less leaves Japanese and Chinese open; the likelier one is then named first."""
_CYRILLIC_SHARE = 0.25  # of the letters; one foreign word in a Latin sentence is less
_CJK_WEIGHT = 2.5  # a Han or kana character says as much as two or three letters
_SPURIOUS_KANA_SHARE = 0.10  # Chinese shop names borrow a の
_QUOTED_KANA_SHARE = (
    0.50  # Chinese that speaks of a Japanese word; Han of Japanese text is never below
)
_QUOTED_KANA_HAN = 0.10  # this probability: the least of 341 such texts was 0.39

# Marks that of the five Spanish alone has; what they open is often too short to be told otherwise (¿Y tú?).
_SPANISH = re.compile("[¿¡]")
# Letters of Ukrainian, Belarusian, Serbian and Macedonian that Russian lacks.
_NOT_RUSSIAN = re.compile("[іїєґўјљњђћџѓќѕ]", re.IGNORECASE)
# What eldc knows of each script, besides the nine.
_FOREIGN_LATIN = frozenset(
    {
        *("az", "ca", "cs", "da", "de", "et", "eu", "hr", "hu", "is", "ku", "lt", "lv", "ms"),
        *("nl", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "tl", "tr", "vi", "yo"),
    }
)
_FOREIGN_CYRILLIC = frozenset({"be", "bg", "sr", "uk"})
_LATIN = frozenset(LANGUAGES)


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says about its language.

    Attributes:
        language: A served code, or ``None`` where ``reason`` is ``unsure`` or ``unsupported``.
        confidence: 0-1; comparable within one reason only. By script it is the script's share of the
            letters, by model the probability among the languages that the model knows in that script.
        reason: ``script`` or ``model`` decided; ``unsure`` is too little or too mixed evidence;
            ``unsupported`` is clearly another language.
        candidates: Served languages of the text's script, likeliest first, where ``language`` is
            ``None`` and not every served language could read the text; empty is no restriction.
    """

    language: str | None
    confidence: float
    reason: Reason
    candidates: tuple[str, ...] = ()


class LanguageDetector(Protocol):
    """Answers the language of a text; never raises, whatever the text."""

    def detect(self, text: str) -> Detection:
        """Detect the language from the first thousand characters or so."""


class HanClassifier(Protocol):
    """Tells Japanese from Chinese where a text holds no kana."""

    def japanese_probability(self, text: str) -> float:
        """How likely the text is Japanese, 0-1; 0.5 says nothing."""


class ScriptDetector:
    """Rules by script; pieces and words between Latin languages, a classifier for Han without kana.

    Deterministic; one instance may be used by several threads at once.

    Args:
        served: ISO 639-1 codes to choose from.
        pieces: eldc with all its languages, giving as many scores as it can.
        latin: Weighs the evidence for the Latin languages.
        han: Decides between Japanese and Chinese.
        hindi: Knows Hindi in Latin letters.
    """

    def __init__(
        self,
        served: Collection[str],
        *,
        pieces: PieceModel,
        latin: LatinClassifier,
        han: HanClassifier,
        hindi: LatinHindi,
    ) -> None:
        self._served = frozenset(served)
        self._served_latin = _LATIN & self._served
        self._unserved_latin = _LATIN - self._served
        self._pieces = pieces
        self._latin = latin
        self._han = han
        self._hindi = hindi

    def detect(self, text: str) -> Detection:
        """Detect the language from the first thousand characters or so; never raises."""
        part = window(text)
        letters = count(part)
        weights = _weights(letters)
        total = sum(weights.values())
        if not total:
            return Detection(language=None, confidence=0.0, reason="unsure")
        script, weight = max(
            ((s, w) for s, w in weights.items() if s != "latin"), key=lambda item: item[1]
        )
        share = weight / total
        if share < _CYRILLIC_SHARE:
            return self._latin_language(text, part, letters["latin"])
        match script:
            case "han":
                return self._cjk(part, letters, share)
            case "cyrillic":
                return self._cyrillic(part, letters["cyrillic"], share)
            case "devanagari" if not is_foreign(part):
                return self._by_script("hi", share)
        return self._unsupported(share, *(["hi"] if script == "devanagari" else []))

    def fits(self, text: str) -> Mapping[str, float]:
        """How well each served language of the text's script fits it, 0-1; empty where nothing tells.

        For comparing stretches of one text; where one language alone is written in the script, or the
        text is in a language that is not served, nothing is told. Hindi is among the Latin languages
        where the text is Hindi in Latin letters.
        """
        part = window(text)
        letters = count(part)
        if letters["kana"] + letters["han"] > letters["latin"]:
            japanese = self._japanese(part, letters)
            fits = {"ja": japanese, "zh": 1.0 - japanese}
            return {code: fit for code, fit in fits.items() if code in self._served}
        if letters["latin"] < MIN_LATIN_LETTERS:
            spanish = letters["latin"] > 0 and self._is_short_spanish(part)
            return {code: float(code == "es") for code in self._served_latin} if spanish else {}
        weighed = self._latin.weigh(part).leaning(hints(text))
        hindi = self._hindi.probability(part, weighed)
        if hindi:
            others = {
                code: weighed.probabilities[code] * (1 - hindi) for code in self._served_latin
            }
            return {"hi": hindi, **others} if "hi" in self._served else {}
        language, _ = _best(weighed.probabilities, self._served_latin)
        if (
            language is None
            or max(weighed.pieces.get(language, 0.0), weighed.known[language]) < MIN_FIT
        ):
            return {}
        if self._foreign_score(weighed, letters["latin"], language) is not None:
            return {}
        return {code: weighed.probabilities[code] for code in self._served_latin}

    def _japanese(self, part: str, letters: Counter[Script]) -> float:
        """How likely Han and kana are Japanese: surely with kana, unless these are few or quoted."""
        kana, total = letters["kana"], letters["kana"] + letters["han"]
        if kana > _QUOTED_KANA_SHARE * total:
            return 1.0
        japanese = self._han.japanese_probability(part)
        quoted = kana <= _SPURIOUS_KANA_SHARE * total or japanese < _QUOTED_KANA_HAN
        return japanese if quoted else 1.0

    def _by_script(self, language: str, share: float) -> Detection:
        if language not in self._served:
            return self._unsupported(share)
        return Detection(language=language, confidence=share, reason="script")

    def _unsupported(self, confidence: float, *candidates: str) -> Detection:
        """Another language; ``candidates`` could at least read its script."""
        return Detection(
            language=None,
            confidence=confidence,
            reason="unsupported",
            candidates=tuple(code for code in candidates if code in self._served),
        )

    def _cjk(self, part: str, letters: Counter[Script], share: float) -> Detection:
        japanese = self._japanese(part, letters)
        if letters["kana"]:
            return self._by_script("ja" if japanese > 1.0 - HAN_SURE else "zh", share)
        order = ("ja", "zh") if japanese > 0.5 else ("zh", "ja")
        sure = max(japanese, 1.0 - japanese)
        candidates = tuple(code for code in order if code in self._served)
        if sure >= HAN_SURE:
            if order[0] not in self._served:
                return self._unsupported(sure, *candidates)
            return Detection(language=order[0], confidence=sure * share, reason="model")
        if len(candidates) == 1:
            return Detection(language=candidates[0], confidence=sure * share, reason="script")
        reason: Reason = "unsure" if candidates else "unsupported"
        return Detection(language=None, confidence=sure, reason=reason, candidates=candidates)

    def _cyrillic(self, part: str, letters: int, share: float) -> Detection:
        if _NOT_RUSSIAN.search(part):
            return self._unsupported(share, "ru")
        if letters >= MIN_CYRILLIC_GATE_LETTERS:
            scores = self._pieces.detect_details(part).scores
            foreign = _best(scores, _FOREIGN_CYRILLIC)[1]
            if foreign - scores.get("ru", 0.0) > CYRILLIC_GATE_MARGIN:
                return self._unsupported(foreign, "ru")
        return self._by_script("ru", share)

    def _latin_language(self, text: str, part: str, letters: int) -> Detection:
        if letters < MIN_LATIN_LETTERS:
            return self._short(part, letters)
        weighed = self._latin.weigh(part).leaning(hints(text))
        hindi = self._hindi.probability(part, weighed)
        if hindi:
            served = "hi" in self._served
            return _by_model("hi", hindi) if served else self._unsupported(hindi)
        language, probability = _best(weighed.probabilities, self._served_latin)
        foreign = self._foreign_score(weighed, letters, language)
        if foreign is not None:
            return self._unsupported(foreign)
        if language is None or _is_strange(weighed, language) or probability < MIN_PROBABILITY:
            return Detection(language=None, confidence=probability, reason="unsure")
        return _by_model(language, probability)

    def _short(self, part: str, letters: int) -> Detection:
        if letters and self._is_short_spanish(part):
            return Detection(language="es", confidence=1.0, reason="script")
        return Detection(language=None, confidence=0.0, reason="unsure")

    def _is_short_spanish(self, part: str) -> bool:
        return "es" in self._served and _SPANISH.search(part) is not None

    def _foreign_score(self, weighed: Weighed, letters: int, language: str | None) -> float | None:
        """How clearly Latin text is in no served language; ``None`` where it is not clear."""
        if letters < MIN_GATE_LETTERS:
            return None
        foreign, score = _best(weighed.pieces, _FOREIGN_LATIN)
        if foreign is not None and _is_foreign_latin(weighed, foreign, language):
            return score
        unserved = _best(weighed.probabilities, self._unserved_latin)[1]
        return unserved if unserved >= UNSERVED_PROBABILITY else None


def build_detector(served: Collection[str], *, han: HanClassifier | None = None) -> ScriptDetector:
    """Make the detector of a worker: a few milliseconds, a few megabytes.

    The tables are mapped, not read, and were counted beforehand: a worker needs none of their sources.

    Args:
        served: ISO 639-1 codes of the languages that can be spoken.
        han: Tells Japanese from Chinese; by default :class:`PairHanClassifier`.

    Raises:
        ConfigurationError: If a table is missing or damaged.
    """
    eldc.init()  # the tables are part of the library; a second call does nothing
    pieces = eldc.instance()
    # All languages: how a text scores in one that is not served tells whether to believe the best served.
    pieces.set_languages([])
    pieces.set_scores(eldc.MAX_SCORES)
    latin = LatinClassifier(pieces)
    hindi = LatinHindi(latin)
    hindi.require()
    return ScriptDetector(
        served,
        pieces=pieces,
        latin=latin,
        han=han or PairHanClassifier(),
        hindi=hindi,
    )


def _by_model(language: str, probability: float) -> Detection:
    return Detection(language=language, confidence=probability, reason="model")


def _is_foreign_latin(weighed: Weighed, foreign: str, language: str | None) -> bool:
    """Whether a foreign language is clearly likelier than the best of the served ones."""
    known = 0.0 if language is None else weighed.known[language]
    lead = weighed.lead(foreign, language or "")
    return lead > LATIN_GATE_LEAD + LATIN_GATE_LEAD_KNOWN * known


def _is_strange(weighed: Weighed, language: str) -> bool:
    """Whether neither pieces nor words of a text belong to a language."""
    pieces = weighed.pieces.get(language, 0.0)
    return pieces < MIN_LATIN_PIECES and weighed.known[language] < MIN_LATIN_KNOWN


def _weights(letters: Counter[Script]) -> dict[Script, float]:
    """Evidence per script; Han and kana together stand under ``han``."""
    return {
        "latin": float(letters["latin"]),
        "han": _CJK_WEIGHT * (letters["han"] + letters["kana"]),
        "cyrillic": float(letters["cyrillic"]),
        "devanagari": float(letters["devanagari"]),
        "other": float(letters["other"]),
    }


def _best(scores: Mapping[str, float], among: Collection[str]) -> tuple[str | None, float]:
    """The best score among some languages; equal scores go by code, so that nothing is left to chance."""
    known = [(-score, code) for code, score in scores.items() if code in among]
    if not known:
        return None, 0.0
    score, code = min(known)
    return code, -score
