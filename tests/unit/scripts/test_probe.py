"""What the supervisor asks over HTTP, and what it answers."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
import yaml

from scripts.management import ModelState
from scripts.probe import HttpProbe, control_server, torchserve_metrics, warm_up_texts
from scripts.readiness import Hosted, Monitor

TIMEOUT_S = 20.0


@contextlib.contextmanager
def answering(answers: Mapping[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve some paths; anything else is 404. Answers the address and the bodies that came."""
    bodies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the base class's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # likewise
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def probe(url: str, texts: dict[str, str] | None = None) -> HttpProbe:
    return HttpProbe(url, url, texts or {})


@pytest.mark.parametrize(
    ("answers", "is_reachable"),
    [
        ({"/readyz": (200, b"")}, True),
        ({"/readyz": (503, b""), "/ping": (200, b"")}, False),
        ({"/ping": (200, b"")}, True),
        ({"/ping": (500, b"")}, False),
        ({}, False),
    ],
)
def test_another_pod_is_reachable_when_it_says_that_it_is_ready(
    answers: dict[str, tuple[int, bytes]], is_reachable: bool
) -> None:
    with answering(answers) as (url, _):
        assert probe(url).reachable(url) is is_reachable


def test_a_pod_that_does_not_answer_is_not_reachable_and_not_healthy() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    assert probe(url).reachable(url) is False
    assert probe(url).healthy() is None
    assert probe(url).describe("f5_fr") is None
    assert "failed" in str(probe(url).warm_up("f5_fr"))
    assert torchserve_metrics(f"{url}/metrics") == b""


@pytest.mark.parametrize(("status", "is_healthy"), [(200, True), (500, False)])
def test_health_is_what_torchserve_says(status: int, is_healthy: bool) -> None:
    with answering({"/ping": (status, b"")}) as (url, _):
        assert probe(url).healthy() is is_healthy


def test_a_language_model_warms_up_by_speaking_and_the_router_by_its_status() -> None:
    answers = {
        "/predictions/f5_fr": (200, b"RIFF"),
        "/predictions/tts/1.0/status": (200, b"{}"),
        "/predictions/f5_es": (500, b"no voice"),
    }
    with answering(answers) as (url, bodies):
        asked = probe(url, {"f5_fr": "Bonjour.", "f5_es": "Hola."})

        assert asked.warm_up("f5_fr") is None
        assert json.loads(bodies[0])["text"] == "Bonjour."
        assert asked.warm_up("tts") is None
        assert asked.warm_up("f5_mute") is None, (
            "its worker answered, if only that there is no such page"
        )
        assert asked.warm_up("f5_es") == "the warm-up was answered 500: no voice"


def test_what_a_model_says_to_warm_up_is_in_its_archive(tmp_path: Path) -> None:
    voices = [
        {"name": "a", "language": "en", "transcript": "Hello."},
        {"name": "b", "language": "fr", "transcript": "Bonjour."},
    ]
    sections = {
        "f5_fr": {"model": "f5_fr", "languages": ["fr"], "voices": voices},
        "f5_xx": {"model": "f5_xx", "languages": ["xx"], "voices": voices},
        "tts": {"backends": [], "voices": voices},
    }
    archives = []
    for name, section in sections.items():
        archives.append(tmp_path / f"{name}.mar")
        with zipfile.ZipFile(archives[-1], "w") as content:
            content.writestr("model-config.yaml", yaml.safe_dump({"handler": section}))

    assert warm_up_texts(archives) == {"f5_fr": "Bonjour."}


class Unready:
    """A probe that finds one model without workers."""

    def describe(self, model: str) -> ModelState | None:
        return ModelState(name=model, min_workers=1, ready_workers=0, pending_requests=5, pids=())

    def warm_up(self, model: str) -> str | None:
        return None

    def healthy(self) -> bool | None:
        return True

    def reachable(self, backend: str) -> bool:
        return False


def test_the_supervisor_answers_probes_and_the_collector() -> None:
    monitor = Monitor(Unready(), Hosted(served=("f5_fr",), broken={"f5_es": "truncated"}))
    monitor.look()
    port = free_port()
    with (
        answering({"/metrics": (200, b"ts_inference_requests_total 1.0\n")}) as (url, _),
        control_server(port, monitor, f"{url}/metrics", lambda: True, lambda: 3),
    ):
        here = f"http://127.0.0.1:{port}"
        alive, ready, metrics, nothing = (
            requests.get(f"{here}{path}", timeout=TIMEOUT_S)
            for path in ("/healthz", "/readyz?x=1", "/metrics", "/models")
        )

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert ready.status_code == 503
    assert ready.json() == {
        "status": "not ready",
        "models": {
            "f5_es": {"state": "broken", "reason": "truncated"},
            "f5_fr": {"state": "loading", "reason": "0 of 1 workers are ready"},
        },
    }
    for line in (
        "f5serve_pod_ready 0.0",
        "f5serve_pod_alive 1.0",
        "f5serve_edge_config_refused 1.0",
        "f5serve_sessions 3.0",
        'f5serve_model_ready{model="f5_fr"} 0.0',
        'f5serve_model_waiting_requests{model="f5_fr"} 5.0',
        "ts_inference_requests_total 1.0",
    ):
        assert line in metrics.text.splitlines()
    assert nothing.status_code == 404
