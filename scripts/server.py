"""One TorchServe with its workers, as a process group that is started, watched and stopped.

The Java process is started directly: the ``torchserve`` command keeps one pid file for each machine and
passes no signals on.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from f5serve.errors import ConfigurationError
from scripts.guards import held
from scripts.java import find_java
from scripts.launch import (
    ServerOptions,
    child_environment,
    command_line,
    make_temporary,
    served_models,
    stop_group,
    write_properties,
)
from scripts.management import describe_all
from scripts.ports import Ports
from scripts.running import guard_path, record_path, remove_own_record, write_record
from scripts.workers import look, require_scalable

LOGS: Final = Path(__file__).resolve().parent.parent / "logs"
READY_DEADLINE_S: Final = 300.0
POLL_S: Final = 0.5
QUIET_S: Final = 0.5
FAILED_LOADS: Final = 2
LOG_LINES_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of a server with all its workers.

    Attributes:
        processes: How many there are.
        rss_bytes: Sum of resident memory; pages that processes share count more than once.
        pss_bytes: The same with shared pages counted once.
    """

    processes: int
    rss_bytes: int
    pss_bytes: int

    def __str__(self) -> str:
        return (
            f"RSS {self.rss_bytes / 1e6:.0f} MB, PSS {self.pss_bytes / 1e6:.0f} MB"
            f" in {self.processes} processes"
        )


