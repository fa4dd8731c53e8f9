from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from f5serve.engine.layers import Affine, convolve, gelu_tanh, mish

WIDE = torch.cat([torch.linspace(-30, 30, 4001), torch.tensor([-1e20, -200.0, 0.0, 200.0, 1e20])])


def test_gelu_is_torchs() -> None:
    torch.testing.assert_close(
        gelu_tanh(WIDE.clone()), functional.gelu(WIDE, approximate="tanh"), rtol=1e-5, atol=1e-6
    )


def test_mish_is_torchs() -> None:
    torch.testing.assert_close(mish(WIDE), functional.mish(WIDE), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("channels", "groups"), [(32, 32), (32, 16), (32, 1)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_convolving_over_time_is_torchs_one_dimensional_convolution(
    channels: int, groups: int, with_bias: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 40, channels, generator=generator)
    weight = torch.randn(channels, channels // groups, 7, generator=generator)
    layer = Affine(weight=weight.unsqueeze(2), bias=torch.randn(channels, generator=generator))

    found = convolve(x, layer, groups=groups, with_bias=with_bias)

    bias = layer.bias if with_bias else None
    expected = functional.conv1d(
        x.transpose(1, 2), weight, bias, padding=3, groups=groups
    ).transpose(1, 2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
