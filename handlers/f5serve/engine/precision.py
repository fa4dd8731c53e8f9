"""In what the transformer's products and attention are computed.

Half precision pays where a processor has units for it: a GPU's tensor cores, the tiles of a CPU with AMX. Elsewhere it
is slower than float32, and farther from it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import torch

from f5serve.errors import ConfigurationError

AUTO: Final = "auto"
DTYPES: Final = MappingProxyType(
    {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
)

TILE_FRAMES: Final = 16

_TENSOR_CORES: Final = (8, 0)
"""The first compute capability whose tensor cores take bfloat16."""


def compute_dtype(name: str, device: torch.device) -> torch.dtype:
    """Answer the compute dtype of that name.

    Args:
        name: float32, bfloat16 or float16; or ``auto``: bfloat16 where the device has units for it, else float32.
        device: Where the model will run.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    if name == AUTO:
        return torch.bfloat16 if has_bfloat16_units(device) else torch.float32
    if name not in DTYPES:
        raise ConfigurationError(
            f"dtype is {name!r}; known are {sorted([AUTO, *DTYPES])}", field="dtype"
        )
    return DTYPES[name]


def has_bfloat16_units(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 faster than float32 by an order: tensor cores, or AMX."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _TENSOR_CORES
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def tile_frames(dtype: torch.dtype, device: torch.device) -> int:
    """Answer of which number a batch's frames should be a multiple.

    Attention in bfloat16 goes by tiles on a CPU. Keys that fill the last one only in part cost more than a whole one:
    a mask over what is filled up is the cheaper way.
    """
    return TILE_FRAMES if device.type == "cpu" and dtype == torch.bfloat16 else 1
