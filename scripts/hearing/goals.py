"""What is expected of the demo's speech, and what a record says about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Record = Mapping[str, Any]
"""What ``make quality`` wrote."""

ENOUGH_SENTENCES: Final = 20
GOALS: Final[Mapping[str, float]] = {
    "top_1_at_least": 0.9,
    "top_1_of_controls_at_most": 0.15,
    "wer_above_espeak_ng_at_most": 0.10,
    "duration_within_20_percent_at_least": 0.9,
    "clipped_at_most": 0,
    "leaking_at_most": 0.1,
    "own_voice_at_least": 0.9,
}


def unintelligible(row: Mapping[str, Any]) -> list[str]:
    """Answer why a language cannot be called intelligible: the goals it misses, in words."""
    missed = []
    top_1 = row.get("top_1")
    if top_1 is None:
        missed.append("not looked for: fewer than two sentences")
    elif top_1 < GOALS["top_1_at_least"]:
        missed.append(f"{top_1:.0%} of sentences found")
    for control in ("noise", "another_text"):
        # Among fewer sentences chance alone finds more than the goal allows.
        judged = row["sentences"] >= ENOUGH_SENTENCES
        share = row.get(f"top_1_of_{control}") if judged else None
        if share is not None and share > GOALS["top_1_of_controls_at_most"]:
            missed.append(f"{control.replace('_', ' ')} found in {share:.0%}")
    heard = row.get("recogniser")
    if heard is not None and _wer_gap(heard) > GOALS["wer_above_espeak_ng_at_most"]:
        missed.append(f"WER {heard['wer']:.0%}, espeak-ng itself {heard['espeak_ng_wer']:.0%}")
    return missed


def missed_goals(row: Mapping[str, Any]) -> list[str]:
    """Answer every goal that a language misses, in words; nothing if it reaches all."""
    missed = unintelligible(row)
    within = row["duration_within_20_percent"]
    if within < GOALS["duration_within_20_percent_at_least"]:
        missed.append(f"duration within 20 % in {within:.0%}")
    if row["clipped"] > GOALS["clipped_at_most"]:
        missed.append(f"{row['clipped']} clipped")
    leaking = max(row["leaking"] or 0.0, (row.get("recogniser") or {}).get("leaked", 0.0))
    if leaking > GOALS["leaking_at_most"]:
        missed.append(f"reference heard in {leaking:.0%}")
    return missed + _missed_by_voices(row["voices"] or {})


def _missed_by_voices(voices: Mapping[str, Any]) -> list[str]:
    missed = []
    if voices.get("own", 1.0) < GOALS["own_voice_at_least"]:
        missed.append(f"own voice in {voices['own']:.0%}")
    for name, top_1 in voices.get("top_1_of_further", {}).items():
        if top_1 < GOALS["top_1_at_least"]:
            missed.append(f"{top_1:.0%} of sentences found in {name}")
    return missed


def passing(record: Record) -> list[str]:
    """Answer the languages that can be understood, says the record."""
    return [row["language"] for row in record["languages"] if not unintelligible(row)]


def worse_through_wrong_model(record: Record) -> bool | None:
    """Answer whether a language comes out worse through another's model; None if not measured."""
    wrong = record.get("wrong_language")
    rows = {row["language"]: row for row in record["languages"]}
    if wrong is None or wrong["language"] not in rows:
        return None
    return bool(wrong["top_1"] < rows[wrong["language"]]["top_1"])


def summary(record: Record) -> dict[str, object]:
    """Answer a record in short: the figures by language, and which goals are missed."""
    rows = record["languages"]
    heard = {row["language"]: row["recogniser"] for row in rows if "recogniser" in row}
    return {
        "retrieval_top_1": {row["language"]: row.get("top_1") for row in rows},
        "noise_top_1": {row["language"]: row.get("top_1_of_noise") for row in rows},
        "another_text_top_1": {row["language"]: row.get("top_1_of_another_text") for row in rows},
        "wer": {code: row["wer"] for code, row in heard.items()},
        "espeak_ng_wer": {code: row["espeak_ng_wer"] for code, row in heard.items()},
        "duration_within_20_percent": {
            row["language"]: row["duration_within_20_percent"] for row in rows
        },
        "clipped": {row["language"]: row["clipped"] for row in rows},
        "leaking": {row["language"]: row["leaking"] for row in rows},
        "own_voice": _own_voice(record),
        "wrong_language_worse": worse_through_wrong_model(record),
        "intelligible": passing(record),
        "missed": {row["language"]: missed for row in rows if (missed := missed_goals(row))},
    }


def _own_voice(record: Record) -> dict[str, float] | str:
    shares = {
        row["language"]: row["voices"]["own"]
        for row in record["languages"]
        if row["voices"] is not None
    }
    return shares or "not applicable: one voice a language"


def _wer_gap(heard: Mapping[str, Any]) -> float:
    return float(heard["wer"] - heard["espeak_ng_wer"])
