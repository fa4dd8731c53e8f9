"""Reads weights in the forms in which they are published, with no code of the file executed.

Four forms are in use: safetensors with names ``ema_model.transformer.…``, the same without the prefix, a
torch pickle that holds ``ema_model_state_dict`` (a training dump has ``model_state_dict`` and the
optimiser's state beside it, gigabytes that are never touched), and a pickle of ``model_state_dict`` or of
bare tensors.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from f5serve.engine.checkpoint import EMA_PREFIX, transformer_of
from f5serve.errors import ConfigurationError

Weights = Literal["averaged", "plain"]

_STATES: Final[tuple[tuple[str, Weights], ...]] = (
    ("ema_model_state_dict", "averaged"),
    ("model_state_dict", "plain"),
)
_HEAD_BYTES: Final = 64
_AGAIN: Final = "Delete it and fetch it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The tensors of a published file.

    Attributes:
        tensors: On the CPU under the file's names; those of a large file are read when they are used.
        weights: Whether they are the averaged (EMA) ones.
    """

    tensors: Mapping[str, Tensor]
    weights: Weights


def read_published(path: Path) -> Published:
    """Read the weights of a published file: the averaged ones where there are such.

    Args:
        path: A ``.safetensors`` file, or a torch pickle (``.pt``, ``.bin``, ``.pth``) of tensors and mappings.

    Raises:
        ConfigurationError: If the file is missing, cut off, no weights file, or carries objects that only
            code can build; tells which, and the remedy.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise ConfigurationError(f"{path.name}: cannot be read ({error.strerror})") from error
    _require_weights(path, head)
    if path.suffix == ".safetensors":
        return _named(_safetensors(path))
    return _picked(path, _pickle(path))


def read_transformer(path: Path) -> tuple[dict[str, Tensor], Weights]:
    """Read the transformer of a published checkpoint.

    Returns:
        Tensors under upstream's names without ``ema_model.transformer.``, and whether they are averaged.

    Raises:
        ConfigurationError: As ``read_published``, or if the file holds no transformer.
    """
    published = read_published(path)
    return transformer_of(published.tensors, path.name), published.weights


def _require_weights(path: Path, head: bytes) -> None:
    """Tell what is there in place of weights; a loader's own words for these cases mislead."""
    text = head.lstrip().lower()
    if not head:
        raise ConfigurationError(f"{path.name}: the file is empty. {_AGAIN}")
    if text.startswith(b"version https://git-lfs"):
        raise ConfigurationError(
            f"{path.name}: a pointer of Git LFS, not the file itself. {_AGAIN}, or run git lfs pull"
        )
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b'{"error')):
        raise ConfigurationError(
            f"{path.name}: holds the answer of a web server, not weights. {_AGAIN}"
        )


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(str(path), framework="pt") as content:
            return {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise ConfigurationError(
            f"{path.name}: cut off or no safetensors file ({error}). {_AGAIN}"
        ) from error


def _pickle(path: Path) -> object:
    zipped = is_zipfile(path)
    try:
        # Pickles from before torch 1.6 are no zip files and cannot be mapped.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        # torch's own message tells how to run the file's code all the same; it stays in the cause.
        named = _objects_of(path) if zipped else []
        if named:
            raise ConfigurationError(
                f"{path.name}: needs the Python objects {', '.join(named[:4])} to be loaded; a file of"
                " weights needs none, so it is refused and no code of it was run."
                " Take a file of tensors alone, safetensors at best"
            ) from error
        raise ConfigurationError(f"{path.name}: is no checkpoint of torch. {_AGAIN}") from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ConfigurationError(
            f"{path.name}: cut off or damaged; torch cannot read it. {_AGAIN}"
        ) from error


def _objects_of(path: Path) -> list[str]:
    """Name what a pickle would have to import."""
    try:
        return sorted(get_unsafe_globals_in_checkpoint(path))
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError):
        return []


def _picked(path: Path, content: object) -> Published:
    """Choose a state of a training dump; a file of bare tensors is one itself."""
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f"{path.name}: holds no state of a model, but {type(content).__name__}"
        )
    state: Mapping[object, object] = content
    weights: Weights | None = None
    for key, kind in _STATES:
        inner = content.get(key)
        if isinstance(inner, Mapping):
            state, weights = inner, kind
            break
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ConfigurationError(
            f"{path.name}: holds no tensors of a model; its keys are {sorted(map(str, state))[:8]}"
        )
    named = _named(tensors)
    if weights is None or named.weights == "averaged":
        return named
    return Published(tensors=named.tensors, weights=weights)


def _named(tensors: Mapping[str, Tensor]) -> Published:
    """Take the averaged weights of a file that names both, and say what was taken."""
    averaged = {name for name in tensors if name.startswith(EMA_PREFIX)}
    if not averaged:
        return Published(tensors=tensors, weights="plain")
    twins = {name.removeprefix(EMA_PREFIX) for name in averaged}
    kept = {name: value for name, value in tensors.items() if name not in twins}
    return Published(tensors=kept, weights="averaged")
