"""A small Vocos: upstream's classes, trained on the same speech as the models.

b   crops in a batch    n   mel frames (hop 256 at 24 kHz)    nw  samples

Trained by spectral losses alone. Discriminators would sharpen the sound at several times the
price; they are left for a GPU.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional
from vocos.pretrained import Vocos, instantiate_class

from scripts.training.espeak import HOP_SAMPLES, RATE_HZ, Samples
from scripts.training.model import MovingAverage
from scripts.training.progress import Budget, Progress, plot_loss
from scripts.training.state import RunState, start_name

VOCODER_RUN = "vocoder"
_EMA_DECAY = 0.995
_SAVE_EVERY = 100
_CROP_FRAMES = 64
_CROPS = 16
_RESOLUTIONS = (256, 512, 1024, 2048)
_MEL_WEIGHT = 3.0
_FLOOR = 1e-5  # magnitudes below this are equal; the same as upstream's log-mel
_MEL_JITTER = 0.05  # log units: the models' mels are never exact
_MAX_GRADIENT_NORM = 1.0

_DIM = 192
_MELS = 100
_FFT = 1024

CONFIG: dict[str, dict[str, object]] = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {
            "sample_rate": RATE_HZ,
            "n_fft": _FFT,
            "hop_length": HOP_SAMPLES,
            "n_mels": _MELS,
            "padding": "center",
        },
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {
            "input_channels": _MELS,
            "dim": _DIM,
            "intermediate_dim": 512,
            "num_layers": 6,
        },
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {
            "dim": _DIM,
            "n_fft": _FFT,
            "hop_length": HOP_SAMPLES,
            "padding": "center",
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VocoderPlan:
    """One training run of the vocoder.

    Attributes:
        folder: Where its state, log and plot are kept.
        budget: How long it may train.
        start: An exported vocoder to train on from, if any.
        device: ``cpu`` or ``cuda``.
        seed: Draws crops.
    """

    folder: Path
    budget: Budget
    start: Path | None = None
    device: str = "cpu"
    seed: int = 0

    @property
    def state_path(self) -> Path:
        """Parameters, average and optimiser of this run."""
        return self.folder / f"{VOCODER_RUN}.pt"

    @property
    def log_path(self) -> Path:
        """Loss by step, one JSON object a line."""
        return self.folder / f"{VOCODER_RUN}.jsonl"


def build_vocoder() -> Vocos:
    """An untrained vocoder of the shape of :data:`CONFIG`."""
    return Vocos(**{part: instantiate_class((), init) for part, init in CONFIG.items()})


def speak_mel(vocoder: Vocos, mel: torch.Tensor) -> torch.Tensor:
    """Turn log-mels into sound: ``[b n d]`` to ``[b nw]``, differentiable unlike ``decode``."""
    samples: torch.Tensor = vocoder.head(vocoder.backbone(mel.transpose(1, 2)))
    return samples


def train_vocoder(plan: VocoderPlan, waves: Sequence[Samples]) -> None:
    """Train until the plan's budget is spent; continue where an earlier call stopped."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    vocoder = build_vocoder()
    if plan.start is not None:
        # Half precision is for the file: what an optimiser adds a little to must not be rounded.
        vocoder.load_state_dict(
            {name: value.float() for name, value in load_file(plan.start).items()}
        )
    vocoder.to(plan.device)
    optimizer = torch.optim.AdamW(
        vocoder.parameters(), lr=plan.budget.peak_rate, betas=(0.8, 0.98), fused=True
    )
    progress = Progress(name=VOCODER_RUN, budget=plan.budget, log=plan.log_path)
    average = MovingAverage(vocoder, _EMA_DECAY)
    state = RunState(
        path=plan.state_path,
        model=vocoder,
        optimizer=optimizer,
        average=average,
        progress=progress,
        start=start_name(plan.start),
    )
    if not state.restore(plan.device):
        plan.log_path.unlink(missing_ok=True)
    generator = np.random.default_rng([plan.seed, progress.step])
    vocoder.train()
    for batch in _crops(waves, generator):
        if progress.share_done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = progress.learning_rate
        loss = _loss(vocoder, batch.to(plan.device))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(vocoder.parameters(), _MAX_GRADIENT_NORM)
        optimizer.step()
        average.update(vocoder.parameters(), progress.step)
        progress.count(loss.item())
        if progress.step % _SAVE_EVERY == 0:
            state.save()
    state.save()
    plot_loss(plan.log_path, plan.log_path.with_suffix(".png"))


def _crops(waves: Sequence[Samples], generator: np.random.Generator) -> Iterator[torch.Tensor]:
    """Endless ``[b nw]`` crops from anywhere in the recordings."""
    length = _CROP_FRAMES * HOP_SAMPLES
    sizes = np.array([wave.size for wave in waves], dtype=np.float64)
    while True:
        sources = generator.choice(len(waves), size=_CROPS, p=sizes / sizes.sum())
        starts = [int(generator.integers(waves[source].size - length)) for source in sources]
        crops = [waves[s][a : a + length] for s, a in zip(sources, starts, strict=True)]
        yield torch.from_numpy(np.stack(crops))


def _loss(vocoder: Vocos, wave: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        mel = vocoder.feature_extractor(wave)
        heard = mel + _MEL_JITTER * torch.randn_like(mel)
    spoken = speak_mel(vocoder, heard.transpose(1, 2))
    loss = _MEL_WEIGHT * functional.l1_loss(vocoder.feature_extractor(spoken), mel)
    for size in _RESOLUTIONS:
        target, found = _magnitudes(wave, size), _magnitudes(spoken, size)
        loss = loss + functional.l1_loss(found.log(), target.log())
        loss = loss + (found - target).norm() / target.norm()
    return loss


def _magnitudes(wave: torch.Tensor, size: int) -> torch.Tensor:
    window = torch.hann_window(size, device=wave.device)
    spectrum = torch.stft(wave, size, size // 4, window=window, return_complex=True)
    # The square root has no slope at zero: the floor goes under it.
    return (spectrum.real.square() + spectrum.imag.square() + _FLOOR).sqrt()
