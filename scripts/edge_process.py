"""One nginx as the edge: started, told of new keys, drained, stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from f5serve.errors import ConfigurationError
from scripts.departures import DepartureBook
from scripts.edge import (
    ROOT,
    absolute,
    check,
    departures_folder,
    edge_folder,
    find_nginx,
    render,
    write_private,
)
from scripts.guards import held
from scripts.pod import PodSettings
from scripts.ports import require_port_free
from scripts.sessions.server import SessionServer

DRAINING: Final = "draining"
STANDARD_OUTPUT: Final = "/dev/stdout"
START_DEADLINE_S: Final = 10.0
KILL_DEADLINE_S: Final = 5.0
POD_LOCK: Final = "pod.lock"
PORT_REMEDY: Final = "EDGE=1 EDGE_PORT=8100"
TLS_REMEDY: Final = "EDGE=1, with F5SERVE_TLS_PORT=9443"
METRICS_REMEDY: Final = "EDGE=1, with F5SERVE_METRICS_PORT=9002"


class Edge:
    """One nginx, started, watched, drained and stopped.

    Args:
        settings: Of the pod.
        tell: Gets a line for each step.
    """

    def __init__(self, settings: PodSettings, tell: Callable[[str], None] = lambda _: None) -> None:
        self._settings = settings
        self._tell = tell
        self._folder = edge_folder(settings)
        self._config = self._folder / "nginx.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self._copier: subprocess.Popen[bytes] | None = None
        self._seen = ""
        self._departures = DepartureBook(departures_folder(settings))
        self._departures_port: int | None = None
        self._sessions: SessionServer | None = None
        self._sessions_port: int | None = None

    @property
    def pid(self) -> int:
        """Process id of nginx's master.

        Raises:
            ConfigurationError: If it is not running.
        """
        if self._process is None:
            raise ConfigurationError("the edge is not running; start it first")
        return self._process.pid

    @property
    def port(self) -> int:
        """Where callers come in."""
        return self._settings.tls_port if self._settings.tls_cert else self._settings.edge_port

    def sessions(self) -> int:
        """Answer how many sessions there are (``scripts.sessions``)."""
        return 0 if self._sessions is None else self._sessions.sessions

    def start(self) -> None:
        """Start nginx and wait until it listens.

        Raises:
            ConfigurationError: If it is not installed, a port is taken or its configuration is refused.
        """
        nginx = find_nginx()
        host = self._settings.address.strip("[]")
        remedy = TLS_REMEDY if self._settings.tls_cert else PORT_REMEDY
        require_port_free("edge", self.port, host, remedy)
        metrics_host = (self._settings.metrics_address or self._settings.address).strip("[]")
        require_port_free(
            "metrics of the edge", self._settings.metrics_port, metrics_host, METRICS_REMEDY
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / DRAINING).unlink(missing_ok=True)
        log = Path(ROOT / self._settings.access_log)
        if log.parent != Path("/dev"):
            log.parent.mkdir(parents=True, exist_ok=True)
        self._seen = self._fingerprint()
        self._departures_port = self._departures.start()
        if self._settings.role != "shard":
            self._sessions = SessionServer(
                f"http://127.0.0.1:{self._settings.torchserve_port}", self._departures_port
            )
            self._sessions_port = self._sessions.start()
        self._write(self._rendered())
        self._process = subprocess.Popen(
            [str(nginx), "-e", "stderr", "-p", str(self._folder), "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=self._log_pipe(),
            # A signal to the supervisor's group, as tini -g sends it, must not reach nginx: it would drop
            # what is in flight.
            start_new_session=True,
        )
        end = time.monotonic() + START_DEADLINE_S
        while not listens(self._settings.address.strip("[]"), self.port):
            if not self.is_running() or time.monotonic() > end:
                raise ConfigurationError("the edge did not start; its last lines tell why")
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Answer whether nginx lives, and what takes the sessions."""
        sessions_taken = self._sessions is None or self._sessions.is_running()
        return self._process is not None and self._process.poll() is None and sessions_taken

    def reload_if_changed(self) -> bool | None:
        """Take up keys or certificates that have changed, without dropping a request.

        Returns:
            True if they were taken up, False if they were refused and the former stay in use, None where
            nothing has changed.
        """
        seen = self._fingerprint()
        if seen == self._seen:
            return None
        return self.reload()

    def reload(self) -> bool:
        """Take up keys and certificates as they are now.

        Returns:
            Whether they were; if not, the former stay in use and a line says why.
        """
        self._seen = self._fingerprint()
        try:
            self._write(self._rendered())
        except ConfigurationError as error:
            self._tell(f"the edge keeps its keys and certificates: {error}")
            return False
        os.kill(self.pid, signal.SIGHUP)
        self._tell("the edge took up changed keys or certificates")
        return True

    def announce_end(self) -> None:
        """Have every answer from now on end its connection; requests are still taken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / DRAINING).touch()

    def drain(self, deadline_s: float, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Refuse new connections and wait until all that was taken up is answered.

        A session is answered when what it was sent is spoken.

        Args:
            deadline_s: How long to wait at most.
            hurry: Asked between two looks; true ends the waiting.

        Returns:
            Whether everything was answered.
        """
        if self._process is None:
            return True
        if self._sessions is not None:
            self._sessions.drain()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGQUIT)
        end = time.monotonic() + deadline_s
        while self._process.poll() is None:
            if hurry() or time.monotonic() > end:
                return False
            time.sleep(0.05)
        # Killed, or ended by an error of its own, it has left requests behind.
        return self._process.returncode == 0

    def stop(self) -> None:
        """End nginx at once; none of its processes is left."""
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(KILL_DEADLINE_S)
            # Workers whose master was killed would go on listening.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        copier, self._copier = self._copier, None
        if copier is not None:
            copier.communicate()
        if self._sessions is not None:
            self._sessions.stop()
        self._departures.stop()
        (self._folder / DRAINING).unlink(missing_ok=True)

    def _rendered(self) -> str:
        return render(self._settings, self._departures_port, self._sessions_port)

    def _log_pipe(self) -> int | None:
        """Answer a standard output for nginx that it can open by its name; None if ours will do.

        The name leads to a file that another user may own, or to a socket, which cannot be opened. Then a
        program passes the lines on, so that nothing of ours can hold them up.
        """
        if self._settings.access_log != STANDARD_OUTPUT or can_open(STANDARD_OUTPUT):
            return None
        self._copier = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
        assert self._copier.stdin is not None  # noqa: S101  # as asked for
        return self._copier.stdin.fileno()

    def _write(self, text: str) -> None:
        """Put a configuration into place that nginx has found good; the former stays if it has not.

        Raises:
            ConfigurationError: If nginx refuses it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / "nginx.conf.new"
        write_private(partial, text)
        check(partial, self._folder)
        partial.replace(self._config)

    def _fingerprint(self) -> str:
        """Answer a digest of the files that may change; secrets of Kubernetes change by their links."""
        seen = hashlib.sha256()
        settings = self._settings
        for path in (settings.keys_path, absolute(settings.tls_cert), absolute(settings.tls_key)):
            with contextlib.suppress(OSError):
                seen.update(path.read_bytes() if path else b"")
            seen.update(b"\0")
        return seen.hexdigest()


def can_open(path: str) -> bool:
    """Answer whether a file can be opened to be added to."""
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        return True
    return False


def listens(address: str, port: int) -> bool:
    """Answer whether a port takes connections."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  # a comparison
    with contextlib.suppress(OSError), socket.create_connection((here, port), timeout=1.0):
        return True
    return False


def stop_left_behind(folder: Path) -> None:
    """End an nginx whose supervisor was killed, not that of a pod that lives: it holds the folder.

    Args:
        folder: The run folder that it was started with.
    """
    config = folder / "edge" / "nginx.conf"
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        master = psutil.Process(int((folder / "edge" / "nginx.pid").read_text(encoding="ascii")))
        with held(folder / POD_LOCK) as is_nobodys:
            if is_nobodys and str(config) in " ".join(master.cmdline()):
                master.terminate()
                master.wait(KILL_DEADLINE_S)
