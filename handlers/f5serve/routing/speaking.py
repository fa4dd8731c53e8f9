"""All pieces of a text are spoken at the same time, and taken in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Final

from f5serve.request import SpeechRequest
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.backends import NO_TRACE, Deadline, LanguageModels
from f5serve.routing.plan import Piece
from f5serve.settings import Backend
from f5serve.voices import VoiceRegistry

HEAD_START_S: Final = 0.25
"""What the first piece of a stream is ahead of the others: longer than a model waits for its batch to fill.

In one batch with them it would be heard when all are spoken; so it is spoken alone, they right after it.
"""
UPLOADED: Final = "uploaded"
"""What the voice of a clip that came with the request is called."""


class Speakers:
    """The language models and the voices in which they speak.

    Args:
        models: Speaks one piece.
        backends: Who speaks a language.
        voices: Registered voices.
        threads: Runs what is spoken at the same time; bounds it too.
    """

    def __init__(
        self,
        models: LanguageModels,
        backends: Mapping[str, Backend],
        voices: VoiceRegistry,
        threads: Executor,
    ) -> None:
        self._models = models
        self._backends = backends
        self._voices = voices
        self._threads = threads

    def voice_of(self, request: SpeechRequest, language: str) -> str:
        """Answer the name of the voice; the one asked for speaks every language."""
        if request.ref_audio is not None:
            return UPLOADED
        return request.voice or self._voices.default(language).name

    def speak(
        self,
        pieces: Sequence[Piece],
        request: SpeechRequest,
        deadline: Deadline,
        request_id: str,
        trace: Mapping[str, str] = NO_TRACE,
    ) -> Iterator[SpokenPiece]:
        """Have the pieces spoken, and yield each in order as soon as it is there.

        Yields:
            One piece's speech after another.

        Raises:
            ServeError: The first error of any piece, as soon as it is known. Pieces under way are then
                not tried again, and those that wait are not begun; likewise if the caller stops early.
        """

        def begin(piece: Piece) -> Future[SpokenPiece]:
            return self._threads.submit(
                self._models.speak,
                self._backends[piece.language],
                self._fields(request, piece),
                deadline=deadline,
                request_id=request_id,
                trace=trace,
            )

        futures = [begin(pieces[0])]
        try:
            if request.stream:
                done, _ = wait(futures, timeout=HEAD_START_S)
                for ended in done:
                    ended.result()  # where the first is refused, the others are not begun
            futures += [begin(piece) for piece in pieces[1:]]
            yield from _in_order(futures)
        finally:
            deadline.cancel()
            for future in futures:
                future.cancel()

    def _fields(self, request: SpeechRequest, piece: Piece) -> dict[str, object]:
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
        if request.ref_audio is not None:
            return {**fields, "ref_audio": request.ref_audio, "ref_text": request.ref_text}
        return {**fields, "voice": self.voice_of(request, piece.language)}


def _in_order(futures: Sequence[Future[SpokenPiece]]) -> Iterator[SpokenPiece]:
    waiting: set[Future[SpokenPiece]] = set(futures)
    for future in futures:
        while future in waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for ended in done:
                ended.result()  # an error of a later piece ends the text too
        yield future.result()
