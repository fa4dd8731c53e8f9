"""All pieces of a text are spoken at the same time, and taken in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from f5serve.errors import PassedOnError
from f5serve.request import SpeechRequest
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.backends import NO_HEADERS, LanguageModels
from f5serve.routing.deadline import Deadline
from f5serve.routing.joiner import Joiner
from f5serve.routing.known_voices import KnownVoices
from f5serve.routing.plan import Piece, pause_after
from f5serve.routing.segments import TextSegment
from f5serve.settings import UPLOADED, Backend
from f5serve.text.borders import is_mark
from f5serve.text.clean import is_speakable
from f5serve.text.duration import speech_units
from f5serve.text.split import split
from f5serve.voice_store import StoredVoice

HEAD_START_S: Final = 0.25
"""What the first piece of a stream is ahead of the others: longer than a model waits for its batch to fill.

In one batch with them it would be heard when all are spoken; so it is spoken alone, they right after it.
"""
NO_VOICES: Final[Mapping[str, StoredVoice]] = MappingProxyType({})
CLIP_FIELDS: Final = frozenset({"ref_audio", "ref_text", "ref_language"})
TOO_LONG: Final = "piece_too_long"
LOOK_S: Final = 0.25
"""How often a text that is spoken is looked after: whether anybody still wants it."""
MOST_CUTS: Final = 5
"""How often what a model finds too long is halved: 32 parts are more than any reading of a piece asks for."""
_HALF: Final = 0.55  # of the units: halves are seldom equal, and a third part would hold little


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What pieces of a request have in common; ``begun`` where the first may have been sent to the caller."""

    request: SpeechRequest
    deadline: Deadline
    request_id: str
    headers: Mapping[str, str]
    added: Mapping[str, StoredVoice]
    begun: bool = False


class Speakers:
    """The language models and the voices in which they speak.

    Args:
        models: Speaks one piece.
        backends: Who speaks a language.
        voices: All that there are.
        at_once: Most pieces of one request that are spoken at the same time.
    """

    def __init__(
        self,
        models: LanguageModels,
        backends: Mapping[str, Backend],
        voices: KnownVoices,
        at_once: int,
    ) -> None:
        self._models = models
        self._backends = backends
        self._voices = voices
        self._at_once = at_once

    def voice_of(self, request: SpeechRequest, said: TextSegment | Piece) -> str:
        """Answer the name of the voice: its speaker's, or the one asked for; it speaks every language."""
        if said.voice is not None:
            return said.voice
        if request.ref_audio is not None:
            return UPLOADED
        return request.voice or self._voices.default(said.language).name

    def speak(
        self,
        pieces: Sequence[Piece],
        request: SpeechRequest,
        deadline: Deadline,
        request_id: str,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        added: Mapping[str, StoredVoice] = NO_VOICES,
    ) -> Iterator[SpokenPiece]:
        """Have the pieces spoken, and yield each in order as soon as it is there.

        Args:
            pieces: In order.
            request: What they have in common.
            deadline: When nobody waits for them any more.
            request_id: By which all that is logged of them is found.
            headers: That go on to the models.
            added: Voices that no model has in its archive: their clips go with each piece.

        Yields:
            One piece's speech after another.

        Raises:
            ServeError: The first error of any piece, as soon as it is known. Pieces under way are then
                not tried again, and those that wait are not begun; likewise if the caller stops early.
            DeadlineError: At the deadline, whatever the models are doing; soon after the caller has gone, too.
        """
        # Of its own: where this request ends early, the next one must not wait for answers to this one.
        threads = ThreadPoolExecutor(min(self._at_once, len(pieces)))
        wanted = _Wanted(
            request=request,
            deadline=deadline,
            request_id=request_id,
            headers=headers,
            added=added,
        )
        futures = [threads.submit(self._spoken, pieces[0], wanted)]
        try:
            if request.stream:
                done, _ = wait(futures, timeout=HEAD_START_S)
                for ended in done:
                    ended.result()  # where the first is refused, the others are not begun
            later = replace(wanted, begun=request.stream)
            futures += [threads.submit(self._spoken, piece, later) for piece in pieces[1:]]
            yield from _in_order(futures, deadline)
        finally:
            deadline.cancel()
            threads.shutdown(wait=False, cancel_futures=True)

    def _spoken(self, piece: Piece, wanted: _Wanted, cuts_left: int = MOST_CUTS) -> SpokenPiece:
        """Have one piece spoken; in two halves, and these again, where the model finds it too long.

        The plan counts letters at an ordinary pace. Only the model's worker knows how slow the voice is, and
        what becomes of letters when they are read out: of WWW in French, six words.
        """
        added = wanted.added.get(self.voice_of(wanted.request, piece))
        try:
            spoken = self._models.speak(
                self._backends[piece.language],
                self._fields(wanted.request, piece, added),
                deadline=wanted.deadline,
                request_id=wanted.request_id,
                headers=wanted.headers,
                begun=wanted.begun,
            )
        except PassedOnError as error:
            parts = cut_again(piece) if error.code == TOO_LONG and cuts_left > 0 else ()
            if added is not None and error.field in CLIP_FIELDS:
                raise _unusable(added, error) from error
            if len(parts) < 2:
                raise
        else:
            # To the model its clip is one like any other.
            return spoken if added is None else replace(spoken, voice=added.voice.name)
        return _joined([(part, self._spoken(part, wanted, cuts_left - 1)) for part in parts])

    def _fields(
        self, request: SpeechRequest, piece: Piece, added: StoredVoice | None
    ) -> dict[str, object]:
        """Answer what a language model is asked for one piece."""
        fields: dict[str, object] = {
            "text": piece.text,
            "piece": piece.index,
            "language": piece.language,
            "steps": request.sampling_steps(),
            "speed": request.speed,
            "seed": request.seed,
            "cfg_strength": request.cfg_strength,
            "normalize": request.normalize,
        }
        if request.ref_audio is not None and piece.voice is None:
            return {**fields, "ref_audio": request.ref_audio, "ref_text": request.ref_text}
        if added is not None:
            fields |= {"ref_audio": added.clip, "ref_text": added.voice.transcript}
            if request.normalize and added.voice.language == piece.language:
                return fields  # read out so anyway, by archives of before this field too
            return {**fields, "ref_language": added.voice.language}
        return {**fields, "voice": self.voice_of(request, piece)}


