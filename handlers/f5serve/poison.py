"""Pieces that take their worker with them: known again, spoken alone, and at last refused.

A crash leaves no answer and no traceback, and it takes the whole batch. So the worker notes what it is
about to compute before it does: digests of what was asked, no text. What stands in the note of a process
that is no more is suspect. A suspect is computed alone; if that, too, ends the process, it was the cause,
and is refused for a while. The others of its batch are sent again by the router, and spoken.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, field

from f5serve import log
from f5serve.errors import CallerGoneError, PoisonError, ServeError
from f5serve.request import PieceRequest
from f5serve.shared import SharedState, is_alive, path_for_this_server

logger = logging.getLogger(__name__)

KEPT_S: Final = 600.0
MOST_KEPT: Final = 256
"""Of suspects, and of refused ones; the oldest make room. A text that kills once an hour goes unnoticed."""


class _Work(Struct):
    """What one process computes: digests, and whether it is a suspect, alone."""

    digests: list[str]
    alone: bool


class _State(Struct):
    computing: dict[int, _Work] = field(default_factory=dict)  # by process
    suspects: dict[str, float] = field(default_factory=dict)  # since when, monotonic seconds
    refused: dict[str, float] = field(default_factory=dict)


Result = TypeVar("Result")
Request = PieceRequest | ServeError
Speak = Callable[[Sequence[Request]], Sequence[Result | ServeError]]


class PoisonGuard:
    """Stands between a worker and what it computes.

    Args:
        path: The file that the workers of one model share; None keeps what is known in this process.
        clock: Monotonic seconds, the same for all processes.
        alive: Tells whether a process still runs.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        alive: Callable[[int], bool] = is_alive,
    ) -> None:
        self._shared = SharedState(path, _State)
        self._clock = clock
        self._alive = alive
        with self._shared.changed() as state:  # a new process may have the number of a dead one
            self._bury(state, [os.getpid()])

    def speak(self, requests: Sequence[Request], speak: Speak[Result]) -> list[Result | ServeError]:
        """Have a batch spoken: all at once, but suspects alone and after the others.

        Args:
            requests: Checked requests; an error in a place is kept there.
            speak: Answers one result for each request, in order.

        Returns:
            One result for each request, in order; ``PoisonError`` for one that is refused.
        """
        digests = [
            None if isinstance(request, ServeError) else digest_of(request) for request in requests
        ]
        suspects, refused = self.known([digest for digest in digests if digest is not None])
        results: dict[int, Result | ServeError] = {}
        together = []
        for place, digest in enumerate(digests):
            if digest in refused:
                results[place] = PoisonError()
            elif digest not in suspects:
                together.append(place)
        for places in [
            together,
            *([place] for place, one in enumerate(digests) if one in suspects),
        ]:
            if places:
                noted = [one for place in places if (one := digests[place]) is not None]
                spoken = self._watched(noted, [requests[place] for place in places], speak)
                results.update(zip(places, spoken, strict=True))
        return [results[place] for place in range(len(requests))]

    def known(self, digests: Collection[str]) -> tuple[set[str], set[str]]:
        """Answer which pieces are suspect and must be computed alone, and which are refused."""
        with self._shared.changed() as state:
            self._bury(state, [pid for pid in state.computing if not self._alive(pid)])
            self._forget(state)
            asked = set(digests)
            return asked & state.suspects.keys(), asked & state.refused.keys()

    @contextmanager
    def note(self, digests: Sequence[str]) -> Iterator[None]:
        """Note what is computed meanwhile.

        The note stands where the block raises: the worker may be about to end itself.
        """
        with self._shared.changed() as state:
            # In company it was not yet a suspect when it was asked for; whose fault it is then is not known.
            alone = len(digests) == 1 and digests[0] in state.suspects
            state.computing[os.getpid()] = _Work(list(digests), alone=alone)
        yield
        with self._shared.changed() as state:
            state.computing.pop(os.getpid(), None)

    def clear(self, digests: Collection[str]) -> None:
        """Take what was computed to its end from the suspects."""
        with self._shared.changed() as state:
            for digest in digests:
                state.suspects.pop(digest, None)

    def _watched(
        self, digests: Sequence[str], requests: Sequence[Request], speak: Speak[Result]
    ) -> Sequence[Result | ServeError]:
        with self.note(digests):
            spoken = speak(requests)
        # What was given up half-way has shown nothing.
        if not any(isinstance(result, CallerGoneError) for result in spoken):
            self.clear(digests)
        return spoken

    def _bury(self, state: _State, pids: Sequence[int]) -> None:
        """Draw the conclusions from the notes of processes that are no more."""
        now = self._clock()
        for pid in pids:
            work = state.computing.pop(pid, None)
            if work is None:
                continue
            for digest in work.digests:
                named = log.told(digest=digest)
                if work.alone:
                    state.suspects.pop(digest, None)
                    state.refused[digest] = now
                    logger.error("refused from now on, for it ends the process", extra=named)
                else:
                    state.suspects.setdefault(digest, now)
                    logger.warning("suspect, for the process ended under it", extra=named)

    def _forget(self, state: _State) -> None:
        """Drop what is old, and what is too many."""
        now = self._clock()
        for kept in (state.suspects, state.refused):
            oldest_first = sorted(kept, key=lambda digest: kept[digest])
            excess = max(0, len(kept) - MOST_KEPT)
            for place, digest in enumerate(oldest_first):
                if place < excess or not 0 <= now - kept[digest] <= KEPT_S:
                    del kept[digest]


def guard_of_this_server(model: str) -> PoisonGuard:
    """Answer the guard that the workers of a model share in this TorchServe."""
    return PoisonGuard(path_for_this_server(model))


def digest_of(request: PieceRequest) -> str:
    """Answer a name for what is asked, the same when it is asked again with another seed or place."""
    asked = msgspec.structs.replace(request, seed=None, piece=0, response_format="wav")
    return hashlib.blake2b(msgspec.json.encode(asked), digest_size=12).hexdigest()
