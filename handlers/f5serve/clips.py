"""A voice's clip and what is said in it, checked: whether registered, packaged or sent with a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve import audio, encoding
from f5serve.errors import ValueRefusedError
from f5serve.settings import Limits
from f5serve.text.clean import clean, is_speakable
from f5serve.text.duration import speech_units

if TYPE_CHECKING:
    from f5serve.audio import Samples

SENTENCE_ENDS: Final = tuple(".!?。！？।॥…")
EDGE_S: Final = 0.2  # silence kept at each end of a clip: more would be spoken into every piece
# Seconds a unit of text.duration may take: from three times as fast as people speak to five times as slow.
PACES_S: Final = (0.02, 0.3)
LOUDEST_PEAK: Final = 0.99  # of a clip that is kept
LONGEST_PAUSE_S: Final = 0.3
"""Of a clip's pauses, what counts as pace: who waits a second between two sentences does not speak slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip that a voice can be taken from.

    Attributes:
        samples: 24 kHz mono, silence at the ends cut to 0.2 s.
        transcript: Cleaned text with a final mark.
    """

    samples: Samples
    transcript: str

    def idle_s(self) -> float:
        """Answer the seconds of its long pauses that say nothing of its pace."""
        pauses = audio.pauses_s(self.samples, loudest_power=audio.loudest_power(self.samples))
        return float(np.maximum(pauses - LONGEST_PAUSE_S, 0.0).sum())

    def spoken_s(self) -> float:
        """Answer the seconds of its speech: without silence at the ends, and without what pauses have too much."""
        return audio.seconds(self.samples) - audio.silent_ends_s(self.samples) - self.idle_s()


def read_clip(data: bytes, transcript: str, limits: Limits, language: str | None = None) -> Clip:
    """Check a clip with its transcript.

    Args:
        data: A whole WAV, FLAC, OGG or MP3 file.
        transcript: What is said in it.
        limits: How long it may be.
        language: In which digits and signs of the transcript are spoken; None if it has been read out.

    Raises:
        ValueRefusedError: If the clip or the transcript is unusable; ``field`` names which.
    """
    text = speakable_transcript(transcript)
    text = text if text.endswith(SENTENCE_ENDS) else f"{text}."  # or the model runs on
    decoded = audio.decode_reference(
        data, min_s=limits.min_reference_s, max_s=limits.max_reference_s
    )
    clip = Clip(samples=audio.trim_ends(decoded, keep_s=EDGE_S), transcript=text)
    least, most = (pace * speech_units(text, language) for pace in PACES_S)
    if not least <= clip.spoken_s() <= most:  # the pace would be carried on
        raise _bad_transcript(
            f"does not fit the clip: it takes {least:.1f} to {most:.1f} s to say, and the clip "
            f"speaks for {clip.spoken_s():.1f} s",
            "transcript_mismatch",
        )
    return clip


def speakable_transcript(transcript: str) -> str:
    """Answer a transcript, cleaned.

    Raises:
        ValueRefusedError: If it holds nothing that can be said.
    """
    text = clean(transcript)
    if not is_speakable(text):
        raise _bad_transcript("holds nothing that can be said", "no_speakable_text")
    return text


def packed(
    data: bytes, transcript: str, limits: Limits, language: str | None
) -> tuple[Clip, bytes]:
    """Bring a clip to the form in which voices are kept.

    Args:
        data: A whole WAV, FLAC, OGG or MP3 file.
        transcript: What is said in it.
        limits: How long it may be.
        language: In which digits and signs of the transcript are spoken.

    Returns:
        The clip as it is kept, and its file: WAV, 16 bits.

    Raises:
        ValueRefusedError: If the clip or the transcript is unusable; ``field`` names which.
    """
    given = read_clip(data, transcript, limits, language)
    wav = encoding.encode(_within_scale(given.samples), "wav")
    # What is kept is checked, too: with the silence gone it may be too short.
    return read_clip(wav, given.transcript, limits, language), wav


def _within_scale(samples: Samples) -> Samples:
    """Lower what decoding or another rate has raised beyond full scale, so that nothing is clipped."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples if peak <= LOUDEST_PEAK else (samples * (LOUDEST_PEAK / peak)).astype(np.float32)


def _bad_transcript(problem: str, code: str) -> ValueRefusedError:
    return ValueRefusedError(f"'ref_text' {problem}", field="ref_text", code=code)
