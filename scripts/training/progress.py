"""How far a training run is: its learning rate, its log lines, its loss curve."""

import json
import math
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

_LOG_EVERY = 20
_FINAL_SHARE = 0.03  # of the peak learning rate, where the cosine ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a run may last: it ends at the first limit that it meets.

    Attributes:
        steps: Optimiser steps.
        minutes: Wall-clock time, over all resumptions; no limit where it is infinite.
        peak_rate: Highest learning rate.
        warmup_steps: Steps of linear rise to it.
    """

    steps: int
    minutes: float = math.inf
    peak_rate: float = 1e-3
    warmup_steps: int = 50

    def share_done(self, step: int, elapsed_s: float) -> float:
        """Progress in ``[0, 1]``."""
        return min(1.0, max(step / self.steps, elapsed_s / (60 * self.minutes)))

    def learning_rate(self, step: int, share_done: float) -> float:
        """Linear rise, then a cosine over the whole budget."""
        cosine = 0.5 * (1 + math.cos(math.pi * share_done))
        decayed = _FINAL_SHARE + (1 - _FINAL_SHARE) * cosine
        return self.peak_rate * min(1.0, (step + 1) / self.warmup_steps) * decayed


@dataclass(slots=True, kw_only=True)
class Progress:
    """Counts steps and time of one run and reports them."""

    name: str
    budget: Budget
    log: Path
    step: int = 0
    earlier_s: float = 0.0
    _started_s: float = field(default_factory=time.monotonic)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_LOG_EVERY))

    @property
    def elapsed_s(self) -> float:
        """Seconds of training, those before a resumption included."""
        return self.earlier_s + time.monotonic() - self._started_s

    @property
    def share_done(self) -> float:
        """Progress in ``[0, 1]``."""
        return self.budget.share_done(self.step, self.elapsed_s)

    @property
    def learning_rate(self) -> float:
        """The rate for the next step."""
        return self.budget.learning_rate(self.step, self.share_done)

    @property
    def recent_loss(self) -> float:
        """Mean loss of the last steps."""
        return sum(self._recent) / max(len(self._recent), 1)

    def resume(self, step: int, seconds: float, loss: float) -> None:
        """Go on from where a saved run was."""
        self.step, self.earlier_s = step, seconds
        # Of the losses before the interruption only their mean is known.
        self._recent.extend([loss] * min(step, _LOG_EVERY))

    def count(self, loss: float) -> None:
        """Record one finished step."""
        self.step += 1
        self._recent.append(loss)
        if self.step % _LOG_EVERY:
            return
        elapsed_s, share = self.elapsed_s, self.share_done
        left_min = elapsed_s * (1 - share) / max(share, 1e-6) / 60
        print(
            f"{self.name}: step {self.step} loss {self.recent_loss:.4f} "
            f"rate {self.learning_rate:.1e} {elapsed_s / 60:.1f} min, {left_min:.1f} min left",
            flush=True,
        )
        with self.log.open("a", encoding="utf-8") as lines:
            row = {"step": self.step, "loss": self.recent_loss, "seconds": round(elapsed_s, 1)}
            lines.write(json.dumps(row) + "\n")


def plot_loss(log: Path, image: Path) -> None:
    """Draw the loss curve of a log as PNG; a run too short to have a log has no curve."""
    if not log.exists():
        return
    from matplotlib.figure import Figure  # slow to import, and only wanted here

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([row["step"] for row in rows], [row["loss"] for row in rows])
    axes.set(xlabel="step", ylabel="loss", title=log.stem)
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(image, dpi=110)
