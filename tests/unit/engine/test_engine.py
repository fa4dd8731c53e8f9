from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from f5serve.engine import engine as engine_module
from f5serve.engine.device import require_alive
from f5serve.engine.dit import DiT
from f5serve.engine.engine import EngineFiles, F5Engine
from f5serve.engine.sampler import SampleItem, sample
from f5serve.engine.steps import Steps
from f5serve.engine.text_embedding import MAX_FRAMES
from f5serve.errors import (
    CallerGoneError,
    ConfigurationError,
    DeviceLostError,
    OutOfMemoryError,
    SynthesisError,
    ValueRefusedError,
)
from tests.unit.engine.models import CPU, engine, item


def _wave(outcome: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert isinstance(outcome, np.ndarray)
    assert outcome.dtype == np.float32
    return outcome


def test_every_piece_gives_its_new_speech_alone_in_the_order_given() -> None:
    items = [item(40, seed=1), item(90, seed=2), item(30, seed=3, reference_frames=5)]

    waves, _ = engine().synthesize(items)

    assert [_wave(wave).shape[0] for wave in waves] == [24 * 256, 74 * 256, 24 * 256]


def test_steps_strengths_and_lengths_may_be_mixed_in_one_call() -> None:
    items = [
        item(40, seed=1),
        item(60, seed=2, steps=5),
        item(50, seed=3, cfg_strength=0.0),
        item(44, cfg_strength=3.0),
    ]
    speaker = engine()

    waves, _ = speaker.synthesize(items)

    for piece, wave in zip(items, waves, strict=True):
        alone = _wave(speaker.synthesize([piece])[0][0])
        np.testing.assert_allclose(_wave(wave), alone, atol=1e-4 * float(np.abs(alone).max()))


@pytest.mark.parametrize("asked_before", [0, 2])
def test_what_nobody_waits_for_any_more_is_given_up_between_two_steps(
    asked_before: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two groups that run one after the other, the second is not begun."""
    asked = 0

    def unwanted() -> bool:
        nonlocal asked
        asked += 1
        return asked > asked_before

    waves, stats = engine().synthesize([item(40, steps=5), item(44), item(50, steps=5)], unwanted)

    assert [type(wave) for wave in waves] == [CallerGoneError] * 3
    assert (stats.batches, stats.retries) == (0, 0)
    assert asked == asked_before + 2
    assert caplog.text == ""


def test_what_is_still_wanted_is_the_same_as_without_being_asked_about() -> None:
    items = [item(40, seed=1), item(60, seed=2)]

    looked_after, _ = engine().synthesize(items, lambda: False)
    plain, _ = engine().synthesize(items)

    for wave, other in zip(looked_after, plain, strict=True):
        np.testing.assert_array_equal(_wave(wave), _wave(other))


def test_no_pieces_cost_nothing() -> None:
    assert engine().synthesize([]) == ([], engine_module.SynthesisStats())


def test_the_cost_of_a_call_is_told() -> None:
    _, stats = engine().synthesize([item(40), item(40, seed=2), item(38, seed=3)])

    assert (stats.frames, stats.padded_frames, stats.batches, stats.retries) == (118, 120, 1, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_frames": 15}, "total_frames"),
        ({"total_frames": MAX_FRAMES + 1}, "total_frames"),
        ({"token_ids": ()}, "token_ids"),
        ({"token_ids": (1, 20)}, "token_ids"),
        ({"token_ids": (-1, 2)}, "token_ids"),
        ({"reference_mel": torch.zeros(100, 15)}, "reference_mel"),
        ({"reference_mel": torch.zeros(0, 100)}, "reference_mel"),
        ({"reference_mel": torch.zeros(15, 100, dtype=torch.float64)}, "reference_mel"),
        ({"steps": 0}, "steps"),
        ({"cfg_strength": -1.0}, "cfg_strength"),
        ({"cfg_strength": float("nan")}, "cfg_strength"),
        ({"sway": 9.0}, "sway"),
        ({"seed": 2**64}, "seed"),
        ({"noise": torch.zeros(3, 100)}, "noise"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_a_refused_piece_leaves_its_neighbours_alone(change: dict[str, object], field: str) -> None:
    wrong = replace(item(), **change)  # type: ignore[arg-type]  # wrong values on purpose

    before, refused, after = engine().synthesize([item(), wrong, item()])[0]

    assert isinstance(refused, ValueRefusedError)
    assert refused.field == field
    np.testing.assert_array_equal(_wave(before), _wave(after))


def test_a_result_that_is_not_finite_fails_its_piece_only() -> None:
    broken = replace(item(40, seed=2), reference_mel=torch.full((15, 100), float("nan")))

    before, failed, after = engine().synthesize([item(50), broken, item(60)])[0]

    assert isinstance(failed, SynthesisError)
    assert np.isfinite(_wave(before)).all()
    assert np.isfinite(_wave(after)).all()


class _ScarceMemory:
    """Runs batches up to a number of padded frames, and fails others as an allocator does."""

    def __init__(self, max_frames: int, error: Exception) -> None:
        self.max_frames = max_frames
        self.error = error
        self.tried: list[int] = []

    def __call__(
        self, model: DiT, items: Sequence[SampleItem], runner: Steps, unwanted: object
    ) -> list[Tensor]:
        self.tried.append(len(items))
        if len(items) * max(piece.frames for piece in items) > self.max_frames:
            raise self.error
        return sample(model, items, runner)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
    ids=["gpu", "cpu", "cublas", "python"],
)
def test_a_batch_too_large_for_the_device_is_halved(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    scarce = _ScarceMemory(90, error)
    monkeypatch.setattr(engine_module, "sample", scarce)

    waves, stats = engine().synthesize([item(40, seed=seed) for seed in range(4)])

    assert all(isinstance(wave, np.ndarray) for wave in waves)
    assert scarce.tried == [4, 2, 2]
    assert (stats.batches, stats.retries, stats.frames) == (2, 1, 160)


def test_a_piece_too_large_alone_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        engine_module, "sample", _ScarceMemory(60, torch.OutOfMemoryError("CUDA out of memory"))
    )

    waves, _ = engine().synthesize([item(40), item(90), item(41)])

    assert isinstance(waves[1], OutOfMemoryError)
    assert _wave(waves[0]).size
    assert _wave(waves[2]).size


def test_a_fault_of_the_model_fails_the_piece_that_causes_it_alone_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails_on_seed_13(
        model: DiT, items: Sequence[SampleItem], runner: Steps, unwanted: object
    ) -> list[Tensor]:
        if any(piece.seed == 13 for piece in items):
            raise IndexError("index out of range in self")
        return sample(model, items, runner)

    monkeypatch.setattr(engine_module, "sample", fails_on_seed_13)

    waves, _ = engine().synthesize([item(seed=seed) for seed in (1, 13, 2, 3)])

    assert [isinstance(wave, SynthesisError) for wave in waves] == [False, True, False, False]
    assert "index out of range in self" in caplog.text


@pytest.mark.parametrize("alive", [True, False])
def test_a_fault_that_takes_the_device_with_it_is_no_piece_s_fault(
    alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a CUDA assertion every further call fails: the worker has to end, and no piece is to blame."""

    def asserts(
        model: DiT, items: Sequence[SampleItem], runner: Steps, unwanted: object
    ) -> list[Tensor]:
        raise RuntimeError("CUDA error: device-side assert triggered")

    def synchronize(device: torch.device) -> None:
        if not alive:
            raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(engine_module, "sample", asserts)
    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    monkeypatch.setattr(
        engine_module, "require_alive", lambda _: require_alive(torch.device("cuda:0"))
    )

    if alive:
        (failed,), _ = engine().synthesize([item()])
        assert isinstance(failed, SynthesisError)
    else:
        with pytest.raises(DeviceLostError, match="cuda:0 answers no more"):
            engine().synthesize([item()])


def test_batches_stay_within_the_frame_budget() -> None:
    _, stats = engine(max_batch_frames=100).synthesize([item(40, seed=seed) for seed in range(5)])

    assert stats.batches == 3


def test_mels_are_those_that_are_spoken() -> None:
    speaker = engine()
    mels, _ = speaker.mels([item(40), replace(item(), token_ids=())])

    assert isinstance(mels[0], Tensor)
    assert mels[0].shape == (25, 100)
    assert isinstance(mels[1], ValueRefusedError)


def test_a_reference_gives_a_frame_every_hop() -> None:
    samples = np.sin(np.arange(24_000, dtype=np.float32) / 20)

    assert engine().reference_mel(samples).shape == (24_000 // 256 + 1, 100)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(512, np.float32),
        np.zeros((2, 4_000), np.float32),
        np.full(4_000, np.nan, np.float32),
    ],
    ids=["too short", "stereo", "not finite"],
)
def test_a_recording_that_gives_no_reference_is_refused(
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        engine().reference_mel(samples)

    assert refused.value.field == "ref_audio"


def test_warming_up_leaves_results_as_they_are() -> None:
    cold, warm = engine(), engine()
    warm.warm_up()

    np.testing.assert_array_equal(
        _wave(cold.synthesize([item()])[0][0]), _wave(warm.synthesize([item()])[0][0])
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"device": "quantum"}, "device 'quantum'"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not there"),
        ({"max_batch_frames": 0}, "max_batch_frames=0"),
    ],
)
def test_settings_the_engine_cannot_run_with_are_refused_before_a_file_is_read(
    options: dict[str, str], message: str, missing_files: EngineFiles
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        F5Engine.load(missing_files, **options)  # type: ignore[arg-type]  # wrong values on purpose


def test_the_models_run_where_they_are_told() -> None:
    assert engine().device == CPU
