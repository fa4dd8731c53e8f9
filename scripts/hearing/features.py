"""What is compared when two recordings are: cepstra along the best path, pitch, spectral envelope.

n  mel frames (hop 256 at 24 kHz: 10.67 ms)        d  mel channels (100)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray

from f5serve.audio import SAMPLE_RATE_HZ
from f5serve.engine.mel import LogMel

if TYPE_CHECKING:
    from f5serve.audio import Samples

Frames = NDArray[np.float32]

_COEFFICIENTS: Final = 13
_DB_PER_NEPER: Final = 20 / np.log(10)
_QUIET_DB: Final = 30.0  # below the loudest frame: pauses say nothing about a voice
_PITCH_RANGE_HZ: Final = (60.0, 400.0)
_PITCH_WINDOW_S: Final = 0.04
_PITCH_STEP_S: Final = 0.01
_SILENCE: Final = 1e-12
_VOICED: Final = 0.5  # of a frame's energy that must come back one period later
_SAME_PEAK: Final = 0.9  # twice the period matches as well: the shortest good one is the pitch


def log_mel(samples: Samples) -> Frames:
    """Answer the log-mel ``[n d]`` that the serving engine computes of a recording at 24 kHz."""
    return LogMel(torch.device("cpu"))(torch.from_numpy(samples)).numpy()


def mfcc(mel: Frames) -> Frames:
    """Answer cepstral coefficients 1 to 13 of a log-mel ``[n d]``, free of level and mean: ``[n 13]``."""
    bands = mel.shape[1]
    orders = np.arange(1, _COEFFICIENTS + 1)[:, None]
    basis = np.cos(np.pi / bands * (np.arange(bands) + 0.5) * orders) * np.sqrt(2 / bands)
    coefficients = mel @ basis.T
    centred: Frames = (coefficients - coefficients.mean(axis=0)).astype(np.float32)
    return centred


def cepstra(samples: Samples) -> Frames:
    """Answer the cepstra ``[n 13]`` of a recording at 24 kHz."""
    return mfcc(log_mel(samples))


def dtw(first: Frames, second: Frames) -> float:
    """Answer the mean distance along the cheapest path through two sequences of vectors."""
    return float(dtw_to_each(first, [second])[0])


def dtw_to_each(first: Frames, others: Sequence[Frames]) -> NDArray[np.float64]:
    """Answer the mean distance along the cheapest path from one sequence to each of several.

    Args:
        first: ``[n c]``.
        others: ``[n_k c]`` each.

    Returns:
        ``[k]``: cost of the cheapest path by the frames of both sequences.
    """
    widths = np.array([len(other) for other in others])
    ends = _cheapest_ends(_costs(first, others))
    totals = ends[len(first) + widths - 2, np.arange(len(others))]
    mean: NDArray[np.float64] = totals / (len(first) + widths)
    return mean


def _costs(first: Frames, others: Sequence[Frames]) -> NDArray[np.float64]:
    """Answer the distances of all frames ``[k rows columns]``, infinite past an other's end."""
    widest = max(len(other) for other in others)
    costs = np.full((len(others), len(first), widest), np.inf)
    query = torch.from_numpy(first).double()
    for place, other in enumerate(others):
        costs[place, :, : len(other)] = torch.cdist(query, torch.from_numpy(other).double())
    return costs


def _cheapest_ends(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answer what the cheapest path to the last row costs, ``[diagonal k]``.

    Cells of an anti-diagonal do not depend on one another, so that each is computed at once; the cell in
    row ``i`` of diagonal ``d`` stands in column ``d - i``.
    """
    count, rows, columns = costs.shape
    diagonals = rows + columns - 1
    wide = np.full((count, rows, columns + rows), np.inf)
    wide[:, :, :columns] = costs
    # Read with rows one shorter, each row lies one further to the right than the one above it.
    skewed = wide.reshape(count, -1)[:, : rows * diagonals].reshape(count, rows, diagonals)
    by_diagonal = np.ascontiguousarray(skewed.transpose(2, 0, 1))
    ends = np.empty((diagonals, count))
    before = np.full((count, rows + 1), np.inf)  # one diagonal back, and two; row 0 is the border
    two_before = before.copy()
    two_before[:, 0] = 0.0
    for diagonal in range(diagonals):
        best = np.minimum(np.minimum(before[:, 1:], before[:, :-1]), two_before[:, :-1])
        current = np.full((count, rows + 1), np.inf)
        current[:, 1:] = by_diagonal[diagonal] + best
        ends[diagonal] = current[:, -1]
        two_before, before = before, current
    return ends


def pitch_hz(samples: Samples) -> float:
    """Answer the median pitch of a recording at 24 kHz; NaN where nothing in it is voiced."""
    window, step = (round(s * SAMPLE_RATE_HZ) for s in (_PITCH_WINDOW_S, _PITCH_STEP_S))
    if len(samples) < window:
        return float("nan")
    shortest, longest = (round(SAMPLE_RATE_HZ / hz) for hz in reversed(_PITCH_RANGE_HZ))
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), window)[::step]
    shape = np.hanning(window)
    # The window makes long lags look less similar; divided by its own, the bias is gone.
    energy = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * shape, longest)
    energy /= _autocorrelation(shape[None], longest)
    similar = energy[:, shortest:] / np.maximum(energy[:, :1], _SILENCE)
    best = similar.max(axis=1)
    # The first lag above the threshold lies on a peak's slope: climb to its top.
    slopes = np.argmax(similar >= _SAME_PEAK * best[:, None], axis=1)
    lags = np.array([_top(row, int(slope)) for row, slope in zip(similar, slopes, strict=True)])
    loud = energy[:, 0] > max(energy[:, 0].max() * 10 ** (-_QUIET_DB / 10), _SILENCE)
    voiced = loud & (best > _VOICED)
    if not voiced.any():
        return float("nan")
    return float(np.median(SAMPLE_RATE_HZ / (lags[voiced] + shortest)))


def _autocorrelation(frames: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    spectrum = np.abs(np.fft.rfft(frames, 2 * frames.shape[1])) ** 2
    similar: NDArray[np.float64] = np.fft.irfft(spectrum)[:, :lags]
    return similar


def _top(row: NDArray[np.float64], start: int) -> int:
    position = start
    while position + 1 < len(row) and row[position + 1] > row[position]:
        position += 1
    return position


def envelope_db(samples: Samples) -> NDArray[np.float64]:
    """Answer the mean spectrum ``[d]`` of a recording's loud frames in dB, its level taken off."""
    mel = log_mel(samples).astype(np.float64) * _DB_PER_NEPER
    loudness = mel.mean(axis=1)
    mean: NDArray[np.float64] = mel[loudness > loudness.max() - _QUIET_DB].mean(axis=0)
    mean -= mean.mean()
    return mean
