"""What each lever of the engine gives, and where its time goes: the demo's model, on this machine."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from unittest import mock

import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from f5serve.engine import dit, position
from f5serve.engine.arch import DiTConfig, VocosConfig
from f5serve.engine.checkpoint import load_tensors, load_transformer, read_vocab
from f5serve.engine.dit import DiT
from f5serve.engine.precision import has_bfloat16_units
from f5serve.engine.sampler import sample
from f5serve.engine.vocos import Vocos
from loadtests.bench.cells import farthest
from loadtests.bench.common import Spread, in_turn, ratios
from loadtests.bench.sides import Ours, Side
from scripts.launch import available_cores

if TYPE_CHECKING:
    from torch import Tensor

    from f5serve.engine.engine import EngineFiles
    from f5serve.engine.sampler import SampleItem
    from loadtests.bench.material import Material

STEPS: Final = 16
BATCH: Final = 4
_KINDS: Final = {
    "aten::addmm": "linear layers",
    "aten::mm": "linear layers",
    "aten::_scaled_dot_product_flash_attention_for_cpu": "attention",
    "aten::bmm": "position convolutions",
    "aten::mkldnn_convolution": "other convolutions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """The engine with one thing done otherwise, beside the engine as it is.

    Attributes:
        name: What is done otherwise.
        mel_rel_l2: The farthest that a mel then lies from that of the engine as it is.
        cpu_ratio: Its processor time by that of the engine as it is; above 1 the engine is right.
        wall_ratio: The same of the time that goes by.
    """

    name: str
    mel_rel_l2: float
    cpu_ratio: Spread
    wall_ratio: Spread


class _OneByOne:
    """The engine, given one piece after the other."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours

    def speak(self, items: Sequence[SampleItem]) -> None:
        for item in items:
            self._ours.speak([item])

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        return [self._ours.mels([item])[0] for item in items]


class _OneBatch:
    """All pieces in one padded batch, whatever their lengths."""

    def __init__(self, files: EngineFiles) -> None:
        config = DiTConfig.from_mapping(
            files.architecture, vocab_size=len(read_vocab(files.vocabulary))
        )
        cpu = torch.device("cpu")
        state = load_transformer(files.checkpoint)
        self._model = DiT(config, state, device=cpu, dtype=torch.float32)
        vocoder = VocosConfig.from_mapping(files.vocoder_config)
        self._vocoder = Vocos(vocoder, load_tensors(files.vocoder), device=cpu)

    def speak(self, items: Sequence[SampleItem]) -> None:
        self._vocoder.decode(self.mels(items))

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        return sample(self._model, items)


class _Within:
    """A side that works within some surroundings."""

    def __init__(
        self, side: Side, surroundings: Callable[[], contextlib.AbstractContextManager[object]]
    ) -> None:
        self._side = side
        self._surroundings = surroundings

    def speak(self, items: Sequence[SampleItem]) -> None:
        with self._surroundings():
            self._side.speak(items)

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        with self._surroundings():
            return self._side.mels(items)


def measure_levers(material: Material, repeats: int) -> list[Lever]:
    """Measure every lever against the engine as it is, in turn, and tell it.

    Args:
        material: The demo's.
        repeats: How often each is timed.
    """
    ours = Ours(material.files, max_batch_frames=material.max_batch_frames)
    half = Ours(material.files, max_batch_frames=material.max_batch_frames, dtype="bfloat16")
    found = _measured(ours, _others(material, ours, half), material, repeats)
    if has_bfloat16_units(torch.device("cpu")):
        found += _measured(half, _others_in_half(half), material, repeats)
    return found


def _measured(
    ours: Side, others: Mapping[str, Side], material: Material, repeats: int
) -> list[Lever]:
    items = material.batch(BATCH, STEPS)
    expected = ours.mels(items)
    found = []
    for name, side in others.items():
        distance = farthest(side.mels(items), expected)
        costs = in_turn(_works(ours, side, items), repeats)
        cpu, wall = (
            ratios(
                [getattr(cost, kind) for cost in costs["otherwise"]],
                [getattr(cost, kind) for cost in costs["ours"]],
            )
            for kind in ("cpu_s", "wall_s")
        )
        found.append(
            Lever(name=name, mel_rel_l2=float(f"{distance:.2g}"), cpu_ratio=cpu, wall_ratio=wall)
        )
        print(
            f"levers: {name}: {cpu.median:.2f} times the processor time ({cpu.least:.2f} to {cpu.most:.2f}),"
            f" {wall.median:.2f} by the clock; mel {distance:.1e}",
            flush=True,
        )
    return found


def _works(ours: Side, other: Side, items: Sequence[SampleItem]) -> dict[str, Callable[[], None]]:
    return {"ours": lambda: ours.speak(items), "otherwise": lambda: other.speak(items)}


def _others(material: Material, ours: Ours, half: Ours) -> dict[str, Side]:
    with mock.patch.object(position, "WIDEST_GROUP", 0):
        unblocked = Ours(material.files, max_batch_frames=material.max_batch_frames)
    return {
        "pieces one by one, no batches": _OneByOne(ours),
        "one padded batch of all lengths": _OneBatch(material.files),
        "position convolutions not in blocks": unblocked,
        "convolutions without oneDNN": _Within(ours, _without_onednn),
        "computed in bfloat16": half,
        f"{available_cores()} threads": _Within(ours, _all_cores),
    }


def _others_in_half(half: Ours) -> dict[str, Side]:
    """What is done otherwise in bfloat16, to be held against bfloat16."""
    return {"bfloat16, gelu in its tanh form": _Within(half, _tanh_gelu)}


def _tanh_gelu() -> contextlib.AbstractContextManager[object]:
    return mock.patch.object(dit, "gelu_tanh", partial(functional.gelu, approximate="tanh"))


@contextlib.contextmanager
def _without_onednn() -> Iterator[None]:
    with warnings.catch_warnings():
        # torch warns of a setting of its own that this switch touches.
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False):
            yield


@contextlib.contextmanager
def _all_cores() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(available_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def where_time_goes(material: Material) -> dict[str, dict[str, float]]:
    """Answer the share of the engine's time that each kind of work takes, by size of batch.

    Args:
        material: The demo's.
    """
    ours = Ours(material.files, max_batch_frames=material.max_batch_frames)
    shares = {}
    for size in (1, BATCH):
        items = material.batch(size, STEPS)
        ours.speak(items)
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            ours.speak(items)
        spent = Counter[str]()
        for event in profiler.key_averages():
            spent[_KINDS.get(event.key, "everything else")] += event.self_cpu_time_total
        total = sum(spent.values())
        shares[str(size)] = {kind: round(part / total, 3) for kind, part in spent.most_common()}
    return shares
