"""Which generation of F5-TTS a checkpoint is, as far as its predictions tell.

v0 and v1 have tensors of the same names and shapes; only two switches differ, and with the wrong ones a
checkpoint loads and speaks noise. So the model is given its own training task, on a voice whose words are
known: the first part of the mel is shown, noise is mixed into the rest, and the flow towards the speech is to
be predicted. The right switches predict it clearly better. Where neither beats a guess from the mel's mean
and spread, the model is untrained or far from the voice, and nothing can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from f5serve.engine.dit import DiT, ItemCondition
from f5serve.engine.schedule import time_grid

SHOWN_SHARE: Final = 0.4
PARTS: Final = (
    4  # of the way from noise to speech; looked at between them, where something is seen of both
)
_SEED: Final = 11


def other_generation(architecture: Mapping[str, object]) -> dict[str, object]:
    """Answer an architecture with the switches of v0 in place of v1's, or the reverse.

    Upsampled text needs masked padding; of such a model the rotated heads alone are switched.
    """
    is_v0 = architecture.get("pe_attn_head") is not None
    other: dict[str, object] = {**architecture, "pe_attn_head": None if is_v0 else 1}
    if not architecture.get("text_embedding_average_upsampling"):
        other["text_mask_padding"] = is_v0
    return other


def flow_loss(model: DiT, mel: Tensor, token_ids: Sequence[int]) -> float:
    """Measure how well a model predicts the flow towards a voice's speech.

    Args:
        model: The transformer.
        mel: ``[n m]`` float32, the voice.
        token_ids: What it says.

    Returns:
        Mean squared error of the flow over the hidden frames, over several times.
    """
    shown = _shown_frames(mel)
    noise = torch.randn(mel.shape, generator=torch.Generator().manual_seed(_SEED))
    frames = max(len(mel), len(token_ids) + 1)
    padding = (0, 0, 0, frames - len(mel))
    speech = torch.nn.functional.pad(mel, padding).unsqueeze(0)
    start = torch.nn.functional.pad(noise, padding).unsqueeze(0)
    with torch.inference_mode():
        condition = model.condition(
            [ItemCondition(reference_mel=mel[:shown], token_ids=token_ids, frames=frames)],
            guided=False,
        )
        losses = []
        for time, step in zip(_times(), model.time.steps(PARTS, None)[1:], strict=True):
            flow = model.velocity((1 - time) * start + time * speech, condition, step)
            wrong = (flow - (speech - start))[0, shown : len(mel)]
            losses.append(float(wrong.square().mean()))
    return sum(losses) / len(losses)


def trivial_loss(mel: Tensor) -> float:
    """Answer the loss of the best guess that knows each channel's mean and spread, and nothing else."""
    hidden = mel[_shown_frames(mel) :]
    spread = hidden.var(dim=0, unbiased=False)
    losses = [float((spread / (time**2 * spread + (1 - time) ** 2)).mean()) for time in _times()]
    return sum(losses) / len(losses)


def _times() -> list[float]:
    times: list[float] = time_grid(PARTS, None)[1:-1].tolist()
    return times


def _shown_frames(mel: Tensor) -> int:
    return max(1, int(len(mel) * SHOWN_SHARE))
