"""Random checkpoints in upstream's file formats, and what upstream makes of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from f5serve.engine.arch import DiTConfig
from f5serve.engine.dit import DiT
from f5serve.engine.sampler import SampleItem, sample
from scripts.published import read_transformer

with warnings.catch_warnings():
    # Third parties' deprecations, at import time only.
    warnings.simplefilter("ignore")
    from f5_tts.infer.utils_infer import load_checkpoint
    from f5_tts.model import CFM
    from f5_tts.model import DiT as UpstreamDiT
    from f5_tts.model.modules import get_vocos_mel_spectrogram
    from vocos import Vocos as UpstreamVocos
    from vocos.feature_extractors import MelSpectrogramFeatures
    from vocos.heads import ISTFTHead
    from vocos.models import VocosBackbone

VOCAB_SIZE: Final = 60
MEL_CHANNELS: Final = 100

_TINY: Final = {"dim": 128, "depth": 3, "heads": 2, "ff_mult": 2, "text_dim": 64, "conv_layers": 2}
ARCHITECTURES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "v1": {**_TINY, "text_mask_padding": True, "qk_norm": None, "pe_attn_head": None},
        "v0": {**_TINY, "text_mask_padding": False, "pe_attn_head": 1},
        "v0-small": {
            **_TINY,
            "dim": 192,
            "depth": 4,
            "heads": 3,
            "text_mask_padding": False,
            "pe_attn_head": 1,
        },
        "upsampled": {
            **_TINY,
            "text_mask_padding": True,
            "text_embedding_average_upsampling": True,
        },
        "skip": {**_TINY, "text_mask_padding": True, "long_skip_connection": True},
        "bare-text": {**_TINY, "text_mask_padding": False, "conv_layers": 0, "pe_attn_head": 1},
    }
)
V1_BASE_ARCHITECTURE: Final[Mapping[str, object]] = MappingProxyType(
    {
        "dim": 1024,
        "depth": 22,
        "heads": 16,
        "ff_mult": 2,
        "text_dim": 512,
        "text_mask_padding": True,
        "conv_layers": 4,
    }
)
VOCODER_CONFIG: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
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
                "dim": 64,
                "intermediate_dim": 192,
                "num_layers": 3,
            },
        },
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"dim": 64, "n_fft": 1024, "hop_length": 256, "padding": "center"},
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One comparison with upstream.

    Attributes:
        architecture: A key of ``ARCHITECTURES``.
        frames: Reference and new speech together.
        reference_frames: Reference alone.
        tokens: Length of the text.
        steps: Euler steps.
        cfg_strength: Guidance.
        sway: Sway sampling coefficient.
    """

    architecture: str
    frames: int = 150
    reference_frames: int = 60
    tokens: int = 30
    steps: int = 16
    cfg_strength: float = 2.0
    sway: float | None = -1.0

    @property
    def name(self) -> str:
        """A short name for tables and test ids."""
        return (
            f"{self.architecture}-{self.frames}f-{self.reference_frames}r-{self.tokens}t-{self.steps}s"
            f"-cfg{self.cfg_strength:g}-sway{self.sway}"
        )


CASES: Final = (
    *(Case(architecture=name) for name in ARCHITECTURES),
    *(Case(architecture=name, cfg_strength=0.0) for name in ("v1", "v0", "upsampled")),
    *(Case(architecture=name, steps=7) for name in ("v1", "v0")),
    *(Case(architecture=name, steps=32) for name in ("v1", "v0", "upsampled")),
    Case(architecture="v1", steps=9, sway=None),
    Case(architecture="v1", frames=501, reference_frames=201, tokens=160, steps=7),
    Case(architecture="v0", frames=24, reference_frames=11, tokens=5, steps=7),
    # More tokens than the asked duration allows: upstream then speaks longer than asked.
    Case(architecture="v1", frames=70, reference_frames=40, tokens=90, steps=7),
    Case(architecture="upsampled", frames=97, reference_frames=40, tokens=96, steps=7),
)


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Give every parameter a value that matters.

    Upstream starts with its modulation and output layers at zero, where any two models agree.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            if "grn." in name or parameter.ndim == 1:
                is_scale = name.endswith(("weight", "gamma"))
                parameter.copy_((1.0 if is_scale and "grn." not in name else 0.0) + 0.2 * drawn)
            elif "text_embed.text_embed" in name:
                parameter.copy_(drawn)
            else:
                # Every layer passes on as much as it gets, so that none of them is too faint to be compared.
                parameter.copy_(drawn / parameter[0].numel() ** 0.5)
    return module.eval()


def upstream_model(
    architecture: Mapping[str, object], *, vocab_size: int = VOCAB_SIZE, seed: int = 0
) -> CFM:
    """Build upstream's model with random weights."""
    backbone = UpstreamDiT(**architecture, text_num_embeds=vocab_size, mel_dim=MEL_CHANNELS)
    return randomised(CFM(transformer=backbone, mel_spec_kwargs={}, vocab_char_map=None), seed)


