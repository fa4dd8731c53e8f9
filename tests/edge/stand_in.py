"""A stand-in for what is behind the edge: TorchServe's answers, its own errors among them, and probes.

``test_real_torchserve.py`` holds the errors to those of the real one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHUNK_PAUSE_S = 1.0
WORDS_OF_A_HANDLER = "because the voice is unknown"

# What TorchServe itself says, by the text of a request that asks for it.
TORCHSERVE_ERRORS: dict[str, tuple[int, str, str]] = {
    "unknown model": (404, "ModelNotFoundException", "Model not found: f5_xx"),
    "queue full": (
        503,
        "ServiceUnavailableException",
        'Model "tts" has no worker to serve inference request. Please use scale workers API to add workers.',
    ),
    "raised": (503, "InternalServerException", "Prediction failed"),
    "worker died": (507, "InternalServerException", "Worker died."),
    "worker ended": (500, "InternalServerException", "Worker died."),
}


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Backend:
    """What was asked, and where."""

    port: int
    seen: list[Seen] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers by the text of the request."""

    protocol_version = "HTTP/1.1"
    backend: Backend

    def do_GET(self) -> None:
        self._note(b"")
        self._answer(
            200,
            {"X-Correlation-Id": self._id(), "Content-Type": "application/json"},
            b'{"page": true}',
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._note(body)
        text = self._text(body)
        if text in TORCHSERVE_ERRORS:
            self._torchserve_error(*TORCHSERVE_ERRORS[text])
        elif text == "too large":
            self._answer(413, {}, b"")
        elif text == "refused by a handler":
            document = {"status": 422, "detail": WORDS_OF_A_HANDLER, "request_id": self._id()}
            self._problem(422, {}, document)
        elif text == "overloaded, says a handler":
            self._problem(503, {"Retry-After": "7"}, {"status": 503, "detail": WORDS_OF_A_HANDLER})
        elif text == "stream":
            self._stream()
        else:
            if text.startswith("wait "):
                time.sleep(float(text.split()[1]))
            if b'"stream_format":"sse"' in body:
                self._events(text.encode())
            else:
                self._speech()

    def _speech(self) -> None:
        self._answer(
            200,
            {"X-Correlation-Id": self._id(), "Content-Type": "audio/wav"},
            b"RIFF" + bytes(100_000),
        )

    def _events(self, audio: bytes) -> None:
        """Speak in server-sent events; what is heard are the words."""
        delta = {
            "type": "speech.audio.delta",
            "audio": base64.b64encode(audio).decode("ascii"),
        }
        events = "".join(
            f"data: {json.dumps(event)}\n\n"
            for event in (delta, delta, {"type": "speech.audio.done"})
        )
        headers = {
            "X-Correlation-Id": self._id(),
            "X-Language": "en",
            "Content-Type": "text/event-stream",
        }
        self._answer(200, headers, events.encode())

    def _problem(self, status: int, headers: dict[str, str], document: dict[str, object]) -> None:
        told = {
            "X-Correlation-Id": self._id(),
            "Content-Type": "application/problem+json",
            **headers,
        }
        self._answer(status, told, json.dumps(document).encode())

    def _torchserve_error(self, status: int, kind: str, message: str) -> None:
        document = {"code": status, "type": kind, "message": message}
        self._answer(
            status, {"Content-Type": "application/json"}, json.dumps(document, indent=2).encode()
        )

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("X-Correlation-Id", self._id())
        self.send_header("Content-Type", "audio/pcm")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(3):
            if number:
                time.sleep(CHUNK_PAUSE_S)
            self.wfile.write(b"4\r\n%04d\r\n" % number)
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        # TorchServe names every answer itself, whatever the caller had called its request.
        self.send_header("x-request-id", "00000000-aaaa-bbbb-cccc-torchserve00")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self, body: bytes) -> None:
        self.backend.seen.append(
            Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        )

    def _id(self) -> str:
        return str(self.headers.get("X-Request-Id", ""))

    @staticmethod
    def _text(body: bytes) -> str:
        with contextlib.suppress(ValueError):
            document: Any = json.loads(body)
            if isinstance(document, dict):
                return str(document.get("text") or document.get("input") or "")
        return ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


class Quiet(ThreadingHTTPServer):
    """A server that says nothing of callers who have gone."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return


@contextlib.contextmanager
def stand_in() -> Iterator[Backend]:
    """Serve on a free port of loopback until the block ends."""
    backend = Backend(0)
    server = Quiet(("127.0.0.1", 0), type("Bound", (Handler,), {"backend": backend}))
    backend.port = int(server.server_address[1])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def free_port() -> int:
    """Answer a port that nothing uses at the moment."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
