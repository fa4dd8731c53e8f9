"""Where the model runs, and what its errors tell."""

from __future__ import annotations

from typing import Final

import torch

from f5serve.engine.batching import BATCH_COST_FRAMES
from f5serve.errors import ConfigurationError, DeviceLostError

_MEMORY_MESSAGES: Final = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
)


def device_named(name: str) -> torch.device:
    """Answer the device of that name.

    Raises:
        ConfigurationError: If it is unknown, not supported or not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigurationError(
            f"device {name!r} is unknown; cpu or cuda:<index> is needed", field="device"
        ) from error
    if device.type not in BATCH_COST_FRAMES:
        raise ConfigurationError(
            f"device {name!r} is not supported; cpu or cuda:<index> is", field="device"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigurationError(
            f"device {name!r} is not there; {torch.cuda.device_count()} found", field="device"
        )
    return device


def require_alive(device: torch.device) -> None:
    """Find out whether an error has taken the device with it, as a CUDA assertion does.

    Raises:
        DeviceLostError: If the device answers no more.
    """
    if device.type != "cuda":
        return
    try:
        torch.cuda.synchronize(device)
    except RuntimeError as error:
        raise DeviceLostError(f"{device} answers no more") from error


def wants_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is too little memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # Neither the CPU's allocator nor cuBLAS and cuDNN (…_ALLOC_FAILED) have an error class of their own.
    return any(message in str(error).lower() for message in _MEMORY_MESSAGES)
