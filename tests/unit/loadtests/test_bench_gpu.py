"""The GPU's benchmark, run on a CPU with a small model: all but the GPU itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from f5serve.engine.arch import V1_BASE
from f5serve.engine.dit import DiT
from f5serve.engine.sampler import SampleItem, sample
from f5serve.engine.steps import Steps, Work
from loadtests.bench import gpu
from loadtests.bench.flops import forward_flops, piece_flops
from loadtests.bench.gpu import Setup, WallClock
from tests.unit.engine.models import CONFIG, CPU, VOCOS_CONFIG

SMALL = Setup(
    device=CPU,
    clock=WallClock(),
    record=lambda: lambda work: work,
    config=CONFIG,
    vocoder=VOCOS_CONFIG,
    dtypes=("bfloat16",),
    steps=(2, 3),
    batches=(1, 2),
    repeats=2,
    reference_frames=20,
    new_frames=24,
    ceiling_size=64,
)


def test_the_arithmetic_of_the_full_size_model_is_upstreams() -> None:
    """1.0812 TFLOP a guided step of 1125 frames: counted by torch on upstream's own transformer."""
    assert 2 * forward_flops(V1_BASE, 1125) == pytest.approx(1.0812e12, rel=1e-3)


def test_a_piece_takes_its_steps_times_its_rows() -> None:
    once = forward_flops(V1_BASE, 500)

    assert piece_flops(V1_BASE, 500, 7) == 14 * once
    assert piece_flops(V1_BASE, 500, 7, guided=False) == 7 * once


def test_it_measures_every_cell_with_and_without_recordings() -> None:
    result = gpu.run(SMALL)

    cells = result["cells"]
    assert isinstance(cells, list)
    assert {(cell["graphs"], cell["steps"], cell["batch"]) for cell in cells} == {
        (graphs, steps, batch) for graphs in (False, True) for steps in (2, 3) for batch in (1, 2)
    }
    assert all(cell["latency_s"]["median"] > 0 for cell in cells)
    errors = result["mel_rel_l2_to_float32"]
    assert isinstance(errors, dict)
    assert set(errors["bfloat16"]) == {"2", "3"}
    assert 0 < errors["bfloat16"]["2"] < 0.1
    assert result["left_out"] == []


def test_when_the_time_is_up_the_cells_left_out_are_named() -> None:
    result = gpu.run(replace(SMALL, limit_s=0.0))

    assert result["cells"] == []
    left_out = result["left_out"]
    assert isinstance(left_out, list)
    assert left_out[0] == "bfloat16, plain, 2 steps, batch 1: no time"
    assert len(left_out) == 8


def test_a_cell_that_could_not_be_recorded_is_not_taken_for_one_that_was() -> None:
    def fails(work: Work) -> Work:
        raise RuntimeError("operation not permitted when stream is capturing")

    result = gpu.run(replace(SMALL, steps=(2,), batches=(1,), record=lambda: fails))

    cells = result["cells"]
    assert isinstance(cells, list)
    assert [cell["graphs"] for cell in cells] == [False]
    assert result["left_out"] == ["bfloat16, graphs, 2 steps, batch 1: could not be recorded"]


def test_a_cell_that_does_not_fit_is_left_out_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def scarce(
        model: DiT, items: Sequence[SampleItem], runner: Steps | None = None
    ) -> list[Tensor]:
        if len(items) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return sample(model, items, runner)

    monkeypatch.setattr(gpu, "sample", scarce)

    result = gpu.run(replace(SMALL, steps=(2,)))

    cells = result["cells"]
    assert isinstance(cells, list)
    assert [cell["batch"] for cell in cells] == [1, 1]
    assert result["left_out"] == [
        f"bfloat16, {how}, 2 steps, batch 2: no memory" for how in ("plain", "graphs")
    ]


def test_times_become_latency_factor_and_throughput() -> None:
    setup = replace(SMALL, new_frames=375)  # 4 s

    made = gpu.cell(setup, [0.5, 0.4, 0.9], 1e12, dtype="float16", graphs=True, steps=7, batch=2)

    assert made.latency_s.median == 0.5
    assert made.rtf == pytest.approx(0.5 / 8)
    assert made.audio_s_per_gpu_s == pytest.approx(16)
    assert made.ceiling_share == pytest.approx(
        2 * piece_flops(CONFIG, 395, 7) / 0.5 / 1e12, rel=1e-2
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main([]) == 2
    assert "no CUDA GPU is found" in capsys.readouterr().err
