"""Reading and writing checkpoints in upstream's file formats.

Three forms are in use: a safetensors file with names ``ema_model.transformer.…``, a pickle that holds
``ema_model_state_dict`` with the same names, and a pickle that holds ``model_state_dict`` without the prefix.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from f5serve.errors import ConfigurationError

ROTARY_NAME: Final = "rotary_embed.inv_freq"
_EMA: Final = "ema_model."
_TRANSFORMER: Final = "transformer."
_COUNTERS: Final = frozenset({"initted", "step", "update"})


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a weights file, with no code executed.

    Args:
        path: A ``.safetensors`` file, or a torch pickle (``.pt``, ``.bin``, ``.pth``) that holds tensors and mappings.

    Returns:
        Tensors on the CPU under the file's names; of a pickle with several states, the averaged (EMA) one.

    Raises:
        ConfigurationError: If the file is missing, broken, or holds no tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Pickles from before torch 1.6 are no zip files and cannot be mapped.
        content: object = torch.load(
            path, map_location="cpu", weights_only=True, mmap=is_zipfile(path)
        )
    except (OSError, RuntimeError, pickle.UnpicklingError, SafetensorError, EOFError) as error:
        raise ConfigurationError(
            f"{path.name}: cannot be read as a weights file: {error}"
        ) from error
    for key in ("ema_model_state_dict", "model_state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f"{path.name}: holds no state of a model, but {type(content).__name__}"
        )
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ConfigurationError(
            f"{path.name}: holds no tensors; its keys are {sorted(map(str, content))[:8]}"
        )
    return tensors


def load_transformer(path: Path) -> dict[str, Tensor]:
    """Read the diffusion transformer of a checkpoint.

    Args:
        path: The checkpoint in any of upstream's forms.

    Returns:
        Tensors on the CPU, in the file's dtype, under upstream's names without ``ema_model.transformer.``.

    Raises:
        ConfigurationError: If the file cannot be read or holds no transformer.
    """
    state: dict[str, Tensor] = {}
    foreign: list[str] = []
    for name, tensor in load_tensors(path).items():
        bare = name.removeprefix(_EMA)
        # Older checkpoints carry the mel filters, which are not weights.
        if bare in _COUNTERS or bare.startswith("mel_spec."):
            continue
        if bare.startswith(_TRANSFORMER):
            state[bare.removeprefix(_TRANSFORMER)] = tensor
        else:
            foreign.append(name)
    if foreign or not state:
        raise ConfigurationError(
            f"{path.name}: {len(state)} tensors of a transformer and {len(foreign)} others ({foreign[:4]});"
            " an F5-TTS checkpoint is needed"
        )
    return state


def save_ema_safetensors(
    path: Path, state: Mapping[str, Tensor], dtype: torch.dtype = torch.float16
) -> None:
    """Write a transformer as upstream's EMA-only safetensors, which f5-tts reads too.

    Equal tensors give equal bytes. The rotary frequencies stay in float32: rounded to half, a position 3000 frames
    away would be off by two radians.

    Args:
        path: The file to write; it appears whole or not at all.
        state: Tensors as ``load_transformer`` gives them.
        dtype: What floating point tensors are rounded to.

    Raises:
        ConfigurationError: If a value does not fit into ``dtype``.
    """
    rounded: dict[str, Tensor] = {}
    for name in sorted(state):
        tensor = state[name].detach()
        if tensor.is_floating_point() and not name.endswith(ROTARY_NAME):
            tensor = tensor.to(dtype)
        if not bool(torch.isfinite(tensor).all()):
            raise ConfigurationError(
                f"{path.name}: {name} holds values that are not finite in {dtype}"
            )
        rounded[f"{_EMA}{_TRANSFORMER}{name}"] = tensor.contiguous()
    partial = path.with_name(f".{path.name}.partial")
    try:
        save_file(rounded, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_vocab(path: Path) -> dict[str, int]:
    """Read a vocabulary: one token a line, the line's number is the token's.

    As upstream does, the last character of every line is taken for its line break, and of a token that stands twice
    the later line counts. The checkpoints were trained so.

    Args:
        path: A UTF-8 text file; its first line, a space in every published one, stands for unknown tokens too.

    Returns:
        Token to number.

    Raises:
        ConfigurationError: If the file cannot be read or is empty.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            vocab = {line[:-1]: number for number, line in enumerate(lines)}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name}: cannot be read as a vocabulary: {error}") from error
    if not vocab:
        raise ConfigurationError(f"{path.name}: the vocabulary is empty")
    return vocab


def check_vocab(vocab: Mapping[str, int], state: Mapping[str, Tensor]) -> None:
    """Check that a vocabulary belongs to a checkpoint.

    Args:
        vocab: Token to number.
        state: The transformer's tensors.

    Raises:
        ConfigurationError: If the embedding has not one row a token and one for the filler.
    """
    name = "text_embed.text_embed.weight"
    if name not in state:
        raise ConfigurationError(f"checkpoint: {name} is missing")
    rows = state[name].shape[0]
    if rows != len(vocab) + 1:
        raise ConfigurationError(
            f"vocabulary has {len(vocab)} tokens, so the embedding needs {len(vocab) + 1} rows;"
            f" the checkpoint has {rows}."
            " Use the vocab.txt published beside the checkpoint"
        )
    highest = max(vocab.values(), default=-1)
    if highest + 1 >= rows:
        raise ConfigurationError(
            f"vocabulary numbers a token {highest}; the embedding's rows end at {rows - 2}"
        )


def check_state(
    expected: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor], source: str
) -> None:
    """Check that a state holds just the expected tensors.

    Args:
        expected: Shape of every tensor by name.
        state: The tensors found.
        source: What the state was read as, for the message.

    Raises:
        ConfigurationError: If names are missing or unexpected, or a shape differs; names the first of each.
    """
    missing = sorted(set(expected) - set(state))
    unexpected = sorted(set(state) - set(expected))
    if missing or unexpected:
        raise ConfigurationError(
            f"{source}: {len(missing)} tensors are missing {missing[:4]},"
            f" {len(unexpected)} are unexpected {unexpected[:4]}; does the architecture belong to this checkpoint?"
        )
    for name, shape in expected.items():
        if tuple(state[name].shape) != shape:
            raise ConfigurationError(
                f"{source}: {name} has shape {tuple(state[name].shape)}; {shape} was expected"
            )
