"""Voices made ready for a model: a clip becomes a mel, its transcript a measure of pace.

Registered voices are prepared once and kept, however many clips requests bring; of these the last used are
kept, within a bound in bytes. Both take the same way.
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
from f5serve.clips import read_clip
from f5serve.engine.mel import HOP_SAMPLES
from f5serve.settings import UPLOADED, ModelSettings, Voice
from f5serve.text.clean import clean

if TYPE_CHECKING:
    import torch

    from f5serve.audio import Samples

FRAME_S: Final = HOP_SAMPLES / audio.SAMPLE_RATE_HZ
MIN_SPEECH_S: Final = 0.4  # a single syllable with its onset and release
MAX_UPLOADED_BYTES: Final = 16_000_000
"""Prepared clips from requests that a worker keeps: of the longest, 12 s and 0.45 MB each, about 35."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference clip, made ready for the model.

    Attributes:
        mel: Log-mel ``[r, 100]``, float32.
        level: Level of the clip's speech as it came, RMS (full scale 1).
        gain: What the clip was multiplied with; speech is divided by it again.
        transcript: Cleaned text with a final mark.
        units: Length of the transcript, in the model's units (see ``References``).
        edge_frames: Mel frames that speech has besides those of its text.
        idle_frames: Mel frames of the clip's long pauses, which say nothing of its pace.
        name: The voice's name; ``uploaded`` for a clip from the request.
    """

    mel: torch.Tensor
    level: float
    gain: float
    transcript: str
    units: float
    edge_frames: float
    idle_frames: float
    name: str

    @property
    def size_bytes(self) -> int:
        """What it takes to keep: the mel; the rest is a few hundred bytes."""
        return self.mel.numel() * self.mel.element_size()

    def frames_for(self, units: float, speed: float) -> int:
        """Expect new text to be spoken at the pace of the clip, with margins like its own."""
        pace = (len(self.mel) - self.edge_frames - self.idle_frames) / self.units
        least = math.ceil(MIN_SPEECH_S / FRAME_S)
        return max(least, round(self.edge_frames + pace * units / speed))


class FrontEnd(Protocol):
    """What turns samples into mels; see ``engine.engine.F5Engine``."""

    def reference_mel(self, samples: Samples) -> torch.Tensor:
        """Answer the log-mel ``[r, 100]`` of a reference clip."""


class References:
    """Prepared references.

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
        self._registered: dict[str, Reference] = {}
        self._uploaded: OrderedDict[str, Reference] = OrderedDict()
        self._bytes = 0

    def registered(self, voice: Voice) -> Reference:
        """Answer a registered voice.

        Raises:
            ValueRefusedError: If its clip or transcript is unusable.
            OSError: If its file cannot be read.
        """
        known = self._registered.get(voice.name)
        if known is None:
            data = (self._root / voice.file).read_bytes()
            transcript = self._read_out(clean(voice.transcript), voice.language)
            known = self._prepare(data, transcript, voice.name, voice.edge_frames)
            self._registered[voice.name] = known
        return known

    def uploaded(self, data: bytes, transcript: str, language: str | None = None) -> Reference:
        """Answer a clip that came with a request.

        Args:
            data: An audio file.
            transcript: What is said in it.
            language: In which the transcript is read out; None takes it as it stands.

        Raises:
            ValueRefusedError: If the clip or the transcript is unusable; names which.
        """
        words = transcript.encode("utf-8", "ignore")
        # The clip's own digest, so that no clip and transcript together look like another pair.
        parts = (hashlib.sha256(data).digest(), (language or "").encode(), words)
        key = hashlib.sha256(b"\0".join(parts)).hexdigest()
        known = self._uploaded.get(key)
        if known is not None:
            self._uploaded.move_to_end(key)
            return known
        text = clean(transcript)
        if language is not None:
            text = self._read_out(text, language)
        return self._remember(key, self._prepare(data, text, UPLOADED))

    def _remember(self, key: str, reference: Reference) -> Reference:
        self._uploaded[key] = reference
        self._bytes += reference.size_bytes
        while self._bytes > MAX_UPLOADED_BYTES and len(self._uploaded) > 1:
            _, oldest = self._uploaded.popitem(last=False)
            self._bytes -= oldest.size_bytes
        return reference

    def _prepare(
        self, data: bytes, text: str, name: str, edge_frames: float | None = None
    ) -> Reference:
        clip = read_clip(data, text, self._settings.limits)
        level = audio.rms(clip.samples)
        gain = max(1.0, self._settings.reference_rms / max(level, 1e-6))
        if edge_frames is None:
            edge_frames = audio.silent_ends_s(clip.samples) / FRAME_S
        return Reference(
            mel=self._front_end.reference_mel((clip.samples * gain).astype(np.float32)),
            gain=gain,
            level=audio.speech_level(clip.samples),
            transcript=clip.transcript,
            units=self._units(clip.transcript),
            edge_frames=edge_frames,
            idle_frames=clip.idle_s() / FRAME_S,
            name=name,
        )
