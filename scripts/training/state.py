"""Saves a training run, so that it can go on after an interruption, and reads what earlier ones left."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from f5_tts.model.cfm import CFM
from safetensors.torch import load_file
from torch import nn

from f5serve.errors import ConfigurationError
from scripts.training.model import Architecture, MovingAverage, build_model, plain_parameters
from scripts.training.progress import Progress

EMA_PREFIX = "ema_model."  # upstream's, in exported checkpoints
BASE_RUN = "base"  # of the model that learns all languages first
TRAINING_RECORD = "training.json"  # beside an exported checkpoint: the runs that led to it
_NOTHING = "nothing"  # what a run began from that was not trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How one run went, as model cards tell it.

    Attributes:
        run: Its name; ``base`` is the run on all languages.
        steps: Optimiser steps.
        minutes: Wall-clock time.
        loss: Mean of the last steps.
        readings: How many it learned from, where that was recorded.
    """

    run: str
    steps: int
    minutes: float
    loss: float
    readings: int | None = None


def read_parameters(path: Path) -> dict[str, torch.Tensor]:
    """The averaged parameters of a run (``.pt``) or of an exported checkpoint, in float32.

    Raises:
        FileNotFoundError: If the run has not saved anything yet.
    """
    if path.suffix == ".safetensors":
        named = load_file(path)
        return {name.removeprefix(EMA_PREFIX): value.float() for name, value in named.items()}
    return plain_parameters(_read_state(path)["average"])


def load_average(path: Path, architecture: Architecture, vocabulary_size: int) -> CFM:
    """The averaged model of a run or of an exported checkpoint, in float32 and evaluation mode.

    Raises:
        FileNotFoundError: If the run has not saved anything yet.
    """
    model = build_model(architecture, vocabulary_size)
    # Buffers are no parameters: the model's own stay.
    model.load_state_dict(model.state_dict() | read_parameters(path))
    return model.eval()


def read_history(path: Path) -> list[Training]:
    """The runs that led to a run's state or to an exported checkpoint, in order.

    Raises:
        FileNotFoundError: If the run has not saved anything yet.
    """
    if path.suffix == ".safetensors":
        rows = json.loads(path.with_name(TRAINING_RECORD).read_text(encoding="utf-8"))
    else:
        rows = _read_state(path)["history"]
    return [Training(**row) for row in rows]


def _read_state(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: train first")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def start_name(start: Path | None) -> str:
    """What a run begins from, as its state remembers it: another run, or an exported checkpoint.

    A name and no digest: a start may be exported anew while the run that began from it is interrupted.
    """
    if start is None:
        return _NOTHING
    return start.parent.name if start.suffix == ".safetensors" else start.stem


def require_start(path: Path, start: Path, option: str) -> None:
    """Refuse to go on with a run that began from something else than what is asked for.

    States saved before they told how they began pass.

    Raises:
        ConfigurationError: If it did.
    """
    if not path.exists():
        return
    began, asked = _read_state(path).get("start"), start_name(start)
    if began not in (None, asked):
        raise ConfigurationError(
            f"{path} began from {began}, not from {asked}: leave out {option} to go on with it, or"
            " remove the file to begin anew"
        )


@dataclass(slots=True, kw_only=True)
class RunState:
    """Everything that changes while a run trains.

    Attributes:
        path: The file it is kept in.
        model: The parameters that are trained.
        optimizer: Its moments.
        average: What will be exported.
        progress: Steps and time spent.
        readings: What it learns from.
        earlier: The runs that led to where this one started.
        start: What it began from (:func:`start_name`), where that is known.
    """

    path: Path
    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: MovingAverage
    progress: Progress
    readings: int | None = None
    earlier: Sequence[Training] = ()
    start: str | None = None
    _saved_step: int = 0

    def save(self) -> None:
        """Write the state aside and put it in place; nothing where no step was made since it was last there."""
        if self.progress.step == self._saved_step:
            return
        this = Training(
            run=self.progress.name,
            steps=self.progress.step,
            minutes=round(self.progress.elapsed_s / 60, 1),
            loss=round(self.progress.recent_loss, 3),
            readings=self.readings,
        )
        unfinished = self.path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state_dict(),
                "step": self.progress.step,
                "seconds": self.progress.elapsed_s,
                "history": [asdict(run) for run in (*self.earlier, this)],
                "start": self.start,
            },
            unfinished,
        )
        unfinished.replace(self.path)
        self._saved_step = self.progress.step

    def restore(self, device: str) -> bool:
        """Continue where the file left off, with the history that it tells.

        What the run would begin from today does not count: that may have been exported from this very run.

        Returns:
            False, with nothing changed, if there is no file.
        """
        if not self.path.exists():
            return False
        saved = torch.load(self.path, map_location=device, weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average.load_state_dict(saved["average"])
        *self.earlier, this = (Training(**run) for run in saved["history"])
        self.start = saved.get("start")
        self.progress.resume(saved["step"], saved["seconds"], this.loss)
        self._saved_step = self.progress.step
        if self.progress.share_done >= 1:
            print(
                f"{self.progress.name}: done at step {self.progress.step}, nothing is trained;"
                f" ask for more --steps or --minutes to go on, or remove {self.path} to begin anew",
                flush=True,
            )
        return True