class TorchServe:
    """A running TorchServe; as a context manager it is ready on entry and gone on exit.

    Args:
        options: How to start it.
        tell: Gets a line for each step of the start.
    """

    def __init__(
        self, options: ServerOptions, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.options = options
        ports = options.ports
        self.inference_url = f"http://127.0.0.1:{ports.inference}"
        self.management_url = f"http://127.0.0.1:{ports.management}"
        self.metrics_url = f"http://127.0.0.1:{ports.metrics}"
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary: Path | None = None
        self._log_start: dict[Path, int] = {}
        self._guards = contextlib.ExitStack()

    @classmethod
    def for_store(
        cls,
        store: Path,
        *,
        port: int = 8080,
        logs: Path | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Answer a server, not yet started, for everything that a store was packaged for.

        Args:
            store: The model store.
            port: Inference port; the others follow from it.
            logs: Folder for log files; ``logs/<port>`` without it.
            tell: Gets a line for each step of the start.

        Raises:
            ConfigurationError: If the store holds no router, or the port is out of range.
        """
        options = ServerOptions(
            store=store,
            models=served_models(store),
            ports=Ports.from_base(port),
            logs=LOGS / str(port) if logs is None else logs,
            record=record_path(port),
        )
        return cls(options, tell)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop(drain_s=0)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(drain_s=0)

    @property
    def pid(self) -> int:
        """Process id of the Java process, which leads the process group."""
        return self._running().pid

    @property
    def temporary(self) -> Path | None:
        """The folder for everything temporary of server and workers; None while it does not run."""
        return self._temporary

    def start(self) -> None:
        """Start the server; it is not ready yet.

        Raises:
            ConfigurationError: If an archive, Java, disk or a port is missing, a model has to have one worker, or
                another server is starting there.
        """
        options = self.options
        archives = options.archives()
        require_scalable(archives, options.workers)
        self._require_alone()
        options.ports.require_free()
        java = find_java()
        options.logs.mkdir(parents=True, exist_ok=True)
        self._temporary = make_temporary(
            sum(archive.stat().st_size for archive in archives), options.temporary
        )
        properties = write_properties(options, self._temporary)
        self._log_start = {path: path.stat().st_size for path in options.logs.glob("*.log")}
        with (options.logs / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                command_line(java, properties, options, self._temporary),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self._temporary,
                env=child_environment(options, self._temporary),
                start_new_session=True,
            )
        if options.record is not None:
            write_record(
                options.record,
                self._process.pid,
                options.ports.inference,
                self._temporary,
                options.drain_s,
            )

    def wait_ready(
        self,
        deadline_s: float = READY_DEADLINE_S,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait until every model has all of its workers; those that ``options`` want are asked for.

        Args:
            deadline_s: How long to wait at most.
            interrupted: Asked between two looks; true ends the waiting.

        Raises:
            ConfigurationError: If the server ends or refuses workers, a model fails to load, or the deadline
                passes; with the end of the log that tells why.
        """
        started = time.monotonic()
        waiting = list(self.options.models)
        while waiting and not interrupted():
            for name in list(waiting):
                state = look(self.management_url, name, self.options.workers)
                if state is not None and state.refusal:
                    raise ConfigurationError(f"{state.refusal}. {self.log_tail()}")
                if state is not None and state.is_ready:
                    waiting.remove(name)
                    count = len(self.options.models) - len(waiting)
                    seconds = time.monotonic() - started
                    self._tell(
                        f"{name} ready ({count} of {len(self.options.models)}, {seconds:.1f} s)"
                    )
            self._require_running()
            self._require_loading(waiting)
            if waiting and time.monotonic() - started > deadline_s:
                raise ConfigurationError(
                    f"not ready after {deadline_s:.0f} s: {', '.join(waiting)}. {self.log_tail(waiting[0])}"
                )
            if waiting:
                time.sleep(POLL_S)

    def is_running(self) -> bool:
        """Answer whether the Java process lives."""
        return self._process is not None and self._process.poll() is None

    def drain(self, deadline_s: float, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Wait until nothing waits in a queue and no worker computes.

        TorchServe tells how many requests wait, not how many are worked on: of these, the processor
        time of the workers tells.

        Args:
            deadline_s: How long to wait at most.
            hurry: Asked between two looks; true ends the waiting.

        Returns:
            Whether the server came to rest.
        """
        end = time.monotonic() + deadline_s
        while time.monotonic() < end and self.is_running() and not hurry():
            states = describe_all(self.management_url, self.options.models).values()
            before = self._worker_seconds()
            time.sleep(QUIET_S)
            idle = self._worker_seconds() - before < QUIET_S / 10
            if idle and not any(state.pending_requests for state in states):
                return True
        return False

    def stop(self, drain_s: float = 30.0, hurry: Callable[[], bool] = lambda: False) -> None:
        """Let work end, then stop every process of the server; none is left afterwards.

        Args:
            drain_s: How long work may take to end; 0 stops at once.
            hurry: As for ``drain``.
        """
        process, self._process = self._process, None
        if process is not None:
            if drain_s > 0 and process.poll() is None:
                self._process = process
                self.drain(drain_s, hurry)
                self._process = None
            stop_group(process)
            if self.options.record is not None:
                remove_own_record(self.options.record)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
        self._guards.close()

    def processes(self) -> list[psutil.Process]:
        """Answer the Java process and all its workers."""
        try:
            parent = psutil.Process(self._running().pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.Error:
            return []

    def memory(self) -> Memory:
        """Measure the memory of server and workers."""
        return memory_of(self.processes())

    def logs(self) -> str:
        """Answer everything that this server has logged since its start."""
        return "\n".join(f"== {path.name}\n{text}" for path, text in self._log_texts())

    def log_tail(self, model: str | None = None) -> str:
        """Answer the last log lines of one model, or of the server where the model has none."""
        lines = [
            line
            for path, text in self._log_texts()
            for line in text.splitlines()
            if model is not None
            and path.name == "model_log.log"
            and (f"-{model}_" in line or f'"worker":"{model}"' in line)
        ]
        if not lines:
            lines = [line for _, text in self._log_texts() for line in text.splitlines()]
        shown = "\n  ".join(_words_of(line)[:300] for line in lines[-LOG_LINES_SHOWN:])
        return f"The log in {self.options.logs} ends:\n  {shown}"

    def _log_texts(self) -> Iterator[tuple[Path, str]]:
        for path in sorted(self.options.logs.glob("*.log")):
            with path.open("rb") as file:
                file.seek(self._log_start.get(path, 0))
                yield path, file.read().decode(errors="replace")

    def _require_alone(self) -> None:
        """Hold the port's record: of two that start at once, each would find the ports free."""
        record, port = self.options.record, self.options.ports.inference
        if record is not None and not self._guards.enter_context(held(guard_path(record))):
            raise ConfigurationError(
                f"port {port} is that of a server of ours which runs or is starting. Stop it (make stop PORT={port}),"
                " or serve elsewhere: make serve PORT=9080"
            )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ConfigurationError("the server is not running; start it first")
        return self._process

    def _require_running(self) -> None:
        if not self.is_running():
            raise ConfigurationError(f"TorchServe ended by itself. {self.log_tail()}")

    def _require_loading(self, waiting: Sequence[str]) -> None:
        log = dict(self._log_texts()).get(self.options.logs / "ts_log.log", "")
        for name in waiting:
            retried = re.findall(
                rf'"thread":"W-(\d+)-{name}_[^"]*","logger":"[^"]*","message":"Retry worker:', log
            )
            if max(Counter(retried).values(), default=0) >= FAILED_LOADS:
                raise ConfigurationError(f"the model {name} does not load. {self.log_tail(name)}")

    def _worker_seconds(self) -> float:
        total = 0.0
        for process in self.processes()[1:]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total


def _words_of(line: str) -> str:
    """Answer what a line of a log says, for a person to read."""
    try:
        told = json.loads(line)
        words = [told["message"], told.get("error"), told.get("error_detail")]
    except (ValueError, KeyError, TypeError):
        return line
    return " ".join(str(word) for word in words if word)


def memory_of(processes: Iterable[psutil.Process]) -> Memory:
    """Measure processes; those that end meanwhile, or belong to another user, are left out."""
    count = rss = pss = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            told = process.memory_full_info()
            count, rss, pss = count + 1, rss + told.rss, pss + getattr(told, "pss", told.rss)
    return Memory(processes=count, rss_bytes=rss, pss_bytes=pss)
