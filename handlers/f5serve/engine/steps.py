"""The Euler steps of a batch: as they come, or replayed from one recording a shape.

A large GPU waits for the kernels of a step to be launched longer than they run. A CUDA graph launches all of them at
once, but is bound to one shape: lengths are therefore filled up to a multiple of ``BUCKET_FRAMES``, which is masked
like any padding, and the graphs of the last few shapes are kept. One step is recorded and not the whole schedule,
so that every number of steps shares it: what a step's time tells the layers is copied in before each replay.

b items        g guidance rows        n mel frames, padded        m mel channels        d width
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import torch
from torch import Tensor

from f5serve.engine.dit import BatchCondition, DiT
from f5serve.engine.modulation import StepModulation
from f5serve.engine.precision import tile_frames
from f5serve.engine.threads import Threads

logger = logging.getLogger(__name__)

BUCKET_FRAMES: Final = 64
MOST_SHAPES: Final = 16
MOST_FRAMES: Final = 8192
"""Padded frames of a batch beyond which it is not recorded: there the kernels run longer than their launches take."""

_WARM_UPS: Final = 3
_LARGEST_DIFFERENCE: Final = 1e-3

Work: TypeAlias = Callable[[], None]
Record: TypeAlias = Callable[[Work], Work]
"""Answers something that does the same work again, on the same tensors."""


class Steps(Protocol):
    """Runs the steps of a batch."""

    def padded(self, frames: int) -> int:
        """Tell to how many frames a batch whose longest item has ``frames`` is to be filled up."""

    def run(
        self,
        x: Tensor,
        condition: BatchCondition,
        modulations: Sequence[StepModulation],
        strength: Tensor,
    ) -> Tensor:
        """Go from noise to speech.

        Args:
            x: ``[b n m]`` float32, the noise.
            condition: The batch's condition, as long as ``x``.
            modulations: One a step.
            strength: ``[b 1 1]`` float32, of the guidance; of no effect without it.

        Returns:
            ``[b n m]`` float32.
        """

    def release(self) -> None:
        """Give back what is kept between batches."""


class PlainSteps:
    """Runs every step as it comes.

    Args:
        model: The transformer.
        threads: Looked at before each step; none of its own by default.
    """

    def __init__(self, model: DiT, threads: Threads | None = None) -> None:
        self._model = model
        self._threads = threads or Threads()
        self._multiple = tile_frames(model.dtype, model.device)

    def padded(self, frames: int) -> int:
        """See ``Steps``."""
        return -(-frames // self._multiple) * self._multiple

    def run(
        self,
        x: Tensor,
        condition: BatchCondition,
        modulations: Sequence[StepModulation],
        strength: Tensor,
    ) -> Tensor:
        """See ``Steps``."""
        for modulation in modulations:
            self._threads.adjust()
            x = x.add(flow(self._model, x, condition, modulation, strength), alpha=modulation.width)
        return x

    def release(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """One shape's step and the tensors that it reads and writes; ``row`` is ``StepModulation.row``."""

    x: Tensor
    condition: BatchCondition
    strength: Tensor
    row: Tensor
    replay: Work

    def take(self, x: Tensor, condition: BatchCondition, strength: Tensor) -> None:
        self.x.copy_(x)
        self.strength.copy_(strength)
        self.condition.projected.copy_(condition.projected)
        self.condition.convolved.copy_(condition.convolved)
        if self.condition.valid is not None and condition.valid is not None:
            self.condition.valid.copy_(condition.valid)


