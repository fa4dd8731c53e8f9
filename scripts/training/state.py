"""Saves a training run, so that it can go on after an interruption."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from scripts.training.model import MovingAverage
from scripts.training.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Everything that changes while a run trains.

    Attributes:
        path: The file it is kept in.
        model: The parameters that are trained.
        optimizer: Its moments.
        average: What will be exported.
        progress: Steps and time spent.
    """

    path: Path
    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: MovingAverage
    progress: Progress

    def save(self) -> None:
        """Write the state aside and put it in place."""
        unfinished = self.path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state_dict(),
                "step": self.progress.step,
                "seconds": self.progress.elapsed_s,
                "loss": self.progress.recent_loss,
            },
            unfinished,
        )
        unfinished.replace(self.path)

    def restore(self, device: str) -> bool:
        """Continue where the file left off.

        Returns:
            False, with nothing changed, if there is no file.
        """
        if not self.path.exists():
            return False
        saved = torch.load(self.path, map_location=device, weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average.load_state_dict(saved["average"])
        self.progress.step, self.progress.earlier_s = saved["step"], saved["seconds"]
        return True
