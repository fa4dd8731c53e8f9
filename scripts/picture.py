"""Spectrograms, for people who would rather look than listen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW: Final = 1024
HOP: Final = 256
FLOOR_DB: Final = -80.0


def spectrogram_db(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Answer magnitudes ``[bins, frames]`` in dB below the loudest, at least -80."""
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    magnitudes = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)).T
    loudest = max(float(magnitudes.max()), 1e-9)
    decibel = 20 * np.log10(np.maximum(magnitudes / loudest, 1e-9))
    floored: NDArray[np.float32] = np.maximum(decibel, FLOOR_DB).astype(np.float32)
    return floored


def draw_spectrogram(samples: NDArray[np.float32], rate_hz: int, title: str, path: Path) -> None:
    """Write the waveform and the spectrogram of some speech as a PNG."""
    duration_s = len(samples) / rate_hz
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(9, 4), layout="constrained")
        wave, spectrum = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
        wave.plot(np.arange(len(samples)) / rate_hz, samples, linewidth=0.4)
        wave.set(ylim=(-1, 1), ylabel="amplitude", title=title)
        spectrum.imshow(
            spectrogram_db(samples),
            origin="lower", aspect="auto", cmap="magma", vmin=FLOOR_DB, vmax=0,
            extent=(0.0, duration_s, 0.0, rate_hz / 2000),
        )  # fmt: skip
        spectrum.set(xlabel="seconds", ylabel="kHz")
        figure.savefig(path, dpi=100)
