r"""Turns a published checkpoint into the one form that is served: averaged weights alone, in half precision.

``make package`` does it by itself and keeps the result under ``build/converted/``, by the sha256 of the
source. Alone::

    PYTHONPATH=handlers:. .venv/bin/python -m scripts.convert model.pt --architecture v0_base \
        --vocabulary vocab.txt --out model.safetensors
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.sources import ModelFiles

if TYPE_CHECKING:
    from torch import Tensor

    from scripts.published import Weights

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = "config/catalogue.yaml"
CACHE: Final = "converted"
SPARE_BYTES: Final = 50_000_000
# Part of a cached file's name: another way of rounding or naming gives another number.
_FORM: Final = 1
_TOLD: Final = "f5serve"  # the key of a converted file's header

Architecture = Mapping[str, bool | int | float | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A checkpoint in the form that is served.

    Attributes:
        path: The file.
        weights: Whether the source held averaged weights.
        rounding_rel_l2: Relative L2 distance of the rounded weights from the source's.
    """

    path: Path
    weights: Weights
    rounding_rel_l2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a checkpoint must be.

    Attributes:
        vocabulary: The token list published beside it.
        architecture: The pinned architecture, under upstream's names.
        known: The catalogue's architectures, for the message.
    """

    vocabulary: Path
    architecture: Architecture
    known: Mapping[str, Architecture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where the conversion of a checkpoint is kept.

    Attributes:
        folder: The cache.
        model: The model's name; one conversion of each model is kept, the last.
        sha256: Digest of the checkpoint.
    """

    folder: Path
    model: str
    sha256: str

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self.model}-{self.sha256[:32]}-{_FORM}.safetensors"


def convert(source: Path, plan: Plan, target: Path) -> Conversion:
    """Check a published checkpoint and write its averaged weights, rounded to half precision.

    A training dump is mapped, not read: memory goes with the weights that are written, not with the
    optimiser's state beside them.

    Args:
        source: The checkpoint in one of upstream's forms.
        plan: What it must be.
        target: The file to write; it appears whole or not at all.

    Raises:
        ConfigurationError: If the file is no such checkpoint, holds values that cannot be served, or the
            disk is too full; names the file, what is wrong and the remedy.
    """
    # Imported here: reading the lock and packaging nothing takes no torch.
    import torch

    from f5serve.engine.checkpoint import save_ema_safetensors
    from scripts.published import read_transformer

    state, weights = read_transformer(source)
    check(state, plan, source.name)
    _require_space(target, 2 * sum(tensor.numel() for tensor in state.values()))
    target.parent.mkdir(parents=True, exist_ok=True)
    rounding = Rounding()
    rounded = rounding.apply(state, source.name)
    # One key: safetensors writes several in an order that changes from run to run.
    told = json.dumps({"rounding_rel_l2": rounding.relative_l2(), "weights": weights})
    save_ema_safetensors(target, rounded, torch.float16, {_TOLD: told})
    return Conversion(path=target, weights=weights, rounding_rel_l2=rounding.relative_l2())


def converted(source: Path, plan: Plan, kept: Kept) -> Conversion:
    """Answer a conversion that was kept, or make and keep it.

    Args:
        source: The checkpoint in one of upstream's forms.
        plan: What it must be; checked of a kept file as well.
        kept: Where it is kept.

    Raises:
        ConfigurationError: As ``convert``.
    """
    from f5serve.engine.checkpoint import load_transformer

    told = _told(kept.path) if kept.path.is_file() else None
    if told is not None:
        check(load_transformer(kept.path), plan, source.name)
        return told
    for former in kept.folder.glob(f"{kept.model}-*.safetensors"):
        former.unlink()
    return convert(source, plan, kept.path)


def check(state: Mapping[str, Tensor], plan: Plan, source: str) -> None:
    """Check a transformer against the vocabulary and the architecture that are pinned for it.

    Raises:
        ConfigurationError: If they do not belong together; tells which file or key to look at.
    """
    from f5serve.engine.arch import DiTConfig
    from f5serve.engine.checkpoint import check_vocab, read_vocab
    from scripts.shapes import check_architecture

    vocab = read_vocab(plan.vocabulary)
    try:
        check_vocab(vocab, state)
    except ConfigurationError as error:
        raise ConfigurationError(f"{source} and {plan.vocabulary}: {error.detail}") from error
    config = DiTConfig.from_mapping(plan.architecture, vocab_size=len(vocab))
    check_architecture(config, state, source, plan.known)


