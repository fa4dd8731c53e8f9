"""The wide grouped convolution that tells the transformer where a frame lies.

On a CPU a convolution of few channels a group is slow, whatever the layout: its inner products are as short as a
group is wide. Here a block of frames is computed from the block and the frames around it by one matrix a group, in
which the kernel stands once for every frame of the block. That is a quarter more multiplications, done twice as fast.

b items        n frames        c channels        g groups        w channels of a group        k kernel
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from f5serve.engine.layers import Affine, convolve

BLOCK_FRAMES: Final = 8
WIDEST_GROUP: Final = 16
"""Wider groups keep a CPU busy as they are, and the matrices grow with the square of the width."""


class PositionConvolution:
    """A convolution over time with an odd kernel, keeping the length.

    Args:
        layer: Its weight, ``[c w 1 k]``, and bias.
        groups: Into how many groups the channels fall.
    """

    def __init__(self, layer: Affine, *, groups: int) -> None:
        self._layer = layer
        self._groups = groups
        weight = layer.weight
        narrow = weight.shape[1] <= WIDEST_GROUP
        blocked = narrow and weight.device.type == "cpu" and weight.dtype == torch.float32
        self._matrices = _matrices(weight[:, :, 0], groups) if blocked else None

    def __call__(self, x: Tensor, *, with_bias: bool = True) -> Tensor:
        """Convolve ``[b n c]``, answer ``[b n c]``."""
        if self._matrices is None:
            return convolve(x, self._layer, groups=self._groups, with_bias=with_bias)
        result = self._blocked(x, self._matrices)
        return result.add_(self._layer.bias) if with_bias else result

    def _blocked(self, x: Tensor, matrices: Tensor) -> Tensor:
        items, frames, channels = x.shape
        width = channels // self._groups
        blocks = -(-frames // BLOCK_FRAMES)
        around = self._layer.weight.shape[-1] - 1
        filled = blocks * BLOCK_FRAMES - frames
        padded = functional.pad(x, (0, 0, around // 2, around // 2 + filled))
        windows = padded.unfold(1, BLOCK_FRAMES + around, BLOCK_FRAMES)
        windows = windows.view(items, blocks, self._groups, width, -1).permute(2, 0, 1, 4, 3)
        rows = torch.bmm(windows.reshape(self._groups, items * blocks, -1), matrices)
        rows = rows.view(self._groups, items, blocks * BLOCK_FRAMES, width)[:, :, :frames]
        return rows.permute(1, 2, 0, 3).reshape(items, frames, channels)


def _matrices(weight: Tensor, groups: int) -> Tensor:
    """Answer ``[g, (block + k - 1) * w, block * w]`` for a weight ``[c w k]``."""
    channels, width, kernel = weight.shape
    of_group = weight.view(groups, channels // groups, width, kernel).permute(0, 3, 2, 1)
    matrices = weight.new_zeros(
        groups, BLOCK_FRAMES + kernel - 1, width, BLOCK_FRAMES, channels // groups
    )
    for frame in range(BLOCK_FRAMES):
        matrices[:, frame : frame + kernel, :, frame] = of_group
    return matrices.flatten(3).flatten(1, 2)
