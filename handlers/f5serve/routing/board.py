"""What the workers of one router tell each other: who is busy with what, and which replicas fail.

Every worker is a process of its own. They meet in one small file, at a piece or two a second for each.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from msgspec import Struct, field

from f5serve import log
from f5serve.shared import SharedState, is_alive, path_for_this_server

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN: Final = 3
ONE_EVENT_S: Final = 1.0
"""Failures closer together than this are one: a worker that dies takes its whole batch with it."""
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 30.0
FORGOTTEN_S: Final = 600.0
NEVER: Final = -1e9
AT_ONCE: Final = 2
"""How many of those that wait longest may ask: places come free by the batch, and one alone would fill them slowly."""
LOST_FROM_SIGHT_S: Final = 2.0
"""Whoever waits looks several times a second; one that does not any more must not hold up the others."""


class _Seen(Struct):
    """One replica of one model, as all workers know it; times are of the monotonic clock, seconds."""

    flights: dict[int, int] = field(default_factory=dict)  # pieces under way, by process
    failures: int = 0
    failed_at: float = NEVER
    open_until: float = NEVER
    used_at: float = 0.0
    heard_at: float = NEVER  # when its worker last answered anything
    heard_of: float = NEVER  # of what it has answered, when the latest was sent
    echo_at: float = NEVER  # when it was last asked for an echo


class _Waiting(Struct):
    """One piece in the line before a model; it is in nobody's way while it asks, or once it was let in."""

    pid: int
    since: float
    seen_at: float
    asking: bool


class _State(Struct):
    replicas: dict[str, _Seen] = field(default_factory=dict)
    lines: dict[str, dict[str, _Waiting]] = field(default_factory=dict)  # model: pieces by ticket
    holding: dict[str, dict[int, int]] = field(default_factory=dict)  # model: pieces by process


