"""Whether a pod is ready, and whether it is alive, from looks at its models.

TorchServe's own ``/ping`` is healthy while models load and while a worker that died comes back, and an archive
that it cannot read is a line in its log. So each model that the pod hosts is looked at by name, and has to
answer once before the pod takes requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from scripts.management import ModelState

STUCK_S: Final = 60.0
FIRST_ANSWER_S: Final = 300.0
QUICK_POLL_S: Final = 1.0
WARM_UPS_AT_ONCE: Final = 2

State = Literal["broken", "loading", "dead", "warming", "ready"]


class Probe(Protocol):
    """How a pod is looked at; ``scripts/probe.py`` does it over HTTP."""

    def describe(self, model: str) -> ModelState | None:
        """Answer what TorchServe tells of a model; None while it tells nothing."""

    def warm_up(self, model: str) -> str | None:
        """Have a model work once; answer what went wrong, or None."""

    def healthy(self) -> bool | None:
        """Answer what TorchServe thinks of itself; None while it does not answer."""

    def reachable(self, backend: str) -> bool:
        """Answer whether another pod's models are ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model as a probe is told of it.

    Attributes:
        state: ``broken`` archive, ``loading``, ``dead`` (it had been ready), ``warming`` up, ``ready``.
        reason: Why it is not ready; empty if it is.
        workers: Workers that are ready.
        waiting: Requests in its queue.
    """

    state: State
    reason: str = ""
    workers: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole pod at one moment.

    Attributes:
        models: Every model that the pod is to serve.
        backends: Whether each other pod that a router needs is ready.
        draining: Whether the pod was asked to stop.
        degraded_allowed: Whether some models are enough.
    """

    models: Mapping[str, ModelReport] = field(default_factory=dict)
    backends: Mapping[str, bool] = field(default_factory=dict)
    draining: bool = False
    degraded_allowed: bool = False

    @property
    def complete(self) -> bool:
        """Whether every model is ready."""
        return bool(self.models) and all(one.state == "ready" for one in self.models.values())

    @property
    def ready(self) -> bool:
        """Whether requests may come: all models are ready, or enough of them where that is allowed."""
        if self.draining or (self.backends and not any(self.backends.values())):
            return False
        return self.complete or (self.degraded_allowed and self._enough())

    @property
    def status(self) -> str:
        """The same in a word."""
        if self.draining:
            return "draining"
        if self.ready:
            return "ready" if self.complete else "degraded"
        return "not ready"

    def _enough(self) -> bool:
        """Whether the router, where there is one, and one language model are ready."""
        up = {name for name, one in self.models.items() if one.state == "ready"}
        routers = {name for name in self.models if not name.startswith("f5_")}
        languages = self.models.keys() - routers
        return routers <= up and bool(not languages or languages & up)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What a pod is to serve, and how it is looked at.

    Attributes:
        served: Models that TorchServe was told to load.
        broken: Models that it was not, each with the reason.
        backends: Addresses of other pods that a router needs.
        degraded_allowed: Whether some models are enough.
        poll_s: Time between two looks once all are ready.
        give_up_s: How long TorchServe may call itself unhealthy.
    """

    served: Sequence[str]
    broken: Mapping[str, str] = field(default_factory=dict)
    backends: Sequence[str] = ()
    degraded_allowed: bool = False
    poll_s: float = 10.0
    give_up_s: float = 60.0


class Monitor:
    """Looks at the models again and again, on a thread of its own.

    Args:
        probe: How to look.
        hosted: At what.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, probe: Probe, hosted: Hosted, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._probe = probe
        self._hosted = hosted
        self._clock = clock
        self._broken = {
            name: ModelReport(state="broken", reason=reason)
            for name, reason in hosted.broken.items()
        }
        self._models = {
            name: ModelReport(state="loading", reason="not looked at yet") for name in hosted.served
        }
        self._reachable = dict.fromkeys(hosted.backends, False)
        self._warm: dict[str, Future[str | None]] = {}
        self._once_ready: set[str] = set()
        self._draining = False
        self._has_served = False
        self._answered = False
        self._ill_since: float | None = None
        self._started = self._beat = clock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._pool = ThreadPoolExecutor(WARM_UPS_AT_ONCE, thread_name_prefix="warm-up")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End looking; a warm-up under way is left to its own deadline."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def drain(self) -> None:
        """Be ready no more."""
        self._draining = True

    @property
    def has_served(self) -> bool:
        """Whether the pod was ready at some time, so that others may know of it."""
        return self._has_served

    def report(self) -> Report:
        """Answer what is known of the pod."""
        return Report(
            models={**self._models, **self._broken},
            backends=dict(self._reachable),
            draining=self._draining,
            degraded_allowed=self._hosted.degraded_allowed,
        )

    def ailment(self) -> str | None:
        """Answer why only a restart would help; None while the pod is alive."""
        now = self._clock()
        if now - self._beat > STUCK_S:
            return f"nobody has looked at the models for {now - self._beat:.0f} s"
        if not self._answered:
            late = now - self._started > FIRST_ANSWER_S
            return f"TorchServe has not answered in {FIRST_ANSWER_S:.0f} s" if late else None
        if self._ill_since is None or now - self._ill_since < self._hosted.give_up_s:
            return None
        return "TorchServe has given up on a worker, or does not answer"

    def look(self) -> None:
        """Look at everything once."""
        for name in self._hosted.served:
            self._models = {**self._models, name: self._look_at(name)}
            self._beat = self._clock()
        for backend in self._hosted.backends:
            self._reachable = {**self._reachable, backend: self._probe.reachable(backend)}
            self._beat = self._clock()
        self._feel()
        self._has_served = self._has_served or self.report().ready

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except RuntimeError:
                # Stopped in the middle of a look: the pool takes no more warm-ups.
                if not self._stop.is_set():
                    raise
                return
            quick = not self.report().complete
            self._stop.wait(
                min(QUICK_POLL_S, self._hosted.poll_s) if quick else self._hosted.poll_s
            )

    def _look_at(self, name: str) -> ModelReport:
        state = self._probe.describe(name)
        if state is None:
            return self._not_ready(
                name, "TorchServe does not know it (yet), or does not answer", None
            )
        if not state.is_ready:
            return self._not_ready(
                name,
                state.refusal or f"{state.ready_workers} of {state.min_workers} workers are ready",
                state,
            )
        failure = self._warmed(name)
        if failure is not None:
            return _told("warming", failure, state)
        self._once_ready.add(name)
        return _told("ready", "", state)

    def _not_ready(self, name: str, reason: str, state: ModelState | None) -> ModelReport:
        return _told("dead" if name in self._once_ready else "loading", reason, state)

    def _warmed(self, name: str) -> str | None:
        """Answer why a model has not worked once; None if it has. One that failed is tried again."""
        attempt = self._warm.get(name)
        if attempt is None or (attempt.done() and _failure(attempt)):
            before = None if attempt is None else _failure(attempt)
            self._warm[name] = self._pool.submit(self._probe.warm_up, name)
            return before or "has not spoken yet"
        return None if attempt.done() else "has not spoken yet"

    def _feel(self) -> None:
        """Note since when TorchServe is ill. What never worked is no reason to restart what does."""
        healthy = self._probe.healthy()
        self._answered = self._answered or healthy is not None
        never_worked = (
            self._hosted.degraded_allowed
            and bool(self._once_ready)
            and all(self._models[name].state == "ready" for name in self._once_ready)
        )
        if healthy or (healthy is False and never_worked):
            self._ill_since = None
        elif self._answered and self._ill_since is None:
            self._ill_since = self._clock()
        self._beat = self._clock()


def _failure(attempt: Future[str | None]) -> str | None:
    error = attempt.exception()
    return str(error) if error is not None else attempt.result()


def _told(state: State, reason: str, seen: ModelState | None) -> ModelReport:
    return ModelReport(
        state=state,
        reason=reason,
        workers=0 if seen is None else seen.ready_workers,
        waiting=0 if seen is None else seen.pending_requests,
    )
