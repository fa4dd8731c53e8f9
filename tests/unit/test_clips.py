"""A clip with its transcript: what is speech in it, and whether the two fit."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from f5serve.clips import read_clip
from f5serve.errors import ValueRefusedError
from f5serve.settings import Limits

RATE_HZ = 24_000


def clip(*parts: tuple[float, bool]) -> bytes:
    """A WAV of stretches, each so many seconds of tone or of silence."""
    samples = np.concatenate(
        [
            0.2 * sounds * np.sin(np.arange(round(seconds * RATE_HZ)) * 0.05)
            for seconds, sounds in parts
        ]
    )
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.astype(np.float32), RATE_HZ, format="WAV")
    return buffer.getvalue()


def test_a_long_pause_is_no_speech() -> None:
    read = read_clip(clip((1.0, True), (2.0, False), (1.0, True)), "Good morning, all.", Limits())

    assert read.idle_s() == pytest.approx(1.7, abs=0.05)
    assert read.spoken_s() == pytest.approx(2.3, abs=0.05)


def test_silence_does_not_make_up_for_speech_that_is_missing() -> None:
    """Its pace would be carried on: a hundred letters in a moment."""
    mostly_silent = clip((0.1, True), (8.0, False), (0.1, True))

    with pytest.raises(ValueRefusedError, match=r"the clip speaks for 0\.5 s") as caught:
        read_clip(
            mostly_silent, "All these many words are never heard in this clip. " * 2, Limits()
        )

    assert (caught.value.field, caught.value.code) == ("ref_text", "transcript_mismatch")
