"""In what the transformer is computed: by name, or by what the device has units for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from f5serve.engine.dit import DiT
from f5serve.engine.layers import gelu_tanh, mish
from f5serve.engine.precision import TILE_FRAMES, compute_dtype, has_bfloat16_units, tile_frames
from f5serve.engine.sampler import Flight, sample
from f5serve.engine.steps import PlainSteps
from f5serve.errors import ConfigurationError
from tests.unit.engine.models import item, model

CPU = torch.device("cpu")
GPU = torch.device("cuda:0")


def cpu_with(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


def gpu_of(monkeypatch: pytest.MonkeyPatch, major: int, minor: int) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (major, minor))


def test_auto_is_bfloat16_on_a_cpu_that_multiplies_it_in_tiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu_with(monkeypatch, amx_tile=True, amx_bf16=True)

    assert compute_dtype("auto", CPU) == torch.bfloat16


def test_auto_is_float32_on_any_other_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu_with(monkeypatch, avx512_bf16=True, amx_bf16=False)
    assert compute_dtype("auto", CPU) == torch.float32

    cpu_with(monkeypatch, neon=True)  # another architecture does not even know the name
    assert compute_dtype("auto", CPU) == torch.float32


@pytest.mark.parametrize(("capability", "there"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_has_units_for_it_since_its_eighth_generation(
    capability: tuple[int, int], there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_of(monkeypatch, *capability)

    assert has_bfloat16_units(GPU) is there
    assert compute_dtype("auto", GPU) == (torch.bfloat16 if there else torch.float32)


def test_what_is_named_is_taken_whatever_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu_with(monkeypatch, amx_bf16=True)

    assert compute_dtype("float32", CPU) == torch.float32
    assert compute_dtype("bfloat16", CPU) == torch.bfloat16


def test_a_name_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'int8'; known are.*auto.*bfloat16"):
        compute_dtype("int8", CPU)


def test_this_cpu_s_capabilities_are_known_by_the_name_that_is_looked_for() -> None:
    """A later torch that names them otherwise would turn ``auto`` off without a word."""
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = {flag for line in told if line.startswith("flags") for flag in line.split()}

    assert has_bfloat16_units(CPU) == ("amx_bf16" in flags)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_activations_in_half_precision_are_those_of_float32_but_for_its_rounding(
    dtype: torch.dtype,
) -> None:
    x = torch.linspace(-8, 8, 4001).to(dtype)
    gelu = torch.nn.functional.gelu(x.double(), approximate="tanh")

    assert (gelu_tanh(x.clone()).double() - gelu).abs().max() < 0.02
    assert (gelu_tanh(x.clone()).double() - gelu).abs()[x.abs() < 1].max() < 0.004
    assert gelu_tanh(x.clone()).dtype == dtype
    assert (mish(x) - torch.nn.functional.mish(x.double())).abs().max() < 0.02
    assert mish(x).dtype == dtype


def test_frames_fill_tiles_in_bfloat16_on_a_cpu_and_are_as_many_as_need_be_elsewhere() -> None:
    assert tile_frames(torch.bfloat16, CPU) == TILE_FRAMES
    assert tile_frames(torch.float32, CPU) == 1
    assert tile_frames(torch.bfloat16, GPU) == 1
    assert [PlainSteps(model(torch.bfloat16)).padded(frames) for frames in (1, 16, 17)] == [
        16,
        16,
        32,
    ]
    assert [PlainSteps(model()).padded(frames) for frames in (1, 16, 17)] == [1, 16, 17]


def relative(found: torch.Tensor, right: torch.Tensor) -> float:
    return float((found - right).norm() / right.norm())


class FilledUp(PlainSteps):
    """Steps of batches that are filled up to so many frames."""

    def __init__(self, speaker: DiT, to: int) -> None:
        super().__init__(speaker)
        self._to = to

    def padded(self, frames: int) -> int:
        return self._to


def filled_up_to(speaker: DiT, frames: int) -> torch.Tensor:
    """Speak a piece of 41 frames in a batch that is filled up to so many."""
    return sample(speaker, [item(41)], FilledUp(speaker, frames))[0]


def unmasked(monkeypatch: pytest.MonkeyPatch) -> None:
    attend = torch.nn.functional.scaled_dot_product_attention

    def without_mask(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, attn_mask: object
    ) -> torch.Tensor:
        return attend(query, key, value)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", without_mask)


def test_what_fills_a_tile_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = model(torch.bfloat16)

    spoken = sample(speaker, [item(41)])[0]

    assert Flight(speaker, [item(41)])._x.shape[1] == 48
    assert spoken.shape == (26, 100)
    # Held against one tile more, and not against none: units of a CPU round a tile that is not full otherwise.
    assert relative(filled_up_to(speaker, 64), spoken) < 1e-3
    unmasked(monkeypatch)
    assert relative(filled_up_to(speaker, 64), spoken) > 5e-3, "a bound that cannot be missed"


def test_in_float32_a_piece_filled_up_is_the_piece_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = model()

    alone = sample(speaker, [item(41)])[0]

    assert Flight(speaker, [item(41)])._x.shape[1] == 41
    assert relative(filled_up_to(speaker, 48), alone) < 1e-5
    unmasked(monkeypatch)
    assert relative(filled_up_to(speaker, 48), alone) > 1e-3, "a bound that cannot be missed"
