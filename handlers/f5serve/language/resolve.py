"""From all that is known to one language: asked for > detected > the voice's > configured."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from f5serve.errors import ValueRefusedError
from f5serve.language.detect import Detection, LanguageDetector
from f5serve.language.tags import AUTO, canonical

Source = Literal["explicit", "detected", "voice", "default"]


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """The language to speak, and why.

    Attributes:
        language: A served code.
        confidence: 0-1; 1 where it was asked for, the detection's where it was detected, else 0.
        source: What decided. ``default`` is the configured language or, where that one is not
            written in the script of the text, the likeliest served language that is.
    """

    language: str
    confidence: float
    source: Source


def resolve(  # noqa: PLR0913 - every source of the decision is one argument, by name
    text: str,
    *,
    explicit: str | None,
    voice_language: str | None,
    default: str,
    served: Collection[str],
    detector: LanguageDetector,
    strict: bool = False,
) -> Resolution:
    """Decide which language a text is spoken in.

    Args:
        text: What is to be spoken; anything, it is never at fault here unless ``strict``.
        explicit: The request's ``language``; ``None``, empty and ``auto`` ask for detection.
        voice_language: Language of the chosen voice's transcript, if a voice was chosen.
        default: The configured language, one of ``served``.
        served: ISO 639-1 codes of the languages that can be spoken.
        detector: Looks at the text; not asked where ``explicit`` names a language.
        strict: Refuse a text whose language is unsure or not served, in place of falling back.

    Raises:
        ValueRefusedError: 422 ``language_not_supported`` if ``explicit`` is not served, or, under
            ``strict``, if the text is in another language; ``language_unsure`` if, under ``strict``,
            the text does not tell. All list what is served.
    """
    if explicit is not None and explicit.strip().lower() not in ("", AUTO):
        language = canonical(explicit, served)
        return Resolution(language=language, confidence=1.0, source="explicit")
    detection = detector.detect(text)
    if detection.language is not None and detection.language in served:
        return Resolution(
            language=detection.language, confidence=detection.confidence, source="detected"
        )
    if strict:
        raise _refused(detection, served)
    readable = detection.candidates or tuple(served)
    if voice_language is not None and voice_language in served and voice_language in readable:
        return Resolution(language=voice_language, confidence=0.0, source="voice")
    language = default if default in readable else readable[0]
    return Resolution(language=language, confidence=0.0, source="default")


def _refused(detection: Detection, served: Collection[str]) -> ValueRefusedError:
    """The error for a text whose language is not served, or cannot be told."""
    listed = ", ".join(sorted(served))
    if detection.reason == "unsupported":
        return ValueRefusedError(
            f"the text is in a language that is not served; served are {listed}",
            field="text",
            code="language_not_supported",
        )
    return ValueRefusedError(
        f"the text does not tell its language; give language as one of {listed}",
        field="language",
        code="language_unsure",
    )