class Rounding:
    """Rounds tensors and sums up what is lost."""

    def __init__(self) -> None:
        self._lost = 0.0
        self._whole = 0.0

    def apply(self, state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """Round a state to half precision, tensor by tensor.

        Raises:
            ConfigurationError: If a value is not finite or does not fit; names the tensor.
        """
        import torch

        from f5serve.engine.checkpoint import round_tensor

        rounded = {}
        for name in sorted(state):
            rounded[name] = round_tensor(name, state[name], torch.float16, source)
            before = state[name].double()
            self._whole += float(before.square().sum())
            self._lost += float((rounded[name].double() - before).square().sum())
        return rounded

    def relative_l2(self) -> float:
        """Answer the relative L2 distance of everything that was rounded from what it was."""
        return math.sqrt(self._lost / self._whole) if self._whole else 0.0


def convert_weights(
    files: ModelFiles, plan: Plan, workspace: Path, kept: Kept | None = None
) -> tuple[dict[str, Path], Conversion]:
    """Write the weights that an archive carries.

    Args:
        files: Where the sources lie.
        plan: What the checkpoint must be.
        workspace: Where to write.
        kept: Where the transformer is kept for the next time; None for a small one.

    Returns:
        The files by their path within the archive, and what was done to the transformer.

    Raises:
        ConfigurationError: If a file cannot be read, or they do not belong together.
    """
    if kept is None:
        done = convert(files.checkpoint, plan, workspace / "model.safetensors")
    else:
        done = converted(files.checkpoint, plan, kept)
    vocoder = workspace / "vocoder.safetensors"
    convert_vocoder(files, vocoder)
    return {"model.safetensors": done.path, "vocoder.safetensors": vocoder}, done


def convert_vocoder(files: ModelFiles, target: Path) -> None:
    """Write a vocoder's tensors as safetensors, in the precision of the source.

    Raises:
        ConfigurationError: If the file cannot be read, does not fit its configuration, or holds values
            that are not finite.
    """
    import torch
    import yaml
    from safetensors.torch import save_file

    from f5serve.engine.arch import VocosConfig
    from f5serve.engine.vocos import check_vocoder
    from scripts.published import read_published

    source = files.vocoder
    tensors = {name: value.contiguous() for name, value in read_published(source).tensors.items()}
    try:
        section = yaml.safe_load(files.vocoder_config.read_text(encoding="utf-8"))
        check_vocoder(VocosConfig.from_mapping(section), tensors)
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise ConfigurationError(
            f"{files.vocoder_config}: the configuration of a vocoder is needed: {error}"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{source} and {files.vocoder_config.name}: {error.detail}"
        ) from error
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise ConfigurationError(f"{source}: {name} holds values that are not finite")
    save_file(tensors, target)


def _told(path: Path) -> Conversion | None:
    """Read back what a kept conversion tells of itself; None where it is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as content:
            told = json.loads((content.metadata() or {})[_TOLD])
        rounding = float(told["rounding_rel_l2"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    weights: Weights = "averaged" if told["weights"] == "averaged" else "plain"
    return Conversion(path=path, weights=weights, rounding_rel_l2=rounding)


def _require_space(target: Path, needed_bytes: int) -> None:
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + SPARE_BYTES:
        raise ConfigurationError(
            f"{target}: {needed_bytes / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free;"
            " free some space"
        )


def main(argv: list[str] | None = None) -> int:
    """Convert one file.

    Returns:
        0; 1 after a message on standard error; 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="scripts.convert", description=__doc__)
    parser.add_argument("source", type=Path, help="a checkpoint, .pt or .safetensors")
    parser.add_argument("--architecture", required=True, help="its name in the catalogue")
    parser.add_argument("--vocabulary", type=Path, required=True, help="its vocab.txt")
    parser.add_argument("--out", type=Path, required=True, help="the file to write (.safetensors)")
    parser.add_argument("--catalogue", type=Path, default=ROOT / CATALOGUE)
    options = parser.parse_args(argv)
    try:
        known = load_catalogue(options.catalogue).architectures
        plan = _plan(options.architecture, options.vocabulary, known)
        done = convert(options.source, plan, options.out)
    except (ConfigurationError, OSError) as error:
        print(f"convert: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nconvert: stopped; nothing was written", file=sys.stderr)
        return 130
    print(
        f"convert: {done.path}  {done.path.stat().st_size / 1e6:.1f} MB  {done.weights} weights,"
        f" rounding {done.rounding_rel_l2:.1e}"
    )
    return 0


def _plan(architecture: str, vocabulary: Path, known: Mapping[str, Architecture]) -> Plan:
    if architecture not in known:
        raise ConfigurationError(
            f"no architecture {architecture!r}; the catalogue has {', '.join(known)}"
        )
    return Plan(vocabulary=vocabulary, architecture=known[architecture], known=known)


if __name__ == "__main__":
    sys.exit(main())
