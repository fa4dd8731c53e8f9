"""One piece of speech on its way through a worker: prepared, taken once or twice, spoken."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from f5serve import log
from f5serve.engine.sampler import SampleItem
from f5serve.errors import CallerGoneError, ServeError
from f5serve.guard import Fault, Retry, inspect, retry_seed
from f5serve.references import Reference
from f5serve.request import PieceRequest
from f5serve.settings import GuardSettings

if TYPE_CHECKING:
    from f5serve.audio import Samples

logger = logging.getLogger(__name__)


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
        unknown_characters: Characters that the checkpoint has no token for.
        retry: Whether, and why, it was spoken twice.
    """

    request: PieceRequest
    samples: Samples
    language: str
    voice: str
    inference_s: float
    batch_pieces: int
    unknown_characters: int
    retry: Retry | None = None


@dataclass(slots=True, kw_only=True)
class Cost:
    """What speaking cost.

    Attributes:
        inference_s: Time in the model, what was spoken twice included.
        batches: Batches through the model.
        frames: Mel frames of the pieces, their references included, padding not.
        padding_frames: Frames that only fill up the shorter pieces of a batch.
        batches_cut: Batches that failed and were cut in two.
    """

    inference_s: float = 0.0
    batches: int = 0
    frames: int = 0
    padding_frames: int = 0
    batches_cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A checked request, ready for the model.

    Attributes:
        request: What was asked for.
        item: The same for the engine.
        reference: The voice.
        language: The language to speak.
        unknown: Characters that the checkpoint has no token for.
    """

    request: PieceRequest
    item: SampleItem
    reference: Reference
    language: str
    unknown: int

    def as_sent(self, wave: Samples | ServeError) -> Samples | ServeError:
        """Answer speech at the level of the caller's reference."""
        if isinstance(wave, ServeError):
            return wave
        return (wave / self.reference.gain).astype(np.float32)

    def again(self) -> Prepared:
        """Answer the same piece with other noise."""
        return replace(self, item=replace(self.item, seed=retry_seed(self.item.seed)))

    def fault(self, take: Take, limits: GuardSettings) -> Fault | None:
        """Answer what is plainly wrong with a take of this piece, if anything is."""
        return inspect(
            take.outcome,
            limits,
            reference_level=self.reference.level,
            speed=self.request.speed,
        )

    def result(self, take: Take, inference_s: float, batch_pieces: int) -> Spoken | ServeError:
        """Answer what a take gave: the speech with what is told about it, or its error."""
        if isinstance(take.outcome, ServeError):
            return take.outcome
        return Spoken(
            request=self.request,
            samples=take.outcome,
            language=self.language,
            voice=self.reference.name,
            inference_s=inference_s,
            batch_pieces=batch_pieces,
            unknown_characters=self.unknown,
            retry=take.retry,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What the model gave for a piece."""

    outcome: Samples | ServeError
    retry: Retry | None = None


def better(first: Take, first_fault: Fault, second: Take, second_fault: Fault | None) -> Take:
    """Answer the better of two takes of a piece, with what is told of the retry.

    Of two that are equally bad it is the first.
    """
    if isinstance(second.outcome, CallerGoneError):
        return second  # given up, which says nothing of either
    good = second_fault is None and not isinstance(second.outcome, ServeError)
    logger.info("piece spoken again", extra=log.told(reason=first_fault.reason, mended=good))
    kept = second if _is_better(second, second_fault, first_fault) else first
    return replace(kept, retry=Retry(reason=first_fault.reason, mended=good))


def _is_better(take: Take, fault: Fault | None, first: Fault) -> bool:
    if isinstance(take.outcome, ServeError):
        return False
    return fault is None or fault.badness() < first.badness()