class RecordedSteps:
    """Replays one recorded step a shape.

    The first step of every new recording is compared with the plain one; if they differ, or a shape cannot be
    recorded, all goes on without recordings.

    Args:
        model: The transformer.
        record: What records; ``CudaRecorder``, or on a CPU, for tests, the identity.
        bucket_frames: Lengths are filled up to a multiple of this.
        most_shapes: Recordings that are kept; the one that was not used for longest goes first.
        most_frames: Padded frames of a batch beyond which it is not recorded.
    """

    def __init__(
        self,
        model: DiT,
        record: Record,
        *,
        bucket_frames: int = BUCKET_FRAMES,
        most_shapes: int = MOST_SHAPES,
        most_frames: int = MOST_FRAMES,
    ) -> None:
        self._model = model
        self._plain = PlainSteps(model)
        self._record = record
        self._bucket_frames = bucket_frames
        self._most_shapes = most_shapes
        self._most_frames = most_frames
        self._kept: OrderedDict[tuple[int, int, bool, bool], _Recording] = OrderedDict()
        self._usable = True

    @property
    def shapes(self) -> tuple[tuple[int, int, bool, bool], ...]:
        """The shapes that are recorded, the last used one last: items, frames, guided, masked."""
        return tuple(self._kept)

    @property
    def usable(self) -> bool:
        """Whether recordings are still made."""
        return self._usable

    def padded(self, frames: int) -> int:
        """See ``Steps``."""
        if not self._usable:
            return frames
        return -(-frames // self._bucket_frames) * self._bucket_frames

    def run(
        self,
        x: Tensor,
        condition: BatchCondition,
        modulations: Sequence[StepModulation],
        strength: Tensor,
    ) -> Tensor:
        """See ``Steps``."""
        key = (x.shape[0], x.shape[1], condition.guided, condition.valid is not None)
        fresh = key not in self._kept
        recording = self._recording(key, x, condition, modulations[0], strength)
        if recording is None:
            return self._plain.run(x, condition, modulations, strength)
        recording.take(x, condition, strength)
        for place, modulation in enumerate(modulations):
            recording.row.copy_(modulation.row)
            recording.replay()
            if fresh and place == 0:
                expected = self._plain.run(x, condition, modulations[:1], strength)
                if not _agree(recording.x, expected, condition.valid):
                    logger.error("a recorded step differs from the plain one: shape=%s", key)
                    self._give_up()
                    return self._plain.run(x, condition, modulations, strength)
        # The recording's own tensor is written again by the next batch of this shape.
        return recording.x.clone()

    def release(self) -> None:
        """Forget every recording, so that its memory can be used otherwise."""
        self._kept.clear()

    def _recording(
        self,
        key: tuple[int, int, bool, bool],
        x: Tensor,
        condition: BatchCondition,
        modulation: StepModulation,
        strength: Tensor,
    ) -> _Recording | None:
        if not self._usable or x.shape[0] * x.shape[1] > self._most_frames:
            return None
        recording = self._kept.pop(key, None)
        if recording is None:
            while len(self._kept) >= self._most_shapes:
                self._kept.popitem(last=False)
            try:
                recording = self._new(x, condition, modulation, strength)
            except torch.OutOfMemoryError:
                # The batch may well fit without; the next shape is recorded again.
                logger.warning("no memory to record a step: shape=%s", key)
                self.release()
                return None
            except RuntimeError:
                logger.exception("a step cannot be recorded: shape=%s", key)
                self._give_up()
                return None
        self._kept[key] = recording
        return recording

    def _new(
        self,
        x: Tensor,
        condition: BatchCondition,
        modulation: StepModulation,
        strength: Tensor,
    ) -> _Recording:
        own = BatchCondition(
            projected=condition.projected.clone(),
            convolved=condition.convolved.clone(),
            valid=None if condition.valid is None else condition.valid.clone(),
            guided=condition.guided,
        )
        state, power, row = x.clone(), strength.clone(), modulation.row.clone()
        now = StepModulation.of(modulation.width, row)

        def step() -> None:
            # The width is read from the row, for a number would be recorded once and for all.
            state.addcmul_(flow(self._model, state, own, now, power), row[-1, 0])

        return _Recording(
            x=state, condition=own, strength=power, row=row, replay=self._record(step)
        )

    def _give_up(self) -> None:
        logger.warning("going on without recorded steps")
        self._usable = False
        self.release()


class CudaRecorder:
    """Records work as a CUDA graph; all graphs share one pool of memory, for they never run at once.

    Args:
        device: The GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        """Do the work a few times, so that libraries set themselves up, then record it.

        Raises:
            RuntimeError: If it cannot be recorded.
        """
        with torch.cuda.device(self._device):
            beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it so
            beside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(beside):
                for _ in range(_WARM_UPS):
                    work()
            torch.cuda.current_stream().wait_stream(beside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                work()
        replay: Work = graph.replay
        return replay


def steps_of(model: DiT, *, cuda_graphs: bool, threads: Threads | None = None) -> Steps:
    """Answer what runs a model's steps.

    Args:
        model: The transformer.
        cuda_graphs: Whether steps are to be replayed from CUDA graphs where the device has them.
        threads: Looked at before each step on a CPU.
    """
    if not cuda_graphs:
        return PlainSteps(model, threads)
    if not can_record(model.device):
        logger.info("cuda_graphs is of no effect: device=%s", model.device)
        return PlainSteps(model, threads)
    return RecordedSteps(model, CudaRecorder(model.device))


def can_record(device: torch.device) -> bool:
    """Tell whether a device has CUDA graphs."""
    return device.type == "cuda" and torch.cuda.is_available()


def flow(
    model: DiT, x: Tensor, condition: BatchCondition, modulation: StepModulation, strength: Tensor
) -> Tensor:
    """Predict the flow at one time, guidance applied; ``[b n m]`` float32."""
    predicted = model.velocity(x, condition, modulation)
    if not condition.guided:
        return predicted
    with_condition, without = predicted.chunk(2)
    return with_condition + (with_condition - without) * strength


def _agree(found: Tensor, expected: Tensor, valid: Tensor | None) -> bool:
    difference = found - expected
    if valid is not None:
        difference = difference.masked_fill(~valid.unsqueeze(-1), 0.0)
        expected = expected.masked_fill(~valid.unsqueeze(-1), 0.0)
    return bool(difference.norm() <= _LARGEST_DIFFERENCE * expected.norm())
