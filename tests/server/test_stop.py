"""What ``make serve`` starts it also ends: work first, then every process, and no record is left."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from scripts.launch import ROOT, group_members
from scripts.running import Record, read_record, record_path
from tests.server.harness import free_ports_in_a_row, tiny_archive
from tests.server.listening import TIMEOUT_S

BUSY_S = 2.0
# Draining looks at the processor time of the workers, so the work is work and no sleep.
WORK = f"""
import time


class Base:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        end = time.process_time() + {BUSY_S}
        while time.process_time() < end:
            pass
        return ["done"]
"""
START_DEADLINE_S = 120.0
STOP_DEADLINE_S = 60.0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One model, which works for a while on each request."""
    return tiny_archive("busy", tmp_path, WORK)


@pytest.fixture
def port() -> int:
    """The first of five ports that nothing uses."""
    return free_ports_in_a_row()


def command(archive: Path, port: int) -> list[str]:
    return [
        *(
            sys.executable,
            "-m",
            "scripts.serve",
            "--store",
            str(archive.parent),
            "--models",
            "busy",
        ),
        *("--port", str(port), "--logs", str(archive.parent / "logs"), "--threads", "1"),
    ]


@contextlib.contextmanager
def serving(archive: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], Record]]:
    """``scripts.serve`` as a process of its own, and what it told about itself when it was ready."""
    with subprocess.Popen(  # noqa: S603  # our own program
        command(archive, port),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "handlers:."},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_until_ready(process, port)
            record = read_record(record_path(port))
            assert record is not None
            yield process, record
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOP_DEADLINE_S)


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[0]
        with contextlib.suppress(requests.RequestException):
            told = requests.get(f"http://127.0.0.1:{port + 1}/models/busy", timeout=TIMEOUT_S)
            if told.ok and [worker["status"] for worker in told.json()[0]["workers"]] == ["READY"]:
                return
        time.sleep(0.3)
    raise AssertionError("the server is not ready in time")


def test_a_request_that_is_worked_on_is_answered_and_then_nothing_is_left(
    archive: Path, port: int
) -> None:
    url = f"http://127.0.0.1:{port}/predictions/busy"

    with serving(archive, port) as (process, record), ThreadPoolExecutor(1) as threads:
        answer = threads.submit(requests.post, url, data=b"x", timeout=TIMEOUT_S)
        time.sleep(BUSY_S / 4)
        process.send_signal(signal.SIGTERM)

        assert answer.result().status_code == 200
        assert process.wait(STOP_DEADLINE_S) == 0

    assert group_members(record.server) == []
    assert not record_path(port).exists()
    assert not Path(record.temporary).exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=TIMEOUT_S)


def test_stop_ends_a_server_whose_command_was_killed(archive: Path, port: int) -> None:
    with serving(archive, port) as (process, record):
        process.kill()
        process.wait()
        assert group_members(record.server)

        assert "stopped a server left behind" in stop(port)

        assert group_members(record.server) == []
        assert not record_path(port).exists()
        assert not Path(record.temporary).exists()


def test_stop_without_a_server_says_so(port: int) -> None:
    assert "nothing of ours is running on that port" in stop(port)


def stop(port: int) -> str:
    """Answer what ``scripts.serve --stop`` prints; it must end well."""
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "scripts.serve", "--stop", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "handlers:."},
        capture_output=True,
        text=True,
        timeout=STOP_DEADLINE_S,
        check=True,
    )
    return done.stdout


def test_a_busy_port_is_told_with_the_remedy_and_nothing_is_started(
    archive: Path, port: int
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", port + 2))
        held.listen()

        done = subprocess.run(  # noqa: S603  # our own program
            command(archive, port),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "handlers:."},
            capture_output=True,
            text=True,
            timeout=STOP_DEADLINE_S,
            check=False,
        )

    assert done.returncode == 1
    assert f"port {port + 2} (metrics) is in use" in done.stderr
    assert "make serve PORT=9080" in done.stderr
    assert "Traceback" not in done.stderr
    assert not record_path(port).exists()
