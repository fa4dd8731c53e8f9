"""Tables of the benchmarks in ``docs/performance.md``, made from what they recorded; or that nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.cpu import KINDS, MAIN_KIND, of_kind, other_kinds
from scripts.record import commit_and_date

ENGINE: Final = Path("loadtests/results/bench_engine.json")
"""With the kind of the CPU before its suffix."""
GPU: Final = Path("loadtests/results/bench_gpu.json")
NOT_RECORDED: Final = "Not yet recorded: `{command}` makes this table."
NOWHERE_ELSE: Final = (
    "Recorded on no other kind of CPU yet: `{command}` on one adds its table here."
)


def elsewhere(title: str, path: Path, table: Callable[[Path, str], str], command: str) -> str:
    """Answer the tables of other kinds of CPU than the first in Markdown, a heading each.

    Args:
        title: What is measured, for the headings.
        path: The record, without the kind of CPU in its name.
        table: Makes one of them, of that path and a kind.
        command: Makes the record.
    """
    parts = [
        f"#### {title} on a CPU {KINDS[kind]}\n\n{table(path, kind)}"
        for kind, _ in other_kinds(path)
    ]
    return "\n\n".join(parts) or NOWHERE_ELSE.format(command=command)


def engine_table(told: Path = ENGINE, kind: str = MAIN_KIND) -> str:
    """Answer the engine's tables in Markdown.

    Args:
        told: The record, without the kind of CPU in its name.
        kind: Of the CPU that it was made on.
    """
    path = of_kind(told, kind)
    record = read_result(path)
    if record is None:
        return NOT_RECORDED.format(command="make bench-engine RECORD=1")
    parts = [
        *(line for model in record["models"] for line in _model(model)),
        *_levers(record["levers"]),
        *_shares(record["where_time_goes"]),
        *_memory(record["memory"]),
        _engine_remark(record, path),
    ]
    return "\n".join(parts)


def gpu_table(path: Path = GPU) -> str:
    """Answer the GPU's table in Markdown."""
    record = read_result(path)
    if record is None:
        return NOT_RECORDED.format(command="make bench-gpu RECORD=1")
    errors = "; ".join(
        f"{dtype} {max(by_steps.values()):.1e}"
        for dtype, by_steps in record["mel_rel_l2_to_float32"].items()
    )
    ceilings = ", ".join(
        f"{dtype} {value / 1e12:.0f} TFLOP/s" for dtype, value in record["ceiling_flops"].items()
    )
    left_out = f" Left out: {'; '.join(record['left_out'])}." * bool(record["left_out"])
    return "\n".join(
        [
            "| dtype | graphs | steps | batch | latency | RTF | seconds of speech a second | of the ceiling |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *(_gpu_row(cell) for cell in record["cells"]),
            "",
            f"Full size (random weights), 6 s of reference and 6 s of speech, on {record['gpu']['name']}, CUDA "
            f"{record['gpu']['cuda']}, {where_measured(record)}. Median of {record['n']} runs by CUDA events "
            f"after one that is not counted. Ceiling: a product of two large matrices ({ceilings}). Farthest mel "
            f"from float32's (relative L2): {errors}.{left_out} [Record](../{path.as_posix()}).",
        ]
    )


def read_result(path: Path) -> dict[str, Any] | None:
    """Answer a record; None where nothing was recorded yet."""
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _model(model: Mapping[str, Any]) -> list[str]:
    return [
        f"**{model['name']}**, {model['dtype']}, {model['n']} repeats:",
        "",
        "| steps | batch | processor time: upstream's by ours | wall clock | ours: CPU s / audio s | upstream's "
        "| ours: audio s / s | mel, rel. L2 | upstream's own batch: mel |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_row(cell, model["upstream_padded"]) for cell in model["cells"]),
        "",
    ]


def _row(cell: Mapping[str, Any], padded: list[Mapping[str, Any]]) -> str:
    same = [one for one in padded if (one["steps"], one["batch"]) == (cell["steps"], cell["batch"])]
    wrong = "".join(
        f"{one['mel_rel_l2']:.1e}" + ("" if one["valid"] else " (void)") for one in same
    )
    ours, upstream = cell["ours"], cell["upstream"]
    # Upstream's own speed stands: it says what it should, whatever ours does.
    ratio, wall, cost, rate = (
        told if cell["valid"] else "void"
        for told in (
            _spread(cell["cpu_ratio"]),
            _spread(cell["wall_ratio"]),
            f"{ours['cpu_s_per_audio_s']['median']:.3g}",
            f"{ours['audio_s_per_s']['median']:.3g}",
        )
    )
    return (
        f"| {cell['steps']} | {cell['batch']} | {ratio} | {wall} "
        f"| {cost} | {upstream['cpu_s_per_audio_s']['median']:.3g} "
        f"| {rate} | {cell['mel_rel_l2']:.1e} | {wrong or '-'} |"
    )


