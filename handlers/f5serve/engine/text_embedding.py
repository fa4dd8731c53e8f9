"""The text as the transformer sees it: one vector a mel frame.

n mel frames of one item        t text channels        g guidance rows: with text, and without when guided
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from f5serve.engine.arch import DiTConfig
from f5serve.engine.layers import Affine, convolve, linear
from f5serve.engine.weights import Placed

MAX_FRAMES: Final = 8192
"""Longest item: the text's positions were trained up to here (87 s)."""

_NORM_EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class _ConvNeXtBlock:
    depthwise: Affine
    norm: Affine
    widen: Affine
    narrow: Affine
    gamma: Tensor
    beta: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        channels = x.shape[-1]
        hidden = convolve(x, self.depthwise, groups=channels)
        hidden = functional.layer_norm(
            hidden, (channels,), self.norm.weight, self.norm.bias, _NORM_EPSILON
        )
        hidden = functional.gelu(linear(hidden, self.widen))
        # Global response normalisation looks at every frame of its row: one frame of another item's padding would
        # change the whole text. Hence no batch of items here.
        energy = torch.linalg.vector_norm(hidden, dim=1, keepdim=True)
        share = energy / (energy.mean(dim=-1, keepdim=True) + 1e-6)
        hidden = self.gamma * (hidden * share) + self.beta + hidden
        return x + linear(hidden, self.narrow)


class TextEmbedding:
    """Spreads token ids over the frames of one item, in float32.

    Args:
        config: The architecture.
        weights: The checkpoint's tensors.
    """

    def __init__(self, config: DiTConfig, weights: Placed) -> None:
        self._config = config
        self._device = weights.device
        self._table = weights.tensor("text_embed.text_embed.weight")
        self._positions = (
            _positions(config.text_dim).to(weights.device) if config.conv_layers else None
        )
        self._blocks = [
            _block(weights, f"text_embed.text_blocks.{index}")
            for index in range(config.conv_layers)
        ]

    def __call__(self, token_ids: Sequence[int], frames: int, *, guided: bool) -> Tensor:
        """Embed one item's text over its own frames and no others.

        Args:
            token_ids: Reference text and target text, each in ``0 … vocab_size - 1``; cut off after ``frames``.
            frames: Frames of reference and new speech together, at most ``MAX_FRAMES``.
            guided: Whether the row without text is wanted too.

        Returns:
            ``[g n t]`` float32; row 0 with the text, row 1 without.
        """
        kept = min(len(token_ids), frames)
        # Row value 0 is the filler, so every token moves up by one.
        rows = torch.zeros(2 if guided else 1, frames, dtype=torch.long)
        rows[0, :kept] = torch.tensor(token_ids[:kept], dtype=torch.long) + 1
        x = functional.embedding(rows.to(self._device), self._table)
        if self._positions is not None:
            x = x + self._positions[:frames]
            # The row without text is masked by the text too, as in training.
            masked = self._config.text_mask_padding
            if masked:
                x[:, kept:] = 0.0
            for block in self._blocks:
                x = block(x)
                if masked:
                    x[:, kept:] = 0.0
        if self._config.average_upsampling:
            x = x[:, stretched_index(kept, frames).to(self._device)]
        return x


def stretched_index(tokens: int, frames: int) -> Tensor:
    """Give the token of every frame when ``tokens`` are spread evenly over ``frames``.

    Returns:
        ``[frames]`` int64; where frames do not divide evenly the last tokens get one more each.
    """
    repeat, remainder = divmod(frames, tokens)
    counts = torch.full((tokens,), repeat)
    counts[tokens - remainder :] += 1
    return torch.repeat_interleave(torch.arange(tokens), counts)


def _positions(channels: int) -> Tensor:
    rates = 1.0 / (10000.0 ** (torch.arange(0, channels, 2).float() / channels))
    angles = torch.outer(torch.arange(MAX_FRAMES), rates).float()
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def _block(weights: Placed, name: str) -> _ConvNeXtBlock:
    return _ConvNeXtBlock(
        depthwise=weights.convolution(f"{name}.dwconv"),
        norm=weights.affine(f"{name}.norm"),
        widen=weights.affine(f"{name}.pwconv1"),
        narrow=weights.affine(f"{name}.pwconv2"),
        gamma=weights.tensor(f"{name}.grn.gamma"),
        beta=weights.tensor(f"{name}.grn.beta"),
    )
