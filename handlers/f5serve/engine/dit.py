"""The diffusion transformer, for inference only.

b  items of a batch        g  guidance rows: b, or 2b with the rows without condition behind those with it
n  mel frames, padded      m  mel channels (100)        t  text channels
d  width                   h  heads                     k  width of a head

The residual stream, its norms and everything of the time stay in float32; the compute dtype is that of the matrix
products and of attention alone. Upstream's half precision also rounds the rotary positions, which ruins long items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from f5serve.engine.arch import POSITION_GROUPS, DiTConfig
from f5serve.engine.checkpoint import ROTARY_NAME, check_state
from f5serve.engine.layers import Affine, gelu_tanh, linear, mish
from f5serve.engine.modulation import BlockModulation, StepModulation, TimeConditioner
from f5serve.engine.position import PositionConvolution
from f5serve.engine.text_embedding import MAX_FRAMES, TextEmbedding
from f5serve.engine.weights import Placed, parameter_shapes

_NORM_EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCondition:
    """What one item is conditioned on.

    Attributes:
        reference_mel: ``[r m]`` float32.
        token_ids: Reference text and target text.
        frames: Frames of reference and new speech together.
    """

    reference_mel: Tensor
    token_ids: Sequence[int]
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCondition:
    """What stays the same through all steps of a batch.

    Attributes:
        projected: ``[g n d]`` float32; the input layer's share of reference, text and bias.
        convolved: ``[g n d]``; the first position convolution of it.
        valid: ``[b n]``, which frames are no padding; ``None`` when none is.
        guided: Whether the rows without condition are there.
    """

    projected: Tensor
    convolved: Tensor
    valid: Tensor | None
    guided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    qkv: Affine
    out: Affine
    widen: Affine
    narrow: Affine


class DiT:
    """Predicts the flow from noise to speech.

    Args:
        config: The architecture.
        state: The checkpoint's tensors under upstream's names, without ``transformer.``.
        device: Where it runs.
        dtype: Compute dtype: float32, bfloat16 or float16.

    Raises:
        ConfigurationError: If the tensors are not just those of the architecture.
    """

    def __init__(
        self,
        config: DiTConfig,
        state: Mapping[str, Tensor],
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        # Recomputed in float32: a file in half precision holds them rounded.
        state = {name: tensor for name, tensor in state.items() if name != ROTARY_NAME}
        check_state(parameter_shapes(config), state, "transformer")
        weights = Placed(state=state, device=device)
        self.config = config
        self.device = device
        self.dtype = dtype
        self.time = TimeConditioner(config, weights)
        self._text = TextEmbedding(config, weights)
        self._input = weights.affine("input_embed.proj")
        self._input_noise = self._input.weight[:, : config.mel_channels].to(dtype).contiguous()
        self._positions = [
            PositionConvolution(
                weights.convolution(f"input_embed.conv_pos_embed.conv1d.{index}", dtype),
                groups=POSITION_GROUPS,
            )
            for index in (0, 2)
        ]
        self._blocks = [
            _block(weights, f"transformer_blocks.{index}", dtype) for index in range(config.depth)
        ]
        skip = "long_skip_connection.weight"
        self._skip = weights.tensor(skip, dtype) if config.long_skip_connection else None
        self._output = weights.affine("proj_out", dtype)
        self._rotation = _rotation(config.dim_head).to(device)

    def condition(
        self, items: Sequence[ItemCondition], *, guided: bool, padded_frames: int = 0
    ) -> BatchCondition:
        """Compute once what every step needs.

        Args:
            items: The batch; each item's text is embedded over its own frames alone.
            guided: Whether the rows without condition are wanted.
            padded_frames: To how many frames the batch is filled up, if that is more than its longest item has.

        Returns:
            The batch's condition, padded to its longest item or beyond.
        """
        lengths = [item.frames for item in items]
        longest, channels = max(*lengths, padded_frames), self.config.mel_channels
        rows = 2 if guided else 1
        joined = torch.zeros(
            rows, len(items), longest, channels + self.config.text_dim, device=self.device
        )
        for index, item in enumerate(items):
            joined[0, index, : item.reference_mel.shape[0], :channels] = item.reference_mel.to(
                self.device
            )
            joined[:, index, : item.frames, channels:] = self._text(
                item.token_ids, item.frames, guided=guided
            )
        projected = functional.linear(
            joined.flatten(0, 1), self._input.weight[:, channels:], self._input.bias
        )
        valid = None
        if min(lengths) < longest:
            valid = torch.arange(longest).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
            valid = valid.to(self.device)
            projected = projected.masked_fill(~valid.repeat(rows, 1).unsqueeze(-1), 0.0)
        convolved = self._positions[0](projected.to(self.dtype))
        return BatchCondition(projected=projected, convolved=convolved, valid=valid, guided=guided)

    def velocity(self, x: Tensor, condition: BatchCondition, step: StepModulation) -> Tensor:
        """Predict the flow at one time.

        Args:
            x: ``[b n m]`` float32, the state; what stands in padding is of no effect.
            condition: The batch's condition.
            step: The time's modulation.

        Returns:
            ``[g n m]`` float32; in padding anything finite.
        """
        rows = 2 if condition.guided else 1
        mask = None if condition.valid is None else condition.valid.repeat(rows, 1)
        hidden = self._embed(x, condition, mask)
        attention_mask = None if mask is None else mask[:, None, None, :]
        rotation = self._rotation[: x.shape[1], None, None, :]
        residual = hidden.clone() if self._skip is not None else None
        for block, modulation in zip(self._blocks, step.blocks, strict=True):
            self._attend(hidden, block, modulation, rotation, attention_mask)
            self._feed(hidden, block, modulation)
        if self._skip is not None and residual is not None:
            joined = torch.cat([hidden, residual], dim=-1).to(self.dtype)
            hidden = functional.linear(joined, self._skip).float()
        hidden = self._normed(hidden, step.final_scale, step.final_shift)
        return linear(hidden, self._output).float()

    def _embed(self, x: Tensor, condition: BatchCondition, mask: Tensor | None) -> Tensor:
        # The input layer and the first convolution are linear, so the share of the condition was computed once, and
        # that of the noise serves the rows with and without condition alike.
        noise = functional.linear(x.to(self.dtype), self._input_noise)
        if condition.valid is not None:
            noise = noise.masked_fill(~condition.valid.unsqueeze(-1), 0.0)
        first, second = self._positions
        convolved = first(noise, with_bias=False)
        if condition.guided:
            noise, convolved = noise.repeat(2, 1, 1), convolved.repeat(2, 1, 1)
        hidden = mish(convolved + condition.convolved)
        if mask is not None:
            hidden = hidden.masked_fill(~mask.unsqueeze(-1), 0.0)
        hidden = mish(second(hidden))
        return condition.projected + noise + hidden

    def _attend(
        self,
        hidden: Tensor,
        block: _Block,
        modulation: BlockModulation,
        rotation: Tensor,
        mask: Tensor | None,
    ) -> None:
        config = self.config
        normed = self._normed(hidden, modulation.attention_scale, modulation.attention_shift)
        qkv = linear(normed, block.qkv)
        qkv = qkv.view(*qkv.shape[:2], 3, config.heads, config.dim_head)
        _rotate(qkv[:, :, :2, : config.rotated_heads], rotation)
        query, key, value = (part.transpose(1, 2) for part in qkv.unbind(2))
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = linear(mixed.transpose(1, 2).flatten(2), block.out)
        hidden.addcmul_(mixed.to(hidden.dtype), modulation.attention_gate)

    def _feed(self, hidden: Tensor, block: _Block, modulation: BlockModulation) -> None:
        normed = self._normed(hidden, modulation.feed_scale, modulation.feed_shift)
        wide = gelu_tanh(linear(normed, block.widen))
        fed = linear(wide, block.narrow)
        hidden.addcmul_(fed.to(hidden.dtype), modulation.feed_gate)

    def _normed(self, hidden: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        # All items of a batch share their times, so modulation is the affine part of a layer norm.
        return functional.layer_norm(hidden, (self.config.dim,), scale, shift, _NORM_EPSILON).to(
            self.dtype
        )


def rotary_rates(dim_head: int) -> Tensor:
    """Give how far each pair of a head's channels is turned a frame, ``[k / 2]`` float32."""
    return 1.0 / (10000.0 ** (torch.arange(0, dim_head, 2).float() / dim_head))


def _rotation(dim_head: int) -> Tensor:
    angles = torch.outer(torch.arange(MAX_FRAMES).float(), rotary_rates(dim_head))
    return torch.polar(torch.ones_like(angles), angles)


def _rotate(heads: Tensor, rotation: Tensor) -> None:
    # In place. Neighbouring channels are the two parts of a complex number that is turned by the frame's angle.
    turned = heads.float()  # itself, if that is float32 already
    torch.view_as_complex(turned.view(*turned.shape[:-1], -1, 2)).mul_(rotation)
    if turned is not heads:
        heads.copy_(turned)


def _block(weights: Placed, name: str, dtype: torch.dtype) -> _Block:
    return _Block(
        qkv=weights.stacked(
            tuple(f"{name}.attn.{part}" for part in ("to_q", "to_k", "to_v")), dtype
        ),
        out=weights.affine(f"{name}.attn.to_out.0", dtype),
        widen=weights.affine(f"{name}.ff.ff.0.0", dtype),
        narrow=weights.affine(f"{name}.ff.ff.2", dtype),
    )
