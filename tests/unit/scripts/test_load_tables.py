"""The README's tables of load and faults say what the records say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import load_tables

PLACE = {"cores": 2, "cpu": "Some CPU", "commit": "abc1234", "date": "2026-11-25"}
MADE = "2 cores of Some CPU, commit abc1234, 2026-11-25"


def part(name: str, p95: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "spoken": 12,
        "shed": 3,
        "speech_s_per_s": 1.25,
        "whole": {"p50_s": 0.5, "p95_s": p95},
    }


@pytest.fixture
def _records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        "sent": 20, "spoken": 12, "refused": 2, "shed": 3, "failed": 1, "wrong": 1, "broken": 0, "hung": 1,
        "unanswered": 0,
    }  # fmt: skip
    look: dict[str, Any] = {
        "descriptors": 10,
        "threads": 5,
        "files": 3,
        "rss_bytes": 1e9,
        "processes": 4,
    }
    documents: dict[str, dict[str, Any]] = {
        "steps": {
            "conservation": kept,
            "stages": [part("1 caller", 0.75), part("2", None)],
            "load": {"mix": {"qualities": {"draft": 3, "standard": 1}}},
            "violations": ["12 spoken answers; at least 30 are needed"],
        },
        "recovery": {"kills": 5, "errors": 0, "requests": 52, "median_s": 6.8, "worst_s": 8.4},
        "bounds": {
            "requests": 100,
            "bad_share": 0.2,
            "outcomes": {"spoken": 79, "refused": 20, "shed": 1},
            "held": [look, look, {**look, "descriptors": 11}],
            "violations": ["memory grew from 10 to 20 MB; 2% is allowed"],
        },
    }
    paths = {}
    for name, document in documents.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"circumstances": PLACE, **document}), encoding="utf-8")
        paths[path] = f"make {name}"
    monkeypatch.setattr(load_tables, "REMEDY", paths)
    monkeypatch.setattr(load_tables, "MORE", (tmp_path / "soak.json",))
    monkeypatch.setattr(load_tables, "IMPATIENCE", tmp_path / "impatience.json")


@pytest.mark.usefixtures("_records")
def test_the_tables_hold_every_step_and_what_was_lost() -> None:
    told = load_tables.load_table()

    assert f"**limit not kept**: memory grew from 10 to 20 MB; 2% is allowed ({MADE}) |" in told
    assert "**limit not kept**: 12 spoken answers; at least 30 are needed" in told

    assert "| 1 caller | 12 | 3 | 1.25 | 0.50 s | 0.75 s |" in told
    assert "| 2 | 12 | 3 | 1.25 | 0.50 s | - |" in told
    assert "1 failed with a named error, 2 wrong or lost" in told
    assert "0 of 52 requests failed; speech again after 6.8 s, at worst 8.4 s" in told
    assert "79 spoken, 20 refused, 1 otherwise; over the last half: descriptors 10 to 11" in told
    assert "abc1234" in told


@pytest.mark.usefixtures("_records")
def test_a_profile_that_was_recorded_has_a_row_and_memory_is_told(tmp_path: Path) -> None:
    grown = {
        "before_bytes": 3e9,
        "after_bytes": 3.03e9,
        "share": 0.01,
        "margin": 0.004,
        "looks": 99,
    }
    memory = "3000 to 3030 MB (+1.0% ± 0.4%, by the trend of 99 looks)"
    kept = {
        "spoken": 900, "refused": 50, "shed": 2, "failed": 0, "wrong": 0, "broken": 0, "hung": 0, "unanswered": 1,
    }  # fmt: skip
    document = {
        "circumstances": PLACE,
        "conservation": kept,
        "stages": [part("four callers", 2.5)],
        "memory": {"own": grown},
        "violations": ["memory grew"],
        "load": {
            "stages": [{"seconds": 900.0, "users": 4, "rate_per_s": None}],
            "limits": {"max_memory_growth": 0.02},
        },
    }
    assert "for 15 min" not in load_tables.load_table()
    (tmp_path / "soak.json").write_text(json.dumps(document), encoding="utf-8")
    bounds = tmp_path / "bounds.json"
    told = json.loads(bounds.read_text(encoding="utf-8"))
    bounds.write_text(json.dumps({**told, "memory": {"own": grown}}), encoding="utf-8")

    table = load_tables.load_table()

    assert "| 4 callers for 15 min | 900 spoken, 50 bad ones refused, 2 shed, 0 failed" in table
    assert (
        f"1 wrong or lost; p95 2.50 s; memory {memory} after the warm-up; **limit not kept**: memory grew"
        in table
    )
    assert f"memory besides pages of files {memory}, RSS 1000 to 1000 MB" in table


@pytest.mark.usefixtures("_records")
def test_a_record_of_before_trends_is_told_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bounds.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    own = {"before_bytes": 3e9, "after_bytes": 3.03e9, "share": 0.01}
    path.write_text(json.dumps({**told, "memory": {"own": own}}), encoding="utf-8")

    table = load_tables.load_table()

    assert "3000 to 3030 MB (+1.0%, the last fifth of the looks against the first)" in table


@pytest.mark.usefixtures("_records")
def test_callers_who_leave_have_a_row_once_they_were_measured(tmp_path: Path) -> None:
    assert "asks again" not in load_tables.load_table()

    def sums(spoken: int) -> dict[str, float]:
        return {
            "seconds": 120,
            "asked": 50,
            "spoken": spoken,
            "left": 50 - spoken,
            "shed": 0,
            "failed": 0,
        }

    record = {
        "callers": 16,
        "patience_s": 4.5,
        "patience_by_time_alone": 5.0,
        "sums": {"edge": sums(40), "alone": sums(10)},
        "circumstances": PLACE,
    }
    (tmp_path / "impatience.json").write_text(json.dumps(record), encoding="utf-8")

    (row,) = [line for line in load_tables.load_table().splitlines() if "asks again" in line]
    assert "leaves after 4.5 s, 5 times as long as a text takes alone" in row
    assert "behind the edge 20 texts a minute" in row
    assert "without it, where work for those who have left goes on, 5 texts a minute" in row
