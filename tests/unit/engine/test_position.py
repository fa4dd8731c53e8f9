from __future__ import annotations

import pytest
import torch

from f5serve.engine.layers import Affine
from f5serve.engine.position import BLOCK_FRAMES, PositionConvolution

CHANNELS, GROUPS, KERNEL = 48, 4, 31


def layer(channels: int = CHANNELS, groups: int = GROUPS) -> Affine:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(channels, channels // groups, 1, KERNEL, generator=generator)
    return Affine(
        weight=weight.contiguous(memory_format=torch.channels_last),
        bias=torch.randn(channels, generator=generator),
    )


@pytest.mark.parametrize("frames", [1, BLOCK_FRAMES - 1, BLOCK_FRAMES, BLOCK_FRAMES + 1, 67])
@pytest.mark.parametrize("channels", [CHANNELS, 128], ids=["narrow", "wide"])
def test_it_is_the_convolution_of_torch(frames: int, channels: int) -> None:
    made = layer(channels)
    x = torch.randn(2, frames, channels, generator=torch.Generator().manual_seed(2))

    found = PositionConvolution(made, groups=GROUPS)(x)

    expected = torch.nn.functional.conv1d(
        x.transpose(1, 2), made.weight[:, :, 0], made.bias, padding=KERNEL // 2, groups=GROUPS
    ).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-4)


def test_the_bias_can_be_left_out() -> None:
    made = layer()
    convolution = PositionConvolution(made, groups=GROUPS)
    x = torch.randn(1, 20, CHANNELS, generator=torch.Generator().manual_seed(3))

    assert torch.allclose(convolution(x), convolution(x, with_bias=False) + made.bias, atol=1e-5)


def test_items_of_a_batch_do_not_reach_into_each_other() -> None:
    convolution = PositionConvolution(layer(), groups=GROUPS)
    x = torch.randn(2, 40, CHANNELS, generator=torch.Generator().manual_seed(4))

    assert torch.allclose(convolution(x)[1:], convolution(x[1:]), atol=1e-5)
