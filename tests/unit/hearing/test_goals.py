from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.hearing.goals import missed_goals, passing, summary, worse_through_wrong_model
from scripts.hearing.tables import card_scores, markdown_table, terminal_table

GOOD: dict[str, Any] = {
    "language": "fr",
    "model": "f5_fr",
    "sentences": 20,
    "refused": [],
    "top_1": 0.95,
    "own_distance": 5.0,
    "nearest_other": 6.0,
    "top_1_of_noise": 0.05,
    "top_1_of_another_text": 0.05,
    "duration_within_20_percent": 1.0,
    "clipped": 0,
    "leaking": 0.0,
    "leaks_noticed": 0.9,
    "voices": None,
}
HEARD = {"sentences": 50, "wer": 0.25, "espeak_ng_wer": 0.2, "leaked": 0.0, "espeak_ng_leaked": 0.0}
VOICES = {"voices": 2, "own": 1.0, "top_1_of_further": {"f2_fr": 0.95}}
CIRCUMSTANCES = {"cores": 2, "cpu": "X", "torch": "2", "commit": "abc", "date": "2026-01-01"}


def record(*rows: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"circumstances": CIRCUMSTANCES, "seconds": 60, "languages": list(rows), **more}


def test_a_language_that_reaches_every_goal_misses_none() -> None:
    assert missed_goals(GOOD) == []
    assert missed_goals({**GOOD, "recogniser": HEARD}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"top_1": 0.85},
        {"top_1_of_noise": 0.2},
        {"top_1_of_another_text": 0.2},
        {"recogniser": {**HEARD, "wer": 0.31}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_language_is_not_intelligible_if_words_are_not_recognised_or_anything_is(
    change: dict[str, Any],
) -> None:
    row = {**GOOD, **change}

    assert passing(record(row)) == []
    assert len(missed_goals(row)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"duration_within_20_percent": 0.85},
        {"clipped": 1},
        {"leaking": 0.15},
        {"recogniser": {**HEARD, "leaked": 0.2}},
        {"voices": {**VOICES, "own": 0.8}},
        {"voices": {**VOICES, "top_1_of_further": {"f2_fr": 0.85}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_goals_are_told_beside_intelligibility(change: dict[str, Any]) -> None:
    row = {**GOOD, **change}

    assert passing(record(row)) == ["fr"]
    assert len(missed_goals(row)) == 1


def test_controls_among_few_sentences_are_not_judged() -> None:
    assert missed_goals({**GOOD, "sentences": 2, "top_1_of_noise": 0.5}) == []


def test_a_single_sentence_is_told_as_not_looked_for() -> None:
    unsought = ("top_1", "own_distance", "nearest_other", "top_1_of_noise", "top_1_of_another_text")
    row = {key: value for key, value in GOOD.items() if key not in unsought}

    assert missed_goals(row) == ["not looked for: fewer than two sentences"]
    assert summary(record(row))["retrieval_top_1"] == {"fr": None}
    assert terminal_table(record({**row, "sentences": 1})).splitlines()[1].split()[3] == "-"


def test_the_wrong_model_must_do_worse() -> None:
    wrong = {"language": "fr", "model": "f5_fi", "sentences": 20, "top_1": 0.3}

    assert worse_through_wrong_model(record(GOOD, wrong_language=wrong)) is True
    equal = record(GOOD, wrong_language={**wrong, "top_1": 0.95})
    assert worse_through_wrong_model(equal) is False
    assert "**not worse**" in markdown_table(equal)
    assert worse_through_wrong_model(record(GOOD)) is None


def test_a_summary_is_json_and_says_where_voices_cannot_be_compared() -> None:
    told = summary(record({**GOOD, "recogniser": HEARD}))

    assert json.loads(json.dumps(told)) == told
    assert told["own_voice"] == "not applicable: one voice a language"
    assert told["wer"] == {"fr": 0.25}


def test_several_voices_are_told_beside_the_languages_that_have_one() -> None:
    both = record({**GOOD, "voices": VOICES}, {**GOOD, "language": "fi"})

    table = markdown_table(both)

    assert missed_goals(both["languages"][0]) == []
    assert "fr: nearest to its own of 2 voices in 100%; found in the voice f2_fr 19 of 20." in table
    assert "One voice, nothing to compare: fi." in table
    assert summary(both)["own_voice"] == {"fr": 1.0}


def test_tables_show_every_language_and_a_card_its_own() -> None:
    both = record(GOOD, {**GOOD, "language": "fi", "model": "f5_fi", "top_1": 0.5})

    table, card = markdown_table(both), card_scores(both, "f5_fi")

    assert "| fr | f5_fr | 20 | 19 of 20 |" in table
    assert "commit abc" in table
    assert "| fi | 10 of 20 | **not yet** | 50% of sentences found |" in card
    assert "| fr |" not in card
