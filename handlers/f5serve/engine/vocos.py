"""The Vocos vocoder: log-mel frames to samples, many items at once, each as if alone.

b items        n frames, padded        c width        f frequency bins (513)        nw samples
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from f5serve.engine.arch import VocosConfig
from f5serve.engine.checkpoint import check_state
from f5serve.engine.layers import Affine, convolve, linear
from f5serve.engine.weights import Placed

_KERNEL: Final = 7
_NORM_EPSILON: Final = 1e-6
_MAX_MAGNITUDE: Final = 1e2
_LEAST_ENVELOPE: Final = 1e-11
_WINDOW: Final = "head.istft.window"
_FEATURES: Final = "feature_extractor."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    depthwise: Affine
    norm: Affine
    widen: Affine
    narrow: Affine
    gamma: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        channels = x.shape[-1]
        hidden = convolve(x, self.depthwise, groups=channels)
        hidden = functional.layer_norm(
            hidden, (channels,), self.norm.weight, self.norm.bias, _NORM_EPSILON
        )
        hidden = functional.gelu(linear(hidden, self.widen))
        hidden = linear(hidden, self.narrow)
        return torch.addcmul(x, hidden, self.gamma)


def vocoder_shapes(config: VocosConfig) -> dict[str, tuple[int, ...]]:
    """Give the shape of every weight of a vocoder by name; its window and mel filters are no weights."""
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(name: str, *shape: int) -> None:
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]

    layer("backbone.embed", config.dim, config.mel_channels, _KERNEL)
    layer("backbone.norm", config.dim)
    for index in range(config.layers):
        block = f"backbone.convnext.{index}"
        layer(f"{block}.dwconv", config.dim, 1, _KERNEL)
        layer(f"{block}.norm", config.dim)
        layer(f"{block}.pwconv1", config.intermediate_dim, config.dim)
        layer(f"{block}.pwconv2", config.dim, config.intermediate_dim)
        shapes[f"{block}.gamma"] = (config.dim,)
    layer("backbone.final_layer_norm", config.dim)
    layer("head.out", config.n_fft + 2, config.dim)
    return shapes


def check_vocoder(config: VocosConfig, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Answer a vocoder's weights without its window and mel filters.

    Args:
        config: The architecture.
        state: The tensors under upstream's names.

    Raises:
        ConfigurationError: If the tensors are not just those of the architecture.
    """
    kept = {
        name: tensor
        for name, tensor in state.items()
        if name != _WINDOW and not name.startswith(_FEATURES)
    }
    check_state(vocoder_shapes(config), kept, "vocoder")
    return kept


class Vocos:
    """Turns mel frames into samples, in float32.

    Args:
        config: The architecture.
        state: The weights under upstream's names; the window and the mel filters may be among them.
        device: Where it runs.

    Raises:
        ConfigurationError: If the tensors are not just those of the architecture.
    """

    def __init__(
        self, config: VocosConfig, state: Mapping[str, Tensor], *, device: torch.device
    ) -> None:
        weights = Placed(state=check_vocoder(config, state), device=device)
        self.config = config
        self.device = device
        self._embed = weights.convolution("backbone.embed")
        self._norm = weights.affine("backbone.norm")
        self._blocks = [
            _block(weights, f"backbone.convnext.{index}") for index in range(config.layers)
        ]
        self._final_norm = weights.affine("backbone.final_layer_norm")
        self._out = weights.affine("head.out")
        self._window = torch.hann_window(config.n_fft, device=device)

    def samples(self, frames: int) -> int:
        """Tell how many samples a mel of so many frames gives."""
        counted = frames - 1 if self.config.padding == "center" else frames
        return counted * self.config.hop_samples

    def decode(self, mels: Sequence[Tensor]) -> list[Tensor]:
        """Decode a batch.

        Args:
            mels: Log-mels ``[n_i d]`` float32, each with at least one frame.

        Returns:
            Samples of each in order, ``[nw_i]`` float32 on the vocoder's device, equal to what the mel alone gives.
        """
        if not mels:
            return []
        lengths = [mel.shape[0] for mel in mels]
        with torch.inference_mode():
            x = pad_sequence([mel.to(self.device) for mel in mels], batch_first=True)
            valid = None
            if min(lengths) < max(lengths):
                valid = torch.arange(x.shape[1]).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
                valid = valid.to(self.device).unsqueeze(-1)
            magnitude, phase = self._spectrum(x, valid)
            waves = self._overlap_add(magnitude, phase, valid)
            return [waves[index, : self.samples(length)] for index, length in enumerate(lengths)]

    def _spectrum(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        config = self.config
        x = convolve(x, self._embed)
        x = functional.layer_norm(
            x, (config.dim,), self._norm.weight, self._norm.bias, _NORM_EPSILON
        )
        for block in self._blocks:
            # Each convolution must meet zeros behind an item's end, as it does where the item stands alone.
            x = block(x if valid is None else x.masked_fill(~valid, 0.0))
        x = functional.layer_norm(
            x, (config.dim,), self._final_norm.weight, self._final_norm.bias, _NORM_EPSILON
        )
        magnitude, phase = linear(x, self._out).chunk(2, dim=-1)
        return magnitude.exp().clip(max=_MAX_MAGNITUDE), phase

    def _overlap_add(self, magnitude: Tensor, phase: Tensor, valid: Tensor | None) -> Tensor:
        # torch.istft would count the windows of padding frames too, and fade out the end of a short item.
        pieces = (
            torch.fft.irfft(torch.polar(magnitude, phase), self.config.n_fft, dim=-1) * self._window
        )
        weights = self._window.square().expand(
            1 if valid is None else pieces.shape[0], pieces.shape[1], -1
        )
        if valid is not None:
            pieces, weights = pieces.masked_fill(~valid, 0.0), weights.masked_fill(~valid, 0.0)
        waves, envelope = self._folded(pieces), self._folded(weights)
        # Behind an item's end there is nothing to divide by; those samples are cut off.
        return waves / envelope.clamp(min=_LEAST_ENVELOPE)

    def _folded(self, pieces: Tensor) -> Tensor:
        size, hop = self.config.n_fft, self.config.hop_samples
        edge = size // 2 if self.config.padding == "center" else (size - hop) // 2
        total = (pieces.shape[1] - 1) * hop + size
        joined = functional.fold(pieces.transpose(1, 2), (1, total), (1, size), stride=(1, hop))
        return joined[:, 0, 0, edge : total - edge]


def _block(weights: Placed, name: str) -> _Block:
    return _Block(
        depthwise=weights.convolution(f"{name}.dwconv"),
        norm=weights.affine(f"{name}.norm"),
        widen=weights.affine(f"{name}.pwconv1"),
        narrow=weights.affine(f"{name}.pwconv2"),
        gamma=weights.tensor(f"{name}.gamma"),
    )
