"""Texts of Mandarin, Japanese, Russian and Hindi, each with how it is read out."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

CASES = Path(__file__).parents[2] / "data" / "spoken"
LANGUAGES = ("zh", "ja", "ru", "hi")
FEWEST = 40


def cases(language: str) -> list[dict[str, str]]:
    text = (CASES / f"{language}.yaml").read_text(encoding="utf-8")
    return cast("list[dict[str, str]]", yaml.safe_load(text))


def reader(language: str) -> Any:
    return importlib.import_module(f"f5serve.text.spoken.{language}").read_out


EVERY_CASE = [
    pytest.param(language, case, id=f"{language}-{case['text']}")
    for language in LANGUAGES
    for case in cases(language)
]


@pytest.mark.parametrize(("language", "case"), EVERY_CASE)
def test_a_text_is_read_out_as_a_speaker_reads_it(language: str, case: dict[str, str]) -> None:
    assert reader(language)(case["text"]) == case["spoken"]


@pytest.mark.parametrize(("language", "case"), EVERY_CASE)
def test_what_was_read_out_stays_as_it_is(language: str, case: dict[str, str]) -> None:
    assert reader(language)(case["spoken"]) == case["spoken"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_cases_enough_and_none_twice(language: str) -> None:
    texts = [case["text"] for case in cases(language)]

    assert len(texts) >= FEWEST
    assert len(texts) == len(set(texts))
