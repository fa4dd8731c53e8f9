"""The times at which the flow is evaluated, equal to upstream's in every bit."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from f5serve.errors import ValueRefusedError

MAX_STEPS: Final = 128
DEFAULT_SWAY: Final = -1.0

# Empirically pruned step sampling (arXiv 2505.19931): which of 32 even steps a short schedule keeps.
_PRUNED_32NDS: Final = MappingProxyType(
    {
        5: (0, 2, 4, 8, 16, 32),
        6: (0, 2, 4, 6, 8, 16, 32),
        7: (0, 2, 4, 6, 8, 16, 24, 32),
        10: (0, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32),
        12: (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32),
        16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32),
    }
)


def time_grid(steps: int, sway: float | None = DEFAULT_SWAY) -> Tensor:
    """Give the times from noise (0) to speech (1).

    Args:
        steps: Euler steps, 1 to 128; 5, 6, 7, 10, 12 and 16 use the pruned table, others even spacing.
        sway: Sway sampling coefficient, which moves times towards 0 when negative; ``None`` for no sway.

    Returns:
        ``[steps + 1]`` float32 on the CPU, strictly rising: half precision would make neighbours equal.

    Raises:
        ValueRefusedError: If ``steps`` is out of range or the sway makes the times fall.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ValueRefusedError(f"steps is {steps}; 1 to {MAX_STEPS} are allowed", field="steps")
    if sway is not None and not math.isfinite(sway):
        raise ValueRefusedError(f"sway is {sway}; a finite number or none is allowed", field="sway")
    pruned = _PRUNED_32NDS.get(steps)
    if pruned is None:
        times = torch.linspace(0, 1, steps + 1, dtype=torch.float32)
    else:
        times = (1 / 32) * torch.tensor(pruned, dtype=torch.float32)
    if sway is not None:
        times = times + sway * (torch.cos(torch.pi / 2 * times) - 1 + times)
    if not bool((times.diff() > 0).all()):
        raise ValueRefusedError(f"sway {sway} makes the times of {steps} steps fall", field="sway")
    return times
