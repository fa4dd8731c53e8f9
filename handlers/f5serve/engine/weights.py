"""Names and shapes of a transformer's tensors, and the groups they are used in.

Names are upstream's, so that its checkpoints load as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from f5serve.engine.arch import POSITION_GROUPS, DiTConfig
from f5serve.engine.layers import Affine

POSITION_KERNEL: Final = 31
TEXT_KERNEL: Final = 7
TIME_CHANNELS: Final = 256
_TEXT_MULTIPLE: Final = 2


def parameter_shapes(config: DiTConfig) -> dict[str, tuple[int, ...]]:
    """Give the shape of every tensor that a checkpoint of this architecture holds, by name."""
    dim, inner, text_dim = config.dim, config.heads * config.dim_head, config.text_dim
    wide = text_dim * _TEXT_MULTIPLE
    shapes: dict[str, tuple[int, ...]] = {
        "text_embed.text_embed.weight": (config.vocab_size + 1, text_dim)
    }

    def layer(name: str, *shape: int) -> None:
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]

    layer("time_embed.time_mlp.0", dim, TIME_CHANNELS)
    layer("time_embed.time_mlp.2", dim, dim)
    for index in range(config.conv_layers):
        block = f"text_embed.text_blocks.{index}"
        layer(f"{block}.dwconv", text_dim, 1, TEXT_KERNEL)
        layer(f"{block}.norm", text_dim)
        layer(f"{block}.pwconv1", wide, text_dim)
        layer(f"{block}.pwconv2", text_dim, wide)
        shapes[f"{block}.grn.gamma"] = shapes[f"{block}.grn.beta"] = (1, 1, wide)
    layer("input_embed.proj", dim, 2 * config.mel_channels + text_dim)
    for index in (0, 2):
        layer(
            f"input_embed.conv_pos_embed.conv1d.{index}",
            dim,
            dim // POSITION_GROUPS,
            POSITION_KERNEL,
        )
    for index in range(config.depth):
        block = f"transformer_blocks.{index}"
        layer(f"{block}.attn_norm.linear", 6 * dim, dim)
        for name in ("to_q", "to_k", "to_v"):
            layer(f"{block}.attn.{name}", inner, dim)
        layer(f"{block}.attn.to_out.0", dim, inner)
        layer(f"{block}.ff.ff.0.0", config.ff_mult * dim, dim)
        layer(f"{block}.ff.ff.2", dim, config.ff_mult * dim)
    if config.long_skip_connection:
        shapes["long_skip_connection.weight"] = (dim, 2 * dim)
    layer("norm_out.linear", 2 * dim, dim)
    layer("proj_out", config.mel_channels, dim)
    return shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Tensors of a state by name, moved to where they are used.

    Attributes:
        state: The tensors.
        device: Where they go.
    """

    state: Mapping[str, Tensor]
    device: torch.device

    def tensor(self, name: str, dtype: torch.dtype | None = torch.float32) -> Tensor:
        """Give one tensor; a ``dtype`` of ``None`` keeps the file's."""
        read = self.state[name].detach()
        placed = read.to(self.device, dtype).contiguous()
        # A tensor of the file itself would keep the whole file mapped, what was converted included.
        return placed.clone() if placed.data_ptr() == read.data_ptr() else placed

    def affine(self, name: str, dtype: torch.dtype | None = torch.float32) -> Affine:
        """Give the layer ``name``."""
        return Affine(
            weight=self.tensor(f"{name}.weight", dtype), bias=self.tensor(f"{name}.bias", dtype)
        )

    def convolution(self, name: str, dtype: torch.dtype = torch.float32) -> Affine:
        """Give the convolution over time ``name``, its weight with an axis of height 1 and channels last."""
        weight = (
            self.tensor(f"{name}.weight", dtype)
            .unsqueeze(2)
            .contiguous(memory_format=torch.channels_last)
        )
        return Affine(weight=weight, bias=self.tensor(f"{name}.bias", dtype))

    def stacked(self, names: tuple[str, ...], dtype: torch.dtype) -> Affine:
        """Give several linear layers of the same input as one, their outputs in the order of ``names``."""
        layers = [self.affine(name, dtype) for name in names]
        return Affine(
            weight=torch.cat([layer.weight for layer in layers]),
            bias=torch.cat([layer.bias for layer in layers]),
        )
