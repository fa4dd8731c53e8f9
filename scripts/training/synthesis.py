"""Speaking with a demo model through upstream's sampler: for golden files.

n   mel frames, reference and new speech together    r   frames of the reference
d   mel channels (100)                               nt  tokens of transcript, space and text
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from f5_tts.model.cfm import CFM

from scripts.training.model import Architecture, build_model

STEPS = 16
GUIDANCE = 2.0
SWAY = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long espeak-ng takes for a text: ``edge_frames + tokens * frames_per_token``."""

    edge_frames: float
    frames_per_token: float


def fit_duration(rows: Sequence[Mapping[str, object]]) -> Duration:
    """Least squares over the rows of a corpus (``tokens``, ``frames``)."""
    lengths = np.array([len(_tokens(row)) for row in rows], dtype=np.float64)
    frames = np.array([row["frames"] for row in rows], dtype=np.float64)
    slope, edge = np.polyfit(lengths, frames, 1)
    return Duration(edge_frames=round(float(edge), 2), frames_per_token=round(float(slope), 3))


def _tokens(row: Mapping[str, object]) -> list[str]:
    tokens = row["tokens"]
    if not isinstance(tokens, list):
        raise TypeError(f"tokens must be a list, not {type(tokens).__name__}")
    return tokens


def read_rows(folder: Path, language: str, speaker: str) -> list[dict[str, object]]:
    """The rows of one language's shards on disk, in one speaker's voice."""
    paths = sorted(folder.glob(f"{language}-{speaker}-*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def load_model(path: Path, architecture: Architecture, vocabulary_size: int) -> CFM:
    """An exported checkpoint in float32, read the way upstream reads it."""
    # Imported here because it is slow, and warns where ffmpeg is missing, which is not needed.
    from f5_tts.infer.utils_infer import load_checkpoint

    model = build_model(architecture, vocabulary_size)
    loaded: CFM = load_checkpoint(model, str(path), "cpu", dtype=torch.float32).eval()
    return loaded


def sample(
    model: CFM, reference_mel: torch.Tensor, ids: Sequence[int], frames: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Speak by upstream's sampler.

    Args:
        model: In float32.
        reference_mel: ``[r d]``.
        ids: Transcript, space and text.
        frames: Of reference and new speech together.
        seed: Of the noise.

    Returns:
        The noise ``[n d]`` that was drawn, and the new speech ``[n-r d]``.
    """
    torch.manual_seed(seed)
    noise = torch.randn(frames, reference_mel.shape[1])  # what upstream draws after the same seed
    mel, _ = model.sample(
        reference_mel[None],
        torch.tensor([ids]),
        frames,
        steps=STEPS,
        cfg_strength=GUIDANCE,
        sway_sampling_coef=SWAY,
        seed=seed,
    )
    return noise, mel[0, reference_mel.shape[0] :]
