"""What the time tells every layer, computed once for a whole schedule.

The shifts, scales and gates of a layer depend on the time alone. A schedule has at most 128 times, and most requests
share one of three schedules, so a table replaces 42 % of the checkpoint's weights in every step.

s steps        d width of the transformer
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from f5serve.engine.arch import DiTConfig
from f5serve.engine.layers import Affine, linear
from f5serve.engine.schedule import time_grid
from f5serve.engine.weights import TIME_CHANNELS, Placed

_MAX_SCHEDULES: Final = 8
_TIME_SCALE: Final = 1000.0
# In the order in which a layer's weights give them.
_PARTS: Final = (
    "attention_shift",
    "attention_scale",
    "attention_gate",
    "feed_shift",
    "feed_scale",
    "feed_gate",
)
_OF_A_LAYER: Final = len(_PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockModulation:
    """One layer at one time; each ``[d]`` float32, the scales with their 1 already added."""

    attention_shift: Tensor
    attention_scale: Tensor
    attention_gate: Tensor
    feed_shift: Tensor
    feed_scale: Tensor
    feed_gate: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class StepModulation:
    """Everything of one Euler step.

    Attributes:
        width: How far the step goes in time.
        blocks: The transformer's layers in order.
        final_scale: ``[d]`` float32, with its 1 added.
        final_shift: ``[d]`` float32.
        row: ``[6 * layers + 3, d]`` float32, all of it in one piece: six rows a layer in the order of
            ``BlockModulation``, the final scale and shift, and the width in every place of the last row.
    """

    width: float
    blocks: tuple[BlockModulation, ...]
    final_scale: Tensor
    final_shift: Tensor
    row: Tensor

    @classmethod
    def of(cls, width: float, row: Tensor) -> StepModulation:
        """Read a row; what is made of it looks at the row's own memory."""
        *layers, final_scale, final_shift, _ = row.unbind(0)
        return cls(
            width=width,
            blocks=tuple(
                BlockModulation(
                    **dict(zip(_PARTS, layers[start : start + _OF_A_LAYER], strict=True))
                )
                for start in range(0, len(layers), _OF_A_LAYER)
            ),
            final_scale=final_scale,
            final_shift=final_shift,
            row=row,
        )


class TimeConditioner:
    """Gives the modulation of every step of a schedule, keeping the last few schedules.

    Args:
        config: The architecture.
        weights: The checkpoint's tensors. The layers' weights keep the file's dtype, for a file in half precision
            holds no more than that; every product is taken in float32.
    """

    def __init__(self, config: DiTConfig, weights: Placed) -> None:
        self._device = weights.device
        self._inner = weights.affine("time_embed.time_mlp.0")
        self._outer = weights.affine("time_embed.time_mlp.2")
        self._layers = [
            weights.affine(f"transformer_blocks.{index}.attn_norm.linear", None)
            for index in range(config.depth)
        ]
        self._final = weights.affine("norm_out.linear", None)
        self._kept: OrderedDict[tuple[int, float | None], tuple[StepModulation, ...]] = (
            OrderedDict()
        )

    def steps(self, steps: int, sway: float | None) -> tuple[StepModulation, ...]:
        """Give the modulation of every step.

        Args:
            steps: Euler steps.
            sway: Sway sampling coefficient or ``None``.

        Returns:
            One entry a step, in order.

        Raises:
            ValueRefusedError: If no such schedule is allowed.
        """
        key = (steps, sway)
        kept = self._kept.pop(key, None)
        if kept is None:
            kept = self._compute(time_grid(steps, sway))
        self._kept[key] = kept
        if len(self._kept) > _MAX_SCHEDULES:
            self._kept.popitem(last=False)
        return kept

    def _compute(self, grid: Tensor) -> tuple[StepModulation, ...]:
        widths: list[float] = grid.diff().tolist()
        hidden = _time_waves(grid[:-1]).to(self._device)
        hidden = functional.silu(linear(hidden, self._inner))
        hidden = functional.silu(linear(hidden, self._outer))
        layers = torch.stack([_table(hidden, layer, _OF_A_LAYER) for layer in self._layers], dim=1)
        for place, part in enumerate(_PARTS):
            if part.endswith("scale"):
                layers[:, :, place] += 1
        final = _table(hidden, self._final, 2)
        final[:, 0] += 1
        last = grid.diff().to(hidden).view(-1, 1, 1).expand(-1, 1, hidden.shape[1])
        rows = torch.cat([layers.flatten(1, 2), final, last], dim=1)
        return tuple(StepModulation.of(width, row) for width, row in zip(widths, rows, strict=True))


def _table(hidden: Tensor, layer: Affine, parts: int) -> Tensor:
    rows = functional.linear(hidden, layer.weight.float(), layer.bias.float())
    return rows.view(rows.shape[0], parts, -1)


def _time_waves(times: Tensor) -> Tensor:
    half = TIME_CHANNELS // 2
    rates = torch.exp(torch.arange(half).float() * -(math.log(10000) / (half - 1)))
    angles = _TIME_SCALE * times.unsqueeze(1) * rates.unsqueeze(0)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
