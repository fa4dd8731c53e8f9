"""A language model's pieces under step-level batching: who is under way, who has come, who has gone.

The engine decides whose turn it is; here a piece is prepared once, its speech looked at, and spoken once more if it
is no good, while others come and go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from f5serve.errors import PoisonError, ServeError
from f5serve.guard import Fault
from f5serve.pieces import Cost, Prepared, Spoken, Take, better
from f5serve.poison import PoisonGuard, digest_of
from f5serve.request import PieceRequest
from f5serve.settings import GuardSettings

if TYPE_CHECKING:
    from f5serve.engine.sampler import SampleItem
    from f5serve.engine.turns import Landed


class Engine(Protocol):
    """What is needed of ``engine.turns.Turns``."""

    cuts: int

    def admit(
        self, pieces: Mapping[str, SampleItem], *, apart: Collection[str] = ()
    ) -> dict[str, ServeError]:
        """Take pieces in, some of them to be spoken alone; answer the errors of those that cannot be spoken."""

    def keep(self, keys: Collection[str]) -> None:
        """Forget what nobody waits for."""

    def upcoming(self) -> tuple[str, ...]:
        """Answer the keys of the batch whose turn is next."""

    def turn(self) -> Landed | None:
        """Take some steps; answer the batch that is through, if one is."""


class Preparing(Protocol):
    """What is needed of ``synthesis.Synthesizer``."""

    def prepare(self, request: PieceRequest) -> Prepared | ServeError:
        """Make a checked request ready for the model, or answer why that cannot be."""


@dataclass(slots=True, kw_only=True)
class _UnderWay:
    """A piece that is spoken.

    Attributes:
        prepared: It itself; with other noise the second time.
        digest: Its name in the poison guard's notes.
        inference_s: Time in the model until now, that of its batch mates included.
        first: What was spoken the first time, and what is wrong with it.
    """

    prepared: Prepared
    digest: str
    inference_s: float = 0.0
    first: tuple[Take, Fault] | None = None


class ContinuousSpeaker:
    """Speaks pieces that come and go, by the key under which each came.

    Args:
        synthesizer: Makes requests ready.
        turns: The model.
        poison: Knows the pieces that have ended a worker.
        guard: When a piece is spoken once more.
    """

    def __init__(
        self, synthesizer: Preparing, turns: Engine, poison: PoisonGuard, guard: GuardSettings
    ) -> None:
        self._synthesizer = synthesizer
        self._turns = turns
        self._poison = poison
        self._guard = guard
        self._under_way: dict[str, _UnderWay] = {}
        self._cost = Cost()

    def knows(self, key: str) -> bool:
        """Tell whether a piece is under way."""
        return key in self._under_way

    def admit(self, requests: Mapping[str, PieceRequest | ServeError]) -> dict[str, ServeError]:
        """Take requests in.

        Args:
            requests: By keys that are not known yet; an error is answered as it is.

        Returns:
            The errors of those that cannot be spoken; the others are under way.
        """
        refused: dict[str, ServeError] = {}
        entries: dict[str, _UnderWay] = {}
        for key, request in requests.items():
            prepared = (
                request if isinstance(request, ServeError) else self._synthesizer.prepare(request)
            )
            if isinstance(prepared, ServeError):
                refused[key] = prepared
            else:
                entries[key] = _UnderWay(prepared=prepared, digest=digest_of(prepared.request))
        suspects, poisonous = self._poison.known([entry.digest for entry in entries.values()])
        for key in [key for key, entry in entries.items() if entry.digest in poisonous]:
            refused[key] = PoisonError()
            del entries[key]
        refused.update(self._begin(entries, suspects))
        return refused

    def turn(self, present: Collection[str]) -> dict[str, Spoken | ServeError]:
        """Give the model a turn.

        Args:
            present: Keys of the requests that are still waited for.

        Returns:
            What was finished by it, by key; often nothing.
        """
        self._under_way = {key: entry for key, entry in self._under_way.items() if key in present}
        self._turns.keep(self._under_way)
        upcoming = [key for key in self._turns.upcoming() if key in self._under_way]
        if not upcoming:
            return {}
        digests = [self._under_way[key].digest for key in upcoming]
        with self._poison.note(digests):
            landed = self._turns.turn()
        if landed is None:
            return {}
        self._poison.clear(digests)
        return self._finished(landed)

    def cost(self) -> Cost:
        """Answer what has been spent on what was finished since this was last asked."""
        cost, self._cost = self._cost, Cost()
        cost.batches_cut, self._turns.cuts = self._turns.cuts, 0
        return cost

    def _begin(
        self, entries: Mapping[str, _UnderWay], suspects: Collection[str]
    ) -> dict[str, ServeError]:
        refused = self._turns.admit(
            {key: entry.prepared.item for key, entry in entries.items()},
            apart={key for key, entry in entries.items() if entry.digest in suspects},
        )
        self._under_way.update({key: entry for key, entry in entries.items() if key not in refused})
        return refused

    def _finished(self, landed: Landed) -> dict[str, Spoken | ServeError]:
        """Answer the pieces of a batch that is through, but for those that are spoken once more."""
        self._cost.inference_s += landed.inference_s
        self._cost.batches += 1
        self._cost.frames += landed.frames
        self._cost.padding_frames += landed.padded_frames - landed.frames
        results: dict[str, Spoken | ServeError] = {}
        again: dict[str, _UnderWay] = {}
        for key, outcome in landed.outcomes.items():
            entry = self._under_way.pop(key, None)
            if entry is None:
                continue  # its caller has gone
            entry.inference_s += landed.inference_s
            take = self._judged(entry, Take(outcome=entry.prepared.as_sent(outcome)))
            if take is None:
                again[key] = entry
            else:
                results[key] = entry.prepared.result(take, entry.inference_s, len(landed.outcomes))
        results.update(self._begin(again, ()))
        return results

    def _judged(self, entry: _UnderWay, take: Take) -> Take | None:
        """Answer the take to keep; none if the piece is to be spoken once more."""
        fault = entry.prepared.fault(take, self._guard) if self._guard.enabled else None
        if entry.first is not None:
            first, first_fault = entry.first
            return better(first, first_fault, take, fault)
        if fault is None:
            return take
        entry.first = (take, fault)
        entry.prepared = entry.prepared.again()
        return None
