"""Runs a pod: TorchServe, the edge in front of it, and the probes. ``make serve EDGE=1``; in a container under tini.

The environment says how (``scripts/pod.py``, ``docs/edge.md``). SIGTERM drains: ``/readyz`` says no, requests are
served a while longer, then the edge takes no more and what it has taken is finished, then TorchServe stops.
A second SIGTERM changes nothing; a second Ctrl-C stops at once. Whatever ends by itself ends the pod, with
status 1, so that it is started again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from f5serve.errors import ConfigurationError
from scripts.edge import find_nginx
from scripts.edge_process import POD_LOCK, Edge
from scripts.guards import held
from scripts.placement import backends_of, broken_models, expected_models, server_options
from scripts.pod import PodSettings, read_pod
from scripts.ports import Ports, require_port_free
from scripts.probe import HttpProbe, control_server, warm_up_texts
from scripts.readiness import Hosted, Monitor
from scripts.server import TorchServe

WATCH_S: Final = 0.25
RELOAD_LOOK_S: Final = 2.0

Tell = Callable[[str], None]


class Wishes:
    """What the signals asked for; safe to be asked from any thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.reload = threading.Event()
        self._interrupts = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take one signal."""
        del frame
        if number == signal.SIGHUP:
            self.reload.set()
            return
        self._interrupts += number == signal.SIGINT
        self.stop.set()

    def hurry(self) -> bool:
        """Answer whether to stop without waiting: a person pressed Ctrl-C twice."""
        return self._interrupts > 1


def main() -> int:
    """Run the pod that the environment describes.

    Returns:
        0 after a wish to stop and a full drain; 1 if something ended by itself, could not start, or work had
        to be cut off.
    """

    def tell(line: str) -> None:
        print(f"supervise: {line}", flush=True)

    try:
        return supervise(read_pod(os.environ), tell)
    except (ConfigurationError, OSError) as error:
        print(f"supervise: {error}", file=sys.stderr, flush=True)
        return 1


def supervise(settings: PodSettings, tell: Tell) -> int:
    """Start everything, watch it, drain it, stop it.

    Raises:
        ConfigurationError: If it cannot be started; nothing is left running.
    """
    find_nginx()
    require_port_free(
        "probes of the supervisor",
        settings.control_port,
        remedy="EDGE=1, with F5SERVE_CONTROL_PORT=9001",
    )
    Ports.from_base(settings.torchserve_port).require_free("EDGE=1 PORT=9080")
    expected = expected_models(settings)
    broken = broken_models(settings, expected, tell)
    served = tuple(name for name in expected if name not in broken)
    server = TorchServe(server_options(settings, served), tell)
    edge = Edge(settings, tell)
    monitor = Monitor(
        HttpProbe(
            server.inference_url,
            server.management_url,
            warm_up_texts(settings.store_folder / f"{name}.mar" for name in served),
            settings.workers,
        ),
        Hosted(
            served=served,
            broken=broken,
            backends=backends_of(settings),
            degraded_allowed=settings.allow_degraded,
            poll_s=settings.poll_s,
            give_up_s=settings.give_up_s,
        ),
    )
    refused = threading.Event()
    wishes = Wishes()
    with (
        sole(settings.folder),
        handled(wishes),
        control_server(
            settings.control_port,
            monitor,
            f"{server.metrics_url}/metrics",
            refused.is_set,
            edge.sessions,
        ),
    ):
        try:
            tell(f"starting {', '.join(served)} from {settings.store_folder}, and the edge")
            server.start()
            edge.start()
            monitor.start()
            if not watch(server, edge, monitor, wishes, refused, tell):
                return 1
            done = drain(settings, edge, monitor, wishes, tell)
            return 0 if done and server.is_running() else 1
        finally:
            monitor.stop()
            edge.stop()
            server.stop(drain_s=0)
            tell("stopped")


def watch(
    server: TorchServe,
    edge: Edge,
    monitor: Monitor,
    wishes: Wishes,
    refused: threading.Event,
    tell: Tell,
) -> bool:
    """Wait for a wish to stop, and meanwhile tell of changes and take up new keys.

    Returns:
        Whether a wish to stop came; false if something ended by itself.
    """
    told, looked = "", time.monotonic()
    while not wishes.stop.wait(WATCH_S):
        if not server.is_running():
            print(f"supervise: TorchServe ended by itself. {server.log_tail()}", file=sys.stderr)
            return False
        if not edge.is_running():
            print("supervise: the edge ended by itself", file=sys.stderr)
            return False
        if wishes.reload.is_set():
            wishes.reload.clear()
            set_to(refused, not edge.reload())
        elif time.monotonic() - looked > RELOAD_LOOK_S:
            looked = time.monotonic()
            taken = edge.reload_if_changed()
            if taken is not None:
                set_to(refused, not taken)
        report = monitor.report()
        if report.status != told:
            told = report.status
            waiting = [
                f"{name} {model.state}: {model.reason}"
                for name, model in report.models.items()
                if model.reason
            ]
            tell(f"{told}{' (' if waiting else ''}{'; '.join(waiting)}{')' if waiting else ''}")
    return True


def set_to(event: threading.Event, value: bool) -> None:  # noqa: FBT001  # the value itself
    """Set or clear an event."""
    if value:
        event.set()
    else:
        event.clear()


def drain(settings: PodSettings, edge: Edge, monitor: Monitor, wishes: Wishes, tell: Tell) -> bool:
    """Finish what was taken up.

    The edge holds a request until its answer is sent, so an edge that has ended by itself means that
    TorchServe has nothing in a queue and nothing in work.

    Returns:
        Whether everything was answered.
    """
    monitor.drain()
    edge.announce_end()
    if monitor.has_served:
        tell(f"draining: not ready, still serving for {settings.drain_delay_s:g} s")
        end = time.monotonic() + settings.drain_delay_s
        while time.monotonic() < end and not wishes.hurry():
            time.sleep(min(WATCH_S, max(0.0, end - time.monotonic())))
    tell(f"draining: finishing what was taken up, {settings.drain_s:g} s at most")
    done = edge.drain(settings.drain_s, wishes.hurry)
    tell("draining: all answered" if done else "draining: what was not finished is cut off")
    return done


@contextlib.contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Hold a run folder for one pod while the block runs, freed of archives that a killed one had unpacked.

    Raises:
        ConfigurationError: If another pod holds it.
    """
    with held(folder / POD_LOCK) as is_ours:
        if not is_ours:
            raise ConfigurationError(
                f"{folder} is in use by another pod; give this one a folder of its own: F5SERVE_RUN"
            )
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        yield


@contextlib.contextmanager
def handled(wishes: Wishes) -> Iterator[None]:
    """Have the signals noted while the block runs."""
    former = {
        number: signal.signal(number, wishes.note)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
