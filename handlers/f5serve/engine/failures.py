"""What became of a piece that gave no speech, and whether the device is still there."""

from __future__ import annotations

from typing import Final, TypeVar

import torch

from f5serve.engine.sampler import SampleItem
from f5serve.errors import (
    DeviceLostError,
    NotFiniteError,
    OutOfMemoryError,
    ServeError,
    SynthesisError,
)

_Output = TypeVar("_Output")

_MEMORY_MESSAGES: Final = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
)


def require_device(device: torch.device) -> None:
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


def failure(item: SampleItem, *, starved: bool) -> ServeError:
    """Answer the error of a piece that failed even alone.

    Args:
        item: The piece.
        starved: Whether it was memory that it lacked.
    """
    if starved:
        return OutOfMemoryError(
            f"a piece of {item.frames} frames does not fit into the device's memory"
        )
    return SynthesisError("the model failed on this piece; its log holds the reason")


def finite(result: _Output) -> _Output | ServeError:
    """Answer a mel or a waveform, or the error of one that holds infinities or what is no number."""
    if bool(torch.isfinite(torch.as_tensor(result)).all()):
        return result
    return NotFiniteError("the model gave values that are not finite")


def wants_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # Neither the CPU's allocator nor cuBLAS and cuDNN (…_ALLOC_FAILED) have an error class of their own.
    return any(message in str(error).lower() for message in _MEMORY_MESSAGES)
