"""What must not be reachable is not."""

from __future__ import annotations

import psutil
import pytest
import requests

from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S

pytestmark = pytest.mark.server


def test_every_port_listens_on_loopback_only(server: Server) -> None:
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]

    listening = [
        connection.laddr
        for process in processes
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= 3
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_models_cannot_be_registered_or_removed(server: Server, method: str) -> None:
    path = "models?url=https://example.invalid/x.mar" if method == "POST" else "models/f5_fr"

    answer = requests.request(method, f"{server.management_url}/{path}", timeout=TIMEOUT_S)

    assert answer.status_code == 405


def test_a_workflow_from_anywhere_is_refused(server: Server) -> None:
    answer = requests.post(
        f"{server.management_url}/workflows?url=https://example.invalid/x.war", timeout=TIMEOUT_S
    )

    assert answer.status_code >= 400
    assert "does not match any allowed" in answer.text or answer.status_code == 405
