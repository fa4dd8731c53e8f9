"""Makes full-size checkpoints of noise in the forms in which the real ones are published.

Architectures, names of tensors, vocabularies, file names and file formats are those of the hub's
repositories in ``config/catalogue.yaml``; the weights are random, so what they speak is noise. They let the
way from fetching to speaking be tried where the hub cannot be reached. Written as
``<folder>/<owner>/<name>/<path>``; the same seed gives the same files.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from f5serve.catalogue import Catalogue, Source, Vocoder, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.sources import source_of
from scripts.stand_in_vocabularies import vocabulary_of

if TYPE_CHECKING:
    from torch import Tensor

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = ROOT / "config" / "catalogue.yaml"
DEFAULT_OUT: Final = ROOT / "build" / "stand_ins"
STEP: Final = 1_250_000
FLOAT_BYTES: Final = 4
# A training dump holds the weights, their average and the optimiser's two moments; one of them to spare.
DUMP_COPIES: Final = 5
VOCOS_CONFIG: Final[Mapping[str, Mapping[str, object]]] = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {
            "sample_rate": 24000,
            "n_fft": 1024,
            "hop_length": 256,
            "n_mels": 100,
            "padding": "center",
        },
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {
            "input_channels": 100,
            "dim": 512,
            "intermediate_dim": 1536,
            "num_layers": 8,
        },
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {"dim": 512, "n_fft": 1024, "hop_length": 256, "padding": "center"},
    },
}


def main(argv: list[str] | None = None) -> int:
    """Make what is asked for.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.make_stand_ins", description=__doc__)
    parser.add_argument("--languages", nargs="*", default=[], help="codes; default: all")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--lean", action="store_true", help="training dumps without weights but the averaged"
    )
    options = parser.parse_args(argv)
    languages = [code for part in options.languages for code in part.replace(",", " ").split()]
    try:
        catalogue = load_catalogue(CATALOGUE)
        for name in catalogue.select(languages):
            for path in make_model(
                catalogue, name, options.out, seed=options.seed, lean=options.lean
            ):
                print(f"stand-ins: {path}  {path.stat().st_size / 1e6:.1f} MB", flush=True)
    except ConfigurationError as error:
        print(f"stand-ins: {error}", file=sys.stderr)
        return 1
    return 0


def make_model(
    catalogue: Catalogue, name: str, out: Path, *, seed: int = 0, lean: bool = False
) -> tuple[Path, ...]:
    """Make the files of one model's repository, and those of its vocoder's where they are not there.

    Args:
        catalogue: The checked catalogue.
        name: The model.
        out: The folder of repositories.
        seed: Chooses the weights.
        lean: Whether a training dump is written with its averaged weights alone.

    Returns:
        The files written.

    Raises:
        ConfigurationError: If the disk is too full, or the f5-tts package, whose vocabulary is used, is
            not installed.
    """
    _, source = source_of(catalogue, name, "full")
    folder = _repository(out, source)
    tokens = vocabulary_of(name)
    vocabulary, checkpoint = folder / source.vocabulary, folder / source.checkpoint
    for path in (vocabulary, checkpoint):
        path.parent.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    state = transformer_state(
        catalogue.architectures[source.architecture], len(tokens), _seed(seed, name)
    )
    copies = 1 if lean or checkpoint.suffix == ".safetensors" else DUMP_COPIES
    _require_space(out, copies * FLOAT_BYTES * sum(tensor.numel() for tensor in state.values()))
    if checkpoint.suffix == ".safetensors":
        write_safetensors(checkpoint, state)
    else:
        write_dump(checkpoint, state, lean=lean)
    return (checkpoint, vocabulary, *make_vocoder(catalogue.vocoders[source.vocoder], out, seed))


def make_vocoder(vocoder: Vocoder, out: Path, seed: int) -> tuple[Path, ...]:
    """Make a vocoder's repository, if it is not there."""
    import torch

    folder = _repository(out, vocoder)
    weights, config = folder / vocoder.weights, folder / vocoder.config
    if weights.is_file() and config.is_file():
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text(yaml.safe_dump(dict(VOCOS_CONFIG), sort_keys=False), encoding="utf-8")
    _written(weights, lambda path: torch.save(vocoder_state(_seed(seed, "vocos")), path))
    return weights, config


