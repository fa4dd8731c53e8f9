"""The edge: nginx in front of TorchServe, from the templates in ``config/edge``.

``python -m scripts.edge`` prints the configuration that the environment gives, checked by ``nginx -t``.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import math
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import jinja2
import psutil

from f5serve.errors import ConfigurationError
from scripts.keys import read_keys
from scripts.pod import PodSettings, read_pod
from scripts.ports import require_port_free

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "config" / "edge"
TEMPLATE: Final = "nginx.conf.j2"
MODULES: Final = Path("/usr/lib/nginx/modules")
JAVASCRIPT: Final = "ngx_http_js_module.so"
REMEDY: Final = "install nginx and its JavaScript module: make tools, or apt-get install nginx libnginx-mod-http-js"
BASE: Final = "/predictions/tts/1.0"
PAGES: Final[Mapping[str, str]] = {
    "/v1/models": f"{BASE}/v1/models",
    "/v1/audio/voices": f"{BASE}/v1/audio/voices",
    **{
        f"{BASE}/{page}": f"{BASE}/{page}"
        for page in (
            "playground",
            "status",
            "openapi.yaml",
            "reference",
            "v1/models",
            "v1/audio/voices",
        )
    },
}
"""Paths that are only read, and what TorchServe calls them."""
PROBLEMS: Final = (400, 401, 404, 405, 408, 411, 413, 414, 429, 431, 500, 501, 503, 504)
"""Statuses of nginx's own refusals; config/edge/edge.js has their words."""
DRAINING: Final = "draining"
STANDARD_OUTPUT: Final = "/dev/stdout"
OPEN_FILES: Final = 16_384
CHECK_DEADLINE_S: Final = 30.0
START_DEADLINE_S: Final = 10.0
METRICS_REMEDY: Final = "EDGE=1, with F5SERVE_METRICS_PORT=9002"
UNQUOTABLE: Final = frozenset('"\\$;{}\n\r')
KILL_DEADLINE_S: Final = 5.0


def render(settings: PodSettings) -> str:
    """Answer nginx's configuration.

    Raises:
        ConfigurationError: If the keys or the properties of TorchServe cannot be read.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SOURCES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  # no HTML; every value is checked by PodSettings or read_keys
        keep_trailing_newline=True,
    )
    if UNQUOTABLE & set(f"{ROOT}{settings.folder}"):
        raise ConfigurationError(
            f"{ROOT}: nginx cannot read a path with one of {' '.join(sorted(UNQUOTABLE)).strip()}"
        )
    open_files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], OPEN_FILES)
    if open_files <= 0:
        open_files = OPEN_FILES
    keys = settings.keys_path
    return environment.get_template(TEMPLATE).render(
        modules=MODULES,
        user=getpass.getuser() if os.geteuid() == 0 else None,
        workers=2,
        open_files=open_files,
        # A request in flight holds two: the client's and TorchServe's.
        connections_per_worker=min(4096, open_files // 2),
        folder=edge_folder(settings),
        sources=SOURCES,
        role=settings.role,
        address=settings.address,
        port=settings.edge_port,
        tls_port=settings.tls_port,
        metrics_port=settings.metrics_port,
        control_port=settings.control_port,
        inference_port=settings.torchserve_port,
        tls={"cert": absolute(settings.tls_cert), "key": absolute(settings.tls_key)}
        if settings.tls_cert and settings.tls_key
        else None,
        keys=read_keys(keys) if keys else (),
        keys_required=keys is not None,
        rate=rate_of(settings.requests_per_s),
        burst=max(1, math.ceil(2 * settings.requests_per_s)),
        connections=settings.requests_in_flight,
        trusted_proxies=settings.proxies,
        access_log=settings.access_log
        if settings.access_log.startswith("/")
        else absolute(settings.access_log),
        header_timeout_s=settings.header_timeout_s,
        body_timeout_s=settings.body_timeout_s,
        max_body_bytes=max_body_bytes(),
        problems=PROBLEMS,
        pages=PAGES,
    )


def absolute(path: str | None) -> Path | None:
    """Answer a path of the settings from the repository's root on."""
    return None if path is None else (ROOT / path).absolute()


def edge_folder(settings: PodSettings) -> Path:
    """Answer where nginx keeps what it writes."""
    return settings.folder / "edge"


