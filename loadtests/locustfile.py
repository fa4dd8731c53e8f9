"""What Locust runs: callers that follow a profile. ``python -m loadtests.run`` sets the environment.

``LOADTEST_PROFILE`` names the profile, ``LOADTEST_SAMPLES`` the folder for samples, and
``LOADTEST_GENERATORS`` how many processes share the load (1 by default).
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

import gevent
from gevent.pool import Group
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.callers import Caller
from loadtests.profile import Profile, load_profile
from loadtests.samples import ANSWERED, Journal, Sample
from loadtests.shapes import StagedShape
from loadtests.workload import Wish, Workload, read_material


class LoadTestError(Exception):
    """Tells Locust's own statistics why an answer counts as a failure."""


PROFILE = load_profile(os.environ["LOADTEST_PROFILE"])
GENERATORS = int(os.environ.get("LOADTEST_GENERATORS", "1"))
PAUSE_S: Final = 0.2
AFTER_A_SHED_S: Final = 1.0
"""Who is turned away comes back after that, as a client does; at once, a few would be most of the requests."""


class Shape(StagedShape):
    """The stages of the profile."""

    profile = PROFILE
    generators = GENERATORS


class Numbers:
    """Numbers the requests of a run; several processes take turns.

    Args:
        index: Which process this is.
        processes: How many there are.
    """

    def __init__(self, index: int, processes: int) -> None:
        self._counter: Iterator[int] = itertools.count(index, processes)

    def next(self) -> int:
        """Answer the next number."""
        return next(self._counter)


class Load:
    """What the callers of one process share; made when the run begins.

    Args:
        environment: Locust's.
        profile: What is asked for.
    """

    def __init__(self, environment: Environment, profile: Profile) -> None:
        runner = environment.runner
        index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        # Of several machines the files come into one folder, and containers often have the same process ids.
        name = f"{max(0, index)}-{socket.gethostname()}-{os.getpid()}.jsonl"
        journal = Journal(Path(os.environ["LOADTEST_SAMPLES"]) / name)
        self.numbers = Numbers(max(0, index), GENERATORS)
        self.workload = Workload(profile, read_material())
        self.caller = Caller(environment.host or "", profile, journal, time.monotonic())
        self._environment = environment

    def ask(self, wish: Wish, due_s: float | None = None) -> Sample:
        """Send one request, and tell Locust of it."""
        sample = self.caller.ask(wish, due_s)
        failure = None if sample.outcome in ANSWERED else LoadTestError(sample.reason)
        self._environment.events.request.fire(  # type: ignore[no-untyped-call] # Locust's own
            request_type=sample.outcome,
            name=sample.kind,
            response_time=sample.elapsed_s * 1000,
            response_length=0,
            exception=failure,
            context={},
        )
        return sample


class Visitor(User):
    """Asks, waits for the answer, and asks again; or, in an open loop, lets requests arrive.

    Locust may kill a caller that has just woken up from its pause, so requests run in greenlets of their
    own: what is sent is also heard to its end.
    """

    wait_time = constant(PROFILE.think_s)
    load: ClassVar[Load]

    def on_start(self) -> None:
        """Begin without a request under way."""
        self._asking = Group()

    @task
    def ask(self) -> None:
        """Send one request, or all that arrive."""
        if PROFILE.is_open_loop:
            self._arrivals()
        else:
            number = self.load.numbers.next()
            asked = self._asking.spawn(self.load.ask, self.load.workload.wish(number))
            self._asking.join()
            if asked.value is not None and asked.value.outcome == "shed":
                gevent.sleep(AFTER_A_SHED_S)

    def on_stop(self) -> None:
        """Wait for what is still to be answered; each answer has its deadline."""
        self._asking.join()

    def _arrivals(self) -> None:
        """Send each request at its time, whatever became of those before."""
        load, due_s = self.load, self.load.caller.elapsed_s()
        while (place := PROFILE.stage_at(due_s)) is not None:
            number = load.numbers.next()
            rate_per_s = (PROFILE.stages[place].rate_per_s or 0.0) / GENERATORS
            due_s += load.workload.arrivals(rate_per_s, number)
            gevent.sleep(max(0.0, due_s - load.caller.elapsed_s()))
            if PROFILE.stage_at(due_s) is not None:
                self._asking.spawn(load.ask, load.workload.wish(number), due_s)
        gevent.sleep(PAUSE_S)  # all have arrived; until the shape ends the run


@events.test_start.add_listener  # type: ignore[untyped-decorator] # Locust's own
def begin(environment: Environment, **_: object) -> None:
    """Set the clock of the run."""
    Visitor.load = Load(environment, PROFILE)
