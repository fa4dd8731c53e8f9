"""What is counted of one request, from its plan to the last byte of its answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from f5serve import metrics
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
    """

    def __init__(
        self,
        meter: Meter,
        retries: Callable[[], Counter[tuple[str, str]]] = Counter,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._meter = meter
        self._retries = retries
        self._clock = clock
        self._started = clock()
        self._language = metrics.NONE
        self._model = metrics.NONE
        self._expected: dict[str, float] = {}
        self._queue_s: float | None = None
        self._wants_stream = False
        self.is_streamed = False

    def planned(self, plan: Plan, *, wants_stream: bool, speed: float) -> None:
        """Note what is going to be spoken, and count it as accepted."""
        self._language = main_language(plan.resolution, plan.segments).language
        self._model = plan.backends[self._language].model
        self._wants_stream = wants_stream
        for piece in plan.pieces:
            seconds = speech_units(piece.text, piece.language) * UNIT_S / speed
            self._expected[piece.language] = self._expected.get(piece.language, 0.0) + seconds
        self._record_expected(metrics.ACCEPTED_SECONDS)

    def heard(self, pieces: Iterable[SpokenPiece]) -> Iterator[SpokenPiece]:
        """Pass pieces on, and note how long the slowest waited."""
        for piece in pieces:
            self._queue_s = max(self._queue_s or 0.0, piece.queue_ms / 1000)
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
        if reason != metrics.OK:
            return
        spent = self._clock() - self._started
        self._meter.record(metrics.REQUEST_SECONDS, spent, self._language)
        if self._queue_s is not None:
            self._meter.record(metrics.QUEUE_SECONDS, self._queue_s, self._language)
        if self._wants_stream and not self.is_streamed:
            self._meter.record(metrics.FIRST_AUDIO_SECONDS, spent, self._language)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        reason = ABORTED
        first = True
        try:
            for chunk in chunks:
                if first:
                    spent = self._clock() - self._started
                    self._meter.record(metrics.FIRST_AUDIO_SECONDS, spent, self._language)
                    first = False
                yield chunk
            reason = metrics.OK
        except ServeError as error:
            reason = error.code
            raise
        finally:
            self.close(SENT, reason)

    def _record_expected(self, metric: metrics.Metric) -> None:
        for language, seconds in self._expected.items():
            self._meter.record(metric, seconds, language)
