"""Step-level batching: pieces come and go while others are under way, and each call takes a turn of some steps.

The piece with the least work left goes first, so that a short one does not wait until a long one is spoken; one that
has waited too long goes before all, so that nobody starves. Under lasting overload that is first come, first served.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from f5serve.engine.batching import plan
from f5serve.engine.device import require_alive, wants_memory
from f5serve.engine.dit import DiT
from f5serve.engine.failures import failure, finite
from f5serve.engine.sampler import Flight, SampleItem, check_item
from f5serve.engine.steps import PlainSteps, Steps
from f5serve.engine.threads import Threads
from f5serve.engine.vocos import Vocos
from f5serve.errors import ServeError, ValueRefusedError

logger = logging.getLogger(__name__)

Waveform = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    """What one turn, and one batch, may take.

    Attributes:
        turn_s: A turn ends with the first step after this time: how long a newcomer waits at most to be noticed.
        patience_s: What has waited longer goes before all that has not, oldest first.
        max_batch_frames: Most padded frames of a batch.
        max_batch_items: Most items of a batch.
        batch_cost_frames: What one more batch costs, counted in frames.
    """

    turn_s: float
    patience_s: float
    max_batch_frames: int
    max_batch_items: int
    batch_cost_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A batch that is through.

    Attributes:
        outcomes: By key, new speech ``[nw]`` float32 at 24 kHz, or the error of that piece alone.
        inference_s: Time in the model, over all its turns.
        frames: Frames of its pieces, references included, padding not.
        padded_frames: The same with padding, what fills tiles and buckets included.
    """

    outcomes: Mapping[str, Waveform | ServeError]
    inference_s: float
    frames: int
    padded_frames: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Journey:
    """A batch that is under way, or waits for its first turn."""

    pieces: Mapping[str, SampleItem]
    padded_to: int
    since: float
    flight: Flight | None = None
    spent_s: float = 0.0

    @property
    def padded_frames(self) -> int:
        return len(self.pieces) * self.padded_to

    @property
    def work_left(self) -> int:
        """Frames through the transformer that are still ahead."""
        item = next(iter(self.pieces.values()))
        steps = item.steps if self.flight is None else self.flight.steps_left
        return steps * self.padded_frames * (2 if item.guided else 1)