def rate_of(requests_per_s: float) -> str | None:
    """Answer a rate as nginx takes it, in whole numbers: a slow or broken one by the minute."""
    if requests_per_s == 0:
        return None
    if requests_per_s == int(requests_per_s):
        return f"{int(requests_per_s)}r/s"
    return f"{max(1, round(requests_per_s * 60))}r/m"


def max_body_bytes() -> int:
    """Answer the largest body that TorchServe takes, so that both refuse the same."""
    for line in (ROOT / "config" / "config.properties").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name == "max_request_size":
            return int(value)
    raise ConfigurationError("config/config.properties does not say max_request_size")


def find_nginx() -> Path:
    """Answer the program.

    Raises:
        ConfigurationError: If it or its JavaScript module is not installed.
    """
    # Debian keeps it where only root's PATH looks.
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ConfigurationError(f"nginx is not installed; {REMEDY}")
    if not (MODULES / JAVASCRIPT).is_file():
        raise ConfigurationError(f"{MODULES / JAVASCRIPT} is missing; {REMEDY}")
    return Path(found)


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

    def start(self) -> None:
        """Start nginx and wait until it listens.

        Raises:
            ConfigurationError: If it is not installed, a port is taken or its configuration is refused.
        """
        nginx = find_nginx()
        host = self._settings.address.strip("[]")
        require_port_free("edge", self.port, host, "EDGE_PORT=9000")
        require_port_free("metrics of the edge", self._settings.metrics_port, host, METRICS_REMEDY)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / DRAINING).unlink(missing_ok=True)
        log = Path(ROOT / self._settings.access_log)
        if log.parent != Path("/dev"):
            log.parent.mkdir(parents=True, exist_ok=True)
        self._seen = self._fingerprint()
        self._write(render(self._settings))
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
                raise ConfigurationError("nginx did not start; its last lines tell why")
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Answer whether nginx lives."""
        return self._process is not None and self._process.poll() is None

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
            self._write(render(self._settings))
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

        Args:
            deadline_s: How long to wait at most.
            hurry: Asked between two looks; true ends the waiting.

        Returns:
            Whether everything was answered.
        """
        if self._process is None:
            return True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGQUIT)
        end = time.monotonic() + deadline_s
        while self.is_running():
            if hurry() or time.monotonic() > end:
                return False
            time.sleep(0.05)
        # Killed, or ended by an error of its own, it has left requests behind.
        return self._process.returncode == 0

    def stop(self) -> None:
        """End nginx at once."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(KILL_DEADLINE_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        copier, self._copier = self._copier, None
        if copier is not None:
            copier.communicate()
        (self._folder / DRAINING).unlink(missing_ok=True)

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


def write_private(path: Path, text: str) -> None:
    """Write a file anew that nobody else can read: hashes of keys are in it."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def listens(address: str, port: int) -> bool:
    """Answer whether a port takes connections."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  # a comparison
    with contextlib.suppress(OSError), socket.create_connection((here, port), timeout=1.0):
        return True
    return False


def stop_left_behind(folder: Path) -> None:
    """End an nginx whose supervisor was killed.

    Args:
        folder: The run folder that it was started with.
    """
    config = folder / "edge" / "nginx.conf"
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        master = psutil.Process(int((folder / "edge" / "nginx.pid").read_text(encoding="ascii")))
        if str(config) in " ".join(master.cmdline()):
            master.terminate()
            master.wait(KILL_DEADLINE_S)


def check(config: Path, folder: Path) -> None:
    """Have nginx read a configuration.

    Raises:
        ConfigurationError: If it refuses it; with what it says.
    """
    try:
        done = subprocess.run(
            [str(find_nginx()), "-t", "-q", "-e", "stderr", "-p", str(folder), "-c", str(config)],
            capture_output=True,
            text=True,
            timeout=CHECK_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"nginx does not answer within {CHECK_DEADLINE_S:.0f} s"
        ) from error
    if done.returncode != 0:
        raise ConfigurationError(f"nginx refuses its configuration: {done.stderr.strip()}")


def main() -> int:
    """Print the configuration.

    Returns:
        0, or 1 after a message on standard error.
    """
    try:
        settings = read_pod(os.environ)
        text = render(settings)
        folder = edge_folder(settings)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "nginx.conf.checked"
        write_private(path, text)
        try:
            check(path, folder)
        finally:
            path.unlink(missing_ok=True)
    except ConfigurationError as error:
        print(f"edge: {error}", file=sys.stderr)
        return 1
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
