"""Our engine against upstream's f5-tts, in process, on the same weights, pieces and noise.

    python -m loadtests.bench.engine [--trace texts.txt] [--record] [--quick]

Both sides run in turn, A B A B, so that ratios hold on a noisy machine. A cell in which a float32 mel of ours
differs from the same piece's alone is void. Where the CPU has units for it, both models are measured in bfloat16 as
well, against the same upstream; its mels have a limit of their own. The exit status is 1 if a cell of ours is.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Final

import torch

from f5serve.engine.precision import has_bfloat16_units
from f5serve.errors import ConfigurationError
from loadtests.bench.band import engine_ratios, keep
from loadtests.bench.cells import (
    HALF_MEL_LIMIT,
    MEL_LIMIT,
    Cell,
    PaddedCell,
    measure_cell,
    measure_padded,
    padding_share,
    warm_up,
)
from loadtests.bench.common import RESULTS, ROOT, options_of
from loadtests.bench.levers import measure_levers, where_time_goes
from loadtests.bench.material import SEED, TRACE, Material, demo, full_size
from loadtests.bench.memory import memory
from loadtests.bench.sides import Ours, Upstream
from scripts.launch import available_cores, worker_threads
from scripts.record import circumstances

RECORD: Final = RESULTS / "bench_engine.json"
"""With the kind of the CPU before its suffix."""
STEPS: Final = (7, 16, 32)
BATCHES: Final = (1, 2, 4, 8)
REPEATS: Final = 5
FULL_STEPS: Final = 7
FULL_BATCHES: Final = (1, 2)
FULL_REPEATS: Final = 2
HALF: Final = "bfloat16"
HALF_STEPS: Final = (16,)
LIMITS: Final = MappingProxyType({"float32": MEL_LIMIT, HALF: HALF_MEL_LIMIT})
SEVERAL: Final = 8
"""Language workers beside one another: on either side half of the cores, as a worker has when others compute too."""
WARM_UP: Final = "one piece at 7 steps by each side, then the pieces of each cell by each side, untimed, for their mels"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        steps: Schedules of the demo.
        batches: Sizes of its batches.
        repeats: How often each cell is timed.
        whole: Whether the full-size model and memory are measured as well.
    """

    steps: tuple[int, ...] = STEPS
    batches: tuple[int, ...] = BATCHES
    repeats: int = REPEATS
    whole: bool = True


QUICK: Final = Plan(steps=(7,), batches=(1, 2), repeats=2, whole=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="bench.engine", description=__doc__)
    parser.add_argument("--trace", type=Path, default=TRACE, help="texts, one a line")
    parser.add_argument(
        "--threads", type=int, default=0, help="of either side; by default half of the cores"
    )
    parser.add_argument(
        "--record", action="store_true", help="write the record of this kind of CPU"
    )
    parser.add_argument("--quick", action="store_true", help="a minute; too little to record")
    options = options_of(parser, argv)
    begun = circumstances()
    torch.set_num_threads(options.threads or worker_threads(available_cores(), SEVERAL))
    try:
        result = run(options.trace, QUICK if options.quick else Plan())
    except ConfigurationError as error:
        print(f"bench-engine: {error}", file=sys.stderr)
        return 2
    keep(
        RECORD,
        result,
        measured=begun,
        recorded=options.record,
        compared=not options.quick and options.trace == TRACE,
        ratios_of=engine_ratios,
    )
    void = [cell for part in result["models"] for cell in part["cells"] if not cell["valid"]]  # type: ignore[attr-defined]
    return 1 if void else 0


def run(trace: Path, chosen: Plan) -> dict[str, object]:
    """Measure everything, telling each cell as it comes.

    Raises:
        ConfigurationError: If a file is missing, a text of the trace cannot be spoken, or memory not be measured.
    """
    # First, for it is what depends most on the machine: a failure after twenty minutes would lose them.
    taken = memory(torch.get_num_threads()) if chosen.whole else None
    with demo(trace) as material:
        precisions = dtypes()
        models = [_demo_part(material, chosen, dtype) for dtype in precisions]
        if chosen.whole:
            with full_size(material) as large:
                models += [_full_part(large, dtype) for dtype in precisions]
        result: dict[str, object] = {
            "load": _load(trace, material),
            "versions": {name: version(name) for name in ("f5-tts", "vocos", "numpy")},
            "threads": torch.get_num_threads(),
            "warm_up": WARM_UP,
            "mel_limit": MEL_LIMIT,
            "half_mel_limit": HALF_MEL_LIMIT,
            "models": models,
            "padding": _padding(material),
        }
        if chosen.whole:
            levers = measure_levers(material, chosen.repeats)
            result["levers"] = [dataclasses.asdict(lever) for lever in levers]
            result["where_time_goes"] = where_time_goes(material)
    return result if taken is None else {**result, "memory": taken}


