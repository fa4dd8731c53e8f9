"""The README's table of speed says what the benchmarks recorded, or that nothing is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.cpu import MAIN_KIND, of_kind
from scripts.speed_table import speed_table

PLACE = {
    "cores": 2,
    "cpu": "Some CPU",
    "torch": "2.13.0",
    "commit": "abc1234",
    "date": "2026-11-25",
}


def written(path: Path, document: Mapping[str, object], kind: str = MAIN_KIND) -> Path:
    """Write a record; answer its path without the kind of CPU."""
    of_kind(path, kind).write_text(
        json.dumps({"circumstances": PLACE, **document}), encoding="utf-8"
    )
    return path


def row(callers: int, server: str, rate: float | None, errors: int = 0) -> dict[str, object]:
    wait = None if rate is None else 10 / rate
    return {
        "callers": callers,
        "server": server,
        "n": 8,
        "errors": errors,
        "audio_s_per_s": rate,
        "p50_s": wait,
        "p95_s": wait,
    }


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    rows = [
        row(1, "ours", 3.0), row(1, "status quo", 2.0), row(1, "padded", 2.5),
        row(16, "ours", 5.0), row(16, "status quo", 2.5), row(16, "padded", None, errors=8),
    ]  # fmt: skip
    company = {
        "ours": {"texts": 8, "median": 2.7e-4, "worst": 6e-4},
        "padded": {"texts": 8, "median": 0.49, "worst": 0.6},
    }
    return written(
        tmp_path / "serving.json",
        {
            "load": {"model": "f5_fr", "steps": 16, "workers": 2},
            "rows": rows,
            "in_company": company,
        },
    )


def test_nothing_recorded_is_said(tmp_path: Path) -> None:
    told = speed_table(tmp_path / "none.json", tmp_path / "none.json", tmp_path / "none.json")

    assert told.startswith("Not yet recorded: `make bench-serving RECORD=1`")


def test_each_number_of_callers_is_a_row_with_its_failures(serving: Path, tmp_path: Path) -> None:
    told = speed_table(serving, tmp_path / "none.json", tmp_path / "none.json")

    assert "| 1 | 3.00 | 2.00 | 2.50 | 3.3 s, 3.3 s | 5.0 s, 5.0 s |" in told
    assert "| 16 | 5.00 | 2.50 | -, 8 of 8 failed | 2.0 s, 2.0 s | 4.0 s, 4.0 s |" in told
    assert "relative L2 of mels: up to 0.60, ours up to 6e-04" in told
    assert "abc1234" in told
    assert "In process" not in told


def test_bfloat16_is_shown_where_it_was_measured(serving: Path, tmp_path: Path) -> None:
    first = of_kind(serving, MAIN_KIND)
    record = json.loads(first.read_text(encoding="utf-8"))
    record["rows"] += [row(1, "ours, bfloat16", 6.0), row(16, "ours, bfloat16", 10.0)]
    first.write_text(json.dumps(record), encoding="utf-8")

    told = speed_table(serving, tmp_path / "none.json", tmp_path / "none.json")

    assert "| 1 | 3.00 | 6.00 | 2.00 | 2.50 | 3.3 s, 3.3 s | 1.7 s, 1.7 s | 5.0 s, 5.0 s |" in told
    assert "`DTYPE=auto`" in told


def test_another_kind_of_cpu_is_told_in_a_sentence(serving: Path, tmp_path: Path) -> None:
    rows = [
        row(1, "ours", 2.0), row(1, "status quo", 1.4),
        row(16, "ours", 2.5), row(16, "status quo", None, errors=8),
    ]  # fmt: skip
    written(serving, {"rows": rows}, "avx2")

    told = speed_table(serving, tmp_path / "none.json", tmp_path / "none.json")

    assert (
        "On 2 cores of Some CPU, with AVX2 and no AVX-512, ours in float32 and the status quo speak so many seconds of "
        "speech a second: 2.00 and 1.40 with one caller, 2.50 and -, 8 of 8 failed with sixteen ("
        in told
    )


def test_engine_and_overhead_are_told_where_they_are_recorded(
    serving: Path, tmp_path: Path
) -> None:
    cells = [
        {"valid": valid, "cpu_ratio": {"median": ratio}}
        for valid, ratio in ((True, 1.5), (True, 1.6), (True, 1.7), (True, 1.8), (False, 9.0))
    ]
    engine = written(
        tmp_path / "engine.json", {"models": [{"name": "demo", "dtype": "float32", "cells": cells}]}
    )
    rows = [
        {"way": "model", "cost_ms": 0, "callers": 1, "added_p50_ms": 7.0},
        {"way": "router", "cost_ms": 0, "callers": 1, "added_p50_ms": 13.6},
    ]
    overhead = written(tmp_path / "overhead.json", {"rows": rows})

    told = speed_table(serving, engine, overhead)

    assert "as upstream's (median of the cells): 1.65 (demo, float32)" in told
    assert "add 14 ms (p50)" in told
