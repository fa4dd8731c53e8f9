"""Whoever starts a server leaves a record of it, and a server left behind is found by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from f5serve.errors import ConfigurationError
from scripts import running
from scripts.edge_process import stop_left_behind
from scripts.guards import held
from scripts.launch import ServerOptions, group_members
from scripts.ports import Ports
from scripts.running import DRAIN_S, read_record, remove_own_record, write_record
from scripts.serve import STOP_DEADLINE_S, stop_recorded
from scripts.server import LOGS, TorchServe
from scripts.supervise import sole
from tests.unit.scripts.test_store import packaged

NOTHING = "nothing of ours is running on that port"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, leader of its group as the Java process is."""
    idle = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", idle], start_new_session=True) as process:  # noqa: S603  # our own program
        yield process
        process.kill()


def test_a_server_whose_supervisor_was_killed_is_stopped_by_its_record(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    path = tmp_path / "serve-9080.json"
    (tmp_path / "unpacked" / "models").mkdir(parents=True)
    write_record(path, child.pid, 9080, tmp_path / "unpacked")
    record = read_record(path)
    assert record is not None
    orphaned = msgspec.structs.replace(record, supervisor_started=0.0)
    path.write_bytes(msgspec.json.encode(orphaned))

    assert stop_recorded(path) == "stopped a server left behind"

    assert group_members(child.pid) == []
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_only_took_the_number_over_is_left_alone(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    path = tmp_path / "serve-9080.json"
    write_record(path, child.pid, 9080, tmp_path / "unpacked")
    record = read_record(path)
    assert record is not None
    stale = msgspec.structs.replace(record, supervisor_started=0.0, server_started=0.0)
    path.write_bytes(msgspec.json.encode(stale))

    assert stop_recorded(path) == NOTHING

    assert child.poll() is None


def test_without_a_record_nothing_is_stopped(tmp_path: Path) -> None:
    assert stop_recorded(tmp_path / "serve-9080.json") == NOTHING


def test_a_record_of_another_process_is_left_in_place(tmp_path: Path) -> None:
    path = tmp_path / "serve-9080.json"
    write_record(path, psutil.Process().pid, 9080, tmp_path)
    record = read_record(path)
    assert record is not None
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, supervisor=1)))

    remove_own_record(path)

    assert path.exists()


def served_by(child: subprocess.Popen[bytes], folder: Path, drain_s: float = DRAIN_S) -> Path:
    """A record that names a process as the command in the foreground."""
    path = folder / "serve-9080.json"
    write_record(path, child.pid, 9080, folder / "unpacked", drain_s)
    record = read_record(path)
    assert record is not None
    changed = msgspec.structs.replace(
        record, supervisor=child.pid, supervisor_started=record.server_started
    )
    path.write_bytes(msgspec.json.encode(changed))
    return path


def test_stopping_waits_for_as_long_as_work_may_take_to_end_and_then_advises_to_wait(
    tmp_path: Path, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def wait(process: psutil.Process, timeout_s: float) -> None:
        waited.append(timeout_s)
        raise psutil.TimeoutExpired(timeout_s, process.pid)

    monkeypatch.setattr(psutil.Process, "wait", wait)

    with pytest.raises(
        ConfigurationError,
        match=r"Wait, or press Ctrl-C twice.* kill -9 \d+, then make stop PORT=9080",
    ):
        stop_recorded(served_by(child, tmp_path, drain_s=200.0))

    assert waited == [200.0 + STOP_DEADLINE_S]


def test_a_record_of_before_says_nothing_of_draining_and_the_default_is_taken(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    path = served_by(child, tmp_path)
    document = json.loads(path.read_bytes())
    del document["drain_s"]
    path.write_text(json.dumps(document), encoding="utf-8")

    record = read_record(path)

    assert record is not None
    assert record.drain_s == DRAIN_S


@pytest.mark.parametrize("who", ["supervisor", "server"])
def test_a_server_of_another_user_is_told_with_whose_it_is(
    who: str, tmp_path: Path, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = served_by(child, tmp_path)
    if who == "server":
        record = read_record(path)
        assert record is not None
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, supervisor_started=0)))

    def refuse(*_: object) -> None:
        raise PermissionError

    name = psutil.Process(child.pid).username()
    with monkeypatch.context() as patched:
        patched.setattr(os, "kill", refuse)
        with pytest.raises(ConfigurationError, match=rf"process {child.pid} belongs to {name}"):
            stop_recorded(path)

    assert child.poll() is None
    assert path.exists()


def test_a_server_that_ends_while_it_is_told_to_is_stopped(
    tmp_path: Path, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = served_by(child, tmp_path)

    def end_before(process: psutil.Process) -> None:
        child.kill()
        child.wait()
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "terminate", end_before)

    assert stop_recorded(path) == "stopped what was served on port 9080"


def test_of_two_servers_that_start_on_one_port_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tts.mar").touch()
    options = ServerOptions(
        store=tmp_path,
        models=("tts",),
        ports=Ports.from_base(9080),
        logs=tmp_path / "logs",
        record=tmp_path / "run" / "serve-9080.json",
    )
    first, second = TorchServe(options), TorchServe(options)

    def meanwhile(_: Ports) -> None:
        with pytest.raises(ConfigurationError, match=r"runs or is starting.*make stop PORT=9080"):
            second.start()
        raise ConfigurationError("the first goes no further")

    monkeypatch.setattr(Ports, "require_free", meanwhile)

    with pytest.raises(ConfigurationError, match="no further"):
        first.start()
    second.stop()
    guard = tmp_path / "run" / "serve-9080.lock"
    with held(guard) as before:
        first.stop()
    with held(guard) as after:
        assert (before, after) == (False, True)


def test_the_edge_of_a_pod_that_lives_is_not_taken_for_one_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    folder.mkdir()
    config = str(folder / "nginx.conf")
    idle = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", idle, config]) as nginx:  # noqa: S603  # our own program
        (folder / "nginx.pid").write_text(f"{nginx.pid}\n", encoding="ascii")
        with sole(tmp_path):
            stop_left_behind(tmp_path)
            assert nginx.poll() is None

        stop_left_behind(tmp_path)

        assert nginx.poll() is not None


def test_every_server_of_a_store_has_a_record_and_logs_of_its_own_port(tmp_path: Path) -> None:
    store = packaged(tmp_path, "demo", "f5_fr")

    options = TorchServe.for_store(store, port=9080).options

    assert options.record == running.RECORDS / "serve-9080.json"
    assert options.logs == LOGS / "9080"
