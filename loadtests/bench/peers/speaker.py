"""Upstream's F5-TTS on a demo checkpoint, loaded once, its reference prepared once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import torch
import yaml
from numpy.typing import NDArray
from vocos import Vocos

from scripts.training.model import Architecture
from scripts.training.synthesis import load_model

DEMO: Final = Path(__file__).resolve().parents[3] / "config" / "demo"
RATE_HZ: Final = 24_000
HOP_SAMPLES: Final = 256
TARGET_RMS: Final = 0.07
"""The demo's, at which its voices were recorded; upstream's own 0.1 would raise them."""

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a peer is asked for.

    Attributes:
        text: As it is to be read, lower-case.
        audio_s: Seconds of new speech, so that all servers speak equally long.
        steps: Euler steps.
        seed: Of the noise, where batches are made; upstream's own functions take none.
    """

    text: str
    audio_s: float
    steps: int
    seed: int = 1


class Upstream:
    """The classes of f5-tts and vocos in float32.

    Args:
        model: A demo model of one token a character, such as ``f5_fr``.
        language: Whose voice is the reference.
    """

    def __init__(self, model: str, language: str) -> None:
        tokens = (DEMO / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.cfm = load_model(DEMO / model / "model.safetensors", Architecture(), len(tokens))
        self.cfm.vocab_char_map = {token: index for index, token in enumerate(tokens)}
        self.vocoder = Vocos.from_hparams(str(DEMO / "vocos" / "config.yaml"))
        self.vocoder.load_state_dict(_tensors(DEMO / "vocos" / "model.safetensors"))
        self.vocoder.eval()
        voices = yaml.safe_load((DEMO / "voices" / "voices.yaml").read_text(encoding="utf-8"))
        # The first of a language is its default, which ours speaks in.
        voice = next(entry for entry in voices["voices"] if entry["language"] == language)
        self.transcript = voice["transcript"].lower()
        samples, _ = soundfile.read(DEMO / "voices" / voice["file"], dtype="float32")
        self.audio = torch.from_numpy(samples)[None]

    @property
    def reference_s(self) -> float:
        """Length of the reference in seconds, whole frames."""
        return self.audio.shape[-1] // HOP_SAMPLES * HOP_SAMPLES / RATE_HZ

    def speak(self, wish: Wish) -> Wave:
        """Speak as ``f5_tts.infer.utils_infer`` does, one request at a time and a thread for it."""
        from f5_tts.infer.utils_infer import infer_batch_process

        (whole,) = infer_batch_process(
            (self.audio, RATE_HZ), self.transcript, [wish.text], self.cfm, self.vocoder,
            progress=None, target_rms=TARGET_RMS, nfe_step=wish.steps,
            fix_duration=self.reference_s + wish.audio_s, device="cpu",
        )  # fmt: skip
        return np.asarray(whole[0], dtype=np.float32)

    def speak_padded(self, wishes: Sequence[Wish]) -> list[Wave]:
        """Speak a batch by padding it, without a mask, as upstream's sampler does by default.

        The shorter items of it are wrong: padding is attended to, and normalised with.
        """
        frames = self.audio.shape[-1] // HOP_SAMPLES
        totals = [frames + round(wish.audio_s * RATE_HZ / HOP_SAMPLES) for wish in wishes]
        with torch.inference_mode():
            mels, _ = self.cfm.sample(
                cond=self.audio.repeat(len(wishes), 1),
                text=[list(f"{self.transcript} {wish.text}") for wish in wishes],
                duration=torch.tensor(totals),
                steps=max(wish.steps for wish in wishes),
                cfg_strength=2.0,
                sway_sampling_coef=-1.0,
                seed=wishes[0].seed,
            )
            return [
                self.vocoder.decode(mel[None, frames:total].transpose(1, 2))[0].numpy()
                for mel, total in zip(mels, totals, strict=True)
            ]


def wav(wave: Wave) -> bytes:
    """Encode as 16 bit WAV."""
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, RATE_HZ, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _tensors(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(path).items()}