class Turns:
    """Pieces in, by key; a turn at a time, waveforms out.

    Args:
        model: The transformer.
        vocoder: The vocoder, on the same device.
        limits: What a turn may take.
        steps: What runs the steps; one by one by default.
        threads: How many a turn computes with; left as they are by default.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        model: DiT,
        vocoder: Vocos,
        limits: TurnLimits,
        *,
        steps: Steps | None = None,
        threads: Threads | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._steps = steps or PlainSteps(model)
        self._threads = threads or Threads()
        self._vocoder = vocoder
        self._limits = limits
        self._clock = clock
        self._journeys: list[_Journey] = []
        self._next: _Journey | None = None
        self.cuts = 0
        """Batches that failed and were cut in two."""

    def admit(
        self, pieces: Mapping[str, SampleItem], *, apart: Collection[str] = ()
    ) -> dict[str, ServeError]:
        """Take pieces in; those of like length and schedule that come together share a batch.

        Args:
            pieces: By keys that nothing under way has.
            apart: Keys of pieces that share with nobody.

        Returns:
            The errors of those that cannot be spoken; they were not taken in.
        """
        refused: dict[str, ServeError] = {}
        groups: dict[object, list[str]] = {}
        for key, item in pieces.items():
            try:
                check_item(item, self._model.config)
            except ValueRefusedError as error:
                refused[key] = error
            else:
                groups.setdefault(key if key in apart else item.group, []).append(key)
        now = self._clock()
        for keys in groups.values():
            batches = plan(
                [self._steps.padded(pieces[key].frames) for key in keys],
                self._limits.max_batch_frames,
                self._limits.max_batch_items,
                batch_cost_frames=self._limits.batch_cost_frames,
            )
            for batch in batches:
                chosen = {keys[index]: pieces[keys[index]] for index in batch}
                self._begin(chosen, now)
        return refused

    def keep(self, keys: Collection[str]) -> None:
        """Forget what nobody waits for; a batch ends when nobody waits for any of it."""
        self._journeys = [
            journey for journey in self._journeys if any(key in keys for key in journey.pieces)
        ]
        self._next = None

    def upcoming(self) -> tuple[str, ...]:
        """Answer the keys of the batch whose turn is next; none if nothing is under way.

        The next turn is that batch's indeed, even if another's patience ends in between.
        """
        self._next = self._chosen() if self._journeys else None
        return tuple(self._next.pieces) if self._next is not None else ()

    def turn(self) -> Landed | None:
        """Take some steps of the batch whose turn it is.

        Returns:
            The batch, if that brought it to its end; ``None`` otherwise.

        Raises:
            DeviceLostError: If the device answers no more.
        """
        if not self._journeys:
            return None
        journey = self._next or self._chosen()
        self._next = None
        started = self._clock()
        waves: Sequence[Waveform | ServeError] | None = None
        starved = failed = False
        try:
            with self._threads.computing():
                waves = self._moved(journey, started + self._limits.turn_s)
        except Exception as error:  # honest: logged, and told as an error of the piece
            failed = True
            starved = wants_memory(error)
            if not starved:
                logger.exception("batch failed: pieces=%d", len(journey.pieces))
                require_alive(self._model.device)
        journey.spent_s += self._clock() - started
        if failed:
            # Outside the handler: the error's traceback would keep the failed batch's tensors alive.
            return self._cut(journey, starved=starved)
        return None if waves is None else self._landed(journey, waves)

    def _chosen(self) -> _Journey:
        now = self._clock()
        oldest = min(self._journeys, key=lambda journey: journey.since)
        if now - oldest.since > self._limits.patience_s:
            return oldest
        return min(self._journeys, key=lambda journey: (journey.work_left, journey.since))

    def _moved(self, journey: _Journey, until: float) -> Sequence[Waveform | ServeError] | None:
        """Take steps until it is time; answer the speech if none are left."""
        if journey.flight is None:
            journey.flight = Flight(self._model, list(journey.pieces.values()), self._steps)
        while journey.flight.steps_left:
            journey.flight.advance()
            if self._model.device.type == "cuda":
                torch.cuda.synchronize(self._model.device)  # or the clock would see launches only
            if self._clock() >= until and journey.flight.steps_left:
                return None
        return [finite(wave.cpu().numpy()) for wave in self._vocoder.decode(journey.flight.mels())]

    def _landed(self, journey: _Journey, waves: Sequence[Waveform | ServeError]) -> Landed:
        self._journeys.remove(journey)
        return Landed(
            outcomes=dict(zip(journey.pieces, waves, strict=True)),
            inference_s=journey.spent_s,
            frames=sum(item.frames for item in journey.pieces.values()),
            padded_frames=journey.padded_frames,
        )

    def _cut(self, journey: _Journey, *, starved: bool) -> Landed | None:
        """Start a failed batch again in two halves; answer the error of a piece that failed alone."""
        self.cuts += 1
        journey.flight = None
        if self._model.device.type == "cuda":
            self._steps.release()
            torch.cuda.empty_cache()
        pieces = list(journey.pieces.items())
        if len(pieces) == 1:
            return self._landed(journey, [failure(pieces[0][1], starved=starved)])
        self._journeys.remove(journey)
        half = len(pieces) // 2
        for part in (pieces[:half], pieces[half:]):
            # What was spent on the whole is counted once.
            self._begin(dict(part), journey.since, journey.spent_s * len(part) / len(pieces))
        return None

    def _begin(self, pieces: Mapping[str, SampleItem], since: float, spent_s: float = 0.0) -> None:
        longest = max(item.frames for item in pieces.values())
        self._journeys.append(
            _Journey(
                pieces=pieces, padded_to=self._steps.padded(longest), since=since, spent_s=spent_s
            )
        )
