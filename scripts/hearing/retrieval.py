"""Is the right sentence heard? Each is looked for among espeak-ng's readings of all of them.

What was spoken must lie nearest to the reading of its own text, by DTW over MFCC. The readings last
nearly the same, so that a length gives nothing away; two controls show that nothing else does either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from scripts.hearing.features import cepstra, dtw_to_each
from scripts.training.espeak import Reading

if TYPE_CHECKING:
    from f5serve.audio import Samples

NOISES: Final = 5  # per reading, so that a share is known to a few points

Distances = NDArray[np.float64]
"""``[i k]``: from spoken sentence ``i`` to reading ``k``; infinite where nothing was spoken."""


def closest_in_length(readings: Sequence[Reading], count: int) -> list[int]:
    """Answer the places of the ``count`` readings whose lengths differ least, longest over shortest."""
    order = sorted(range(len(readings)), key=lambda place: readings[place].samples.size)
    if len(order) <= count:
        return sorted(order)

    def spread(start: int) -> float:
        shortest, longest = order[start], order[start + count - 1]
        return readings[longest].samples.size / readings[shortest].samples.size

    start = min(range(len(order) - count + 1), key=spread)
    return sorted(order[start : start + count])


def length_spread(readings: Sequence[Reading]) -> float:
    """Answer how much longer the longest reading is than the shortest: 1 for equal lengths."""
    sizes = [reading.samples.size for reading in readings]
    return max(sizes) / min(sizes)


def distances(spoken: Sequence[Samples | None], readings: Sequence[Reading]) -> Distances:
    """Answer the distance of everything spoken from every reading."""
    known = [cepstra(reading.samples) for reading in readings]
    rows = []
    for samples in spoken:
        if samples is None:
            rows.append(np.full(len(known), np.inf))
            continue
        rows.append(dtw_to_each(cepstra(samples), known))
    return np.array(rows, dtype=np.float64)


def found(table: Distances) -> NDArray[np.bool_]:
    """Answer of each row whether it lies nearer to its own reading than to any other.

    Args:
        table: ``[i k]``; row ``i`` belongs to reading ``i`` modulo the number of readings.
    """
    rows = np.arange(len(table))
    own = rows % table.shape[1]
    others = table.copy()
    others[rows, own] = np.inf
    nearest: NDArray[np.bool_] = table[rows, own] < others.min(axis=1)
    return nearest


def noises(readings: Sequence[Reading], seed: int) -> list[Samples]:
    """Answer noise of each reading's length and long-term spectrum, :data:`NOISES` rounds of them.

    A reading's phases are drawn anew, which spreads its sound evenly over its time: all that could be
    guessed from length and timbre is left, and no word.
    """
    generator = np.random.default_rng(seed)
    return [_scrambled(reading.samples, generator) for _ in range(NOISES) for reading in readings]


def _scrambled(samples: Samples, generator: np.random.Generator) -> Samples:
    magnitudes = np.abs(np.fft.rfft(samples))
    phases = np.exp(2j * np.pi * generator.random(magnitudes.size))
    return np.fft.irfft(magnitudes * phases, samples.size).astype(np.float32)
