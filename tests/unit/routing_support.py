"""A stand-in for a language model's endpoint: a real HTTP server on loopback with scripted answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

import numpy as np
import urllib3

from f5serve.response import Answer
from f5serve.routing.answers import SpokenPiece
from f5serve.routing.backends import LanguageModels
from f5serve.routing.deadline import Deadline
from f5serve.settings import Backend, Limits, RouterSettings, Voice

Scripted = tuple[int, dict[str, str], bytes]


def speech(samples: int = 2400) -> Scripted:
    body = np.full(samples, 0.1, dtype="<f4").tobytes()
    return (
        200,
        {"X-Inference-Ms": "5.0", "X-Voice": "anna", "Content-Type": "application/octet-stream"},
        body,
    )


def noise(request: dict[str, Any]) -> Scripted:
    """Speech that differs from piece to piece, in length and loudness too."""
    random = np.random.default_rng(request["piece"])
    level = 0.02 * (1 + request["piece"] % 5)
    samples = random.normal(0.0, level, 24_000 + 1_000 * request["piece"]).astype("<f4")
    status, headers, _ = speech()
    return status, headers, samples.tobytes()


def problem(status: int, code: str, field_name: str | None = None) -> Scripted:
    document = {"status": status, "code": code, "detail": f"because of {code}", "field": field_name}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(document).encode()


def queue_full() -> Scripted:
    message = 'Model "f5_fr" has no worker to serve inference request.'
    document = {"code": 503, "type": "ServiceUnavailableException", "message": message}
    return 503, {"Content-Type": "application/json"}, json.dumps(document).encode()


def torchserve_error(status: int) -> Scripted:
    message = "Prediction failed" if status == 503 else "Worker died."
    document = {"code": status, "type": "InternalServerException", "message": message}
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


def model_not_found() -> Scripted:
    document = {
        "code": 404,
        "type": "ModelNotFoundException",
        "message": "Model not found: f5_fr",
    }
    return 404, {"Content-Type": "application/json"}, json.dumps(document).encode()


@dataclass
class FakeModel:
    """Answers by script; remembers what it was asked."""

    answer: Callable[[dict[str, Any]], Scripted | None]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    hosts: list[str | None] = field(default_factory=list)
    traces: list[dict[str, str]] = field(default_factory=list)
    callers: list[str | None] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


@contextmanager
def fake_model(
    answer: Callable[[dict[str, Any]], Scripted | None], address: str = "127.0.0.1", port: int = 0
) -> Iterator[FakeModel]:
    """Serve a model whose answers are ``answer(request)``; None breaks the connection."""
    model = FakeModel(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # As TorchServe does; else the body waits 40 ms for the caller to acknowledge the headers.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.requests.append(request)
            model.ids.append(self.headers.get("X-Request-Id"))
            model.hosts.append(self.headers.get("Host"))
            model.callers.append(self.headers.get("X-Caller"))
            model.ports.append(self.client_address[1])
            model.traces.append(
                {
                    name.lower(): value
                    for name, value in self.headers.items()
                    if name.lower() in {"traceparent", "tracestate", "baggage"}
                }
            )
            scripted = model.answer(request)
            if scripted is None:
                self.close_connection = True
                return
            status, headers, body = scripted
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    class Server(ThreadingHTTPServer):
        def server_bind(self) -> None:
            """Leave out the base class's question for this host's name: no name server may be there."""
            TCPServer.server_bind(self)

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller that has gone is what some tests are about; nothing to print."""

    server = Server((address, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    model.url = f"http://{address}:{server.server_address[1]}/predictions/f5_fr"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


FIELDS: Mapping[str, object] = {"text": "Bonjour.", "seed": 1, "ref_audio": b"RIFF"}


def ask(
    model: FakeModel | str | list[str],
    pool: urllib3.PoolManager,
    *,
    deadline_s: float = 5.0,
    patience_s: float = 0.5,
    deadline: Deadline | None = None,
    **options: Any,
) -> SpokenPiece:
    """Ask a model, or one that is served at several URLs."""
    told = model.url if isinstance(model, FakeModel) else model
    url, *more = [told] if isinstance(told, str) else told
    backend = Backend(
        model="f5_fr",
        url=url,
        more_urls=tuple(more),
        languages=("fr",),
        licence="MIT",
        commercial_use=True,
    )
    models = LanguageModels(
        pool, max_refused_s=patience_s, sleep=lambda _: time.sleep(0.01), **options
    )
    until = deadline or Deadline(deadline_s)
    return models.speak(backend, FIELDS, deadline=until, request_id="id-1")


def settings(url: str) -> RouterSettings:
    """Answer a router's settings: three models at one address."""

    def backend(model: str, *languages: str) -> Backend:
        return Backend(
            model=model,
            url=url,
            languages=languages,
            licence="MIT",
            commercial_use=True,
            max_piece_s=6.0,
        )

    return RouterSettings(
        backends=(backend("f5_en_zh", "en", "zh"), backend("f5_fr", "fr"), backend("f5_ru", "ru")),
        voices=(
            Voice(name="anna", language="en", file="a.wav", transcript="a", licence="MIT"),
            Voice(name="fleur", language="fr", file="f.wav", transcript="a", licence="MIT"),
        ),
        deadline_s=10.0,
        max_refused_s=0.1,
        limits=Limits(max_piece_s=6.0, max_text_chars=2000),
    )


def problem_of(answer: Answer) -> dict[str, Any]:
    """Read a refusal."""
    assert answer.content_type == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.body)
    assert document["request_id"] == "id-1"
    return document
