"""What the shapes of a checkpoint's tensors tell about its architecture, and what they do not.

They tell widths, depths and the size of the vocabulary. They do not tell the switches in which v0 and v1
differ (``text_mask_padding``, ``pe_attn_head``): ``scripts/switches.py`` looks for those in what the model
predicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from torch import Tensor

from f5serve.engine.arch import DiTConfig
from f5serve.engine.checkpoint import ROTARY_NAME, check_state
from f5serve.engine.weights import parameter_shapes
from f5serve.errors import ConfigurationError

_HEAD_WIDTH: Final = 64
_EMBEDDING: Final = "text_embed.text_embed.weight"


def told_by_shapes(state: Mapping[str, Tensor]) -> dict[str, int]:
    """Answer the keys of an architecture that the tensors tell; those of missing tensors are left out.

    ``heads`` is told for heads 64 wide, as all published ones are.
    """
    shape = {name: tuple(tensor.shape) for name, tensor in state.items()}
    told: dict[str, int] = {
        "depth": _count(shape, r"transformer_blocks\.(\d+)\."),
        "conv_layers": _count(shape, r"text_embed\.text_blocks\.(\d+)\."),
    }
    if (found := shape.get(_EMBEDDING)) and len(found) == 2:
        told["vocab_size"], told["text_dim"] = found[0] - 1, found[1]
    if (found := shape.get("transformer_blocks.0.ff.ff.0.0.weight")) and len(found) == 2:
        told["dim"], told["ff_mult"] = found[1], found[0] // found[1]
    if (found := shape.get("transformer_blocks.0.attn.to_q.weight")) and len(found) == 2:
        told["heads"] = found[0] // _HEAD_WIDTH
    return told


def check_architecture(
    config: DiTConfig,
    state: Mapping[str, Tensor],
    source: str,
    known: Mapping[str, Mapping[str, object]],
) -> None:
    """Check that a checkpoint has just the tensors of the pinned architecture.

    Args:
        config: The pinned architecture, with the vocabulary's size.
        state: The transformer's tensors.
        source: The checkpoint's name, for the message.
        known: The catalogue's architectures, to name those that would fit.

    Raises:
        ConfigurationError: If tensors are missing, unexpected or misshapen; tells which keys of the
            architecture differ, and which name of the catalogue fits.
    """
    bare = {name: tensor for name, tensor in state.items() if name != ROTARY_NAME}
    try:
        check_state(parameter_shapes(config), bare, source)
    except ConfigurationError as error:
        told = told_by_shapes(bare)
        differing = [
            f"{key} is {value}, not {getattr(config, key)}"
            for key, value in told.items()
            if value != getattr(config, key)
        ]
        if not differing:
            raise
        fitting = _fitting(told, known)
        remedy = (
            f"; of the catalogue's architectures {', '.join(fitting)} would fit" if fitting else ""
        )
        raise ConfigurationError(
            f"{error.detail}. In the file {', '.join(differing)}{remedy}"
        ) from error


def _fitting(told: Mapping[str, int], known: Mapping[str, Mapping[str, object]]) -> list[str]:
    return [
        name
        for name, values in known.items()
        if all(values.get(key) == value for key, value in told.items() if key not in {"vocab_size"})
    ]


def _count(names: Iterable[str], pattern: str) -> int:
    found = [int(match[1]) for name in names if (match := re.match(pattern, name))]
    return max(found, default=-1) + 1