def _unusable(added: StoredVoice, error: PassedOnError) -> PassedOnError:
    """Tell of an added voice's clip by the name that the caller knows."""
    name = added.voice.name
    return PassedOnError(
        f"voice {name!r} cannot be used: {error.detail}. Remove it, and add it again with another clip or transcript",
        status=error.status,
        code=error.code,
        field="voice",
    )


def _in_order(futures: Sequence[Future[SpokenPiece]], deadline: Deadline) -> Iterator[SpokenPiece]:
    waiting: set[Future[SpokenPiece]] = set(futures)
    for future in futures:
        while future in waiting:
            look_s = min(deadline.left_s(), LOOK_S)
            done, waiting = wait(waiting, timeout=look_s, return_when=FIRST_COMPLETED)
            for ended in done:
                ended.result()  # an error of a later piece ends the text too
        yield future.result()


def cut_again(piece: Piece) -> tuple[Piece, ...]:
    """Cut a piece about in the middle, each part with the pause that follows it.

    Where a reader would breathe, if there is such a place; else anywhere but between a letter and its marks.

    Returns:
        Parts that together hold the piece's text; the piece alone if it cannot be cut.
    """
    text = piece.text
    half = speech_units(text, piece.language) * _HALF
    parts = split(text, max_units=half, language=piece.language)
    if len(parts) < 2:
        middle = len(text) // 2
        while middle > 0 and is_mark(text, middle):
            middle -= 1
        parts = (text[:middle], text[middle:])
    if not all(is_speakable(part) for part in parts):
        return (piece,)
    return tuple(
        replace(
            piece,
            text=part.strip(),
            pause_s=piece.pause_s if place == len(parts) else pause_after(part),
        )
        for place, part in enumerate(parts, start=1)
    )


def _joined(spoken: Sequence[tuple[Piece, SpokenPiece]]) -> SpokenPiece:
    """Put the parts of a piece together, as if it had been spoken at once."""
    joiner = Joiner()
    said = [part for _, part in spoken]
    samples = [
        joiner.add(
            part.samples,
            speaker=part.voice,
            pause_s=None if place == len(spoken) else piece.pause_s,
        ).samples
        for place, (piece, part) in enumerate(spoken, start=1)
    ]
    return SpokenPiece(
        samples=np.concatenate(samples),
        voice=said[0].voice,
        inference_ms=sum(part.inference_ms for part in said),
        queue_ms=sum(part.queue_ms for part in said),
        unknown_characters=sum(part.unknown_characters for part in said),
        retry=next((part.retry for part in said if part.retry is not None), None),
    )
