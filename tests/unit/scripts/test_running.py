"""Whoever starts a server leaves a record of it, and a server left behind is found by it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from scripts import running
from scripts.launch import group_members
from scripts.running import read_record, remove_own_record, write_record
from scripts.serve import stop_recorded
from scripts.server import LOGS, TorchServe
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


def test_every_server_of_a_store_has_a_record_and_logs_of_its_own_port(tmp_path: Path) -> None:
    store = packaged(tmp_path, "demo", "f5_fr")

    options = TorchServe.for_store(store, port=9080).options

    assert options.record == running.RECORDS / "serve-9080.json"
    assert options.logs == LOGS / "9080"
