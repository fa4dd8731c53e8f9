"""A full-size model on a GPU: latency and throughput by steps, batch, precision, with and without CUDA graphs.

    python -m loadtests.bench.gpu [--record] [--quick]

The weights are random, for speed does not depend on them; the time is that of sampler and vocoder, by CUDA events.
Without a GPU it says so, and the exit status is 2.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import torch
from torch import Tensor

from f5serve.engine.arch import V1_BASE, DiTConfig, VocosConfig
from f5serve.engine.dit import DiT
from f5serve.engine.mel import HOP_SAMPLES, SAMPLE_RATE_HZ
from f5serve.engine.sampler import SampleItem, sample
from f5serve.engine.steps import CudaRecorder, PlainSteps, Record, RecordedSteps, Steps
from f5serve.engine.vocos import Vocos, vocoder_shapes
from f5serve.engine.weights import parameter_shapes
from loadtests.bench.common import OUT, RESULTS, Spread, options_of
from loadtests.bench.flops import piece_flops
from scripts.make_stand_ins import drawn
from scripts.record import circumstances, write_record
from scripts.upstream_check import relative_l2

RECORD: Final = RESULTS / "bench_gpu.json"
SEED: Final = 1
FRAMES_6_S: Final = round(6 * SAMPLE_RATE_HZ / HOP_SAMPLES)
TOKENS: Final = 180
CEILING_SIZE: Final = 8192
CEILING_RUNS: Final = 20
NO_GPU: Final = (
    "bench-gpu: no CUDA GPU is found; run it where torch.cuda.is_available() is true"
    " (an NVIDIA driver, and torch built for CUDA)"
)
_DTYPES: Final = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


class Clock(Protocol):
    """Times work on a device."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Answer how long the device took for it."""


class EventClock:
    """Times by CUDA events: what the GPU took, launches that it waited for included."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Answer how long the device took for it."""
        begin, end = (
            torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch leaves it so
            for _ in range(2)
        )
        torch.cuda.synchronize()
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        return float(begin.elapsed_time(end)) / 1000


class WallClock:
    """Times by the clock on the wall; for a CPU."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Answer how long it took."""
        started = time.perf_counter()
        work()
        return time.perf_counter() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is measured, and on what.

    Attributes:
        device: Where it runs.
        clock: Times it.
        record: Makes what records a step.
        config: The transformer.
        vocoder: The vocoder.
        dtypes: Compute dtypes, each held against float32.
        steps: Euler steps.
        batches: Pieces of a batch, all of one length.
        repeats: How often a cell is timed, after one run that is not.
        reference_frames: Frames of a piece's reference.
        new_frames: Frames of its speech.
        limit_s: No cell is begun later than this.
        ceiling_size: Edge of the matrices whose product is the ceiling.
    """

    device: torch.device
    clock: Clock
    record: Callable[[], Record]
    config: DiTConfig = V1_BASE
    vocoder: VocosConfig = field(default_factory=VocosConfig)
    dtypes: tuple[str, ...] = ("float16", "bfloat16")
    steps: tuple[int, ...] = (7, 16, 32)
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    repeats: int = 5
    reference_frames: int = FRAMES_6_S
    new_frames: int = FRAMES_6_S
    limit_s: float = 420.0
    ceiling_size: int = CEILING_SIZE

    def items(self, batch: int, steps: int) -> list[SampleItem]:
        """Make so many pieces, each with a voice and noise of its own."""
        return [self._item(number, steps) for number in range(batch)]

    def _item(self, number: int, steps: int) -> SampleItem:
        generator = torch.Generator().manual_seed(SEED + number)
        shape = (self.reference_frames, self.config.mel_channels)
        limit = min(TOKENS, self.reference_frames + self.new_frames - 1)
        tokens = torch.randint(0, self.config.vocab_size, (limit,), generator=generator)
        return SampleItem(
            # Log-mels of speech lie around -4 with a spread of 2.
            reference_mel=-4.0 + 2.0 * torch.randn(shape, generator=generator),
            token_ids=tuple(tokens.tolist()),
            total_frames=self.reference_frames + self.new_frames,
            seed=SEED + number,
            steps=steps,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One measurement.

    Attributes:
        dtype: Compute dtype.
        graphs: Whether steps were replayed.
        steps: Euler steps.
        batch: Pieces.
        latency_s: From the first step to the last sample of the batch.
        rtf: That by the seconds of speech.
        audio_s_per_gpu_s: Seconds of speech a second, the median.
        ceiling_share: Operations a second by those of a large product of the same dtype, the median.
    """

    dtype: str
    graphs: bool
    steps: int
    batch: int
    latency_s: Spread
    rtf: float
    audio_s_per_gpu_s: float
    ceiling_share: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="bench.gpu", description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"keep the result as {RECORD}")
    parser.add_argument(
        "--quick", action="store_true", help="batches of 1 and 8 alone; too little to record"
    )
    options = options_of(parser, argv)
    if not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        return 2
    begun = circumstances()
    device = torch.device("cuda", torch.cuda.current_device())
    setup = Setup(device=device, clock=EventClock(), record=lambda: CudaRecorder(device))
    if options.quick:
        setup = dataclasses.replace(setup, batches=(1, 8), repeats=3)
    result = {"gpu": _gpu(device), **run(setup)}
    path = RECORD if options.record else OUT / RECORD.name
    write_record(Path(path), result, measured=begun)
    print(f"bench-gpu: written to {path}")
    return 0


