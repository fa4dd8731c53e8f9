"""Where a benchmark's result goes, and whether one that is run again finds the ratios of its record.

Times differ from machine to machine and from minute to minute; ratios of what ran in turn should not. A ratio agrees
with the record if it lies within what was recorded, widened by a margin: by less where the record has the range of
several repeats. Records are kept for each kind of CPU: one has units for what another computes step by step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from loadtests.bench.common import OUT, Spread
from scripts.cpu import KINDS, cpu_kind, nearest, of_kind
from scripts.record import commit_and_date, write_record

OF_REPEATS: Final = 0.10
OF_ONE: Final = 0.20
"""By what share the band is wider than what was recorded: a range, or one figure."""

Ratios = Mapping[str, Spread]


def engine_ratios(result: Mapping[str, Any]) -> dict[str, Spread]:
    """Answer how many times upstream's speed ours has, by model, precision, steps and batch."""
    return {
        f"{part['name']}, {part['dtype']}, {cell['steps']} steps, batch {cell['batch']}": Spread(
            **cell["cpu_ratio"]
        )
        for part in result["models"]
        for cell in part["cells"]
        if cell["valid"]
    }


def serving_ratios(result: Mapping[str, Any], status_quo: str) -> dict[str, Spread]:
    """Answer how many times the status quo's throughput each other server has, by callers."""
    rows = [row for row in result["rows"] if not row["errors"] and row["audio_s_per_s"]]
    usual = {row["callers"]: row["audio_s_per_s"] for row in rows if row["server"] == status_quo}
    ratios = {
        f"{row['server']}, {row['callers']} callers": row["audio_s_per_s"] / usual[row["callers"]]
        for row in rows
        if row["server"] != status_quo and row["callers"] in usual
    }
    return {name: Spread.of([ratio]) for name, ratio in ratios.items()}


def overhead_ratios(result: Mapping[str, Any]) -> dict[str, Spread]:
    """Answer how many times what a model adds is added by way of the router, by the model's time and callers."""
    added = {
        (row["cost_ms"], row["callers"], row["way"]): row["added_p50_ms"] for row in result["rows"]
    }
    return {
        f"router beside model, {cost_ms} ms a batch, {callers} callers": Spread.of(
            [added[cost_ms, callers, "router"] / added[cost_ms, callers, "model"]]
        )
        for cost_ms, callers, way in added
        if way == "model" and added[cost_ms, callers, way]
    }


def schedule_ratios(result: Mapping[str, Any], usual: str) -> dict[str, Spread]:
    """Answer how many times the mean and p95 of one schedule each other one has, by load."""
    rows = {(row["load"], row["schedule"]): row for row in result["rows"]}
    return {
        f"{schedule}, {load}, {name}": Spread.of(
            [row[f"{name}_s"] / rows[load, usual][f"{name}_s"]]
        )
        for (load, schedule), row in rows.items()
        if schedule != usual
        for name in ("mean", "p95")
    }


def band(recorded: Spread) -> tuple[float, float]:
    """Answer between which ratios a run agrees with a record."""
    margin = OF_REPEATS if recorded.least < recorded.most else OF_ONE
    return recorded.least * (1 - margin), recorded.most * (1 + margin)


def keep(
    record: Path,
    result: Mapping[str, Any],
    *,
    measured: Mapping[str, object],
    recorded: bool,
    compared: bool,
    ratios_of: Callable[[Mapping[str, Any]], Ratios],
) -> Path:
    """Write what was found as the record of this kind of CPU, or beside ``out/``'s other results.

    Args:
        record: The record's file, without the kind of CPU in its name.
        result: What was found.
        measured: The circumstances under which that began.
        recorded: Whether it is to be the record.
        compared: Whether, if it is not, it is printed beside the record of the CPU most like this one.
        ratios_of: Takes from a result what is compared.

    Returns:
        Where it was written.
    """
    own = of_kind(record, cpu_kind())
    path = own if recorded else OUT / own.name
    write_record(path, result, measured=measured)
    print(f"{record.stem}: written to {path}")
    if compared and not recorded:
        print("\n".join(beside_record(nearest(record, cpu_kind()), result, ratios_of)))
    return path


def beside_record(
    record: Path, now: Mapping[str, Any], ratios_of: Callable[[Mapping[str, Any]], Ratios]
) -> list[str]:
    """Answer lines that hold a run against its record; none where nothing is recorded.

    Args:
        record: The record's file.
        now: What was found now, as a record has it.
        ratios_of: Takes the ratios from either.
    """
    if not record.is_file():
        return []
    former = json.loads(record.read_text(encoding="utf-8"))
    recorded, found = ratios_of(former), ratios_of(now)
    told = former["circumstances"]
    there = told.get("cpu_kind") or next(
        (kind for kind in KINDS if f".{kind}." in record.name), None
    )
    other = f", {KINDS[there]}, which this CPU is not" if there not in {None, cpu_kind()} else ""
    lines = [f"beside the record ({told['cpu']}{other}, {commit_and_date(told)}):"]
    agreeing = 0
    both = [name for name in recorded if name in found]
    for name in both:
        least, most = band(recorded[name])
        ratio = found[name].median
        agrees = least <= ratio <= most
        agreeing += agrees
        lines.append(
            f"  {name}: {ratio:.2f}x, recorded {recorded[name].median:.2f}x,"
            f" band {least:.2f} to {most:.2f}{'' if agrees else '  OUTSIDE'}"
        )
    missing = len(recorded) - len(both)
    left_out = f"; {missing} recorded ratios were not measured" if missing else ""
    return [*lines, f"{agreeing} of {len(both)} ratios lie within the recorded band{left_out}"]
