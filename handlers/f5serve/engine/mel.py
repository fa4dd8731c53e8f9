"""The log-mel front end F5-TTS and Vocos were trained with: 24 kHz, 100 channels, a frame every 256 samples.

nw samples        n frames, ``nw // 256 + 1``        f frequency bins (513)        d mel channels (100)
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from f5serve.engine.arch import MEL_CHANNELS
from f5serve.errors import ValueRefusedError

SAMPLE_RATE_HZ: Final = 24_000
HOP_SAMPLES: Final = 256
N_FFT: Final = 1024
_FLOOR: Final = 1e-5


def mel_filters() -> Tensor:
    """Give the triangular filters on the HTK mel scale, each with a peak of 1.

    Returns:
        ``[f d]`` float32.
    """
    bins_hz = torch.linspace(0, SAMPLE_RATE_HZ // 2, N_FFT // 2 + 1)
    top_mel = 2595.0 * math.log10(1.0 + SAMPLE_RATE_HZ / 2 / 700.0)
    corners_hz = 700.0 * (10.0 ** (torch.linspace(0.0, top_mel, MEL_CHANNELS + 2) / 2595.0) - 1.0)
    widths_hz = corners_hz.diff()
    distances_hz = corners_hz.unsqueeze(0) - bins_hz.unsqueeze(1)
    rising = -distances_hz[:, :-2] / widths_hz[:-1]
    falling = distances_hz[:, 2:] / widths_hz[1:]
    return torch.minimum(rising, falling).clamp(min=0.0)


class LogMel:
    """Turns samples into log-mel frames.

    Args:
        device: Where the transform runs.
    """

    def __init__(self, device: torch.device) -> None:
        self._window = torch.hann_window(N_FFT, device=device)
        self._filters = mel_filters().T.contiguous().to(device)

    def __call__(self, samples: Tensor) -> Tensor:
        """Compute the frames of one recording.

        Args:
            samples: ``[nw]`` float32 at 24 kHz.

        Returns:
            ``[n d]`` float32, natural logarithm of the magnitudes.

        Raises:
            ValueRefusedError: If the recording is shorter than half a window, which cannot be mirrored.
        """
        if samples.ndim != 1 or samples.shape[0] <= N_FFT // 2:
            raise ValueRefusedError(
                f"reference audio has shape {tuple(samples.shape)}; mono with more than {N_FFT // 2} samples is needed",
                field="ref_audio",
            )
        spectrum = torch.stft(
            samples.to(self._window),
            N_FFT,
            HOP_SAMPLES,
            window=self._window,
            center=True,
            return_complex=True,
        )
        return (self._filters @ spectrum.abs()).clamp(min=_FLOOR).log().T.contiguous()
