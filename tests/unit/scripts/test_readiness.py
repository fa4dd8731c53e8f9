"""When a pod is ready and when it is alive, told from looks at its models."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts.management import ModelState
from scripts.probe import readiness_body
from scripts.readiness import FIRST_ANSWER_S, STUCK_S, Hosted, Monitor

SETTLED_S = 5.0


def state(name: str, ready: int = 1, wanted: int = 1) -> ModelState:
    return ModelState(
        name=name, min_workers=wanted, ready_workers=ready, pending_requests=3, pids=()
    )


@dataclass
class FakePod:
    """What TorchServe and other pods would tell; ``tests/edge/test_drain.py`` asks the real ones."""

    states: dict[str, ModelState | None]
    failures: dict[str, str | None] = field(default_factory=dict)
    ping: bool | None = True
    up: set[str] = field(default_factory=set)
    warmed: list[str] = field(default_factory=list)
    now: float = 0.0

    def describe(self, model: str) -> ModelState | None:
        return self.states[model]

    def warm_up(self, model: str) -> str | None:
        self.warmed.append(model)
        return self.failures.get(model)

    def healthy(self) -> bool | None:
        return self.ping

    def reachable(self, backend: str) -> bool:
        return backend in self.up

    def monitor(self, **hosted: Any) -> Monitor:
        return Monitor(self, Hosted(served=tuple(self.states), **hosted), clock=lambda: self.now)


def pod(*names: str) -> FakePod:
    return FakePod({name: state(name) for name in names})


def settled(monitor: Monitor, happened: Callable[[], bool]) -> bool:
    """Look until something happened: warm-ups run on threads of their own."""
    end = time.monotonic() + SETTLED_S
    while time.monotonic() < end:
        monitor.look()
        if happened():
            return True
        time.sleep(0.005)
    return False


def becomes_ready(monitor: Monitor) -> bool:
    return settled(monitor, lambda: monitor.report().ready)


def test_nothing_is_ready_before_it_was_looked_at() -> None:
    monitor = pod("f5_fr").monitor()

    assert not monitor.report().ready
    assert monitor.report().models["f5_fr"].state == "loading"


def test_a_pod_is_ready_when_every_model_has_its_workers_and_has_spoken_once() -> None:
    fake = pod("f5_fr", "tts")
    monitor = fake.monitor()

    monitor.look()
    assert not monitor.report().ready, "their warm-ups have only been sent"
    assert becomes_ready(monitor)

    for _ in range(3):
        monitor.look()
    assert sorted(fake.warmed) == ["f5_fr", "tts"]
    assert monitor.report().status == "ready"
    assert readiness_body(monitor.report())["models"] == {
        "f5_fr": {"state": "ready"},
        "tts": {"state": "ready"},
    }


def test_a_model_that_torchserve_does_not_know_is_named() -> None:
    fake = pod("f5_fr", "f5_es")
    fake.states["f5_es"] = None
    monitor = fake.monitor()

    assert settled(monitor, lambda: monitor.report().models["f5_fr"].state == "ready")
    assert not monitor.report().ready
    assert monitor.report().models["f5_es"].state == "loading"
    assert "does not know it" in monitor.report().models["f5_es"].reason


def test_a_warm_up_that_fails_is_told_and_tried_again() -> None:
    fake = pod("f5_fr")
    fake.failures["f5_fr"] = "the warm-up was answered 500"
    monitor = fake.monitor()

    assert settled(monitor, lambda: len(fake.warmed) > 1)
    assert settled(monitor, lambda: "answered 500" in monitor.report().models["f5_fr"].reason)
    assert monitor.report().models["f5_fr"].state == "warming"
    fake.failures.clear()
    assert becomes_ready(monitor)


def test_a_worker_that_is_lost_later_makes_the_pod_not_ready_and_is_named() -> None:
    fake = pod("f5_fr", "tts")
    monitor = fake.monitor()
    assert becomes_ready(monitor)

    fake.states["f5_fr"] = state("f5_fr", ready=0)
    monitor.look()

    told = monitor.report()
    assert not told.ready
    assert (told.models["f5_fr"].state, told.models["f5_fr"].reason) == (
        "dead",
        "0 of 1 workers are ready",
    )
    assert told.models["tts"].state == "ready"


def test_where_some_are_enough_the_router_and_one_language_are() -> None:
    fake = pod("f5_fr", "f5_es", "tts")
    fake.states["f5_es"] = None
    monitor = fake.monitor(degraded_allowed=True, broken={"f5_it": "f5_it.mar: truncated"})

    assert becomes_ready(monitor)
    assert monitor.report().status == "degraded"
    assert monitor.report().models["f5_it"].state == "broken"
    fake.states["f5_fr"] = None
    monitor.look()
    assert not monitor.report().ready, "no language is left"
    fake.states["f5_fr"], fake.states["tts"] = state("f5_fr"), None
    monitor.look()
    assert not monitor.report().ready, "no router is left"


def test_a_broken_archive_keeps_a_strict_pod_from_being_ready() -> None:
    monitor = pod("f5_fr").monitor(broken={"f5_it": "f5_it.mar: truncated"})

    assert settled(monitor, lambda: monitor.report().models["f5_fr"].state == "ready")
    assert not monitor.report().ready


def test_a_router_needs_one_of_the_other_pods() -> None:
    fake = pod("tts")
    monitor = fake.monitor(backends=("http://shard-a:8000", "http://shard-b:8000"))

    assert settled(monitor, lambda: monitor.report().complete)
    assert not monitor.report().ready
    fake.up.add("http://shard-b:8000")
    monitor.look()
    assert monitor.report().ready
    assert readiness_body(monitor.report())["backends"] == {
        "http://shard-a:8000": "not ready",
        "http://shard-b:8000": "ready",
    }


def test_a_draining_pod_is_alive_and_not_ready() -> None:
    monitor = pod("f5_fr").monitor()
    assert becomes_ready(monitor)

    monitor.drain()

    assert not monitor.report().ready
    assert monitor.report().status == "draining"
    assert monitor.ailment() is None


@pytest.mark.parametrize("ping", [False, None])
def test_a_torchserve_that_stays_ill_needs_a_restart_and_one_that_recovers_does_not(
    ping: bool | None,
) -> None:
    fake = pod("f5_fr")
    monitor = fake.monitor(give_up_s=60.0)
    assert becomes_ready(monitor)

    fake.ping = ping
    monitor.look()
    fake.now += 30
    monitor.look()
    assert monitor.ailment() is None
    fake.ping = True
    monitor.look()
    fake.ping = ping
    fake.now += 40
    monitor.look()
    assert monitor.ailment() is None, "the time starts anew"
    fake.now += 61
    monitor.look()
    assert "given up" in str(monitor.ailment())


def test_what_never_worked_is_no_reason_to_restart_a_degraded_pod() -> None:
    fake = pod("f5_fr", "f5_es")
    fake.states["f5_es"] = state("f5_es", ready=0)
    fake.ping = False
    monitor = fake.monitor(degraded_allowed=True, give_up_s=60.0)
    assert becomes_ready(monitor)

    for _ in range(4):
        fake.now += 50
        monitor.look()
    assert monitor.ailment() is None

    fake.states["f5_fr"] = state("f5_fr", ready=0)
    for _ in range(3):
        fake.now += 50
        monitor.look()
    assert monitor.ailment() is not None


def test_a_torchserve_that_never_answers_is_given_time_and_not_more() -> None:
    fake = pod("f5_fr")
    fake.states["f5_fr"], fake.ping = None, None
    monitor = fake.monitor()

    fake.now = FIRST_ANSWER_S - 1
    monitor.look()
    assert monitor.ailment() is None
    fake.now = FIRST_ANSWER_S + 1
    monitor.look()
    assert "has not answered" in str(monitor.ailment())


def test_a_supervisor_that_looks_no_more_says_so() -> None:
    fake = pod("f5_fr")
    monitor = fake.monitor()
    monitor.look()

    fake.now = STUCK_S + 1

    assert "nobody has looked" in str(monitor.ailment())
