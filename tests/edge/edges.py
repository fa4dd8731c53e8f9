"""Real nginx processes in front of a stand-in, and raw connections to them."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from scripts.edge_process import Edge
from scripts.pod import PodSettings
from tests.edge.stand_in import Backend, free_port

TIMEOUT_S = 20.0


@dataclass
class RunningEdge:
    """An edge that runs.

    Attributes:
        edge: The process.
        settings: What it was told.
        backend: What is behind it.
        lines: What it told about its steps.
    """

    edge: Edge
    settings: PodSettings
    backend: Backend
    lines: list[str]

    @property
    def url(self) -> str:
        """Where to ask."""
        scheme = "https" if self.settings.tls_cert else "http"
        return f"{scheme}://127.0.0.1:{self.edge.port}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, on a connection of its own, whose path is left as it is."""
        prepared = requests.Request(method, f"{self.url}/", **options).prepare()
        prepared.url = f"{self.url}{path}"
        with requests.Session() as session:
            session.trust_env = False
            return session.send(prepared, timeout=TIMEOUT_S)

    def speak(self, text: str, **options: Any) -> requests.Response:
        """Ask for speech."""
        return self.ask("POST", "/predictions/tts", json={"text": text}, **options)

    def logged(self) -> list[dict[str, Any]]:
        """Answer the lines of the access log."""
        text = Path(self.settings.access_log).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def logged_of(self, answer: requests.Response) -> dict[str, Any]:
        """Answer the line of one request; it is written after the answer is sent."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            for line in self.logged():
                if line["request_id"] == answer.headers["X-Request-Id"]:
                    return line
            time.sleep(0.02)
        raise AssertionError("the request is not logged")


@contextlib.contextmanager
def running_edge(folder: Path, backend: Backend, **changes: Any) -> Iterator[RunningEdge]:
    """Run an edge on loopback until the block ends; without limits, if ``changes`` say none."""
    settings = PodSettings(
        **{
            "run": str(folder / "run"),
            "address": "127.0.0.1",
            "edge_port": free_port(),
            "tls_port": free_port(),
            "metrics_port": free_port(),
            "control_port": backend.port,
            "torchserve_port": backend.port,
            "access_log": str(folder / "access.log"),
            "rate": 0,
            "connections": 0,
            **changes,
        }
    )
    lines: list[str] = []
    edge = Edge(settings, lines.append)
    try:
        edge.start()
        yield RunningEdge(edge, settings, backend, lines)
    finally:
        edge.stop()


def raw(edge: RunningEdge, request: bytes, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Send bytes on a connection and answer all that comes until it is closed."""
    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=timeout_s) as connection:
        connection.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
        return received


def refused(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """Answer the problem document of a refusal."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


def leave_after(port: int, body: dict[str, Any], came: Callable[[], bool], **headers: str) -> None:
    """Ask for speech, and close the connection once something has happened."""
    sent = json.dumps(body).encode()
    lines = [
        "POST /predictions/tts HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(sent)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
        wait_for(came)


def wait_for(happened: Callable[[], bool], deadline_s: float = TIMEOUT_S) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + deadline_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)
