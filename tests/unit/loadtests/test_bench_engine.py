"""The engine's benchmark: what comes before what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from f5serve.engine.engine import EngineFiles
from f5serve.engine.sampler import SampleItem
from f5serve.errors import ConfigurationError
from loadtests.bench import engine
from loadtests.bench.cells import Cell, Speed
from loadtests.bench.common import Spread
from loadtests.bench.material import Material

SPREAD = Spread(median=1.5, least=1.4, most=1.75)
SPEED = Speed(cpu_s_per_audio_s=SPREAD, audio_s_per_s=SPREAD)
CELL = Cell(
    steps=7, batch=1, audio_s=2.0, frames=(300,), mel_rel_l2=1e-6, alone_rel_l2=1e-6, valid=True, ours=SPEED,
    upstream=SPEED, cpu_ratio=SPREAD, wall_ratio=SPREAD,
)  # fmt: skip


class Speaker:
    """A side that notes when it speaks, and how much."""

    def __init__(self, name: str, order: list[str]) -> None:
        self._name, self._order = name, order

    def speak(self, items: Sequence[SampleItem]) -> None:
        self._order.append(f"{self._name} speaks {len(items)} at {items[0].steps} steps")


def material() -> Material:
    item = SampleItem(reference_mel=torch.zeros(4, 100), token_ids=(1,), total_frames=9, seed=1)
    files = EngineFiles(
        checkpoint=Path("model"), vocabulary=Path("vocab"), architecture={}, vocoder=Path("vocoder"), vocoder_config={}
    )  # fmt: skip
    return Material(
        name="small", files=files, items=(item, item), checkpoint_sha256="0" * 64, batch_size=4, max_batch_frames=4096
    )  # fmt: skip


@pytest.mark.parametrize("part", ["demo", "full size"])
def test_each_side_speaks_a_piece_before_any_cell_is_measured(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(engine, "Ours", lambda files, **told: Speaker("ours", order))
    monkeypatch.setattr(engine, "Upstream", lambda files: Speaker("upstream", order))

    def measured(*told: object) -> Cell:
        order.append("cell")
        return CELL

    monkeypatch.setattr(engine, "measure_cell", measured)

    if part == "demo":
        one = engine.Plan(steps=(7,), batches=(1,), repeats=1, whole=False)
        engine._demo_part(material(), one, "float32")
    else:
        engine._full_part(material(), "float32")

    assert "one piece at 7 steps by each side" in engine.WARM_UP
    assert order[:3] == ["ours speaks 1 at 7 steps", "upstream speaks 1 at 7 steps", "cell"]


def test_memory_that_cannot_be_measured_is_known_before_minutes_went_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_memory(threads: int) -> dict[str, object]:
        raise ConfigurationError("no answer within 600 s")

    def too_late(trace: Path) -> None:
        raise AssertionError("the cells came first")

    monkeypatch.setattr(engine, "memory", no_memory)
    monkeypatch.setattr(engine, "demo", too_late)

    with pytest.raises(ConfigurationError, match="no answer"):
        engine.run(Path("trace.txt"), engine.Plan())