def write_safetensors(model: nn.Module, path: Path) -> Path:
    """Write a model as upstream publishes it: averaged weights with their prefix and counters."""
    tensors = {
        f"ema_model.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()
    }
    tensors["initted"] = torch.tensor(True)
    tensors["step"] = torch.tensor(1_250_000)
    save_file(tensors, path)
    return path


def write_pickle(model: nn.Module, path: Path) -> Path:
    """Write a model as upstream's training does."""
    averaged = {f"ema_model.{name}": tensor for name, tensor in model.state_dict().items()}
    averaged["initted"] = torch.tensor(True)
    averaged["step"] = torch.tensor(1_250_000)
    # Published v0 checkpoints carry the mel filters as well.
    averaged["ema_model.mel_spec.mel_stft.mel_scale.fb"] = torch.zeros(513, 100)
    averaged["ema_model.mel_spec.mel_stft.spectrogram.window"] = torch.zeros(1024)
    torch.save({"ema_model_state_dict": averaged, "update": 1_250_000}, path)
    return path


def our_model(
    architecture: Mapping[str, object], path: Path, *, vocab_size: int = VOCAB_SIZE
) -> DiT:
    """Load a written checkpoint into the engine's transformer."""
    config = DiTConfig.from_mapping(architecture, vocab_size=vocab_size)
    return DiT(config, read_transformer(path)[0], device=torch.device("cpu"), dtype=torch.float32)


def item_of(
    case: Case, *, seed: int = 7, text_seed: int = 3, vocab_size: int = VOCAB_SIZE
) -> SampleItem:
    """Make the case's piece: a random voice and text."""
    generator = torch.Generator().manual_seed(text_seed)
    tokens = torch.randint(0, vocab_size, (case.tokens,), generator=generator)
    # Log-mels of speech lie around -4 with a spread of 2.
    mel = -4.0 + 2.0 * torch.randn(case.reference_frames, MEL_CHANNELS, generator=generator)
    return SampleItem(
        reference_mel=mel,
        token_ids=tuple(tokens.tolist()),
        total_frames=case.frames,
        seed=seed,
        steps=case.steps,
        cfg_strength=case.cfg_strength,
        sway=case.sway,
    )


def upstream_load(model: CFM, path: Path) -> CFM:
    """Let upstream read a checkpoint's averaged weights into a model, in float32."""
    return load_checkpoint(model, str(path), "cpu", dtype=torch.float32)


def upstream_log_mel(samples: Tensor) -> Tensor:
    """Compute upstream's log-mel of ``[nw]`` samples; ``[n 100]``."""
    mel: Tensor = get_vocos_mel_spectrogram(samples.unsqueeze(0))[0].T
    return mel


def upstream_mel(model: CFM, item: SampleItem) -> Tensor:
    """Let upstream speak one piece alone; ``[new_frames 100]``."""
    sampled, _ = model.sample(
        cond=item.reference_mel.unsqueeze(0),
        text=torch.tensor([item.token_ids]),
        duration=item.total_frames,
        steps=item.steps,
        cfg_strength=item.cfg_strength,
        sway_sampling_coef=item.sway,
        seed=item.seed,
    )
    new: Tensor = sampled[0, item.reference_frames :]
    return new


def relative_l2(found: Tensor, expected: Tensor) -> float:
    """Tell how far ``found`` lies from ``expected``, as a share of the latter's norm; shapes must agree."""
    if found.shape != expected.shape:
        raise ValueError(f"shapes differ: {tuple(found.shape)} and {tuple(expected.shape)}")
    return float((found - expected).norm() / expected.norm())


def measure(case: Case, folder: Path) -> float:
    """Give the relative L2 between the engine's mel and upstream's for one case."""
    architecture = ARCHITECTURES[case.architecture]
    model = upstream_model(architecture)
    path = write_safetensors(model, folder / f"{case.architecture}.safetensors")
    item = item_of(case)
    return relative_l2(sample(our_model(architecture, path), [item])[0], upstream_mel(model, item))


def upstream_vocoder(config: Mapping[str, Mapping[str, object]] = VOCODER_CONFIG) -> UpstreamVocos:
    """Build the vocos package's model with random weights."""
    arguments = {part: section["init_args"] for part, section in config.items()}
    vocoder = UpstreamVocos(
        MelSpectrogramFeatures(**_keywords(arguments["feature_extractor"])),
        VocosBackbone(**_keywords(arguments["backbone"])),
        ISTFTHead(**_keywords(arguments["head"])),
    )
    randomised(vocoder)
    return vocoder


def _keywords(section: object) -> dict[str, object]:
    if not isinstance(section, Mapping):
        raise TypeError(f"not a mapping: {section!r}")
    return dict(section)
