"""Serves the model store in the foreground (``make serve``), until Ctrl-C or ``make stop``."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final, get_args

import psutil

from f5serve.errors import ConfigurationError
from f5serve.settings import Dtype
from scripts.edge_process import stop_left_behind
from scripts.launch import ServerOptions, served_models, stop_group_of
from scripts.ports import Ports
from scripts.running import DRAIN_S, Record, read_record, record_path, same_process
from scripts.server import LOGS, Memory, TorchServe, memory_of
from scripts.signals import handled

__all__ = ["Memory", "Ports", "ServerOptions", "TorchServe", "main", "memory_of", "served_models"]

ROOT: Final = Path(__file__).resolve().parent.parent
MOST_WORKERS: Final = 64
STOP_DEADLINE_S: Final = 60.0


class Signals:
    """Counts the wishes to stop: one drains, two stop at once; a terminal that is closed drains."""

    def __init__(self) -> None:
        self.count = 0
        self.wanted = threading.Event()

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take one signal."""
        del frame
        # Of a closed terminal both the kernel and the shell tell, which is no hurry.
        self.count += number != signal.SIGHUP
        self.wanted.set()

    def hurry(self) -> bool:
        """Answer whether to stop without waiting."""
        return self.count > 1


def main(argv: list[str] | None = None) -> int:
    """Serve, or stop what serves.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.serve", description=__doc__)
    parser.add_argument("--store", type=Path, default=ROOT / "model_store")
    parser.add_argument(
        "--models", nargs="*", default=[], help="all that were packaged without this"
    )
    parser.add_argument(
        "--port", type=int, default=8080, help="inference; the others follow from it"
    )
    parser.add_argument("--logs", type=Path, help="folder for log files; default: logs/<port>")
    parser.add_argument(
        "--threads", type=int, default=0, help="of each language worker; 0: the free cores"
    )
    parser.add_argument(
        "--workers", type=worker_count, default=0, help="of each language model; 0: its archive's"
    )
    parser.add_argument(
        "--dtype",
        choices=get_args(Dtype),
        default="",
        help="of each language model; else its archive's",
    )
    parser.add_argument(
        "--voices", type=Path, help="folder of voices that are added over the API; else none can be"
    )
    parser.add_argument(
        "--drain-s", type=float, default=DRAIN_S, help="how long work may take to end"
    )
    parser.add_argument("--stop", action="store_true", help="stop the server on that port")
    options = parser.parse_args(argv)
    try:
        if options.stop:
            print(f"serve: {stop_recorded(record_path(options.port))}")
            return 0
        server_options = ServerOptions(
            store=options.store.absolute(),
            models=tuple(options.models) or served_models(options.store),
            ports=Ports.from_base(options.port),
            logs=(options.logs or LOGS / str(options.port)).absolute(),
            record=record_path(options.port),
            threads=options.threads,
            workers=options.workers,
            dtype=options.dtype,
            voices=options.voices,
            drain_s=options.drain_s,
        )
        return serve(server_options)
    except (ConfigurationError, OSError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 1


def worker_count(text: str) -> int:
    """Read a number of workers.

    Raises:
        argparse.ArgumentTypeError: If it is out of range.
        ValueError: If it is no number; argparse tells of both.
    """
    count = int(text)
    if not 0 <= count <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{count} is not a number from 0 to {MOST_WORKERS}")
    return count


def serve(options: ServerOptions) -> int:
    """Start a server, wait for a signal, drain, stop.

    Returns:
        0 after a wish to stop, 1 if the server ended by itself.

    Raises:
        ConfigurationError: If it cannot be started, or does not become ready.
    """
    signals = Signals()

    def tell(line: str) -> None:
        with contextlib.suppress(OSError):  # a closed terminal is no reason to drop work
            print(f"serve: {line}", flush=True)

    server = TorchServe(options, tell)
    with handled(signals.note, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        started = time.monotonic()
        try:
            tell(f"starting {len(options.models)} models from {options.store}")
            server.start()
            server.wait_ready(interrupted=signals.wanted.is_set)
            if signals.wanted.is_set():
                return 0
            tell(f"all READY in {time.monotonic() - started:.1f} s; {server.memory()}")
            tell(f"{server.inference_url}/predictions/tts  (Ctrl-C stops)")
            while server.is_running() and not signals.wanted.wait(1.0):
                pass
            if not server.is_running():
                print(f"serve: TorchServe ended by itself. {server.log_tail()}", file=sys.stderr)
                return 1
            tell(f"draining, {options.drain_s:.0f} s at most (again: at once)")
            server.drain(options.drain_s, signals.hurry)
        finally:
            server.stop(drain_s=0)
            tell("stopped")
    return 0


def stop_recorded(path: Path) -> str:
    """Stop the server that a record names, if these are still the same processes.

    Returns:
        What was done, for a person.

    Raises:
        ConfigurationError: If the server is another user's, or does not end in time.
        OSError: If its record cannot be removed.
    """
    record = read_record(path)
    if record is None:
        return "nothing of ours is running on that port"
    supervisor = same_process(record.supervisor, record.supervisor_started)
    if supervisor is not None:
        require_own(supervisor)
        end(supervisor, record)
        return f"stopped what was served on port {record.port}"
    server = same_process(record.server, record.server_started)
    if server is not None:
        require_own(server)
    stop_left_behind(path.parent)
    if server is not None:
        stop_group_of(server.pid)
    shutil.rmtree(record.temporary, ignore_errors=True)
    path.unlink(missing_ok=True)
    return (
        "nothing of ours is running on that port"
        if server is None
        else "stopped a server left behind"
    )


def require_own(process: psutil.Process) -> None:
    """Refuse to stop what another user has started; a process that has just ended is nobody's.

    Raises:
        ConfigurationError: If it is another user's.
    """
    try:
        os.kill(process.pid, 0)  # a question, no signal
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ConfigurationError(
            f"process {process.pid} belongs to {process.username()}, who can stop it"
        ) from error


def end(supervisor: psutil.Process, record: Record) -> None:
    """Ask the command in the foreground to end, and wait for as long as its work may take.

    Raises:
        ConfigurationError: If it does not end in time.
    """
    patience_s = record.drain_s + STOP_DEADLINE_S
    try:
        with contextlib.suppress(psutil.NoSuchProcess):
            supervisor.terminate()
        supervisor.wait(patience_s)
    except psutil.TimeoutExpired as error:
        pid = supervisor.pid
        raise ConfigurationError(
            f"process {pid} has not ended within {patience_s:.0f} s. Wait, or press Ctrl-C twice where it runs;"
            f" if that does not help: kill -9 {pid}, then make stop PORT={record.port}"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
