"""Hindi in Latin letters is told from the languages that are written in them."""

from __future__ import annotations

from pathlib import Path

import eldc
import pytest
import yaml

from f5serve.errors import ConfigurationError
from f5serve.language import ScriptDetector, build_detector
from f5serve.language.latin import LatinClassifier
from f5serve.language.latin_hindi import LatinHindi
from f5serve.romanised import Lexicon
from f5serve.romanised.lexicon import HINDI

NINE = ("en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es")
CASES = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "romanised.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def detector() -> ScriptDetector:
    return build_detector(NINE)


def test_nearly_all_hindi_is_noticed(detector: ScriptDetector) -> None:
    missed = [
        row["typed"] for row in CASES["hindi"] if detector.detect(row["typed"]).language != "hi"
    ]

    assert len(missed) <= 0.02 * len(CASES["hindi"]), missed


def test_nothing_that_is_served_is_taken_for_it(detector: ScriptDetector) -> None:
    served = [text for code, text in CASES["others"] if code in NINE]

    assert len(served) > 100
    assert [text for text in served if detector.detect(text).language == "hi"] == []


def test_little_of_what_is_not_served_is_taken_for_it(detector: ScriptDetector) -> None:
    others = [text for code, text in CASES["others"] if code not in NINE]

    taken = [text for text in others if detector.detect(text).language == "hi"]
    assert len(taken) <= 0.1 * len(others), taken


@pytest.mark.parametrize("text", ["Namaste", "hai", "Rahul Gandhi, Mumbai", "the main bus to me"])
def test_a_word_or_a_name_is_not_enough(detector: ScriptDetector, text: str) -> None:
    assert detector.detect(text).language != "hi"


@pytest.mark.parametrize(
    "text", ["Kal milte hain", "KYA BAAT HAI BHAI!", "Meeting kal dopahar ko hogi."]
)
def test_it_is_told_as_the_model_s_finding(detector: ScriptDetector, text: str) -> None:
    found = detector.detect(text)

    assert (found.language, found.reason) == ("hi", "model")
    assert found.confidence > 0.5


def test_a_detector_without_its_words_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lexicon, "there", lambda lexicon: False)

    with pytest.raises(ConfigurationError, match="make language-tables"):
        build_detector(NINE)


def test_damaged_words_are_told_and_cost_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / HINDI).write_bytes(b"damaged")
    latin = LatinClassifier(eldc.instance())
    hindi = LatinHindi(latin, Lexicon(tmp_path))

    assert hindi.probability("kal aana bhai", latin.weigh("kal aana bhai")) == 0.0
    assert "not noticed" in caplog.text


def test_where_hindi_is_not_served_it_is_in_no_other_language(detector: ScriptDetector) -> None:
    without = build_detector(("en", "it"))

    found = without.detect("Aap kaise hain?")

    assert (found.language, found.reason) == (None, "unsupported")
    assert without.fits("Aap kaise hain?") == {}
    assert detector.fits("Aap kaise hain?")["hi"] > 0.9
