"""Addresses tell their language by where the number stands and what streets are called."""

from __future__ import annotations

import pytest

from f5serve.language import ScriptDetector, build_detector
from f5serve.language.addresses import LONGEST, hints

NINE = ("en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es")


@pytest.fixture(scope="module")
def detector() -> ScriptDetector:
    return build_detector(NINE)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Tuohikoivunkuja 7", "fi"),
        ("Kolvikatu 35", "fi"),
        ("Degermosantiellä 115", "fi"),
        ("77988 Miller Plaza", "en"),
        ("29805 Michelle Creek Suite 736", "en"),
        ("10 Downing Street", "en"),
        ("2, avenue Guy Fischer", "fr"),
        ("12 bis, rue de la Paix", "fr"),
        ("15 Rue Saint Denis", "fr"),
        ("24 Boulevard Saint Germain", "fr"),
        ("C. de Roque Velasco 68", "es"),
        ("Pasadizo Vito Tejero 62 Apt. 59", "es"),
        ("C/ Alcalá 42", "es"),
        ("V.le Garibaldi 12", "it"),
        ("7 Via Garibaldi", "it"),
        ("Via Roma 12", "it"),
    ],
)
def test_an_address_is_in_the_language_of_its_country(
    detector: ScriptDetector, text: str, language: str
) -> None:
    assert detector.detect(text).language == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("12 juan carlos y maria", "es"),
        ("La dolce vita, via con me", "it"),
        ("Une suite 5 étoiles à Paris", "fr"),
        ("C. Ronaldo a marqué deux buts", "fr"),
        ("3, deux, un, partez", "fr"),
        ("20 Minutes est un journal français", "fr"),
    ],
)
def test_words_outweigh_what_looks_like_an_address(
    detector: ScriptDetector, text: str, language: str
) -> None:
    assert detector.detect(text).language == language


def test_a_long_text_is_looked_at_in_its_beginning() -> None:
    assert list(hints("x" * LONGEST + " Kolvikatu 35")) == []
    assert [language for language, _ in hints("  Kolvikatu 35")] == ["fi"]
