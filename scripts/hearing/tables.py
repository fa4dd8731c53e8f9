"""A record of quality as people read it: for a terminal, for the documentation, for a model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.hearing.goals import (
    Record,
    missed_goals,
    unintelligible,
    worse_through_wrong_model,
)
from scripts.record import commit_and_date

_HEADINGS: Final = (
    "language", "model", "sentences", "found", "noise found", "other text found", "distance to own",
    "to nearest other", "duration within 20 %", "clipped", "reference heard", "leaks noticed", "missed goals",
)  # fmt: skip


def found_of(row: Mapping[str, Any]) -> str:
    """Answer how many sentences were found, such as ``18 of 20``."""
    return f"{round(row['top_1'] * row['sentences'])} of {row['sentences']}"


def is_intelligible(row: Mapping[str, Any]) -> bool:
    """Answer whether a language can be understood, says its row."""
    return not unintelligible(row)


def terminal_table(record: Record) -> str:
    """Answer a table for a terminal, and what a recogniser heard."""
    rows = [_HEADINGS, *(_cells(row) for row in record["languages"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    refused = [f"refused: {text}" for row in record["languages"] for text in row["refused"]]
    return "\n".join([*lines, *refused, *_sentences_about(record)])


def markdown_table(record: Record) -> str:
    """Answer the table of ``docs/quality.md``, with where and when it was measured."""
    told = record["circumstances"]
    where = (
        f"Measured in {record['seconds'] / 60:.0f} minutes on {told['cores']} cores of {told['cpu']} "
        f"(shared with other work), torch {told['torch']}, {commit_and_date(told)} "
        "([record](quality.json))."
    )
    about = [f"- {line}" for line in _sentences_about(record)]
    cells = [_cells(row) for row in record["languages"]]
    return "\n".join([*_markdown(_HEADINGS, cells), "", *about, "", where])


def card_scores(record: Record, model: str) -> str:
    """Answer the part of a model card that tells how well its languages are understood."""
    rows = [row for row in record["languages"] if row["model"] == model]
    headings = ("language", "sentences found", "intelligible", "missed goals")
    cells = [
        (
            row["language"],
            found_of(row),
            "yes" if is_intelligible(row) else "**not yet**",
            "; ".join(missed_goals(row)) or "none",
        )
        for row in rows
    ]
    return "\n".join(_markdown(headings, cells))


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(headings)} |",
        f"| {' | '.join('---' for _ in headings)} |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    looked_for = row.get("top_1") is not None
    return (
        row["language"],
        row["model"],
        str(row["sentences"]),
        found_of(row) if looked_for else "-",
        _percent(row.get("top_1_of_noise")),
        _percent(row.get("top_1_of_another_text")),
        _number(row.get("own_distance")),
        _number(row.get("nearest_other")),
        _percent(row["duration_within_20_percent"]),
        str(row["clipped"]),
        _percent(row["leaking"]),
        _percent(row["leaks_noticed"]),
        "; ".join(missed_goals(row)) or "none",
    )


def _sentences_about(record: Record) -> list[str]:
    lines = []
    for row in record["languages"]:
        heard = row.get("recogniser")
        if heard is not None:
            lines.append(
                f"{row['language']}, a recogniser's word error rate over {heard['sentences']} sentences: "
                f"{heard['wer']:.1%}; of espeak-ng's own reading of them {heard['espeak_ng_wer']:.1%}; "
                f"words of the reference's transcript in {heard['leaked']:.0%} of the sentences "
                f"(in espeak-ng's {heard['espeak_ng_leaked']:.0%})."
            )
    wrong = record.get("wrong_language")
    if wrong is not None:
        verdict = "worse" if worse_through_wrong_model(record) else "**not worse**"
        lines.append(
            f"{wrong['language']} through {wrong['model']}: {found_of(wrong)} found, {verdict} than through "
            "its own model."
        )
    lines.extend(_voices(record))
    return lines


def _voices(record: Record) -> list[str]:
    rows = [row for row in record["languages"] if row["voices"] is not None]
    if not rows:
        return ["Own voice nearer than another's: not applicable, each language has one voice."]
    single = [row["language"] for row in record["languages"] if row["voices"] is None]
    lines = [_voices_of(row) for row in rows]
    return [*lines, f"One voice, nothing to compare: {', '.join(single)}."] if single else lines


def _voices_of(row: Mapping[str, Any]) -> str:
    voices, sentences = row["voices"], row["sentences"]
    further = ", ".join(
        f"{name} {round(top_1 * sentences)} of {sentences}"
        for name, top_1 in voices["top_1_of_further"].items()
    )
    return (
        f"{row['language']}: nearest to its own of {voices['voices']} voices in {voices['own']:.0%}; "
        f"found in the voice {further}."
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
