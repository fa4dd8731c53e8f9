"""Serves the model store in the foreground, until Ctrl-C or ``make stop``.

``python -m scripts.serve`` starts, ``python -m scripts.serve --stop`` stops.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final, get_args

import psutil

from f5serve.errors import ConfigurationError
from f5serve.settings import Dtype
from scripts.edge_process import stop_left_behind
from scripts.launch import ServerOptions, served_models, stop_group_of
from scripts.ports import Ports
from scripts.running import read_record, record_path, same_process
from scripts.server import LOGS, Memory, TorchServe, memory_of

__all__ = ["Memory", "Ports", "ServerOptions", "TorchServe", "main", "memory_of", "served_models"]

ROOT: Final = Path(__file__).resolve().parent.parent
DRAIN_S: Final = 30.0
MOST_WORKERS: Final = 64
STOP_DEADLINE_S: Final = 60.0


class Signals:
    """Counts the wishes to stop: one drains, two stop at once."""

    def __init__(self) -> None:
        self.count = 0
        self.wanted = threading.Event()

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take one signal."""
        del number, frame
        self.count += 1
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
        )
        return serve(server_options, drain_s=options.drain_s)
    except ConfigurationError as error:
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


def serve(options: ServerOptions, *, drain_s: float) -> int:
    """Start a server, wait for a signal, drain, stop.

    Returns:
        0 after a wish to stop, 1 if the server ended by itself.

    Raises:
        ConfigurationError: If it cannot be started, or does not become ready.
    """
    signals = Signals()

    def tell(line: str) -> None:
        print(f"serve: {line}", flush=True)

    server = TorchServe(options, tell)
    with handled(signals):
        started = time.monotonic()
        try:
            tell(f"starting {len(options.models)} models from {options.store}")
            server.start()
            server.wait_ready(interrupted=signals.wanted.is_set)
            if signals.wanted.is_set():
                return 0
            print(
                f"serve: all READY in {time.monotonic() - started:.1f} s; {server.memory()}",
                flush=True,
            )
            print(f"serve: {server.inference_url}/predictions/tts  (Ctrl-C stops)", flush=True)
            while server.is_running() and not signals.wanted.wait(1.0):
                pass
            if not server.is_running():
                print(f"serve: TorchServe ended by itself. {server.log_tail()}", file=sys.stderr)
                return 1
            print(f"serve: draining, {drain_s:.0f} s at most (again: at once)", flush=True)
            server.drain(drain_s, signals.hurry)
        finally:
            server.stop(drain_s=0)
            print("serve: stopped", flush=True)
    return 0


@contextlib.contextmanager
def handled(signals: Signals) -> Iterator[None]:
    """Have SIGINT and SIGTERM counted while the block runs."""
    former = {
        number: signal.signal(number, signals.note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def stop_recorded(path: Path) -> str:
    """Stop the server that a record names, if these are still the same processes.

    Returns:
        What was done, for a person.

    Raises:
        ConfigurationError: If the server does not end in time.
    """
    record = read_record(path)
    if record is None:
        return "nothing of ours is running on that port"
    supervisor = same_process(record.supervisor, record.supervisor_started)
    if supervisor is not None:
        supervisor.terminate()
        try:
            supervisor.wait(DRAIN_S + STOP_DEADLINE_S)
        except psutil.TimeoutExpired as error:
            raise ConfigurationError(
                f"process {supervisor.pid} does not end; kill it: kill -9 {supervisor.pid}, then make stop"
            ) from error
        return f"stopped what was served on port {record.port}"
    stop_left_behind(path.parent)
    server = same_process(record.server, record.server_started)
    if server is not None:
        stop_group_of(server.pid)
    shutil.rmtree(record.temporary, ignore_errors=True)
    path.unlink(missing_ok=True)
    return (
        "nothing of ours is running on that port"
        if server is None
        else "stopped a server left behind"
    )


if __name__ == "__main__":
    sys.exit(main())
