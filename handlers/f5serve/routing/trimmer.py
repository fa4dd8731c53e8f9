"""Silence before and after a recording is cut, whole or as it comes.

A whole answer and a stream are cut by the same class, so that both hold the same samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve import audio

if TYPE_CHECKING:
    from f5serve.audio import Samples

KEPT_S: Final = 0.05
"""Silence left at each end: a voice begins and dies away in it."""

_KEPT: Final = round(KEPT_S * audio.SAMPLE_RATE_HZ)
_LEAST_POWER: Final = 10 ** (-60 / 10)  # full scale 1


class Trimmer:
    """Cuts a recording that comes in pieces.

    Nothing is given out until there is speech, and what is silent after speech is held back until more
    speech follows. Silent is what lies 40 dB below the loudest hundredth of a second so far; where none is
    louder than -60 dBFS, there is no speech yet.

    Attributes:
        cut: Samples cut off the beginning so far.
    """

    def __init__(self) -> None:
        self.cut = 0
        self._held = np.zeros(0, dtype=np.float32)
        self._loudest = _LEAST_POWER
        self._begun = False
        self._owed = 0  # samples of silence that may still follow the speech given

    def add(self, samples: Samples) -> Samples:
        """Take the next piece; answer what is known to stay of all so far."""
        self._loudest = max(self._loudest, audio.loudest_power(samples))
        extent = audio.speech_extent(samples, loudest_power=self._loudest)
        known = np.concatenate([self._held, samples])
        if extent is None or self._loudest <= _LEAST_POWER:
            given = self._parted(known, self._owed)
            self._owed -= len(given)
            return given
        first, last = (place + len(self._held) for place in extent)
        if not self._begun:
            self._begun = True
            self.cut = max(0, first - _KEPT)
            known, last = known[self.cut :], last - self.cut
        self._owed = _KEPT - min(_KEPT, len(known) - last)
        return self._parted(known, last + _KEPT)

    def _parted(self, known: Samples, count: int) -> Samples:
        self._held = known[count:]
        return known[:count]

    def finish(self) -> Samples:
        """Answer what is left to give when all is there: nothing, but for a recording without speech."""
        rest = self._held[: 0 if self._begun else _KEPT]
        self._held = self._held[:0]
        return rest
