"""What became of a piece that gave no speech."""

from __future__ import annotations

from typing import TypeVar

import torch

from f5serve.engine.sampler import SampleItem
from f5serve.errors import (
    NotFiniteError,
    OutOfMemoryError,
    ServeError,
    SynthesisError,
)

_Output = TypeVar("_Output")


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