def run(setup: Setup) -> dict[str, object]:
    """Measure every precision, telling each cell as it comes.

    Args:
        setup: What is measured.
    """
    started = time.monotonic()
    state = drawn(parameter_shapes(setup.config), SEED)
    vocoder = Vocos(setup.vocoder, drawn(vocoder_shapes(setup.vocoder), SEED), device=setup.device)
    exact = _mels(_model(setup, state, "float32"), setup)
    ceilings: dict[str, float] = {}
    errors: dict[str, dict[str, float]] = {}
    cells: list[Cell] = []
    left_out: list[str] = []
    for dtype in setup.dtypes:
        model = _model(setup, state, dtype)
        ceilings[dtype] = ceiling_flops(setup, dtype)
        print(f"bench-gpu: {dtype}: ceiling {ceilings[dtype] / 1e12:.1f} TFLOP/s", flush=True)
        mels = _mels(model, setup)
        errors[dtype] = {
            str(steps): float(f"{relative_l2(mels[steps], exact[steps]):.2g}") for steps in exact
        }
        for graphs, steps, batch in _cells(setup):
            name = f"{dtype}, {'graphs' if graphs else 'plain'}, {steps} steps, batch {batch}"
            if time.monotonic() - started > setup.limit_s:
                left_out.append(f"{name}: no time")
                continue
            runner = _runner(setup, model, graphs=graphs)
            try:
                seconds = _timed(setup, model, vocoder, runner, setup.items(batch, steps))
            except torch.OutOfMemoryError:
                left_out.append(f"{name}: no memory")
                continue
            if isinstance(runner, RecordedSteps) and not runner.shapes:
                # It went on without recordings: that is another cell's time.
                left_out.append(f"{name}: could not be recorded")
                continue
            cells.append(
                cell(
                    setup,
                    seconds,
                    ceilings[dtype],
                    dtype=dtype,
                    graphs=graphs,
                    steps=steps,
                    batch=batch,
                )
            )
            _tell(cells[-1])
        del model
    return {
        "load": {
            "reference_frames": setup.reference_frames,
            "new_frames": setup.new_frames,
            "tokens": TOKENS,
            "seed": SEED,
            "cfg_strength": setup.items(1, 1)[0].cfg_strength,
            "shape": "batches of equal length, one after the other",
        },
        "n": setup.repeats,
        "warm_up": "one run of each cell, in which graphs are recorded",
        "ceiling_flops": {dtype: float(f"{value:.4g}") for dtype, value in ceilings.items()},
        "mel_rel_l2_to_float32": errors,
        "cells": [dataclasses.asdict(one) for one in cells],
        "left_out": left_out,
        "peak_memory_bytes": _peak_memory(setup.device),
    }


