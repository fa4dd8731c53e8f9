"""The tables of docs/performance.md say what the benchmarks recorded, or that nothing is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from loadtests.bench import gpu
from loadtests.bench.cells import Cell, PaddedCell, Speed
from loadtests.bench.common import Spread
from loadtests.bench.levers import Lever
from scripts.bench_tables import engine_table, gpu_table
from scripts.cpu import MAIN_KIND, of_kind
from scripts.readme import bench_blocks, with_block

PLACE = {
    "cores": 2,
    "cpu": "Some CPU",
    "torch": "2.13.0",
    "commit": "abc1234",
    "date": "2026-11-25",
}
SPREAD = Spread(median=1.5, least=1.4, most=1.75)
SIDE = {"before_bytes": 200_000_000, "after_bytes": 900_000_000, "peak_bytes": 1_000_000_000}
SPEED = Speed(cpu_s_per_audio_s=SPREAD, audio_s_per_s=SPREAD)


def cell(*, batch: int, valid: bool) -> Cell:
    return Cell(
        steps=7,
        batch=batch,
        audio_s=2.0,
        frames=(300,) * batch,
        mel_rel_l2=1.1e-6,
        alone_rel_l2=5e-7,
        valid=valid,
        ours=SPEED,
        upstream=SPEED,
        cpu_ratio=SPREAD,
        wall_ratio=SPREAD,
    )


def written(folder: Path, document: Mapping[str, object]) -> Path:
    path = folder / "record.json"
    path.write_text(json.dumps({"circumstances": PLACE, **document}), encoding="utf-8")
    return path


def engine_written(folder: Path, document: Mapping[str, object]) -> Path:
    """Write a record of the first kind of CPU; answer its path without the kind."""
    path = written(folder, document)
    path.rename(of_kind(path, MAIN_KIND))
    return path


def engine_record() -> dict[str, object]:
    padded = PaddedCell(steps=7, batch=2, mel_rel_l2=0.23, valid=False, upstream=SPEED)
    lever = Lever(name="bfloat16", mel_rel_l2=0.018, cpu_ratio=SPREAD, wall_ratio=SPREAD)
    return {
        "load": {"pieces": 45, "trace": "texts.txt", "seed": 1},
        "versions": {"f5-tts": "1.1.22"},
        "threads": 1,
        "models": [
            {
                "name": "demo",
                "dtype": "float32",
                "n": 5,
                "cells": [
                    dataclasses.asdict(cell(batch=1, valid=True)),
                    dataclasses.asdict(cell(batch=2, valid=False)),
                ],
                "upstream_padded": [dataclasses.asdict(padded)],
            }
        ],
        "levers": [dataclasses.asdict(lever)],
        "where_time_goes": {
            "1": {"attention": 0.25, "linear layers": 0.75},
            "4": {"linear layers": 1.0},
        },
        "memory": {"sides": {"full size": SIDE}},
        "padding": {
            "batch_size": 4,
            "max_batch_frames": 4096,
            "share": {"cpu": 0.009, "cuda": 0.197},
        },
    }


def test_what_is_not_recorded_is_said_with_the_command(tmp_path: Path) -> None:
    assert "make bench-engine RECORD=1" in engine_table(tmp_path / "none.json")
    assert "make bench-gpu RECORD=1" in gpu_table(tmp_path / "none.json")


def test_the_engines_tables_hold_ratios_errors_levers_and_memory(tmp_path: Path) -> None:
    told = engine_table(engine_written(tmp_path, engine_record()))

    assert "| 7 | 1 | 1.50x (1.40 to 1.75) | 1.50x (1.40 to 1.75) | 1.5 | 1.5 | 1.5 |" in told
    assert "| bfloat16 | 1.50x (1.40 to 1.75) | 1.50x (1.40 to 1.75) | 1.8e-02 |" in told
    assert "| 4 | 0% | 100% |" in told
    assert "| full size | 700 | 1000 |" in told
    assert "0.9% of the frames on a CPU, 19.7% on a GPU" in told
    assert "Measured on 2 cores of Some CPU" in told


def test_a_void_cell_shows_no_speed_and_upstreams_own_batch_its_error(tmp_path: Path) -> None:
    told = engine_table(engine_written(tmp_path, engine_record()))

    (row,) = [line for line in told.splitlines() if line.startswith("| 7 | 2 ")]
    assert row == "| 7 | 2 | void | void | void | 1.5 | void | 1.1e-06 | 2.3e-01 (void) |"


def test_an_older_record_of_memory_is_said_to_hold_upstreams_imports(tmp_path: Path) -> None:
    told = engine_table(engine_written(tmp_path, engine_record()))

    assert "upstream's figure holds imports, and ours none" in told


def test_of_a_newer_record_of_memory_only_what_was_imported_late_is_told(tmp_path: Path) -> None:
    record = engine_record()
    sides = {
        "ours": {**SIDE, "imported_late": []},
        "upstream": {**SIDE, "imported_late": ["vocos"]},
    }

    late = engine_table(engine_written(tmp_path, {**record, "memory": {"sides": sides}}))
    fine = engine_table(
        engine_written(tmp_path, {**record, "memory": {"sides": {"ours": sides["ours"]}}})
    )

    assert "since all was imported" in late
    assert "That of *upstream* holds the import of vocos." in late
    assert "since all was imported" in fine
    assert "holds" not in fine


def test_the_gpus_table_holds_every_cell_and_what_was_left_out(tmp_path: Path) -> None:
    made = gpu.Cell(
        dtype="float16",
        graphs=True,
        steps=7,
        batch=1,
        latency_s=SPREAD,
        rtf=0.25,
        audio_s_per_gpu_s=4.0,
        ceiling_share=0.4,
    )
    record = {
        "gpu": {"name": "Some GPU", "cuda": "13.0"},
        "n": 5,
        "mel_rel_l2_to_float32": {"float16": {"7": 0.001, "16": 0.002}},
        "ceiling_flops": {"float16": 7e14},
        "cells": [dataclasses.asdict(made)],
        "left_out": ["float16, plain, 32 steps, batch 32: no time"],
    }

    told = gpu_table(written(tmp_path, record))

    assert "| float16 | yes | 7 | 1 | 1500.0 ms | 0.2500 | 4 | 40% |" in told
    assert "Left out: float16, plain, 32 steps, batch 32: no time." in told
    assert "float16 700 TFLOP/s" in told
    assert "float16 2.0e-03" in told


def test_the_page_has_a_place_for_every_table() -> None:
    for block in bench_blocks():
        assert block.content in with_block(block.path.read_text(encoding="utf-8"), block)
