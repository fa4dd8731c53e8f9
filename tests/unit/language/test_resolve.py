from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ValueRefusedError
from f5serve.language import Detection, Resolution, resolve

NINE = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
FRENCH = Detection(language="fr", confidence=0.8, reason="model")
UNSURE = Detection(language=None, confidence=0.2, reason="unsure")
HAN = Detection(language=None, confidence=0.5, reason="unsure", candidates=("zh", "ja"))
FOREIGN = Detection(language=None, confidence=0.7, reason="unsupported")


class Says:
    """A detector that always says the same."""

    def __init__(self, detection: Detection) -> None:
        self._detection = detection

    def detect(self, text: str) -> Detection:
        return self._detection


def decide(
    detection: Detection,
    *,
    explicit: str | None = None,
    voice_language: str | None = None,
    default: str = "en",
    strict: bool = False,
    text: str = "…",
) -> Resolution:
    return resolve(
        text,
        explicit=explicit,
        voice_language=voice_language,
        default=default,
        served=NINE,
        detector=Says(detection),
        strict=strict,
    )


def test_what_was_asked_for_comes_first() -> None:
    assert decide(FRENCH, explicit="zh-TW", voice_language="ru") == Resolution(
        language="zh", confidence=1.0, source="explicit"
    )


@pytest.mark.parametrize("explicit", [None, "", "auto", "AUTO", " auto "])
def test_then_what_was_detected(explicit: str | None) -> None:
    assert decide(FRENCH, explicit=explicit, voice_language="ru") == Resolution(
        language="fr", confidence=0.8, source="detected"
    )


@pytest.mark.parametrize("detection", [UNSURE, FOREIGN], ids=["unsure", "foreign"])
def test_then_the_voices_language(detection: Detection) -> None:
    assert decide(detection, voice_language="ru") == Resolution(
        language="ru", confidence=0.0, source="voice"
    )


@pytest.mark.parametrize("voice_language", [None, "de"])
def test_then_the_default(voice_language: str | None) -> None:
    assert decide(UNSURE, voice_language=voice_language) == Resolution(
        language="en", confidence=0.0, source="default"
    )


@pytest.mark.parametrize(
    ("voice_language", "default", "language", "source"),
    [
        ("ja", "en", "ja", "voice"),
        ("fr", "en", "zh", "default"),
        (None, "ja", "ja", "default"),
        (None, "en", "zh", "default"),
    ],
)
def test_a_fallback_can_read_the_script_of_the_text(
    voice_language: str | None, default: str, language: str, source: str
) -> None:
    resolution = decide(HAN, voice_language=voice_language, default=default)

    assert (resolution.language, resolution.source) == (language, source)


@pytest.mark.parametrize(
    ("detection", "code"),
    [(UNSURE, "language_unsure"), (HAN, "language_unsure"), (FOREIGN, "language_not_supported")],
)
def test_strict_refuses_what_would_be_a_guess(detection: Detection, code: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        decide(detection, voice_language="ru", strict=True)

    assert (caught.value.status, caught.value.code) == (422, code)
    assert "en, es, fi, fr, hi, it, ja, ru, zh" in caught.value.detail


def test_strict_lets_a_detected_language_pass() -> None:
    assert decide(FRENCH, strict=True).source == "detected"


def test_an_unknown_language_is_refused_and_not_detected_instead() -> None:
    with pytest.raises(ValueRefusedError):
        decide(FRENCH, explicit="de")


@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_no_text_is_at_fault(text: str) -> None:
    assert decide(UNSURE, text=text).language == "en"
