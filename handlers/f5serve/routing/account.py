"""What is counted of one request, from its plan to the last byte of its answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from f5serve import audio, metrics
from f5serve.errors import ServeError
from f5serve.metrics import Meter
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.assemble import Plan, main_language
from f5serve.text.duration import UNIT_S, speech_units

ABORTED: Final = "aborted"
"""The reason of a stream that nobody took to its end, or that failed for a reason of ours."""
SENT: Final = 200


class Account:
    """One request's account; it is closed once, whatever becomes of the request.

    Args:
        meter: Where it is counted.
        retries: Answers how often a model was asked again, by model and reason, since this was last asked.
        clock: Seconds that only go forward.
        tell: Gets what is to be logged of the request, when it is closed.
    """

    def __init__(
        self,
        meter: Meter,
        retries: Callable[[], Counter[tuple[str, str]]] = Counter,
        clock: Callable[[], float] = time.perf_counter,
        tell: Callable[[Mapping[str, object]], None] = lambda _: None,
    ) -> None:
        self._meter = meter
        self._retries = retries
        self._clock = clock
        self._tell = tell
        self._started = clock()
        self._language = metrics.NONE
        self._model = metrics.NONE
        self._expected: dict[str, float] = {}
        self._pieces: int | None = None
        self._planned_s: float | None = None
        self._first_audio_s: float | None = None
        self._queue_s: float | None = None
        self._inference_s: float | None = None
        self._audio_s: float | None = None
        self._wants_stream = False
        self.is_streamed = False

    def planned(self, plan: Plan, *, wants_stream: bool, speed: float) -> None:
        """Note what is going to be spoken, and count it as accepted."""
        self._language = main_language(plan.resolution, plan.segments).language
        self._model = plan.backends[self._language].model
        self._wants_stream = wants_stream
        self._pieces = len(plan.pieces)
        self._planned_s = self._clock() - self._started
        for piece in plan.pieces:
            seconds = speech_units(piece.text, piece.language) * UNIT_S / speed
            self._expected[piece.language] = self._expected.get(piece.language, 0.0) + seconds
        self._record_expected(metrics.ACCEPTED_SECONDS)

    def heard(self, pieces: Iterable[SpokenPiece]) -> Iterator[SpokenPiece]:
        """Pass pieces on, and note how long the slowest of them waited and was spoken."""
        for piece in pieces:
            self._queue_s = max(self._queue_s or 0.0, piece.queue_ms / 1000)
            self._inference_s = max(self._inference_s or 0.0, piece.inference_ms / 1000)
            self._audio_s = (self._audio_s or 0.0) + audio.seconds(piece.samples)
            yield piece

    def streamed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass chunks on, and close the account at their end."""
        self.is_streamed = True
        return self._counted(chunks)

    def close(self, status: int, reason: str) -> None:
        """Count the request; what was only shown, without a plan, is not counted."""
        for (model, why), times in self._retries().items():
            self._meter.record(metrics.BACKEND_RETRIES, times, model, why)
        if not self._expected and reason == metrics.OK:
            return
        labels = (self._language, self._model, str(status), reason)
        self._meter.record(metrics.REQUESTS, 1, *labels)
        self._record_expected(metrics.FINISHED_SECONDS)
        spent = self._clock() - self._started
        at_once = self._wants_stream and not self.is_streamed and reason == metrics.OK
        if at_once:  # all of it is its first chunk
            self._first_audio_s = spent
        self._tell(self._line(status, reason, spent))
        if reason != metrics.OK:
            return
        self._meter.record(metrics.REQUEST_SECONDS, spent, self._language)
        if self._queue_s is not None:
            self._meter.record(metrics.QUEUE_SECONDS, self._queue_s, self._language)
        if at_once:
            self._meter.record(metrics.FIRST_AUDIO_SECONDS, spent, self._language)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        reason = ABORTED
        first = True
        try:
            for chunk in chunks:
                if first:
                    spent = self._first_audio_s = self._clock() - self._started
                    self._meter.record(metrics.FIRST_AUDIO_SECONDS, spent, self._language)
                    first = False
                yield chunk
            reason = metrics.OK
        except ServeError as error:
            reason = error.code
            raise
        finally:
            self.close(SENT, reason)

    def _line(self, status: int, reason: str, spent_s: float) -> dict[str, object]:
        """Answer what is logged of the request; what was never reached is None."""
        times = {
            "seconds": spent_s,
            "planned_s": self._planned_s,
            "first_audio_s": self._first_audio_s,
            "queue_s": self._queue_s,
            "inference_s": self._inference_s,
            "audio_s": self._audio_s,
        }
        return {
            "language": self._language,
            "model": self._model,
            "status": status,
            "reason": reason,
            "streamed": self.is_streamed,
            "pieces": self._pieces,
            **{name: None if told is None else round(told, 4) for name, told in times.items()},
        }

    def _record_expected(self, metric: metrics.Metric) -> None:
        for language, seconds in self._expected.items():
            self._meter.record(metric, seconds, language)
