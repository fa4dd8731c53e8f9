"""Asks the edge of this container whether it lives; for the health check of a container engine.

Kubernetes asks by itself (``/healthz``, ``/readyz``). Exit status 0 says yes, 1 no.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import urllib3

TIMEOUT_S: Final = 4.0


def main() -> int:
    """Ask once.

    Returns:
        0 if the edge answers that all is well, else 1 after a message on standard error.
    """
    url = address(os.environ)
    try:
        # The certificate is for the outside's name, and this never leaves the container.
        with urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False, timeout=TIMEOUT_S) as pool:
            status = pool.request("GET", url).status
    except urllib3.exceptions.HTTPError as error:
        print(f"health: {url}: {error}", file=sys.stderr)
        return 1
    if status != HTTPStatus.OK:
        print(f"health: {url} answers {status}", file=sys.stderr)
    return 0 if status == HTTPStatus.OK else 1


def address(environment: Mapping[str, str]) -> str:
    """Answer where the edge can be asked, by the variables that it was started with."""
    if environment.get("F5SERVE_TLS_CERT"):
        return f"https://127.0.0.1:{environment.get('F5SERVE_TLS_PORT') or 8443}/healthz"
    return f"http://127.0.0.1:{environment.get('F5SERVE_EDGE_PORT') or 8000}/healthz"


if __name__ == "__main__":
    sys.exit(main())
