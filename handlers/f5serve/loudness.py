"""Loudness as people hear it: integrated loudness by ITU-R BS.1770-4, in LUFS, of mono speech.

Every sample is K-weighted (a shelf for the head, a high pass for the ear), blocks of 400 ms that overlap by
three quarters are measured, and those below -70 LUFS, then those 10 LU below the mean of the rest, are left
out: pauses do not count. The filters are ITU's, made for any rate as Brecht De Man describes it ("Evaluation of
Implementations of the EBU R128 Loudness Measurement", 2018). They are applied by Fourier transforms, in stretches
of some seconds, since a router's worker has numpy and must stay small.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve import audio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from f5serve.audio import Samples

LOUDEST_PEAK: Final = 10 ** (-1 / 20)
"""-1 dBFS: no sample is raised beyond it, so that lossy formats have room too."""

_STEP: Final = audio.SAMPLE_RATE_HZ // 10  # a quarter of a block
_STEPS_A_BLOCK: Final = 4
_STRETCH: Final = 80 * _STEP
# What a sample still adds a quarter of a second later is below double precision: the high pass decays at 240/s.
_MEMORY: Final = audio.SAMPLE_RATE_HZ // 4
_OFFSET_LU: Final = -0.691
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0


def integrated(samples: Samples) -> float:
    """Measure a recording.

    Args:
        samples: 24 kHz mono. Less than 400 ms are measured as one block.

    Returns:
        LUFS; minus infinity where no block is louder than -70 LUFS.
    """
    power = _block_power(samples)
    audible = power[power > _power_of(_ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        return -math.inf
    gate = _power_of(_loudness_of(float(audible.mean())) + _RELATIVE_GATE_LU)
    return _loudness_of(float(audible[audible > gate].mean()))


def levelled(samples: Samples, target_lufs: float) -> tuple[Samples, float]:
    """Bring a recording to a loudness, by one gain for all of it.

    Args:
        samples: 24 kHz mono.
        target_lufs: The loudness wanted. It is not reached where a peak would rise beyond -1 dBFS: nothing is
            clipped or compressed.

    Returns:
        The recording, and its loudness now, in LUFS; silence comes back as it is.
    """
    loudness = integrated(samples)
    peak = float(np.abs(samples).max(initial=0.0))
    if math.isinf(loudness) or peak <= 0.0:
        return samples, loudness
    gain = min(10 ** ((target_lufs - loudness) / 20), LOUDEST_PEAK / peak)
    return (samples * np.float32(gain)).astype(np.float32), loudness + 20 * math.log10(gain)


def k_weighting(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Answer the two filters of BS.1770 at any rate.

    Args:
        rate_hz: Samples a second.

    Returns:
        Numerators and denominators ``[2, 3]``, the shelf first, in falling powers of z.
    """
    shelf_b, shelf_a = _shelf(math.tan(math.pi * 1681.974450955533 / rate_hz))
    pass_b, pass_a = _high_pass(math.tan(math.pi * 38.13547087602444 / rate_hz))
    return np.array([shelf_b, pass_b]), np.array([shelf_a, pass_a])


def _shelf(warped: float) -> tuple[list[float], list[float]]:
    quality, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    square, slope = warped**2, warped / quality
    norm = 1 + slope + square
    numerator = [
        gain + middle * slope + square,
        2 * (square - gain),
        gain - middle * slope + square,
    ]
    return [value / norm for value in numerator], [
        1.0,
        2 * (square - 1) / norm,
        (1 - slope + square) / norm,
    ]


def _high_pass(warped: float) -> tuple[list[float], list[float]]:
    slope, square = warped / 0.5003270373238773, warped**2
    norm = 1 + slope + square
    return [1.0, -2.0, 1.0], [1.0, 2 * (square - 1) / norm, (1 - slope + square) / norm]


def _block_power(samples: Samples) -> NDArray[np.float64]:
    """Answer the mean power of each block after weighting; what fills no block at the end is left out."""
    if len(samples) < _STEP * _STEPS_A_BLOCK:
        power = _weighted_power(samples, np.zeros(_MEMORY, dtype=np.float32))
        return np.array([power.mean()]) if len(power) else power
    steps: list[NDArray[np.float64]] = []
    past = np.zeros(_MEMORY, dtype=np.float32)
    for start in range(0, len(samples) - _STEP + 1, _STRETCH):
        stretch = samples[start : start + _STRETCH]
        whole = len(stretch) // _STEP * _STEP
        power = _weighted_power(stretch[:whole], past)
        steps.append(power.reshape(-1, _STEP).mean(axis=1))
        past = stretch[-_MEMORY:]
    means = np.concatenate(steps)
    return np.convolve(means, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), mode="valid")


def _weighted_power(stretch: Samples, past: Samples) -> NDArray[np.float64]:
    """Filter a stretch with what went before it, which decides how it begins."""
    known = np.concatenate([past, stretch]).astype(np.float64)
    size = len(known) + _MEMORY  # zeros behind, into which the filters' end runs
    numerators, denominators = k_weighting(audio.SAMPLE_RATE_HZ)
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones_like(delay)
    for numerator, denominator in zip(numerators, denominators, strict=True):
        response *= np.polyval(numerator[::-1], delay) / np.polyval(denominator[::-1], delay)
    weighted = np.fft.irfft(np.fft.rfft(known, size) * response, size)
    power: NDArray[np.float64] = np.square(weighted[len(past) : len(known)])
    return power


def _loudness_of(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power_of(loudness_lufs: float) -> float:
    return float(10 ** ((loudness_lufs - _OFFSET_LU) / 10))
