"""bfloat16 beside float32, from two records of the same measurement."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.precision_table import precision_table

WHERE = {
    "cores": 2, "cpu": "a CPU", "torch": "2.13.0", "commit": "abc1234", "date": "2026-11-29",
}  # fmt: skip


def record(path: Path, wer: float, found: float, digest: str) -> Path:
    rows = [
        {"language": "en", "model": "f5_en_zh", "checkpoint_sha256": "e", "top_1": 1.0, "recogniser": {"wer": wer}},
        {"language": "fr", "model": "f5_fr", "checkpoint_sha256": digest, "top_1": found},
    ]  # fmt: skip
    path.write_text(json.dumps({"circumstances": WHERE, "languages": rows}), encoding="utf-8")
    return path


def test_a_precision_is_a_row_with_what_is_found_and_what_a_recogniser_gets_wrong(
    tmp_path: Path,
) -> None:
    told = precision_table(
        record(tmp_path / "a.json", 0.183, 1.0, "f"), record(tmp_path / "b.json", 0.191, 0.95, "f")
    )

    assert "| float32 | 100% | 100% | 18.3% |" in told
    assert "| bfloat16 | 100% | 95% | 19.1% |" in told
    assert "were others" not in told


def test_a_record_of_another_checkpoint_is_said_to_be_one(tmp_path: Path) -> None:
    told = precision_table(
        record(tmp_path / "a.json", 0.2, 1.0, "new"), record(tmp_path / "b.json", 0.2, 1.0, "old")
    )

    assert "The checkpoints of `f5_fr` were others than now." in told


def test_what_was_not_measured_names_its_command(tmp_path: Path) -> None:
    only = record(tmp_path / "a.json", 0.2, 1.0, "f")

    assert "make quality DTYPE=bfloat16" in precision_table(only, tmp_path / "none.json")
