"""Real pods for tests: ``scripts.supervise`` as a process of its own, as tini would run it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from scripts.archive import file_digest
from scripts.launch import ROOT
from scripts.lock import Entry, write_entry
from tests.edge.stand_in import free_port
from tests.server.harness import demo_archives, free_ports_in_a_row

START_DEADLINE_S = 120.0
STOP_DEADLINE_S = 60.0
TIMEOUT_S = 60.0
LOOK_S = 0.1


@dataclass
class Pod:
    """A pod that runs.

    Attributes:
        process: The supervisor, leader of a process group.
        folder: Its run folder.
        environment: What it was given.
        output: The file of all that it, and the edge, print.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    environment: dict[str, str]
    output: Path

    @property
    def url(self) -> str:
        """The edge."""
        told = self.environment
        return f"http://{told['F5SERVE_ADDRESS']}:{told['F5SERVE_EDGE_PORT']}"

    @property
    def metrics_url(self) -> str:
        """Where a collector asks."""
        told = self.environment
        return f"http://{told['F5SERVE_ADDRESS']}:{told['F5SERVE_METRICS_PORT']}/metrics"

    def said(self) -> str:
        """Answer what was printed until now."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def readyz(self) -> dict[str, Any]:
        """Answer what ``/readyz`` says."""
        document: dict[str, Any] = requests.get(f"{self.url}/readyz", timeout=TIMEOUT_S).json()
        return document

    def terminate(self) -> None:
        """Send SIGTERM to the whole group, as ``tini -g`` does."""
        os.killpg(self.process.pid, signal.SIGTERM)

    def java(self) -> psutil.Process:
        """Answer TorchServe's process."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if child.name() == "java")


def until(happened: Callable[[], bool], pod: Pod, deadline_s: float = START_DEADLINE_S) -> None:
    """Wait until something happened; a pod that ends meanwhile is told with its output."""
    end = time.monotonic() + deadline_s
    while True:
        with contextlib.suppress(requests.RequestException):
            if happened():
                return
        assert pod.process.poll() is None, pod.said()
        assert time.monotonic() < end, pod.said()
        time.sleep(LOOK_S)


def is_ready(pod: Pod) -> bool:
    """Answer whether ``/readyz`` says yes."""
    return requests.get(f"{pod.url}/readyz", timeout=TIMEOUT_S).status_code == 200


def store_of(folder: Path, *archives: Path) -> Path:
    """Make a store with a lock out of archives."""
    store = folder / "store"
    store.mkdir(parents=True)
    for archive in archives:
        (store / archive.name).symlink_to(archive.absolute())
        entry = Entry(
            bytes=archive.stat().st_size,
            sha256=file_digest(archive),
            inputs="",
            profile="demo",
            licence="MIT",
        )
        write_entry(store, archive.stem, entry)
    return store


@contextlib.contextmanager
def pod(folder: Path, store: Path, **settings: str) -> Iterator[Pod]:
    """Run a pod until the block ends.

    Args:
        folder: An empty folder; its path must be short, for TorchServe's sockets are in it.
        store: The model store.
        settings: Variables without their prefix, such as ``ROLE="shard"``.

    Yields:
        The pod; it has been started, no more.
    """
    base = free_ports_in_a_row()
    told = {
        "ADDRESS": "127.0.0.1",
        "STORE": str(store),
        "RUN": str(folder / "run"),
        "EDGE_PORT": str(free_port()),
        "TLS_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "CONTROL_PORT": str(free_port()),
        "TORCHSERVE_PORT": str(base),
        "THREADS": "1",
        "POLL_S": "1",
        "DRAIN_DELAY_S": "0.5",
        "DRAIN_S": "60",
        "RATE": "0",
        "CONNECTIONS": "0",
        "ACCESS_LOG": str(folder / "access.log"),
        **settings,
    }
    environment = {f"F5SERVE_{name}": value for name, value in told.items()}
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.supervise"],
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("F5SERVE_")},
                "PYTHONPATH": "handlers:.",
                **environment,
            },
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Pod(process, folder / "run", environment, output)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.terminate()
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@contextlib.contextmanager
def french_pod(folder: Path, **settings: str) -> Iterator[Pod]:
    """Run a pod of the router and the demo's French until the block ends; it is ready.

    Args:
        folder: As of ``pod``.
        settings: As of ``pod``.
    """
    archives = [path for path in demo_archives() if path.stem in {"f5_fr", "tts"}]
    with pod(folder, store_of(folder, *archives), MODELS="f5_fr tts", **settings) as running:
        until(lambda: is_ready(running), running)
        yield running


def told(running: Pod, message: str, request_id: str) -> list[dict[str, Any]]:
    """Answer the lines of a request in the workers' logs."""
    lines = (running.folder / "logs" / "model_log.log").read_text(encoding="utf-8").splitlines()
    read = [json.loads(line) for line in lines if request_id in line]
    return [line for line in read if line.get("message") == message]
