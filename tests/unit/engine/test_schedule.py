from __future__ import annotations

import pytest
import torch

from f5serve.engine.schedule import MAX_STEPS, time_grid
from f5serve.errors import ValueRefusedError


@pytest.mark.parametrize("sway", [-1.0, None])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64, MAX_STEPS])
def test_times_rise_from_noise_to_speech(steps: int, sway: float | None) -> None:
    times = time_grid(steps, sway)

    assert times.shape == (steps + 1,)
    assert times.dtype == torch.float32
    assert times[0] == 0
    assert times[-1] == pytest.approx(1.0, abs=1e-6)
    assert bool((times.diff() > 0).all())


def test_seven_steps_are_the_pruned_ones() -> None:
    assert (time_grid(7, None) * 32).tolist() == [0, 2, 4, 6, 8, 16, 24, 32]


def test_a_number_of_steps_without_a_table_is_spaced_evenly() -> None:
    assert time_grid(4, None).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_negative_sway_takes_smaller_steps_first() -> None:
    widths = time_grid(32, -1.0).diff()

    assert widths[0] < widths[-1] / 10


@pytest.mark.parametrize("steps", [0, -3, MAX_STEPS + 1])
def test_steps_out_of_range_are_refused_by_name(steps: int) -> None:
    with pytest.raises(ValueRefusedError, match=f"steps is {steps}; 1 to 128") as refused:
        time_grid(steps)

    assert refused.value.field == "steps"


@pytest.mark.parametrize("sway", [float("nan"), float("inf"), -4.0, 3.0])
def test_a_sway_that_turns_time_back_is_refused(sway: float) -> None:
    with pytest.raises(ValueRefusedError, match="sway") as refused:
        time_grid(16, sway)

    assert refused.value.field == "sway"
