"""Training of the F5 model by flow matching, resumable, on CPU or GPU."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from f5_tts.model.cfm import CFM

from scripts.training.data import Utterance, batches
from scripts.training.model import (
    Architecture,
    MovingAverage,
    build_model,
    share_pinyin_parts,
    start_from_mean,
    with_tokens_of,
)
from scripts.training.objective import flow_loss
from scripts.training.progress import Budget, Progress, plot_loss
from scripts.training.state import RunState, read_history, read_parameters, start_name

_EMA_DECAY = 0.995
_SAVE_EVERY = 100
_MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPlan:
    """One training run of a model.

    Attributes:
        name: Of the run and of its files.
        folder: Where its state, log and plot are kept.
        architecture: Shape of the model.
        vocabulary: Tokens that it knows, in order of their ids.
        budget: How long it may train.
        frames_per_batch: Mel frames of a step.
        start: State of another run (``.pt``) or an exported checkpoint (``.safetensors``) to start
            from, if any.
        compiled: Fuse the transformer's blocks: a minute at the start for a quarter less a step.
        device: ``cpu`` or ``cuda``; either computes in bfloat16 where that is safe and the device has units for it.
        seed: Draws batches, noise and masks.
    """

    name: str
    folder: Path
    architecture: Architecture
    vocabulary: Sequence[str]
    budget: Budget
    frames_per_batch: int = 2000
    start: Path | None = None
    compiled: bool = False
    device: str = "cpu"
    seed: int = 0

    @property
    def state_path(self) -> Path:
        """Parameters, average and optimiser of this run."""
        return self.folder / f"{self.name}.pt"

    @property
    def log_path(self) -> Path:
        """Loss by step, one JSON object a line."""
        return self.folder / f"{self.name}.jsonl"


def train_flow(plan: FlowPlan, utterances: Sequence[Utterance]) -> None:
    """Train until the plan's budget is spent; continue where an earlier call stopped."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    model = build_model(plan.architecture, len(plan.vocabulary))
    _initialise(model, plan, utterances)
    share_pinyin_parts(model, plan.vocabulary, fresh=plan.start is None)
    model.to(plan.device)
    if plan.compiled:
        for block in model.transformer.transformer_blocks:
            block.compile(dynamic=True)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.budget.peak_rate, betas=(0.9, 0.98), fused=True
    )
    progress = Progress(name=plan.name, budget=plan.budget, log=plan.log_path)
    average = MovingAverage(model, _EMA_DECAY)
    state = RunState(
        path=plan.state_path,
        model=model,
        optimizer=optimizer,
        average=average,
        progress=progress,
        readings=len(utterances),
        earlier=() if plan.start is None else read_history(plan.start),
        start=start_name(plan.start),
    )
    if not state.restore(plan.device):
        plan.log_path.unlink(missing_ok=True)
    # A resumed run draws other batches than it began with, instead of the first ones again.
    generator = np.random.default_rng([plan.seed, progress.step])
    torch.manual_seed(plan.seed + progress.step)
    model.train()
    for batch in batches(utterances, plan.frames_per_batch, generator):
        if progress.share_done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = progress.learning_rate
        with precision(plan.device):
            loss = flow_loss(model, batch.to(plan.device))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), _MAX_GRADIENT_NORM)
        if math.isfinite(float(norm)):  # one broken batch must not spoil the run
            optimizer.step()
            average.update(model.parameters(), progress.step)
        progress.count(loss.item())
        if progress.step % _SAVE_EVERY == 0:
            state.save()
    state.save()
    plot_loss(plan.log_path, plan.log_path.with_suffix(".png"))


def precision(device: str) -> AbstractContextManager[object]:
    """What a step's forward pass runs in: bfloat16 where the device multiplies it faster than float32.

    A CPU does if it has AMX; without, conversions cost more than they save.
    """
    if device == "cpu" and not torch.cpu.get_capabilities().get("amx_bf16", False):
        return nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


def _initialise(model: CFM, plan: FlowPlan, utterances: Sequence[Utterance]) -> None:
    if plan.start is not None:
        # Buffers are no parameters: the model's own stay.
        own = model.state_dict()
        model.load_state_dict(own | with_tokens_of(own, read_parameters(plan.start)))
        return
    sample = np.concatenate([item.mel for item in utterances[:: len(utterances) // 200 or 1]])
    start_from_mean(model, torch.from_numpy(sample.astype(np.float32).mean(axis=0)))
