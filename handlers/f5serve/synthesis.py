"""From checked requests to speech: text to tokens, voices to mels, one batch through the engine.

Each request of a batch succeeds or fails by itself: an error is a value in its place.
"""

from __future__ import annotations

import hashlib
import logging
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from f5serve import log
from f5serve.engine.engine import SynthesisStats
from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError, ServeError, ValueRefusedError
from f5serve.guard import Fault
from f5serve.language import canonical
from f5serve.pieces import Cost, Prepared, Spoken, Take, better
from f5serve.references import FRAME_S, FrontEnd, Reference, References
from f5serve.request import PieceRequest, require_within
from f5serve.settings import ModelSettings
from f5serve.text.clean import clean, require_speakable
from f5serve.text.duration import UNIT_S, speech_units
from f5serve.text.frontend import as_spoken, load, tokens
from f5serve.text.markup import plain
from f5serve.voices import VoiceRegistry

logger = logging.getLogger(__name__)

_MOST_UNREAD: Final = 4.0
"""Times the allowed length that a text may have as it stands: words for numbers are shorter than their digits weigh,
and a voice may be twice as fast as people on average."""

if TYPE_CHECKING:
    from f5serve.audio import Samples


class Engine(FrontEnd, Protocol):
    """What synthesis needs of the engine; see ``engine.engine.F5Engine``."""

    def synthesize(
        self, items: Sequence[SampleItem], unwanted: Callable[[], bool]
    ) -> tuple[list[Samples | ServeError], SynthesisStats]:
        """Speak every item; one waveform or error each, in order, and what the batch cost."""


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
        self._voices = VoiceRegistry(settings.voices)
        self._cost = Cost()
        self._references = References(engine, settings, root, self._units, self._read_out)

    def speak(
        self,
        requests: Sequence[PieceRequest | ServeError],
        *,
        guarded: bool = True,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> list[Spoken | ServeError]:
        """Speak a batch.

        Args:
            requests: Checked requests; an error in a place is kept there.
            guarded: Whether to look at the speech, if the settings say so.
            unwanted: Tells whether nobody waits for any of it any more; then it is not spoken to its end.

        Returns:
            One result for each request, in order.
        """
        prepared = [
            request if isinstance(request, ServeError) else self.prepare(request)
            for request in requests
        ]
        ready = [entry for entry in prepared if isinstance(entry, Prepared)]
        started = time.perf_counter()
        takes = self._takes(ready, unwanted)
        if guarded and self._settings.guard.enabled:
            takes = self._mended(ready, takes, unwanted)
        inference_s = time.perf_counter() - started
        self._cost.inference_s += inference_s if ready else 0.0
        results = iter(takes)
        return [
            entry
            if isinstance(entry, ServeError)
            else entry.result(next(results), inference_s, len(ready))
            for entry in prepared
        ]

    def cost(self) -> Cost:
        """Answer what has been spent since this was last asked."""
        cost, self._cost = self._cost, Cost()
        return cost

    def _takes(self, ready: Sequence[Prepared], unwanted: Callable[[], bool]) -> list[Take]:
        waves, stats = self._engine.synthesize([entry.item for entry in ready], unwanted)
        self._cost.batches += stats.batches
        self._cost.frames += stats.frames
        self._cost.padding_frames += stats.padded_frames - stats.frames
        self._cost.batches_cut += stats.retries
        return [Take(outcome=entry.as_sent(wave)) for entry, wave in zip(ready, waves, strict=True)]

    def _mended(
        self, ready: Sequence[Prepared], takes: Sequence[Take], unwanted: Callable[[], bool]
    ) -> list[Take]:
        """Speak the pieces that are no good once more, together, and keep the better take of each."""
        faults = [self._fault(entry, take) for entry, take in zip(ready, takes, strict=True)]
        again = [place for place, fault in enumerate(faults) if fault is not None]
        if not again:
            return list(takes)
        second = self._takes([ready[place].again() for place in again], unwanted)
        mended = list(takes)
        for place, take in zip(again, second, strict=True):
            first = faults[place]
            if first is not None:
                mended[place] = better(takes[place], first, take, self._fault(ready[place], take))
        return mended

    def _fault(self, entry: Prepared, take: Take) -> Fault | None:
        return entry.fault(take, self._settings.guard)

    def warm_up(self) -> None:
        """Speak a short text in each language, so that the first request pays for no first-time cost.

        Raises:
            ConfigurationError: If one cannot be spoken: the archive is unusable.
        """
        load(self._settings.frontend, self._settings.languages)
        for language in self._settings.languages:
            voice = self._voices.default(language)
            request = PieceRequest(text=voice.transcript, voice=voice.name, seed=0, steps=2)
            (result,) = self.speak([request], guarded=False)
            if isinstance(result, ServeError):
                raise ConfigurationError(
                    f"{self._settings.model} cannot speak the transcript of voice {voice.name!r}: "
                    f"{result.detail}; check the voice, the vocabulary and the frontend"
                )
        self.cost()  # nobody asked for that speech

    def prepare(self, request: PieceRequest) -> Prepared | ServeError:
        """Make a checked request ready for the model, or answer why that cannot be."""
        try:
            return self._prepared(request)
        except ServeError as error:
            return error
        except Exception:  # honest: logged with its traceback, told as 500; the batch mates go on
            logger.exception("preparing a piece failed")
            return ServeError("preparing the text failed; the log of the model holds the reason")

    def _prepared(self, request: PieceRequest) -> Prepared:
        language = self._language(request.language)
        require_within(request, self._settings.limits)
        text = clean(request.text)
        require_speakable(text)
        if request.normalize:
            self._require_readable(text, request.speed)
            text = self._read_out(text, language)
            require_speakable(text)  # nothing may be left of a text that was all markup
        unknown = self._unknown_characters(text)
        reference = self._reference(request, language)
        spoken = tokens(f"{reference.transcript} {text}", self._settings.frontend)
        item = SampleItem(
            reference_mel=reference.mel,
            token_ids=tuple(self._vocabulary.ids(spoken)),
            total_frames=len(reference.mel)
            + reference.frames_for(self._units(text), request.speed),
            seed=item_seed(request.seed or 0, request.piece),
            steps=request.sampling_steps(),
            cfg_strength=request.cfg_strength,
        )
        self._require_length(item)
        return Prepared(
            request=request, item=item, reference=reference, language=language, unknown=unknown
        )

    def _language(self, tag: str | None) -> str:
        if tag is None:
            return self._settings.languages[0]
        return canonical(tag, self._settings.languages)

    def _require_readable(self, text: str, speed: float) -> None:
        """Refuse what is far too long for one piece before it is read out.

        Thousands of numbers take a reader seconds, in which the worker serves nobody.
        """
        about_s = speech_units(plain(text)) * UNIT_S / speed
        if about_s > _MOST_UNREAD * self._allowed_s():
            raise self._too_long(about_s)

    def _require_length(self, item: SampleItem) -> None:
        """Refuse what is too long for one piece; the item's own frames count, however they came about."""
        if item.new_frames * FRAME_S > self._allowed_s():
            raise self._too_long(item.new_frames * FRAME_S)

    def _allowed_s(self) -> float:
        # Half as much again: the router plans at an ordinary pace, and a voice may be slower.
        return self._settings.limits.max_piece_s * 1.5

    def _too_long(self, about_s: float) -> ValueRefusedError:
        return ValueRefusedError(
            f"the text would last about {about_s:.0f} s; one piece may last "
            f"{self._allowed_s():.0f} s: send long texts to /predictions/tts, which splits them",
            field="text",
            code="piece_too_long",
        )

    def _read_out(self, text: str, language: str) -> str:
        return as_spoken(text, self._settings.frontend, language)

    def _units(self, text: str) -> float:
        """Answer a text's length: what share of the frames it asks for.

        A checkpoint that spreads its tokens evenly over the frames hears every token for the same time,
        so tokens are counted. Others find their own rhythm, and are given what people would take.
        """
        if self._settings.architecture.get("text_embedding_average_upsampling"):
            return float(max(1, len(tokens(text, self._settings.frontend))))
        return speech_units(text)

    def _unknown_characters(self, text: str) -> int:
        """Count what the checkpoint has no token for; refuse a text that is largely so.

        Signs and emoji are counted, but no reason to refuse: a text is understood without them.
        """
        spoken = tokens(text, self._settings.frontend)
        unknown = self._vocabulary.unknown(spoken)
        if unknown:
            # The characters, never the text: each once, and not in its order.
            shown = " ".join(
                f"U+{code:04X}" for code in sorted({ord(token[0]) for token in unknown[:50]})
            )
            logger.info("no token", extra=log.told(count=len(unknown), characters=shown))
        letters = [token for token in unknown if not unicodedata.category(token[0]).startswith("S")]
        share = len(letters) / max(1, len(spoken))
        if share > self._settings.limits.max_unknown_share:
            shown = " ".join(dict.fromkeys(letters))[:60]
            raise ValueRefusedError(
                f"the checkpoint of {self._settings.model} knows no token for {share:.0%} of the text: {shown}",
                field="text",
                code="unknown_characters",
            )
        return len(unknown)

    def _reference(self, request: PieceRequest, language: str) -> Reference:
        if request.ref_audio is not None and request.ref_text is not None:
            spoken_in = request.ref_language or (language if request.normalize else None)
            return self._references.uploaded(request.ref_audio, request.ref_text, spoken_in)
        voice = self._voices.get(request.voice) if request.voice else self._voices.default(language)
        return self._references.registered(voice)


def item_seed(seed: int, piece: int) -> int:
    """Answer the seed of one piece's noise; the first piece keeps the request's own.

    Pieces of one text need different noise, and each must be the same whether it is spoken alone, in a
    batch, by another worker or again after a failure.
    """
    if piece == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}:{piece}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")
