"""Records of running servers: ``run/serve-<port>.json`` tells ``make stop`` which processes serve."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import psutil
from msgspec import Struct

ROOT: Final = Path(__file__).resolve().parent.parent
RECORDS: Final = ROOT / "run"
SAME_PROCESS_S: Final = 2.0
DRAIN_S: Final = 30.0


class Record(Struct, frozen=True, kw_only=True):
    """Which processes serve; left on disk for ``--stop``.

    Attributes:
        supervisor: Process id of the command in the foreground.
        supervisor_started: When it began, seconds since the epoch.
        server: Process id of the Java process, leader of its group.
        server_started: When it began.
        port: Where it listens.
        temporary: Folder that the archives were unpacked into.
        drain_s: How long the supervisor lets work end, at most.
    """

    supervisor: int
    supervisor_started: float
    server: int
    server_started: float
    port: int
    temporary: str
    drain_s: float = DRAIN_S


def record_path(port: int) -> Path:
    """Answer where the record of the server on a port lies."""
    return RECORDS / f"serve-{port}.json"


def guard_path(record: Path) -> Path:
    """Answer the file that a server holds from before it looks for free ports until it has ended."""
    return record.with_suffix(".lock")


def write_record(
    path: Path, server: int, port: int, temporary: Path, drain_s: float = DRAIN_S
) -> None:
    """Leave a record of who serves.

    Args:
        path: Where.
        server: Process id of the Java process.
        port: Where it listens.
        temporary: Folder that the archives were unpacked into.
        drain_s: How long this process lets work end, at most.
    """
    me, java = psutil.Process(), psutil.Process(server)
    record = Record(
        supervisor=me.pid,
        supervisor_started=me.create_time(),
        server=server,
        server_started=java.create_time(),
        port=port,
        temporary=str(temporary),
        drain_s=drain_s,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(record))


def remove_own_record(path: Path) -> None:
    """Remove a record if it is this process's, not that of a server found on the port."""
    record = read_record(path)
    if record is not None and record.supervisor == psutil.Process().pid:
        path.unlink(missing_ok=True)


def read_record(path: Path) -> Record | None:
    """Answer a record; None where there is none to be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def same_process(pid: int, started: float) -> psutil.Process | None:
    """Answer a process, if the one of that number is the one that began at that time."""
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started) < SAME_PROCESS_S
    except psutil.Error:
        return None
    return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