class Board:
    """The workers' common knowledge.

    A replica that has failed three times in a row is left alone for 2 s, then for longer, at most 30 s;
    after each pause one piece tries whether it is back. What a killed process had under way is taken
    off by whoever looks next.

    Args:
        path: The file; None keeps what is known in this process.
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

    def join(self) -> None:
        """Begin with nothing under way: a process of the same number may have been killed before this one.

        In a container that was started again the workers have the numbers of those before them.
        """
        with self._shared.changed() as state:
            for counts in _counts(state):
                counts.pop(os.getpid(), None)
            _leave(state, {os.getpid()})

    def take(self, model: str, urls: Sequence[str], avoid: Collection[str] = ()) -> str | None:
        """Choose the replica with the fewest pieces under way, and count one more there.

        Args:
            model: The language model.
            urls: Its replicas.
            avoid: Those that have just failed; taken only where there is no other.

        Returns:
            The URL, or None if all of them are being left alone.
        """
        with self._shared.changed() as state:
            # After the wait for the others, or what they have just noted lies ahead.
            now = self._clock()
            self._tidy(state, now)
            ready = [url for url in urls if _open_until(state, model, url) <= now]
            ready = [url for url in ready if url not in avoid] or ready
            if not ready:
                return None
            random.shuffle(ready)  # among equals, not always the first
            chosen = min(ready, key=lambda url: _under_way(state, _key(model, url)))
            seen = state.replicas.setdefault(_key(model, chosen), _Seen())
            seen.flights[os.getpid()] = seen.flights.get(os.getpid(), 0) + 1
            seen.used_at = now
            if seen.failures >= FAILURES_TO_OPEN:  # this piece is the trial; the others wait for it
                seen.open_until = now + _pause(seen.failures)
            return chosen

    def give_back(
        self, model: str, url: str, *, failed: bool | None, answered: float | None = None
    ) -> None:
        """Count a piece as no longer under way, and what became of it.

        Args:
            model: The language model.
            url: The replica that was taken.
            failed: Whether it failed; None where it was not asked, or not waited for, which tells nothing of it.
            answered: When it was sent, if its worker has answered.
        """
        with self._shared.changed() as state:
            now = self._clock()
            seen = state.replicas.setdefault(_key(model, url), _Seen())
            _count_down(seen.flights)
            seen.used_at = now
            if answered is not None:
                _hear(seen, answered, now)
            if failed is None:
                if (
                    seen.failures >= FAILURES_TO_OPEN
                ):  # a trial that told nothing: the next piece is one
                    seen.open_until = now
                return
            if not failed:
                seen.failures, seen.open_until = 0, NEVER
            elif now - seen.failed_at >= ONE_EVENT_S:
                seen.failures += 1
                seen.failed_at = now
                if seen.failures >= FAILURES_TO_OPEN:
                    seen.open_until = now + _pause(seen.failures)
                    logger.warning("left alone", extra=log.told(model=model, at=url))

    def heard(self, model: str, url: str, sent_at: float) -> None:
        """Note that a replica's worker has answered what was sent at some time."""
        with self._shared.changed() as state:
            seen = state.replicas.setdefault(_key(model, url), _Seen())
            _hear(seen, sent_at, self._clock())

    def heard_of_since(self, model: str, url: str, since: float) -> bool:
        """Tell whether a replica's worker has answered something that was sent at a time or later."""
        with self._shared.changed() as state:
            seen = state.replicas.get(_key(model, url))
            return seen is not None and seen.heard_of >= since

    def may_echo(self, model: str, url: str, silence_s: float) -> bool:
        """Tell whether a replica is to be asked for an echo, and note that it is.

        It is if nothing was heard of it for a while, and nobody has asked it for an echo meanwhile.
        """
        with self._shared.changed() as state:
            now = self._clock()
            seen = state.replicas.setdefault(_key(model, url), _Seen())
            if now - max(seen.heard_at, seen.echo_at) < silence_s:
                return False
            seen.echo_at = now
            return True

    def back_in_s(self, model: str, urls: Sequence[str]) -> float:
        """Answer the seconds until one of the replicas is tried again."""
        with self._shared.changed() as state:
            until = [_open_until(state, model, url) for url in urls]
        return max(0.0, min(until, default=0.0) - self._clock())

    @contextmanager
    def holding(self, model: str) -> Iterator[str]:
        """Tell the others that this process is held by a model, as long as the context lasts.

        Yields:
            A ticket, to stand in line with.
        """
        ticket = uuid4().hex
        with self._shared.changed() as state:
            held = state.holding.setdefault(model, {})
            held[os.getpid()] = held.get(os.getpid(), 0) + 1
        try:
            yield ticket
        finally:
            with self._shared.changed() as state:
                _count_down(state.holding.setdefault(model, {}))
                state.lines.get(model, {}).pop(ticket, None)

    def may_ask(self, model: str, ticket: str) -> bool:
        """Tell whether a piece may ask for a place in a model's queue; if not, it stands in line from now on.

        Who comes anew may not as long as anybody waits; of those who wait, those who have waited longest may.
        """
        with self._shared.changed() as state:
            now = self._clock()
            self._tidy(state, now)
            line = state.lines.setdefault(model, {})
            waits = line.get(ticket)
            since = now if waits is None else waits.since
            asks = _ahead(line, ticket, since, now) < (1 if waits is None else AT_ONCE)
            line[ticket] = _Waiting(pid=os.getpid(), since=since, seen_at=now, asking=asks)
            return asks

    def stand_in_line(self, model: str, ticket: str) -> int:
        """Note that a piece waits, be it that a full queue has refused it; answer how many have waited longer."""
        with self._shared.changed() as state:
            now = self._clock()
            line = state.lines.setdefault(model, {})
            since = line[ticket].since if ticket in line else now
            line[ticket] = _Waiting(pid=os.getpid(), since=since, seen_at=now, asking=False)
            return _ahead(line, ticket, since, now)

    def holders(self, model: str) -> int:
        """Answer how many processes a model holds."""
        with self._shared.changed() as state:
            self._tidy(state, self._clock())
            return len(state.holding.get(model, {}))

    def _tidy(self, state: _State, now: float) -> None:
        """Take off what processes that have gone left behind, and replicas that nobody uses any more."""
        counts = _counts(state)
        seen_pids = {pid for flights in counts for pid in flights}
        seen_pids |= {waits.pid for line in state.lines.values() for waits in line.values()}
        gone = {pid for pid in seen_pids if not self._alive(pid)}
        for flights in counts:
            for pid in gone & flights.keys():
                del flights[pid]
        _leave(state, gone)
        for key, seen in list(state.replicas.items()):
            # A time to come beyond the longest pause is of another boot's clock.
            if seen.open_until > now + LONGEST_PAUSE_S or (
                not seen.flights and now - seen.used_at > FORGOTTEN_S
            ):
                del state.replicas[key]


def board_of_this_server() -> Board:
    """Answer the board that the workers of this TorchServe share: they have one parent."""
    board = Board(path_for_this_server("router"))
    board.join()
    return board


def _key(model: str, url: str) -> str:
    return f"{model} {url}"


def _open_until(state: _State, model: str, url: str) -> float:
    seen = state.replicas.get(_key(model, url))
    return seen.open_until if seen else 0.0


def _under_way(state: _State, key: str) -> int:
    seen = state.replicas.get(key)
    return sum(seen.flights.values()) if seen else 0


def _hear(seen: _Seen, sent_at: float, now: float) -> None:
    seen.heard_at = now
    seen.heard_of = max(seen.heard_of, sent_at)


def _pause(failures: int) -> float:
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - FAILURES_TO_OPEN, 10))


def _ahead(line: Mapping[str, _Waiting], ticket: str, since: float, now: float) -> int:
    """Answer how many wait that came before; a time to come is of another boot's clock."""
    return sum(
        not other.asking
        and (other.since, name) < (since, ticket)
        and abs(now - other.seen_at) <= LOST_FROM_SIGHT_S
        for name, other in line.items()
    )


def _leave(state: _State, pids: Collection[int]) -> None:
    """Take what processes were waiting for out of the lines."""
    for line in state.lines.values():
        for ticket in [name for name, waits in line.items() if waits.pid in pids]:
            del line[ticket]


def _count_down(flights: dict[int, int]) -> None:
    left = flights.get(os.getpid(), 0) - 1
    if left > 0:
        flights[os.getpid()] = left
    else:
        flights.pop(os.getpid(), None)


def _counts(state: _State) -> list[dict[int, int]]:
    """All that is counted by process."""
    return [seen.flights for seen in state.replicas.values()] + list(state.holding.values())
