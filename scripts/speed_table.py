"""The README's table of speed: ours beside other ways to serve the same checkpoint, from what was recorded."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.bench_tables import ENGINE, NOT_RECORDED, read_result, where_measured
from scripts.cpu import KINDS, MAIN_KIND, of_kind, other_kinds
from scripts.serving_tables import OURS, OVERHEAD, PICTURE, SERVING, STATUS_QUO

PADDED: Final = "padded"
HALF: Final = "ours, bfloat16"
PAGE: Final = "docs/performance.md"


def speed_table(serving: Path = SERVING, engine: Path = ENGINE, overhead: Path = OVERHEAD) -> str:
    """Answer the table and what is to be known about it in Markdown.

    Args:
        serving: The record of the comparison, without the kind of CPU in its name, as of the others.
        engine: The engine's.
        overhead: That of the server's own cost.
    """
    first = of_kind(serving, MAIN_KIND)
    record = read_result(first)
    if record is None:
        return NOT_RECORDED.format(command="make bench-serving RECORD=1")
    rows = {(row["callers"], row["server"]): row for row in record["rows"]}
    callers = sorted({count for count, _ in rows})
    # Where the CPU has no units for it, bfloat16 is not measured.
    ours = [name for name in (OURS, HALF) if (callers[0], name) in rows]
    shown = [*ours, STATUS_QUO]
    return "\n".join(
        [
            f"| callers | seconds of speech a second: {' | '.join(shown)} | batches padded without a mask "
            f"| p50, p95: {' | '.join(shown)} |",
            "| --- |" + " --- |" * (2 * len(shown) + 1),
            *(_row(count, rows, shown) for count in callers),
            "",
            f"Demo model `{record['load']['model']}`, {record['load']['steps']} steps, ours with this model alone and "
            f"`WORKERS={record['load']['workers']}`, {where_measured(record)} "
            f"([record]({first.as_posix()})). Status quo: f5-tts behind FastAPI, a request a thread. Padded: "
            f"LitServe; {_wrong(record['in_company'])}. {_half(ours)}{_engine(engine)}{_overhead(overhead)}"
            f"{_elsewhere(serving)}[All figures, what they mean, and how to choose]({PAGE}).",
            "",
            f"![seconds of speech a second, and p95, by callers]({of_kind(PICTURE, MAIN_KIND).as_posix()})",
        ]
    )


def _row(
    callers: int, rows: Mapping[tuple[int, str], Mapping[str, Any]], shown: Sequence[str]
) -> str:
    own = [rows[callers, name] for name in shown]
    cells = [
        *(_rate(row) for row in own), _rate(rows[callers, PADDED]), *(_waits(row) for row in own)
    ]  # fmt: skip
    return f"| {callers} | {' | '.join(cells)} |"


def _half(ours: Sequence[str]) -> str:
    if HALF not in ours:
        return ""
    return (
        f"bfloat16: the same server with `DTYPE=auto`, on a CPU that has AMX "
        f"([what that changes]({PAGE}#bfloat16-on-a-cpu)). "
    )


def _elsewhere(serving: Path) -> str:
    return "".join(_beside_status_quo(kind, path) for kind, path in other_kinds(serving))


def _beside_status_quo(kind: str, path: Path) -> str:
    """Answer what is left of the comparison on another kind of CPU, in a sentence."""
    record = read_result(path) or {}
    told = record["circumstances"]
    rows = {(row["callers"], row["server"]): row for row in record["rows"]}
    rates = ", ".join(
        f"{_rate(rows[callers, OURS])} and {_rate(rows[callers, STATUS_QUO])} with {word}"
        for callers, word in ((1, "one caller"), (16, "sixteen"))
    )
    return (
        f"On {told['cores']} cores of {told['cpu']}, {KINDS[kind]}, ours in float32 and the status quo speak so many "
        f"seconds of speech a second: {rates} "
        f"([record]({path.as_posix()})). "
    )


def _rate(row: Mapping[str, Any]) -> str:
    errors = f", {row['errors']} of {row['n']} failed" if row["errors"] else ""
    return ("-" if row["audio_s_per_s"] is None else f"{row['audio_s_per_s']:.2f}") + errors


def _waits(row: Mapping[str, Any]) -> str:
    return ", ".join(
        "-" if row[name] is None else f"{row[name]:.1f} s" for name in ("p50_s", "p95_s")
    )


def _wrong(in_company: Mapping[str, Mapping[str, float]]) -> str:
    return (
        "what it says in a batch is not what it says alone (relative L2 of mels: up to "
        f"{in_company[PADDED]['worst']:.2f}, ours up to {in_company[OURS]['worst']:.0e})"
    )


def _engine(told: Path) -> str:
    path = of_kind(told, MAIN_KIND)
    record = read_result(path)
    if record is None:
        return ""
    by_model = ", ".join(
        f"{_middle(model['cells'])} ({model['name']}, {model['dtype']})"
        for model in record["models"]
    )
    return (
        "In process, for the same processor time, the engine speaks this many times as much as upstream's (median of "
        f"the cells): {by_model} ([record]({path.as_posix()})). "
    )


def _middle(cells: Sequence[Mapping[str, Any]]) -> str:
    ratios = [cell["cpu_ratio"]["median"] for cell in cells if cell["valid"]]
    return f"{statistics.median(ratios):.2f}" if ratios else "-"


def _overhead(told: Path) -> str:
    path = of_kind(told, MAIN_KIND)
    record = read_result(path)
    if record is None:
        return ""
    one = next(
        row for row in record["rows"]
        if (row["way"], row["cost_ms"], row["callers"]) == ("router", 0, 1)
    )  # fmt: skip
    added_ms = one["added_p50_ms"]
    return f"Router and TorchServe add {added_ms:.0f} ms (p50) for one caller ([record]({path.as_posix()})). "
