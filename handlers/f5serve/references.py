"""Voices made ready for a model: a clip becomes a mel, its transcript a measure of pace.

Prepared once and kept within a bound; registered voices and clips from requests take the same way.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from f5serve import audio
from f5serve.engine.mel import HOP_SAMPLES
from f5serve.errors import ValueRefusedError
from f5serve.settings import ModelSettings, Voice
from f5serve.text.clean import clean, is_speakable
from f5serve.text.duration import speech_units

if TYPE_CHECKING:
    import torch

    from f5serve.audio import Samples

FRAME_S: Final = HOP_SAMPLES / audio.SAMPLE_RATE_HZ
SENTENCE_ENDS: Final = tuple(".!?。！？।॥…")
MAX_PREPARED: Final = 64
MIN_SPEECH_S: Final = 0.35  # a single syllable at an ordinary pace
EDGE_S: Final = 0.2  # silence kept at each end of a clip: more would be spoken into every piece
# Seconds a unit of text.duration may take: from three times as fast as people speak to five times as slow.
PACES_S: Final = (0.02, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference clip, made ready for the model.

    Attributes:
        mel: Log-mel ``[r, 100]``, float32.
        gain: What the clip was multiplied with; speech is divided by it again.
        transcript: Cleaned text with a final mark.
        units: Length of the transcript, in the model's units (see ``References``).
        edge_frames: Mel frames that speech has besides those of its text.
        name: The voice's name; ``uploaded`` for a clip from the request.
    """

    mel: torch.Tensor
    gain: float
    transcript: str
    units: float
    edge_frames: float
    name: str

    def frames_for(self, units: float, speed: float) -> int:
        """Expect new text to be spoken at the pace of the clip, with margins like its own."""
        pace = (len(self.mel) - self.edge_frames) / self.units
        least = math.ceil(MIN_SPEECH_S / FRAME_S)
        return max(least, round(self.edge_frames + pace * units / speed))


class FrontEnd(Protocol):
    """What turns samples into mels; see ``engine.engine.F5Engine``."""

    def reference_mel(self, samples: Samples) -> torch.Tensor:
        """Answer the log-mel ``[r, 100]`` of a reference clip."""


class References:
    """Prepared references, the last 64 used.

    Args:
        front_end: Makes mels.
        settings: The archive's settings.
        root: The folder that voices' files are relative to.
        units: Measures a text as the model does.
        read_out: Writes a transcript in the words that are spoken, given its language.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        settings: ModelSettings,
        root: Path,
        units: Callable[[str], float],
        read_out: Callable[[str, str], str],
    ) -> None:
        self._front_end = front_end
        self._settings = settings
        self._root = root
        self._units = units
        self._read_out = read_out
        self._prepared: OrderedDict[str, Reference] = OrderedDict()

    def registered(self, voice: Voice) -> Reference:
        """Answer a registered voice.

        Raises:
            ValueRefusedError: If its clip or transcript is unusable.
            OSError: If its file cannot be read.
        """
        known = self._recall(voice.name)
        if known is not None:
            return known
        data = (self._root / voice.file).read_bytes()
        transcript = self._read_out(clean(voice.transcript), voice.language)
        prepared = self._prepare(data, transcript, voice.name, voice.edge_frames)
        return self._remember(voice.name, prepared)

    def uploaded(self, data: bytes, transcript: str, language: str | None = None) -> Reference:
        """Answer a clip that came with a request.

        Args:
            data: An audio file.
            transcript: What is said in it.
            language: In which the transcript is read out; None takes it as it stands.

        Raises:
            ValueRefusedError: If the clip or the transcript is unusable; names which.
        """
        parts = (data, transcript.encode("utf-8", "ignore"), (language or "").encode())
        key = hashlib.sha256(b"\0".join(parts)).hexdigest()
        known = self._recall(key)
        if known is not None:
            return known
        text = clean(transcript)
        if language is not None:
            text = self._read_out(text, language)
        return self._remember(key, self._prepare(data, text, "uploaded"))

    def _recall(self, key: str) -> Reference | None:
        known = self._prepared.get(key)
        if known is not None:
            self._prepared.move_to_end(key)
        return known

    def _remember(self, key: str, reference: Reference) -> Reference:
        self._prepared[key] = reference
        if len(self._prepared) > MAX_PREPARED:
            self._prepared.popitem(last=False)
        return reference

    def _prepare(
        self, data: bytes, text: str, name: str, edge_frames: float | None = None
    ) -> Reference:
        limits = self._settings.limits
        if not is_speakable(text):
            raise _bad_transcript("holds nothing that can be said", "no_speakable_text")
        text = text if text.endswith(SENTENCE_ENDS) else f"{text}."  # or the model runs on
        samples = audio.trim_ends(
            audio.decode_reference(
                data, min_s=limits.min_reference_s, max_s=limits.max_reference_s
            ),
            keep_s=EDGE_S,
        )
        _require_pace(text, samples)
        gain = max(1.0, self._settings.reference_rms / max(audio.rms(samples), 1e-6))
        if edge_frames is None:
            edge_frames = audio.silent_ends_s(samples) / FRAME_S
        return Reference(
            mel=self._front_end.reference_mel((samples * gain).astype(np.float32)),
            gain=gain,
            transcript=text,
            units=self._units(text),
            edge_frames=edge_frames,
            name=name,
        )


def _require_pace(text: str, samples: Samples) -> None:
    """Refuse a transcript that cannot be that of the clip: the pace would be carried on."""
    spoken_s = audio.seconds(samples) - audio.silent_ends_s(samples)
    least, most = (pace * speech_units(text) for pace in PACES_S)
    if not least <= spoken_s <= most:
        raise _bad_transcript(
            f"does not fit the clip: it takes {least:.1f} to {most:.1f} s to say, and the clip "
            f"speaks for {spoken_s:.1f} s",
            "transcript_mismatch",
        )


def _bad_transcript(problem: str, code: str) -> ValueRefusedError:
    return ValueRefusedError(f"'ref_text' {problem}", field="ref_text", code=code)
