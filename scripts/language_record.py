"""The table of what language detection gets right, from the record of ``make language-bench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from scripts.record import commit_and_date

LANGUAGE: Final = Path("loadtests/results/language.json")
REMEDY: Final = {LANGUAGE: "make language-bench FILE=texts.jsonl RECORD=1"}
# What a kind of text is called on the page; of foreign text the share is told that is taken for ours.
NAMES: Final = {
    "word1": "one word",
    "w23": "two or three words",
    "sent": "sentences",
    "para": "paragraphs",
    "allhan": "Han only",
    "noacc_w23": "two or three words without accents",
    "noacc_sent": "sentences without accents",
    "upper": "sentences in capitals",
    "lower_nopunct": "sentences in small letters, without marks",
    "everyday": "everyday phrases",
    "name": "names",
    "address": "addresses",
    "codeswitch": "sentences with words of another language",
    "romanized_hi": "Hindi in Latin letters",
}
FOREIGN: Final = "ood"


def language_table(path: Path = LANGUAGE) -> str:
    """Answer the table in Markdown, with what it was measured on.

    Args:
        path: The record.
    """
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    told = record["circumstances"]
    found = {row["kind"]: row for row in record["kinds"]}
    own = {row["kind"]: row for row in record["own"]}
    foreign = found[FOREIGN]
    rows = [
        "| texts | rows | right, % |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {found[kind]['rows']} | {_percent(found[kind])} |"
            for kind, name in NAMES.items()
        ),
        f"| other languages, taken for one of ours | {foreign['rows']} "
        f"| {100 * (1 - foreign['right'] / foreign['rows']):.1f} |",
    ]
    where = (
        f"{told['cpu']}, {commit_and_date(told)}. The repository's own sentences, which are in it: "
        f"{_percent(own['sent'])} % of {own['sent']['rows']} sentences, {_percent(own['w23'])} % of "
        f"{own['w23']['rows']} windows of two or three words. {record['detections_per_cpu_second']:,} texts a CPU "
        f"second; {record['start_cpu_s']:.2f} CPU seconds and {record['pss_mb']:.0f} MB to start."
    )
    return "\n".join([*rows, "", where])


def _percent(row: dict[str, Any]) -> str:
    return f"{100 * row['right'] / row['rows']:.1f}"
