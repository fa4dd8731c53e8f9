"""What the F5 model is trained on and judged by: flow matching, with more left to the text than upstream leaves.

A small model soon finds that noisy speech and what stands beside the gap tell most of the flow, and then never
learns to read. So speech is masked wholly more often, and times near noise are drawn more often: there the text is
all that is left to go by.

b   utterances    n   mel frames    d   mel channels (100)    nt  text tokens
"""

import torch
from f5_tts.model.cfm import CFM

from scripts.training.data import Batch

_UNHEARD_SHARE = 0.4  # of items whose speech is masked wholly; upstream: 0.3
_NOISIER_SHARE = 0.4  # of items whose time is drawn with a density that falls from noise to speech
_TEXT_DROP = 0.1  # upstream's 0.2 spends more steps without text than a short training can afford
_MASKED = (0.7, 1.0)  # of an item's frames, as upstream


def flow_errors(
    model: CFM,
    batch: Batch,
    time: torch.Tensor,
    noise: torch.Tensor,
    masked: torch.Tensor,
    *,
    with_text: bool = True,
) -> torch.Tensor:
    """Squared error of the predicted flow, mean over channels: ``[b n]``.

    Args:
        model: On the device of all tensors.
        batch: Speech and tokens.
        time: ``[b]`` between 0 (noise) and 1 (speech).
        noise: ``[b n d]``.
        masked: ``[b n]``, the frames that the model does not hear.
        with_text: Otherwise as without guidance.
    """
    spoken = torch.arange(batch.mel.shape[1], device=batch.mel.device) < batch.frames[:, None]
    flow = batch.mel - noise
    predicted = model.transformer(
        x=noise + time[:, None, None] * flow,
        cond=batch.mel.masked_fill(masked[..., None], 0.0),
        text=batch.ids,
        time=time,
        drop_text=not with_text,
        mask=spoken,
    )
    errors: torch.Tensor = (predicted - flow).square().mean(dim=-1)
    return errors


def flow_loss(model: CFM, batch: Batch) -> torch.Tensor:
    """The loss of a training step, over what the model does not hear; draws noise, times and masks."""
    count, frames = batch.mel.shape[:2]
    device = batch.mel.device
    with_text = torch.rand(()).item() >= _TEXT_DROP
    share = torch.empty(count, device=device).uniform_(*_MASKED)
    share[torch.rand(count, device=device) < (_UNHEARD_SHARE if with_text else 1.0)] = 1.0
    masked = _spans(batch.frames, share, frames)
    errors = flow_errors(
        model, batch, _times(count, device), torch.randn_like(batch.mel), masked, with_text=with_text
    )  # fmt: skip
    return errors[masked].mean()


def _times(count: int, device: torch.device) -> torch.Tensor:
    uniform = torch.rand(count, device=device)
    noisier = 1 - (1 - uniform).sqrt()
    return torch.where(torch.rand(count, device=device) < _NOISIER_SHARE, noisier, uniform)


def _spans(lengths: torch.Tensor, share: torch.Tensor, frames: int) -> torch.Tensor:
    """One span an item, anywhere in it: ``[b frames]``, true within."""
    span = (share * lengths).long()
    start = ((lengths - span) * torch.rand(len(lengths), device=lengths.device)).long()
    place = torch.arange(frames, device=lengths.device)
    return (place >= start[:, None]) & (place < (start + span)[:, None])
