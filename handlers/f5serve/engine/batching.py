"""Cutting pieces into batches by padded frames."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

# What one more batch costs, in frames. A GPU takes about the same time for a step of one short item and of a few
# thousand frames, since launching the kernels is what takes long; a CPU's time goes with the frames.
BATCH_COST_FRAMES: Final = MappingProxyType({"cpu": 32, "cuda": 2000})


def batch_cost_frames(device_type: str) -> int:
    """Tell what one more batch costs on a kind of device, in frames; 0 on an unknown one."""
    return BATCH_COST_FRAMES.get(device_type, 0)


def plan(
    frames: Sequence[int],
    max_batch_frames: int,
    max_items: int,
    *,
    batch_cost_frames: int = 0,
) -> list[list[int]]:
    """Group items of like length so that little is spent on padding.

    A batch of ``c`` items costs ``batch_cost_frames + c * longest``; among all ways to cut the items, sorted by
    length, into neighbours, the cheapest is taken. With a cost of 0 only equal lengths share a batch; a larger cost
    tells that starting a batch is dear (a GPU's launches), and lets unequal lengths share one.

    Args:
        frames: Length of every item, each at least 1.
        max_batch_frames: Most padded frames of a batch; an item longer than this stands alone.
        max_items: Most items of a batch.
        batch_cost_frames: What one more batch costs, counted in frames.

    Returns:
        Batches of indices into ``frames``: every index once, the longest items first.

    Raises:
        ValueError: If a limit is below 1 or a cost is negative.
    """
    if max_batch_frames < 1 or max_items < 1 or batch_cost_frames < 0:
        raise ValueError(
            f"limits of a batch: {max_batch_frames=}, {max_items=}, {batch_cost_frames=}"
        )
    order = sorted(range(len(frames)), key=lambda index: (-frames[index], index))
    costs = [0]  # costs[i]: the cheapest way to run the first i items of ``order``
    starts: list[int] = []  # starts[i]: where the last batch of that way begins
    for end in range(1, len(order) + 1):
        best_cost, best_start = costs[end - 1] + batch_cost_frames + frames[order[end - 1]], end - 1
        for start in range(end - 2, max(end - max_items, 0) - 1, -1):
            padded = (end - start) * frames[order[start]]
            if padded > max_batch_frames:
                break
            cost = costs[start] + batch_cost_frames + padded
            if cost <= best_cost:  # of equal cost, the larger batch
                best_cost, best_start = cost, start
        costs.append(best_cost)
        starts.append(best_start)
    batches: list[list[int]] = []
    end = len(order)
    while end:
        batches.append(order[starts[end - 1] : end])
        end = starts[end - 1]
    return batches[::-1]
