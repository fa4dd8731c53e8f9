"""One cell of the engine's comparison: the same pieces by both sides in turn, and whether the speed counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from f5serve.engine.batching import batch_cost_frames, plan
from f5serve.engine.mel import HOP_SAMPLES, SAMPLE_RATE_HZ
from loadtests.bench.common import Cost, Spread, in_turn, ratios
from scripts.upstream_check import relative_l2

if TYPE_CHECKING:
    from torch import Tensor

    from f5serve.engine.sampler import SampleItem
    from loadtests.bench.sides import Ours, Side, Upstream

MEL_LIMIT: Final = 1e-3
"""How far a float32 mel may lie from the same piece's alone (relative L2); a speed gained beyond it is void."""

HALF_MEL_LIMIT: Final = 5e-2
"""The same of a mel that was computed in half precision; what lies beyond is no rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast one side was.

    Attributes:
        cpu_s_per_audio_s: Seconds of processor time a second of speech.
        audio_s_per_s: Seconds of speech a second.
    """

    cpu_s_per_audio_s: Spread
    audio_s_per_s: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell.

    Attributes:
        steps: Euler steps.
        batch: Pieces.
        audio_s: Seconds of new speech in them together.
        frames: Frames of each, its reference included.
        mel_rel_l2: The farthest that a mel of ours lies from upstream's of the same piece alone.
        alone_rel_l2: The farthest that a mel of ours lies from ours of the same piece alone.
        valid: Whether both lie within the limit; the speed of another cell is void.
        ours: Our speed.
        upstream: Upstream's, each piece alone.
        cpu_ratio: How many times our processor time upstream takes.
        wall_ratio: The same of the time that goes by.
    """

    steps: int
    batch: int
    audio_s: float
    frames: tuple[int, ...]
    mel_rel_l2: float
    alone_rel_l2: float
    valid: bool
    ours: Speed
    upstream: Speed
    cpu_ratio: Spread
    wall_ratio: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedCell:
    """Upstream's own batch: what it gains, and how far its speech then lies from the right one.

    Attributes:
        steps: Euler steps.
        batch: Pieces.
        mel_rel_l2: The farthest that a mel lies from upstream's own of the same piece alone.
        valid: Whether that is within ``MEL_LIMIT``.
        upstream: Its speed, from one run.
    """

    steps: int
    batch: int
    mel_rel_l2: float
    valid: bool
    upstream: Speed


def audio_seconds(items: Sequence[SampleItem]) -> float:
    """Answer how long the speech of pieces is: their new frames alone."""
    return sum((item.new_frames - 1) * HOP_SAMPLES for item in items) / SAMPLE_RATE_HZ


def farthest(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Answer the largest relative L2 between mels and those expected, pair by pair; not finite if one is not."""
    distances = [relative_l2(one, other) for one, other in zip(found, expected, strict=True)]
    # max() would pass over a distance that is no number.
    return float(torch.tensor(distances).max())


def within_limit(*distances: float, limit: float = MEL_LIMIT) -> bool:
    """Whether every distance is within a limit; one that is no number is not."""
    return all(distance <= limit for distance in distances)


def measure_cell(
    ours: Ours,
    upstream: Upstream,
    items: Sequence[SampleItem],
    repeats: int,
    limit: float = MEL_LIMIT,
) -> Cell:
    """Compare the sides on some pieces: first what they say, which warms both up, then how fast, in turn.

    Args:
        ours: Our side.
        upstream: Upstream's.
        items: The pieces, of one schedule.
        repeats: How often each is timed.
        limit: How far a mel of ours may lie from the same piece's alone.
    """
    together, alone = ours.mels(items), [ours.mels([item])[0] for item in items]
    mel, single = farthest(together, upstream.mels(items)), farthest(together, alone)
    costs = in_turn(
        {"ours": lambda: ours.speak(items), "upstream": lambda: upstream.speak(items)}, repeats
    )
    audio_s = audio_seconds(items)
    return Cell(
        steps=items[0].steps,
        batch=len(items),
        audio_s=round(audio_s, 3),
        frames=tuple(item.frames for item in items),
        mel_rel_l2=_two_digits(mel),
        alone_rel_l2=_two_digits(single),
        valid=within_limit(mel, single, limit=limit),
        ours=speed(costs["ours"], audio_s),
        upstream=speed(costs["upstream"], audio_s),
        cpu_ratio=ratios(*([cost.cpu_s for cost in costs[name]] for name in ("upstream", "ours"))),
        wall_ratio=ratios(
            *([cost.wall_s for cost in costs[name]] for name in ("upstream", "ours"))
        ),
    )


def measure_padded(upstream: Upstream, items: Sequence[SampleItem]) -> PaddedCell:
    """Let upstream speak pieces in one batch of its own, and hold it against the same pieces alone."""
    distance = farthest(upstream.padded_mels(items), upstream.mels(items))
    costs = in_turn({"padded": lambda: upstream.speak_padded(items)}, 1)
    return PaddedCell(
        steps=items[0].steps,
        batch=len(items),
        mel_rel_l2=_two_digits(distance),
        valid=within_limit(distance),
        upstream=speed(costs["padded"], audio_seconds(items)),
    )


def speed(costs: Sequence[Cost], audio_s: float) -> Speed:
    """Answer how fast a side was that so much speech cost so much, each time."""
    return Speed(
        cpu_s_per_audio_s=Spread.of([cost.cpu_s / audio_s for cost in costs]),
        audio_s_per_s=Spread.of([audio_s / cost.wall_s for cost in costs]),
    )


def warm_up(sides: Sequence[Side], items: Sequence[SampleItem]) -> None:
    """Let every side speak some pieces once, so that nobody pays for what is set up at first use."""
    for side in sides:
        side.speak(items)


def padding_share(
    frames: Sequence[int], *, batch_size: int, max_batch_frames: int, device: str
) -> float:
    """Answer which share of the frames that are computed is padding.

    Args:
        frames: Lengths of the trace's pieces, in the order in which they come.
        batch_size: Pieces that the worker is given at once.
        max_batch_frames: Budget of padded frames.
        device: ``cpu`` or ``cuda``: how dear one more batch is there.
    """
    used = computed = 0
    for start in range(0, len(frames), batch_size):
        given = frames[start : start + batch_size]
        cost = batch_cost_frames(device)
        for batch in plan(given, max_batch_frames, batch_size, batch_cost_frames=cost):
            lengths = [given[index] for index in batch]
            used += sum(lengths)
            computed += len(lengths) * max(lengths)
    return 1 - used / computed


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
