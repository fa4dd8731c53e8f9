"""A benchmark that is run again is held against its record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtests.bench import engine, overhead, schedules, serving
from loadtests.bench.band import (
    band,
    beside_record,
    engine_ratios,
    keep,
    overhead_ratios,
    schedule_ratios,
    serving_ratios,
)
from loadtests.bench.common import Spread
from loadtests.bench.contestants import OURS, PADDED, STATUS_QUO
from loadtests.bench.schedules import BATCHES
from scripts.cpu import KINDS, cpu_kind, of_kind

TOLD = {"cpu": "A CPU", "commit": "abc1234", "date": "2026-11-29", "uncommitted_changes": False}


def engine_result(*medians: float, valid: bool = True) -> dict[str, Any]:
    cells = [
        {
            "steps": 7,
            "batch": batch,
            "valid": valid,
            "cpu_ratio": {"median": median, "least": median - 0.1, "most": median + 0.1},
        }
        for batch, median in enumerate(medians, 1)
    ]
    return {"circumstances": TOLD, "models": [{"name": "demo", "dtype": "float32", "cells": cells}]}


def serving_result(**throughput: float) -> dict[str, Any]:
    names = {"ours": OURS, "padded": PADDED, "status_quo": STATUS_QUO}
    rows = [
        {"callers": 8, "server": names[name], "errors": 0, "audio_s_per_s": figure}
        for name, figure in throughput.items()
    ]
    return {"circumstances": TOLD, "rows": rows}


def written(folder: Path, result: dict[str, Any]) -> Path:
    path = folder / "record.json"
    path.write_text(json.dumps(result), encoding="utf-8")
    return path


def test_a_range_of_repeats_is_widened_by_less_than_one_figure() -> None:
    assert band(Spread(median=2.0, least=1.0, most=3.0)) == pytest.approx((0.9, 3.3))
    assert band(Spread(median=2.0, least=2.0, most=2.0)) == pytest.approx((1.6, 2.4))


def test_ratios_within_the_band_are_counted_and_others_are_marked(tmp_path: Path) -> None:
    record = written(tmp_path, engine_result(1.5, 1.5))

    lines = beside_record(record, engine_result(1.6, 3.0), engine_ratios)

    assert lines[0] == "beside the record (A CPU, commit abc1234, 2026-11-29):"
    assert "batch 1: 1.60x, recorded 1.50x, band 1.26 to 1.76" in lines[1]
    assert ["OUTSIDE" in line for line in lines[1:3]] == [False, True]
    assert lines[-1] == "1 of 2 ratios lie within the recorded band"


def test_what_was_not_measured_now_is_told(tmp_path: Path) -> None:
    record = written(tmp_path, engine_result(1.5, 1.5))

    lines = beside_record(record, engine_result(1.5), engine_ratios)

    assert lines[-1].endswith(
        "1 of 1 ratios lie within the recorded band; 1 recorded ratios were not measured"
    )


def test_a_void_cell_has_no_ratio() -> None:
    assert engine_ratios(engine_result(1.5, valid=False)) == {}


def test_servers_are_held_against_the_status_quo() -> None:
    ratios = serving_ratios(serving_result(ours=6.0, padded=3.0, status_quo=2.0), STATUS_QUO)

    assert {name: ratio.median for name, ratio in ratios.items()} == {
        f"{OURS}, 8 callers": 3.0,
        f"{PADDED}, 8 callers": 1.5,
    }


def test_a_server_that_had_errors_has_no_ratio() -> None:
    failed = serving_result(ours=6.0, status_quo=2.0)
    failed["rows"][0]["errors"] = 1

    assert serving_ratios(failed, STATUS_QUO) == {}


def test_without_a_record_nothing_is_told(tmp_path: Path) -> None:
    assert beside_record(tmp_path / "none.json", engine_result(1.5), engine_ratios) == []


def test_the_routers_share_of_the_servers_cost_is_told_by_callers() -> None:
    rows = [
        {"way": way, "cost_ms": 0, "callers": 8, "added_p50_ms": added_ms}
        for way, added_ms in (("model", 20.0), ("router", 50.0))
    ]

    assert overhead_ratios({"rows": rows}) == {
        "router beside model, 0 ms a batch, 8 callers": Spread.of([2.5])
    }


def test_schedules_are_held_against_batches_by_mean_and_p95() -> None:
    rows = [
        {"load": "8 callers", "schedule": schedule, "mean_s": mean_s, "p95_s": p95_s}
        for schedule, mean_s, p95_s in ((BATCHES, 2.0, 4.0), ("step by step", 1.0, 6.0))
    ]

    ratios = schedule_ratios({"rows": rows}, BATCHES)

    assert {name: ratio.median for name, ratio in ratios.items()} == {
        "step by step, 8 callers, mean": 0.5,
        "step by step, 8 callers, p95": 1.5,
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "records"


def kept(
    folder: Path, result: dict[str, Any], *, recorded: bool = False, compared: bool = True
) -> Path:
    return keep(
        folder / "bench.json",
        result,
        measured=TOLD,
        recorded=recorded,
        compared=compared,
        ratios_of=engine_ratios,
    )


def test_a_record_is_kept_for_the_kind_of_cpu_it_was_made_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"models": engine_result(1.5)["models"]}

    assert kept(here, result, recorded=True) == here / f"bench.{cpu_kind()}.json"
    assert json.loads((here / f"bench.{cpu_kind()}.json").read_text())["circumstances"] == TOLD
    assert "ratios lie" not in capsys.readouterr().out


def test_a_run_that_is_not_to_be_the_record_lies_elsewhere_and_is_held_against_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"models": engine_result(1.5)["models"]}
    record = kept(here, result, recorded=True)
    before = record.read_bytes()

    path = kept(here, {"models": engine_result(2.5)["models"]})

    assert path == Path("out/bench") / record.name
    assert path.is_file()
    assert record.read_bytes() == before
    assert "0 of 1 ratios lie within the recorded band" in capsys.readouterr().out


def test_where_this_kind_of_cpu_has_no_record_the_most_alike_is_taken(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = next(kind for kind in KINDS if kind != cpu_kind())
    record = of_kind(here / "bench.json", other)
    record.parent.mkdir()
    record.write_text(json.dumps(engine_result(1.5)), encoding="utf-8")

    kept(here, {"models": engine_result(1.5)["models"]})

    told = capsys.readouterr().out
    assert f"A CPU, {KINDS[other]}, which this CPU is not" in told
    assert "1 of 1 ratios" in told


def test_what_is_not_comparable_is_not_compared(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"models": engine_result(1.5)["models"]}
    kept(here, result, recorded=True)

    kept(here, result, compared=False)

    assert "beside the record" not in capsys.readouterr().out


def ratios_of_serving(result: Any) -> dict[str, Spread]:
    return serving_ratios(result, STATUS_QUO)


def ratios_of_schedules(result: Any) -> dict[str, Spread]:
    return schedule_ratios(result, BATCHES)


@pytest.mark.parametrize(
    ("record", "ratios_of"),
    [
        (path, ratios_of)
        for record, ratios_of in (
            (engine.RECORD, engine_ratios),
            (overhead.RECORD, overhead_ratios),
            (schedules.RECORD, ratios_of_schedules),
            (serving.RECORD, ratios_of_serving),
        )
        for path in (of_kind(record, kind) for kind in KINDS)
        if path.is_file()
    ],
)
def test_the_records_of_this_repository_agree_with_themselves(
    record: Path, ratios_of: Callable[[Any], dict[str, Spread]]
) -> None:
    told = beside_record(record, json.loads(record.read_text(encoding="utf-8")), ratios_of)

    assert len(told) > 6
    assert not [line for line in told if "OUTSIDE" in line or "not measured" in line]
