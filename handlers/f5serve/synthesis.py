"""From checked requests to speech: text to tokens, voices to mels, one batch through the engine.

Each request of a batch succeeds or fails by itself: an error is a value in its place.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from f5serve import audio
from f5serve.engine.engine import SynthesisStats
from f5serve.engine.mel import HOP_SAMPLES
from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError, ServeError, ValueRefusedError
from f5serve.language import canonical
from f5serve.request import PieceRequest, require_length
from f5serve.settings import ModelSettings, Voice
from f5serve.text.clean import clean, require_speakable
from f5serve.text.duration import speech_units
from f5serve.text.frontend import tokens
from f5serve.voices import VoiceRegistry

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    import torch

    from f5serve.audio import Samples

SENTENCE_ENDS: Final = tuple(".!?。！？।॥…")
MAX_PREPARED_REFERENCES: Final = 64
MIN_SPEECH_S: Final = 0.35  # a single syllable at an ordinary pace
FRAME_S: Final = HOP_SAMPLES / audio.SAMPLE_RATE_HZ


class Engine(Protocol):
    """What synthesis needs of the engine; see ``engine.engine.F5Engine``."""

    def reference_mel(self, samples: Samples) -> torch.Tensor:
        """Answer the log-mel ``[r, 100]`` of a reference clip."""

    def synthesize(
        self, items: Sequence[SampleItem]
    ) -> tuple[list[Samples | ServeError], SynthesisStats]:
        """Speak every item; one waveform or error each, in order, and what the batch cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference clip, made ready for the model.

    Attributes:
        mel: Log-mel ``[r, 100]``, float32.
        gain: What the clip was multiplied with; speech is divided by it again.
        transcript: Cleaned text with a final mark.
        units: Length of the transcript, in the units of ``Synthesizer._units``.
        edge_frames: Silence at the ends of the clip, in mel frames.
        name: The voice's name; ``uploaded`` for a clip from the request.
    """

    mel: torch.Tensor
    gain: float
    transcript: str
    units: float
    edge_frames: float
    name: str

    def frames_for(self, units: float, speed: float) -> int:
        """Expect new text to be spoken at the pace of the clip, with silence as at its ends."""
        pace = (len(self.mel) - self.edge_frames) / self.units
        least = math.ceil(MIN_SPEECH_S / FRAME_S)
        return max(least, round(self.edge_frames + pace * units / speed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One request's speech.

    Attributes:
        request: What was asked for.
        samples: 24 kHz mono.
        language: The language spoken.
        voice: The voice's name.
        inference_s: Time that the whole batch spent in the model.
        batch_pieces: Pieces in that batch.
    """

    request: PieceRequest
    samples: Samples
    language: str
    voice: str
    inference_s: float
    batch_pieces: int