def dtypes() -> tuple[str, ...]:
    """Answer what ours is measured in here: bfloat16 too, where the CPU has units for it."""
    if has_bfloat16_units(torch.device("cpu")):
        return ("float32", HALF)
    print(f"{HALF}: this CPU has no AMX, so it is not measured beside upstream", flush=True)
    return ("float32",)


def _load(trace: Path, material: Material) -> dict[str, object]:
    shown = trace.resolve()
    return {
        "trace": str(shown.relative_to(ROOT)) if shown.is_relative_to(ROOT) else trace.name,
        "trace_sha256": hashlib.sha256(trace.read_bytes()).hexdigest(),
        "pieces": len(material.items),
        "reference_frames": material.items[0].reference_frames,
        "frames": [item.frames for item in material.items],
        "seed": SEED,
        "cfg_strength": material.items[0].cfg_strength,
        "shape": "the first pieces of the trace, closed loop of one caller",
    }


def _demo_part(material: Material, chosen: Plan, dtype: str) -> dict[str, object]:
    ours = Ours(material.files, max_batch_frames=material.max_batch_frames, dtype=dtype)
    upstream = Upstream(material.files)
    warm_up((ours, upstream), material.batch(1, FULL_STEPS))
    cells, padded = [], []
    half = dtype == HALF
    for steps in HALF_STEPS if half and chosen.whole else chosen.steps:
        for size in _fitting(chosen.batches, material):
            items = material.batch(size, steps)
            cells.append(measure_cell(ours, upstream, items, chosen.repeats, LIMITS[dtype]))
            _tell(f"{material.name}, {dtype}", cells[-1])
            if size > 1 and not half:
                padded.append(measure_padded(upstream, items))
                _tell_padded(material.name, padded[-1])
    return _part(material, dtype, cells, padded, chosen.repeats)


def _full_part(material: Material, dtype: str) -> dict[str, object]:
    ours = Ours(material.files, max_batch_frames=material.max_batch_frames, dtype=dtype)
    upstream = Upstream(material.files)
    warm_up((ours, upstream), material.batch(1, FULL_STEPS))
    cells = []
    for size in _fitting(FULL_BATCHES, material):
        items = material.batch(size, FULL_STEPS)
        cells.append(measure_cell(ours, upstream, items, FULL_REPEATS, LIMITS[dtype]))
        _tell(f"{material.name}, {dtype}", cells[-1])
    return _part(material, dtype, cells, [], FULL_REPEATS)


def _fitting(sizes: Sequence[int], material: Material) -> list[int]:
    """Leave out what the trace has too few pieces for."""
    return [size for size in sizes if size <= len(material.items)]


def _part(
    material: Material,
    dtype: str,
    cells: Sequence[Cell],
    padded: Sequence[PaddedCell],
    repeats: int,
) -> dict[str, object]:
    return {
        "name": material.name,
        "checkpoint_sha256": material.checkpoint_sha256,
        "dtype": dtype,
        "n": repeats,
        "cells": [dataclasses.asdict(cell) for cell in cells],
        "upstream_padded": [dataclasses.asdict(cell) for cell in padded],
    }


def _padding(material: Material) -> dict[str, object]:
    frames = [item.frames for item in material.items]
    shares = {
        device: round(
            padding_share(
                frames,
                batch_size=material.batch_size,
                max_batch_frames=material.max_batch_frames,
                device=device,
            ),
            4,
        )
        for device in ("cpu", "cuda")
    }
    print(f"padding: {shares['cpu']:.1%} of the frames on a CPU, {shares['cuda']:.1%} on a GPU")
    return {
        "batch_size": material.batch_size,
        "max_batch_frames": material.max_batch_frames,
        "share": shares,
    }


def _tell(name: str, cell: Cell) -> None:
    told = "" if cell.valid else "  VOID"
    print(
        f"{name}: steps {cell.steps:2d}, batch {cell.batch}: {cell.cpu_ratio.median:.2f}x upstream's speed by"
        f" processor time ({cell.cpu_ratio.least:.2f} to {cell.cpu_ratio.most:.2f}),"
        f" {cell.wall_ratio.median:.2f}x by the clock; mel {cell.mel_rel_l2:.1e}{told}",
        flush=True,
    )


def _tell_padded(name: str, cell: PaddedCell) -> None:
    told = "within the limit" if cell.valid else "VOID"
    print(
        f"{name}: steps {cell.steps:2d}, batch {cell.batch}: upstream's own batch: mel {cell.mel_rel_l2:.1e}, {told}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