def cell(  # noqa: PLR0913 - the fields of a cell, by name
    setup: Setup,
    seconds: Sequence[float],
    ceiling: float,
    *,
    dtype: str,
    graphs: bool,
    steps: int,
    batch: int,
) -> Cell:
    """Answer what the times of a batch mean.

    Args:
        setup: What was measured.
        seconds: How long the batch took, each time.
        ceiling: Operations a second that the device can do at best.
        dtype: Compute dtype.
        graphs: Whether steps were replayed.
        steps: Euler steps.
        batch: Pieces.
    """
    spread = Spread.of(seconds)
    audio_s = batch * setup.new_frames * HOP_SAMPLES / SAMPLE_RATE_HZ
    frames = setup.reference_frames + setup.new_frames
    flops = batch * piece_flops(setup.config, frames, steps)
    return Cell(
        dtype=dtype,
        graphs=graphs,
        steps=steps,
        batch=batch,
        latency_s=spread,
        rtf=float(f"{spread.median / audio_s:.4g}"),
        audio_s_per_gpu_s=float(f"{audio_s / spread.median:.4g}"),
        ceiling_share=float(f"{flops / spread.median / ceiling:.3g}"),
    )


def ceiling_flops(setup: Setup, dtype: str) -> float:
    """Measure the operations a second of a large product of two square matrices."""
    size = setup.ceiling_size
    one, other = (torch.randn(size, size, device=setup.device).to(_DTYPES[dtype]) for _ in range(2))
    for _ in range(3):
        one @ other
    seconds = setup.clock.seconds(lambda: [one @ other for _ in range(CEILING_RUNS)])
    return CEILING_RUNS * 2 * size**3 / seconds


def _cells(setup: Setup) -> Iterator[tuple[bool, int, int]]:
    # What matters most first, in case that time runs out.
    for batch in setup.batches:
        for steps in setup.steps:
            for graphs in (False, True):
                yield graphs, steps, batch


def _model(setup: Setup, state: dict[str, Tensor], dtype: str) -> DiT:
    return DiT(setup.config, state, device=setup.device, dtype=_DTYPES[dtype])


def _runner(setup: Setup, model: DiT, *, graphs: bool) -> Steps:
    if not graphs:
        return PlainSteps(model)
    return RecordedSteps(model, setup.record(), most_frames=sys.maxsize)


def _mels(model: DiT, setup: Setup) -> dict[int, Tensor]:
    return {steps: sample(model, setup.items(1, steps))[0].cpu() for steps in setup.steps}


def _timed(
    setup: Setup, model: DiT, vocoder: Vocos, runner: Steps, items: Sequence[SampleItem]
) -> list[float]:
    def speak() -> None:
        vocoder.decode(sample(model, items, runner))

    speak()
    return [setup.clock.seconds(speak) for _ in range(setup.repeats)]


def _tell(one: Cell) -> None:
    print(
        f"bench-gpu: {one.dtype}, {'graphs' if one.graphs else 'plain '}, {one.steps:2d} steps, batch {one.batch:2d}:"
        f" {one.latency_s.median * 1000:7.1f} ms, RTF {one.rtf:.4f}, {one.audio_s_per_gpu_s:.0f} s of speech a second,"
        f" {one.ceiling_share:.0%} of the ceiling",
        flush=True,
    )


def _gpu(device: torch.device) -> dict[str, object]:
    properties = torch.cuda.get_device_properties(device)
    return {
        "name": properties.name,
        "memory_bytes": properties.total_memory,
        "capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]  # torch leaves it so
    }


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


if __name__ == "__main__":
    sys.exit(main())
