from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from f5serve.engine.modulation import TimeConditioner
from f5serve.engine.sampler import SampleItem, sample, start_noise
from f5serve.engine.weights import Placed, parameter_shapes
from tests.unit.engine.models import CONFIG, CPU, item, model, random_state


def test_equal_seeds_give_equal_noise_and_others_do_not() -> None:
    assert torch.equal(start_noise(item(seed=5), 100), start_noise(item(seed=5), 100))
    assert not torch.equal(start_noise(item(seed=5), 100), start_noise(item(seed=6), 100))


def test_noise_does_not_touch_the_process_wide_generator() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)

    start_noise(item(), 100)

    assert torch.equal(torch.rand(3), expected)


def test_given_noise_replaces_that_of_the_seed() -> None:
    speaker, piece = model(), item()
    given = replace(piece, seed=99, noise=start_noise(piece, 100))

    assert torch.equal(sample(speaker, [piece])[0], sample(speaker, [given])[0])


def test_a_text_with_more_tokens_than_frames_is_given_the_frames_it_needs() -> None:
    piece = replace(item(20), token_ids=(1,) * 30)

    assert (piece.frames, piece.new_frames) == (31, 16)
    assert sample(model(), [piece])[0].shape == (16, 100)


@pytest.mark.parametrize("items", [[], [item(), item(steps=4)], [item(), item(cfg_strength=0.0)]])
def test_a_batch_must_share_its_schedule(items: Sequence[SampleItem]) -> None:
    with pytest.raises(ValueError, match="one batch must share"):
        sample(model(), items)


def test_what_stands_in_padding_changes_nothing() -> None:
    speaker = model()
    short, long = item(30, seed=1), item(80, seed=2)
    other = replace(long, reference_mel=100 * long.reference_mel, token_ids=(9,) * 60)

    beside_one, beside_another = (
        sample(speaker, [short, long])[0],
        sample(speaker, [short, other])[0],
    )

    torch.testing.assert_close(beside_one, beside_another, rtol=0, atol=1e-6)


def test_tables_of_a_schedule_are_kept_and_the_oldest_are_given_up() -> None:
    time = TimeConditioner(CONFIG, Placed(state=random_state(parameter_shapes(CONFIG)), device=CPU))
    first = time.steps(1, None)

    assert time.steps(1, None) is first
    for steps in range(2, 10):
        time.steps(steps, None)
    assert time.steps(1, None) is not first


def test_half_precision_weights_of_a_file_give_float32_tables() -> None:
    state: dict[str, Tensor] = {
        name: tensor.half() for name, tensor in random_state(parameter_shapes(CONFIG)).items()
    }

    step = TimeConditioner(CONFIG, Placed(state=state, device=CPU)).steps(2, None)[0]

    assert step.blocks[0].attention_scale.dtype == torch.float32
