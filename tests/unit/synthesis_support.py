"""A stand-in for the engine, and an archive's folder for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from f5serve.engine.engine import SynthesisStats
from f5serve.engine.sampler import SampleItem
from f5serve.errors import CallerGoneError, ServeError, SynthesisError
from f5serve.settings import Limits, ModelSettings, Voice
from f5serve.text.frontend import Frontend

Samples = NDArray[np.float32]
ALPHABET = {char: index for index, char in enumerate(" abcdefghijklmnopqrstuvwxyzé.,!?'")}


class RecordingEngine:
    """Speaks a constant; remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[SampleItem]] = []
        self.references: list[Samples] = []
        self.fail_on_seed: int | None = None
        self.sounds: dict[int, Samples | ServeError] = {}
        """What is spoken with a seed, in place of the constant."""

    def reference_mel(self, samples: Samples) -> torch.Tensor:
        self.references.append(samples)
        return torch.zeros(len(samples) // 256 + 1, 100)

    def synthesize(
        self, items: Sequence[SampleItem], unwanted: Callable[[], bool] = lambda: False
    ) -> tuple[list[Samples | ServeError], SynthesisStats]:
        if unwanted():
            return [CallerGoneError() for _ in items], SynthesisStats()
        self.batches.append(list(items))
        waves: list[Samples | ServeError] = [
            SynthesisError("not finite")
            if item.seed == self.fail_on_seed
            else self.sounds[item.seed]
            if item.seed in self.sounds
            else np.full(item.new_frames * 256, 0.5, dtype=np.float32)
            for item in items
        ]
        return waves, SynthesisStats()


def clip(level: float = 0.2, duration_s: float = 2.0, silence_s: float = 0.0) -> bytes:
    """Answer a WAV file with a tone, with silence on both sides."""
    time = np.arange(round(24_000 * duration_s)) / 24_000
    silence = np.zeros(round(24_000 * silence_s))
    samples = np.concatenate([silence, level * np.sin(2 * np.pi * 200 * time), silence])
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 24_000, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def archive(folder: Path) -> ModelSettings:
    """Put a voice into a folder; answer the settings that belong to it."""
    (folder / "anna.wav").write_bytes(clip())
    return ModelSettings(
        model="f5_fr", profile="demo", languages=("fr",), licence="MIT", architecture={}, vocoder_config={},
        frontend=Frontend(converter="char", lowercase=True, punctuation="ascii"),
        voices=(Voice(name="anna", language="fr", file="anna.wav", transcript="bonjour tout le monde", licence="MIT"),),
        limits=Limits(max_piece_s=10.0),
    )  # fmt: skip
