"""What bfloat16 costs in speech that is understood: two records of ``make quality`` beside one another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scripts.bench_tables import NOT_RECORDED, read_result, where_measured

FLOAT32: Final = Path("docs/quality.json")
BFLOAT16: Final = Path("docs/quality_bfloat16.json")


def precision_table(float32: Path = FLOAT32, bfloat16: Path = BFLOAT16) -> str:
    """Answer the table in Markdown, or which command makes it."""
    records = {"float32": read_result(float32), "bfloat16": read_result(bfloat16)}
    made = {name: record for name, record in records.items() if record is not None}
    if len(made) < len(records):
        return NOT_RECORDED.format(command="make quality DTYPE=bfloat16")
    codes = [row["language"] for row in made["float32"]["languages"]]
    others = [
        f"`{model}`"
        for model, digest in _checkpoints(made["bfloat16"]).items()
        if _checkpoints(made["float32"]).get(model) != digest
    ]
    stale = f" The checkpoints of {', '.join(others)} were others than now." * bool(others)
    return "\n".join(
        [
            f"| computed in | sentences found: {' | '.join(codes)} | English: word error rate |",
            "| --- |" + " --- |" * (len(codes) + 1),
            *(_row(name, record, codes) for name, record in made.items()),
            "",
            f"The demo's models, [what is measured](quality.md). bfloat16 {where_measured(made['bfloat16'])}."
            f"{stale} Records: [float32]({float32.name}), [bfloat16]({bfloat16.name}).",
        ]
    )


def _row(name: str, record: Mapping[str, Any], codes: list[str]) -> str:
    rows = {row["language"]: row for row in record["languages"]}
    found = ["-" if rows[code]["top_1"] is None else f"{rows[code]['top_1']:.0%}" for code in codes]
    heard = rows["en"].get("recogniser") if "en" in rows else None
    wer = "-" if heard is None else f"{heard['wer']:.1%}"
    return f"| {name} | {' | '.join(found)} | {wer} |"


def _checkpoints(record: Mapping[str, Any]) -> dict[str, str]:
    return {row["model"]: row["checkpoint_sha256"] for row in record["languages"]}
