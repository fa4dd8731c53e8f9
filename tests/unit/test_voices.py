"""Which voice speaks."""

from __future__ import annotations

import pytest

from f5serve.errors import ConfigurationError, NotFoundError
from f5serve.settings import Voice
from f5serve.voices import VoiceRegistry


def voice(name: str, language: str) -> Voice:
    return Voice(name=name, language=language, file=f"{name}.wav", transcript="a", licence="MIT")


def test_a_language_speaks_in_its_first_voice() -> None:
    registry = VoiceRegistry([voice("anna", "en"), voice("bo", "fi"), voice("cai", "fi")])

    assert registry.default("fi").name == "bo"


def test_a_language_without_a_voice_borrows_the_first_of_all() -> None:
    assert VoiceRegistry([voice("anna", "en")]).default("ja").name == "anna"


def test_an_unknown_voice_is_not_found_and_the_known_ones_are_told() -> None:
    with pytest.raises(NotFoundError, match="anna") as caught:
        VoiceRegistry([voice("anna", "en")]).get("bo")

    assert (caught.value.status, caught.value.code) == (404, "voice_not_found")


@pytest.mark.parametrize(
    "voices", [[], [voice("a", "en"), voice("a", "fr")]], ids=["none", "twice"]
)
def test_an_unusable_registry_is_refused_at_start(voices: list[Voice]) -> None:
    with pytest.raises(ConfigurationError):
        VoiceRegistry(voices)
