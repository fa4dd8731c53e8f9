"""Reading and writing a packaged checkpoint: safetensors with upstream's names, and the vocabulary beside it.

Upstream's other forms, pickles among them, are read at packaging only (``scripts/published.py``): a worker never
opens a file that could carry code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from f5serve.errors import ConfigurationError

ROTARY_NAME: Final = "rotary_embed.inv_freq"
EMA_PREFIX: Final = "ema_model."
_TRANSFORMER: Final = "transformer."
_COUNTERS: Final = frozenset({"initted", "step", "update"})


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a safetensors file.

    Args:
        path: The file.

    Returns:
        Tensors on the CPU under the file's names.

    Raises:
        ConfigurationError: If the file is missing or broken, or is of another form.
    """
    if path.suffix != ".safetensors":
        raise ConfigurationError(
            f"{path.name}: the engine reads safetensors only; convert the file first:"
            " python -m scripts.convert"
        )
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ConfigurationError(
            f"{path.name}: cannot be read as a weights file: {error}"
        ) from error


def load_transformer(path: Path) -> dict[str, Tensor]:
    """Read the diffusion transformer of a safetensors checkpoint.

    Args:
        path: The checkpoint, averaged (EMA) or not.

    Returns:
        Tensors on the CPU, in the file's dtype, under upstream's names without ``ema_model.transformer.``.

    Raises:
        ConfigurationError: If the file cannot be read or holds no transformer.
    """
    return transformer_of(load_tensors(path), path.name)


def transformer_of(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Pick the transformer out of a checkpoint's tensors.

    Args:
        tensors: Under the file's names.
        source: The file's name, for the message.

    Returns:
        Tensors under upstream's names without ``ema_model.transformer.``.

    Raises:
        ConfigurationError: If there is no transformer, or something else beside it; names the first of it.
    """
    state: dict[str, Tensor] = {}
    foreign: list[str] = []
    for name, tensor in tensors.items():
        bare = name.removeprefix(EMA_PREFIX)
        # Older checkpoints carry the mel filters, which are not weights.
        if bare in _COUNTERS or bare.startswith("mel_spec."):
            continue
        if bare.startswith(_TRANSFORMER):
            state[bare.removeprefix(_TRANSFORMER)] = tensor
        else:
            foreign.append(name)
    if foreign or not state:
        raise ConfigurationError(
            f"{source}: {len(state)} tensors of a transformer and {len(foreign)} others ({foreign[:4]});"
            " an F5-TTS checkpoint is needed"
        )
    return state


def save_ema_safetensors(
    path: Path,
    state: Mapping[str, Tensor],
    dtype: torch.dtype = torch.float16,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a transformer as upstream's EMA-only safetensors, which f5-tts reads too.

    Equal tensors give equal bytes. The rotary frequencies stay in float32: rounded to half, a position 3000 frames
    away would be off by two radians.

    Args:
        path: The file to write; it appears whole or not at all.
        state: Tensors as ``load_transformer`` gives them.
        dtype: What floating point tensors are rounded to.
        metadata: Kept in the file's header.

    Raises:
        ConfigurationError: If a value is not finite, or does not fit into ``dtype``.
    """
    rounded = {
        f"{EMA_PREFIX}{_TRANSFORMER}{name}": round_tensor(name, state[name], dtype, path.name)
        for name in sorted(state)
    }
    partial = path.with_name(f".{path.name}.partial")
    try:
        save_file(rounded, partial, metadata=None if metadata is None else dict(metadata))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def round_tensor(name: str, tensor: Tensor, dtype: torch.dtype, source: str) -> Tensor:
    """Round one tensor of a transformer.

    Args:
        name: Its name.
        tensor: Its values.
        dtype: What a floating point tensor is rounded to; the rotary frequencies are kept as they are.
        source: The file's name, for the message.

    Returns:
        The rounded tensor, contiguous.

    Raises:
        ConfigurationError: If a value is not finite, or does not fit into ``dtype``.
    """
    tensor = tensor.detach()
    if not bool(torch.isfinite(tensor).all()):
        raise ConfigurationError(
            f"{source}: {name} holds values that are not finite; the file is damaged, or its training failed"
        )
    if not tensor.is_floating_point() or name.endswith(ROTARY_NAME):
        return tensor.contiguous()
    rounded = tensor.to(dtype)
    if not bool(torch.isfinite(rounded).all()):
        raise ConfigurationError(
            f"{source}: {name} reaches {float(tensor.abs().max()):.3g}; the largest value of"
            f" {dtype} is {torch.finfo(dtype).max:g}, and no trained model comes near it"
        )
    return rounded.contiguous()


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