def transformer_state(
    architecture: Mapping[str, bool | int | float | str | None], vocab_size: int, seed: int
) -> dict[str, Tensor]:
    """Draw every tensor of a transformer, so that each layer passes on about as much as it gets."""
    from f5serve.engine.arch import DiTConfig
    from f5serve.engine.checkpoint import ROTARY_NAME
    from f5serve.engine.dit import rotary_rates
    from f5serve.engine.weights import parameter_shapes

    config = DiTConfig.from_mapping(architecture, vocab_size=vocab_size)
    state = drawn(parameter_shapes(config), seed)
    state[ROTARY_NAME] = rotary_rates(config.dim_head)
    return state


def vocoder_state(seed: int) -> dict[str, Tensor]:
    """Draw every tensor of a vocoder, and compute its window and mel filters."""
    import torch

    from f5serve.engine.arch import VocosConfig
    from f5serve.engine.mel import mel_filters
    from f5serve.engine.vocos import vocoder_shapes

    config = VocosConfig.from_mapping(dict(VOCOS_CONFIG))
    window = torch.hann_window(config.n_fft)
    return {
        "feature_extractor.mel_spec.spectrogram.window": window,
        "feature_extractor.mel_spec.mel_scale.fb": mel_filters(),
        **drawn(vocoder_shapes(config), seed),
        "head.istft.window": window.clone(),
    }


def drawn(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, Tensor]:
    """Draw a tensor of every shape; scales near 1, shifts near 0, matrices by their width."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator)
        if "grn." in name:
            values.mul_(0.2)
        elif len(shape) == 1:
            values.mul_(0.2).add_(1.0 if name.endswith(("weight", "gamma")) else 0.0)
        elif "text_embed.text_embed" not in name:
            values.mul_(values[0].numel() ** -0.5)
        state[name] = values
    return state


def write_safetensors(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write a checkpoint as SWivid publishes it: averaged weights with their prefix and counters."""
    from safetensors.torch import save_file

    tensors = {**_averaged(state), **_counters()}
    _written(path, lambda partial: save_file(tensors, partial))


def write_dump(path: Path, state: Mapping[str, Tensor], *, lean: bool) -> None:
    """Write a checkpoint as upstream's trainer does, with the optimiser's state unless it is lean."""
    import torch

    # Checkpoints of the first trainer carry the mel filters as well.
    filters = {
        "mel_spec.mel_stft.mel_scale.fb": torch.zeros(513, 100),
        "mel_spec.mel_stft.spectrogram.window": torch.zeros(1024),
    }
    averaged = {
        **{f"ema_model.{name}": value for name, value in filters.items()},
        **_averaged(state),
        **_counters(),
    }
    dump: dict[str, object] = {"ema_model_state_dict": averaged, "step": STEP}
    if not lean:
        # The weights of the last step lie near their average.
        plain = {f"transformer.{name}": value + 1e-3 for name, value in state.items()}
        dump["model_state_dict"] = {**filters, **plain}
        dump["optimizer_state_dict"] = {
            "state": {index: _moments(value) for index, value in enumerate(state.values())},
            "param_groups": [{"lr": 1e-5, "betas": (0.9, 0.999), "params": [*range(len(state))]}],
        }
        dump["scheduler_state_dict"] = {"last_epoch": STEP, "_last_lr": [1e-5]}
    _written(path, lambda partial: torch.save(dump, partial))


def _moments(value: Tensor) -> dict[str, Tensor]:
    import torch

    return {
        "step": torch.tensor(float(STEP)),
        "exp_avg": torch.zeros_like(value),
        "exp_avg_sq": torch.full_like(value, 1e-8),
    }


def _averaged(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"ema_model.transformer.{name}": value for name, value in state.items()}


def _counters() -> dict[str, Tensor]:
    import torch

    return {"initted": torch.tensor([True]), "step": torch.tensor([STEP])}


def _seed(seed: int, name: str) -> int:
    return zlib.crc32(f"{seed}:{name}".encode())


def _repository(out: Path, owner: Source | Vocoder) -> Path:
    if owner.repository is None:
        raise ConfigurationError(
            "config/catalogue.yaml: only what is published in a hub repository has a stand-in"
        )
    return out / owner.repository


def _written(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _require_space(out: Path, needed_bytes: int) -> None:
    folder = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise ConfigurationError(
            f"{out}: {needed_bytes / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free;"
            " free some space, or make fewer languages at once (--languages, --lean)"
        )


if __name__ == "__main__":
    sys.exit(main())
