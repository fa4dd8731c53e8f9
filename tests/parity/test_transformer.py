from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from f5serve.engine.sampler import SampleItem, sample, start_noise
from tests.parity.cases import (
    ARCHITECTURES,
    CASES,
    Case,
    item_of,
    measure,
    our_model,
    relative_l2,
    upstream_mel,
    upstream_model,
    write_pickle,
    write_safetensors,
)

pytestmark = pytest.mark.parity

# The contract is 1e-3. In float32 only the order of sums differs, which gives about 5e-7.
MAX_RELATIVE_L2 = 1e-5
MAX_BATCH_L2 = 1e-5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_piece_alone_equals_upstream(case: Case, tmp_path: Path) -> None:
    assert measure(case, tmp_path) < MAX_RELATIVE_L2


@pytest.mark.parametrize("name", ["v1", "v0"])
def test_a_pickled_checkpoint_speaks_as_upstream_does(name: str, tmp_path: Path) -> None:
    model = upstream_model(ARCHITECTURES[name], seed=5)
    ours = our_model(ARCHITECTURES[name], write_pickle(model, tmp_path / "model.pt"))
    item = item_of(Case(architecture=name, steps=7))

    assert relative_l2(sample(ours, [item])[0], upstream_mel(model, item)) < MAX_RELATIVE_L2


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_item_of_a_mixed_batch_equals_itself_alone(name: str, tmp_path: Path) -> None:
    ours = our_model(
        ARCHITECTURES[name],
        write_safetensors(upstream_model(ARCHITECTURES[name]), tmp_path / "m.safetensors"),
    )
    items = _mixed_batch(name)

    together = sample(ours, items)

    for item, mel in zip(items, together, strict=True):
        assert relative_l2(mel, sample(ours, [item])[0]) < MAX_BATCH_L2


def test_every_item_of_a_mixed_batch_equals_upstream_alone(tmp_path: Path) -> None:
    model = upstream_model(ARCHITECTURES["v1"])
    ours = our_model(ARCHITECTURES["v1"], write_safetensors(model, tmp_path / "m.safetensors"))
    items = _mixed_batch("v1")

    for item, mel in zip(items, sample(ours, items), strict=True):
        assert relative_l2(mel, upstream_mel(model, item)) < MAX_RELATIVE_L2


def test_the_noise_of_a_seed_is_upstreams() -> None:
    item = item_of(Case(architecture="v1"), seed=1234)

    torch.manual_seed(1234)

    assert torch.equal(start_noise(item, 100), torch.randn(150, 100))


class TestTheComparisonItselfNoticesAFault:
    """Random weights can agree for the wrong reason; each of these must not."""

    @pytest.fixture
    def item(self) -> SampleItem:
        return item_of(Case(architecture="v1", steps=7))

    def test_another_architecture_for_the_same_weights(
        self, item: SampleItem, tmp_path: Path
    ) -> None:
        model = upstream_model(ARCHITECTURES["v1"])
        path = write_safetensors(model, tmp_path / "m.safetensors")

        assert (
            relative_l2(
                sample(our_model(ARCHITECTURES["v0"], path), [item])[0], upstream_mel(model, item)
            )
            > 0.01
        )

    @pytest.mark.parametrize("setting", [{"pe_attn_head": 1}, {"text_mask_padding": False}])
    def test_one_setting_of_the_architecture(
        self, setting: dict[str, object], item: SampleItem, tmp_path: Path
    ) -> None:
        model = upstream_model(ARCHITECTURES["v1"])
        path = write_safetensors(model, tmp_path / "m.safetensors")
        ours = our_model({**ARCHITECTURES["v1"], **setting}, path)

        assert relative_l2(sample(ours, [item])[0], upstream_mel(model, item)) > 0.01

    @pytest.mark.parametrize(
        "change",
        [
            {"cfg_strength": 1.5},
            {"steps": 8},
            {"sway": None},
            {"seed": 8},
            {"token_ids": (5,) * 30},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_one_value_of_the_piece(
        self, change: dict[str, object], item: SampleItem, tmp_path: Path
    ) -> None:
        model = upstream_model(ARCHITECTURES["v1"])
        ours = our_model(ARCHITECTURES["v1"], write_safetensors(model, tmp_path / "m.safetensors"))
        changed = replace(item, **change)  # type: ignore[arg-type]  # the table above holds right ones

        assert relative_l2(sample(ours, [changed])[0], upstream_mel(model, item)) > 0.01

    def test_the_model_moves_the_noise_far(self, item: SampleItem) -> None:
        spoken = upstream_mel(upstream_model(ARCHITECTURES["v1"]), item)

        assert relative_l2(spoken, start_noise(item, 100)[item.reference_frames :]) > 0.5


def _mixed_batch(name: str) -> list[SampleItem]:
    lengths = (
        (150, 60, 30),
        (40, 12, 8),
        (260, 100, 120),
        (97, 50, 20),
        (63, 20, 62),
        (150, 30, 10),
        (31, 30, 4),
        (200, 80, 60),
    )
    return [
        replace(
            item_of(
                Case(
                    architecture=name,
                    frames=frames,
                    reference_frames=reference,
                    tokens=tokens,
                    steps=7,
                ),
                text_seed=seed,
            ),
            seed=seed,
            cfg_strength=1.0 + seed / 4,
        )
        for seed, (frames, reference, tokens) in enumerate(lengths)
    ]