def _levers(levers: list[Mapping[str, Any]]) -> list[str]:
    return [
        "One thing done otherwise, by the engine as it is (above 1: the engine is right to do it its way); what names "
        "bfloat16 first, by the engine in bfloat16:",
        "",
        "| done otherwise | processor time | wall clock | mel, rel. L2 |",
        "| --- | --- | --- | --- |",
        *(
            f"| {lever['name']} | {_spread(lever['cpu_ratio'])} | {_spread(lever['wall_ratio'])} "
            f"| {lever['mel_rel_l2']:.1e} |"
            for lever in levers
        ),
        "",
    ]


def _shares(shares: Mapping[str, Mapping[str, float]]) -> list[str]:
    kinds = list(next(iter(shares.values())))
    return [
        "| pieces | " + " | ".join(kinds) + " |",
        "| --- |" + " --- |" * len(kinds),
        *(
            f"| {size} | " + " | ".join(f"{share.get(kind, 0.0):.0%}" for kind in kinds) + " |"
            for size, share in shares.items()
        ),
        "",
    ]


def _memory(memory: Mapping[str, Any]) -> list[str]:
    return [
        "| process | grown by, MB | peak, MB |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {(side['after_bytes'] - side['before_bytes']) / 1e6:.0f} | {side['peak_bytes'] / 1e6:.0f} |"
            for name, side in memory["sides"].items()
        ),
        "",
        _what_grew(memory["sides"]),
        "",
    ]


def _what_grew(sides: Mapping[str, Mapping[str, Any]]) -> str:
    """Answer what is in the figures of memory: a record tells which imports are, and an older one does not."""
    peak = "The peak is that of the whole process, all imports included."
    if not all("imported_late" in side for side in sides.values()):
        return (
            "Grown by: since before the weights were loaded. When this was recorded, upstream's side imported f5-tts, "
            "vocos and what they need only after that, and ours had imported all it needs before: upstream's figure "
            f"holds imports, and ours none, so the two are not alike. {peak}"
        )
    late = "".join(
        f" That of *{name}* holds the import of {', '.join(side['imported_late'])}."
        for name, side in sides.items()
        if side["imported_late"]
    )
    return f"Grown by: since all was imported, before the weights were loaded.{late} {peak}"


def _engine_remark(record: Mapping[str, Any], path: Path) -> str:
    padding = record["padding"]
    return (
        f"{record['load']['pieces']} pieces of the trace `{record['load']['trace']}`, seed {record['load']['seed']}, "
        f"{record['threads']} thread(s) on either side, guidance on; medians, ranges in brackets. Padding on the "
        f"trace, in batches of {padding['batch_size']} with a budget of {padding['max_batch_frames']} frames: "
        f"{padding['share']['cpu']:.1%} of the frames on a CPU, {padding['share']['cuda']:.1%} on a GPU. "
        f"{where_measured(record)[0].upper()}{where_measured(record)[1:]}, f5-tts {record['versions']['f5-tts']}. "
        f"[Record](../{path.as_posix()})."
    )


def _gpu_row(cell: Mapping[str, Any]) -> str:
    return (
        f"| {cell['dtype']} | {'yes' if cell['graphs'] else 'no'} | {cell['steps']} | {cell['batch']} "
        f"| {cell['latency_s']['median'] * 1000:.1f} ms | {cell['rtf']:.4f} | {cell['audio_s_per_gpu_s']:.0f} "
        f"| {cell['ceiling_share']:.0%} |"
    )


def where_measured(record: Mapping[str, Any]) -> str:
    """Answer on what, and of which commit, a record was made."""
    told = record["circumstances"]
    return f"measured on {told['cores']} cores of {told['cpu']}, torch {told['torch']}, {commit_and_date(told)}"


def _spread(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.2f}x ({spread['least']:.2f} to {spread['most']:.2f})"
