"""The health check of a container engine asks the edge where it listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from scripts.health import address, main


class Edge(BaseHTTPRequestHandler):
    status = HTTPStatus.OK

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Edge]]:
    class Own(Edge):
        pass

    with HTTPServer(("127.0.0.1", 0), Own) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("F5SERVE_EDGE_PORT", str(server.server_port))
        monkeypatch.delenv("F5SERVE_TLS_CERT", raising=False)
        yield Own
        server.shutdown()
        thread.join()


def test_a_healthy_edge_is_healthy(edge: type[Edge]) -> None:
    assert main() == 0


def test_an_edge_that_gave_up_is_not(edge: type[Edge], capsys: pytest.CaptureFixture[str]) -> None:
    edge.status = HTTPStatus.SERVICE_UNAVAILABLE

    assert main() == 1
    assert "answers 503" in capsys.readouterr().err


def test_nobody_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5SERVE_EDGE_PORT", "1")

    assert main() == 1


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "http://127.0.0.1:8000/healthz"),
        ({"F5SERVE_EDGE_PORT": "9000", "F5SERVE_TLS_CERT": ""}, "http://127.0.0.1:9000/healthz"),
        ({"F5SERVE_TLS_CERT": "/c"}, "https://127.0.0.1:8443/healthz"),
        ({"F5SERVE_TLS_CERT": "/c", "F5SERVE_TLS_PORT": "443"}, "https://127.0.0.1:443/healthz"),
    ],
)
def test_it_asks_where_the_edge_listens(variables: dict[str, str], url: str) -> None:
    assert address(variables) == url
