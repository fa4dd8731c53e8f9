"""Raw samples of a run: one line when a request is sent, one when it is answered; exact percentiles.

Locust's own statistics round times above 100 ms; what is judged here comes from these files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

Outcome = Literal["spoken", "refused", "shed", "failed", "wrong", "broken", "hung"]
ANSWERED: Final[frozenset[Outcome]] = frozenset({"spoken", "refused", "shed", "failed"})
"""Told in full: speech, or a named error. The rest is what must never be."""


class Sent(Struct, frozen=True, kw_only=True, tag="sent"):
    """A request has been sent, or should have been: ``due_s`` in the run."""

    number: int
    due_s: float


class Sample(Struct, frozen=True, kw_only=True, tag="answered"):
    """A request is answered, or given up.

    Attributes:
        number: Its place among all requests.
        kind: What it is an example of.
        stage: Place of the stage that it was sent in.
        due_s: When it was due, seconds in the run. Times count from here, so that a caller who comes
            late for want of a free process waits too.
        elapsed_s: From then until all of the answer was there.
        outcome: What became of it.
        language: Of its text.
        status: The answer's; 0 if there was none.
        code: The problem's code, or TorchServe's type of error.
        reason: What was wrong, if anything.
        first_s: From then until the first byte of the body; of streams only.
        audio_s: Seconds of speech.
        told_language: What the answer says its language is.
        queue_ms: Stage times as the answer's headers tell them.
        inference_ms: Likewise.
        first_audio_ms: Likewise.
    """

    number: int
    kind: str
    stage: int
    due_s: float
    elapsed_s: float
    outcome: Outcome
    language: str = ""
    status: int = 0
    code: str = ""
    reason: str = ""
    first_s: float | None = None
    audio_s: float = 0.0
    told_language: str = ""
    queue_ms: float | None = None
    inference_ms: float | None = None
    first_audio_ms: float | None = None


class Journal:
    """Writes samples to a file of this process, so that what a killed process had sent is known.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, line: Sent | Sample) -> None:
        """Add a line."""
        with self._lock, self._path.open("ab", buffering=0) as file:
            file.write(msgspec.json.encode(line) + b"\n")


class Run(Struct, frozen=True, kw_only=True):
    """All samples of a run.

    Attributes:
        sent: Numbers of all requests that were sent.
        samples: The answers.
    """

    sent: tuple[int, ...]
    samples: tuple[Sample, ...]

    def unanswered(self) -> list[int]:
        """Answer the numbers of requests of which nothing more was heard."""
        return sorted(set(self.sent) - {sample.number for sample in self.samples})

    def count(self, *outcomes: Outcome) -> int:
        """Answer how many requests came out so."""
        return sum(sample.outcome in outcomes for sample in self.samples)


def read_run(folder: Path) -> Run:
    """Read the files of all processes of a run."""
    sent: list[int] = []
    samples: list[Sample] = []
    decoder = msgspec.json.Decoder(Sent | Sample)
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            entry = decoder.decode(line)
            if isinstance(entry, Sent):
                sent.append(entry.number)
            else:
                samples.append(entry)
    return Run(sent=tuple(sent), samples=tuple(sorted(samples, key=lambda sample: sample.due_s)))


def percentile(values: Iterable[float], percent: int) -> float | None:
    """Answer the smallest value that at least so many in a hundred do not exceed; None of no values."""
    ranked: Sequence[float] = sorted(values)
    if not ranked:
        return None
    rank = -(-percent * len(ranked) // 100)  # rounded up, without a fraction's error
    return ranked[max(0, rank - 1)]
