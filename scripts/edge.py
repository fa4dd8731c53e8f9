"""The edge: nginx in front of TorchServe, from the templates in ``config/edge``.

``PYTHONPATH=handlers:. .venv/bin/python -m scripts.edge`` prints the configuration that the environment
gives, checked by ``nginx -t``.
"""

from __future__ import annotations

import getpass
import math
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import jinja2

from f5serve.departures import CALLER_HEADER
from f5serve.errors import ConfigurationError
from scripts.departures import LINE
from scripts.keys import read_keys
from scripts.pod import PodSettings, read_pod

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "config" / "edge"
TEMPLATE: Final = "nginx.conf.j2"
MODULES: Final = Path("/usr/lib/nginx/modules")
JAVASCRIPT: Final = "ngx_http_js_module.so"
REMEDY: Final = "install nginx and its JavaScript module: make tools, or apt-get install nginx libnginx-mod-http-js"
BASE: Final = "/predictions/tts/1.0"
PAGES: Final[Mapping[str, str]] = {
    "/v1/models": f"{BASE}/v1/models",
    **{
        f"{BASE}/{page}": f"{BASE}/{page}"
        for page in (
            "playground",
            "status",
            "openapi.yaml",
            "reference",
            "v1/models",
        )
    },
}
"""Paths that are only read, and what TorchServe calls them."""
PROBLEMS: Final = (400, 401, 403, 404, 405, 408, 411, 413, 414, 426, 429, 431, 500, 501, 503, 504)
"""Statuses of nginx's own refusals; config/edge/edge.js has their words."""
OPEN_FILES: Final = 16_384
CHECK_DEADLINE_S: Final = 30.0
UNQUOTABLE: Final = frozenset('"\\$;{}\n\r')


def render(
    settings: PodSettings, departures_port: int | None = None, sessions_port: int | None = None
) -> str:
    """Answer nginx's configuration.

    Args:
        settings: Of the pod.
        departures_port: Where somebody listens for the callers who have gone (``scripts.departures``).
        sessions_port: Where somebody takes WebSockets (``scripts.sessions``).

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
        metrics_address=settings.metrics_address or settings.address,
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
        departures_port=departures_port,
        departures_line=LINE,
        sessions_port=sessions_port,
        caller_header=CALLER_HEADER,
        header_timeout_s=settings.header_timeout_s,
        body_timeout_s=settings.body_timeout_s,
        idle_timeout_s=settings.idle_timeout_s,
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


def departures_folder(settings: PodSettings) -> Path:
    """Answer where workers find who has gone."""
    return edge_folder(settings) / "gone"


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


def write_private(path: Path, text: str) -> None:
    """Write a file anew that nobody else can read: hashes of keys are in it."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


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
    except (ConfigurationError, OSError) as error:
        print(f"edge: {error}", file=sys.stderr)
        return 1
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
