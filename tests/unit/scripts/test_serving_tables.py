"""The tables of docs/performance.md about the server as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from scripts.bench_tables import elsewhere
from scripts.cpu import MAIN_KIND, of_kind
from scripts.serving_tables import overhead_table, serving_table

PLACE = {
    "cores": 2,
    "cpu": "Some CPU",
    "torch": "2.13.0",
    "commit": "abc1234",
    "date": "2026-11-25",
}
LOAD = {"model": "f5_fr", "workers": 2, "steps": 16, "seed": 12, "rounds": 2}
COMPANY = {"ours": {"texts": 8, "median": 2e-4, "worst": 5e-4}}


def written(folder: Path, document: Mapping[str, object], kind: str = MAIN_KIND) -> Path:
    """Write a record; answer its path without the kind of CPU."""
    path = folder / "record.json"
    of_kind(path, kind).write_text(
        json.dumps({"circumstances": PLACE, **document}), encoding="utf-8"
    )
    return path


def elsewhere_tables(path: Path) -> str:
    return elsewhere("End to end", path, serving_table, "make bench-serving RECORD=1")


def serving_record(load: Mapping[str, object], **fields: object) -> dict[str, object]:
    return {
        "load": {**LOAD, **load}, "over_status_quo": {}, "in_company": COMPANY, "rows": [], **fields
    }  # fmt: skip


def test_the_warm_up_is_told_as_it_was_recorded(tmp_path: Path) -> None:
    told = serving_table(written(tmp_path, serving_record({"warm_up_texts": 40})))

    assert "each server said each of the 40 texts" in told
    assert "requests to warm up" not in told
    assert "Before each load" not in told


def test_that_a_server_was_woken_before_each_load_is_told(tmp_path: Path) -> None:
    load = {"warm_up_texts": 40, "woken_by": 4}

    told = serving_table(written(tmp_path, serving_record(load)))

    assert "Before each load the server was asked for 4 texts at once" in told


def test_of_an_older_record_it_is_told_that_ours_had_been_asked_for_more(tmp_path: Path) -> None:
    told = serving_table(written(tmp_path, serving_record({"warm_up_requests": 2})))

    assert "each server had 2 requests to warm up" in told
    assert "ours had in addition said every text" in told
    assert "each but the status quo 8 texts twice" in told


def test_each_other_kind_of_cpu_has_a_heading_and_a_picture_of_its_own(tmp_path: Path) -> None:
    record = written(tmp_path, serving_record({"warm_up_texts": 40}))
    for kind in ("avx512", "avx2"):
        written(tmp_path, serving_record({"warm_up_texts": 40}), kind)

    told = elsewhere_tables(record)

    headings = [line for line in told.splitlines() if line.startswith("#")]
    assert headings == [
        "#### End to end on a CPU with AVX-512 and no AMX",
        "#### End to end on a CPU with AVX2 and no AVX-512",
    ]
    assert "(images/serving.avx2.png)" in told
    assert "(images/serving.amx.png)" not in told
    assert "record.avx512.json)" in told
    assert "record.amx.json)" not in told


def test_with_a_record_of_the_first_kind_alone_it_is_told_how_to_make_another(
    tmp_path: Path,
) -> None:
    record = written(tmp_path, serving_record({"warm_up_texts": 40}))

    assert "no other kind of CPU yet: `make bench-serving RECORD=1`" in elsewhere_tables(record)


def test_the_peers_versions_are_told_where_they_are_recorded(tmp_path: Path) -> None:
    record = serving_record({"warm_up_texts": 40}, versions={"f5-tts": "1.1.22", "litserve": "0.2"})

    assert "f5-tts 1.1.22, litserve 0.2, measured on" in serving_table(written(tmp_path, record))


def test_the_cost_of_the_server_is_told_with_its_errors(tmp_path: Path) -> None:
    row = {
        "way": "router", "cost_ms": 50, "callers": 8, "n": 800, "errors": 3, "added_p50_ms": 101.1,
        "added_p95_ms": 118.2, "requests_per_s": 52.4,
    }  # fmt: skip

    told = overhead_table(written(tmp_path, {"rows": [row]})).splitlines()

    assert told[0].startswith(
        "| asked | model's own time a batch | callers | n | errors | added, p50 |"
    )
    assert told[0].count("|") == told[1].count("|")
    assert told[2] == "| router | 50 ms | 8 | 800 | 3 | 101 ms | 118 ms | 52 |"