class Synthesizer:
    """One checkpoint with its voices.

    Args:
        engine: The model.
        vocabulary: Its tokens.
        settings: The archive's settings.
        root: The folder that paths in the settings are relative to.
    """

    def __init__(
        self, engine: Engine, vocabulary: Vocabulary, settings: ModelSettings, root: Path
    ) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._settings = settings
        self._root = root
        self._voices = VoiceRegistry(settings.voices)
        self._references: OrderedDict[str, Reference] = OrderedDict()

    def speak(self, requests: Sequence[PieceRequest | ServeError]) -> list[Spoken | ServeError]:
        """Speak a batch.

        Args:
            requests: Checked requests; an error in a place is kept there.

        Returns:
            One result for each request, in order.
        """
        prepared = [
            request if isinstance(request, ServeError) else self._prepare_or_refuse(request)
            for request in requests
        ]
        ready = [entry for entry in prepared if isinstance(entry, _Prepared)]
        started = time.perf_counter()
        waves, _ = self._engine.synthesize([entry.item for entry in ready])
        inference_s = time.perf_counter() - started
        results = iter(waves)
        return [
            entry
            if isinstance(entry, ServeError)
            else entry.result(next(results), inference_s, len(ready))
            for entry in prepared
        ]

    def warm_up(self) -> None:
        """Speak a short text in each language, so that the first request pays for no first-time cost.

        Raises:
            ConfigurationError: If one cannot be spoken: the archive is unusable.
        """
        for language in self._settings.languages:
            voice = self._voices.default(language)
            request = PieceRequest(text=voice.transcript, voice=voice.name, seed=0, steps=2)
            (result,) = self.speak([request])
            if isinstance(result, ServeError):
                raise ConfigurationError(
                    f"{self._settings.model} cannot speak the transcript of voice {voice.name!r}: "
                    f"{result.detail}; check the voice, the vocabulary and the frontend"
                )

    def _prepare_or_refuse(self, request: PieceRequest) -> _Prepared | ServeError:
        try:
            return self._prepare(request)
        except ServeError as error:
            return error
        except Exception:  # honest: logged with its traceback, told as 500; the batch mates go on
            logger.exception("preparing a piece failed")
            return ServeError("preparing the text failed; the log of the model holds the reason")

    def _prepare(self, request: PieceRequest) -> _Prepared:
        language = self._language(request.language)
        require_length(request.text, max_chars=self._settings.limits.max_text_chars)
        text = clean(request.text)
        require_speakable(text)
        reference = self._reference(request, language)
        frames = self._new_frames(text, request.speed, reference)
        item = SampleItem(
            reference_mel=reference.mel,
            token_ids=self._token_ids(reference.transcript, text),
            total_frames=len(reference.mel) + frames,
            seed=item_seed(request.seed or 0, request.piece),
            steps=request.sampling_steps(),
            cfg_strength=request.cfg_strength,
        )
        return _Prepared(request=request, item=item, reference=reference, language=language)

    def _language(self, tag: str | None) -> str:
        if tag is None:
            return self._settings.languages[0]
        return canonical(tag, self._settings.languages)

    def _new_frames(self, text: str, speed: float, reference: Reference) -> int:
        """Answer how long the text will last, in mel frames; refuse what is too long for one piece."""
        frames = reference.frames_for(self._units(text), speed)
        # Half as much again: the router plans at an ordinary pace, and a voice may be slower.
        allowed_s = self._settings.limits.max_piece_s * 1.5
        if frames * FRAME_S > allowed_s:
            raise ValueRefusedError(
                f"the text would last about {frames * FRAME_S:.0f} s; one piece may last "
                f"{allowed_s:.0f} s: send long texts to /predictions/tts, which splits them",
                field="text",
                code="piece_too_long",
            )
        return frames

    def _units(self, text: str) -> float:
        """Answer a text's length: what share of the frames it asks for.

        A checkpoint that spreads its tokens evenly over the frames hears every token for the same time,
        so tokens are counted. Others find their own rhythm, and are given what people would take.
        """
        if self._settings.architecture.get("text_embedding_average_upsampling"):
            return float(max(1, len(tokens(text, self._settings.frontend))))
        return speech_units(text)

    def _token_ids(self, transcript: str, text: str) -> tuple[int, ...]:
        frontend = self._settings.frontend
        spoken = tokens(text, frontend)
        unknown = self._vocabulary.unknown(spoken)
        share = len(unknown) / max(1, len(spoken))
        if share > self._settings.limits.max_unknown_share:
            shown = " ".join(dict.fromkeys(unknown))[:60]
            raise ValueRefusedError(
                f"the checkpoint of {self._settings.model} knows no token for {share:.0%} of the text: {shown}",
                field="text",
                code="unknown_characters",
            )
        return tuple(self._vocabulary.ids(tokens(f"{transcript} {text}", frontend)))

    def _reference(self, request: PieceRequest, language: str) -> Reference:
        if request.ref_audio is not None and request.ref_text is not None:
            return self._uploaded(request.ref_audio, request.ref_text)
        voice = self._voices.get(request.voice) if request.voice else self._voices.default(language)
        return self._registered(voice)

    def _registered(self, voice: Voice) -> Reference:
        known = self._recall(voice.name)
        if known is not None:
            return known
        data = (self._root / voice.file).read_bytes()
        return self._remember(
            voice.name, self._prepare_reference(data, voice.transcript, voice.name)
        )

    def _uploaded(self, data: bytes, transcript: str) -> Reference:
        key = hashlib.sha256(data + b"\0" + transcript.encode("utf-8", "ignore")).hexdigest()
        known = self._recall(key)
        if known is not None:
            return known
        return self._remember(key, self._prepare_reference(data, transcript, "uploaded"))

    def _recall(self, key: str) -> Reference | None:
        known = self._references.get(key)
        if known is not None:
            self._references.move_to_end(key)
        return known

    def _remember(self, key: str, reference: Reference) -> Reference:
        self._references[key] = reference
        if len(self._references) > MAX_PREPARED_REFERENCES:
            self._references.popitem(last=False)
        return reference

    def _prepare_reference(self, data: bytes, transcript: str, name: str) -> Reference:
        limits = self._settings.limits
        samples = audio.decode_reference(
            data, min_s=limits.min_reference_s, max_s=limits.max_reference_s
        )
        text = _with_final_mark(clean(transcript))
        require_speakable(text)
        gain = max(1.0, self._settings.reference_rms / max(audio.rms(samples), 1e-6))
        return Reference(
            mel=self._engine.reference_mel((samples * gain).astype(np.float32)),
            gain=gain,
            transcript=text,
            units=self._units(text),
            edge_frames=audio.silent_ends_s(samples) / FRAME_S,
            name=name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    request: PieceRequest
    item: SampleItem
    reference: Reference
    language: str

    def result(
        self, wave: Samples | ServeError, inference_s: float, batch_pieces: int
    ) -> Spoken | ServeError:
        if isinstance(wave, ServeError):
            return wave
        return Spoken(
            request=self.request,
            samples=(wave / self.reference.gain).astype(np.float32),
            language=self.language,
            voice=self.reference.name,
            inference_s=inference_s,
            batch_pieces=batch_pieces,
        )


def item_seed(seed: int, piece: int) -> int:
    """Answer the seed of one piece's noise; the first piece keeps the request's own.

    Pieces of one text need different noise, and each must be the same whether it is spoken alone, in a
    batch, by another worker or again after a failure.
    """
    if piece == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}:{piece}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def _with_final_mark(text: str) -> str:
    """End the transcript like a sentence; without a mark the model runs on into the new text."""
    return text if text.endswith(SENTENCE_ENDS) else f"{text}."
