"""How much arithmetic a piece takes: the floor under any time.

Counted as two for a multiplication and an addition. What upstream's code computes is counted, whatever a better
order of it saves: the share of a condition that stays the same through all steps, text embedding and vocoder are
below 3 % together.
"""

from __future__ import annotations

from f5serve.engine.arch import POSITION_GROUPS, DiTConfig
from f5serve.engine.weights import POSITION_KERNEL


def forward_flops(config: DiTConfig, frames: int) -> float:
    """Answer the operations of one pass of one row through the transformer.

    Args:
        config: The architecture.
        frames: Frames of reference and new speech together.
    """
    dim, inner = config.dim, config.heads * config.dim_head
    products = 2 * (3 * dim * inner + inner * dim + 2 * config.ff_mult * dim * dim)
    attention = 4 * frames * inner
    inputs = 2 * (2 * config.mel_channels + config.text_dim) * dim
    positions = 2 * 2 * dim * (dim // POSITION_GROUPS) * POSITION_KERNEL
    outputs = 2 * dim * config.mel_channels
    return float(frames * (config.depth * (products + attention) + inputs + positions + outputs))


def piece_flops(config: DiTConfig, frames: int, steps: int, *, guided: bool = True) -> float:
    """Answer the operations of one piece: all its steps, with both rows where it is guided."""
    return steps * (2 if guided else 1) * forward_flops(config, frames)
