"""The router is asked for a sentence, and its audio read while it is spoken, over real HTTP."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from f5serve.errors import (
    BackendError,
    OverloadedError,
    PassedOnError,
    ServeError,
    UnavailableError,
)
from scripts.sessions.router import PATH, Router

CALLER = "0" * 32


class Answers(BaseHTTPRequestHandler):
    """Answers as it was told, and keeps what it was asked."""

    status = 200
    headers_sent: dict[str, str]
    body = b""
    length: int | None = None
    asked: list[tuple[str, dict[str, str], Any]]
    ports: list[int]

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.ports.append(self.client_address[1])
        self.asked.append((self.path, dict(self.headers), json.loads(sent)))
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(self.length or len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


class Behind:
    """A server in place of the router."""

    def __init__(self) -> None:
        self.handler: type[Answers] = type(
            "Bound", (Answers,), {"asked": [], "ports": [], "headers_sent": {}}
        )
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        self.router = Router(f"http://127.0.0.1:{self.server.server_address[1]}")

    def answers(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        """Set what is answered."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in (
            ("status", status), ("body", body), ("length", length), ("headers_sent", told),
        ):  # fmt: skip
            setattr(self.handler, name, value)

    def heard(self) -> bytes:
        """Ask for a sentence and listen to its end."""
        spoken = self.router.say(
            {"voice": "anna", "response_format": "pcm"}, "Hello.", caller=CALLER, request_id="id-1"
        )
        return b"".join(spoken.chunks())


@pytest.fixture
def behind() -> Iterator[Behind]:
    made = Behind()
    yield made
    made.server.shutdown()
    made.server.server_close()


def events(*audio: bytes, last: dict[str, object] | None = None) -> bytes:
    deltas = [
        {"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()} for part in audio
    ]
    ending = {"type": "speech.audio.done", "usage": {}} if last is None else last
    return b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n" for event in (*deltas, ending) if event
    )


def test_a_sentence_is_asked_for_in_openais_form_with_the_callers_ids(behind: Behind) -> None:
    behind.answers(200, events(b"one", b"two"), X_Language="fr")

    assert behind.heard() == b"onetwo"

    ((path, headers, body),) = behind.handler.asked
    assert path == PATH
    assert body == {
        "voice": "anna", "response_format": "pcm", "input": "Hello.", "stream_format": "sse",
    }  # fmt: skip
    assert (headers["X-Caller"], headers["X-Request-Id"]) == (CALLER, "id-1")
    assert float(headers["X-Request-Start"]) > 0


def test_each_sentence_has_a_connection_of_its_own(behind: Behind) -> None:
    behind.handler.protocol_version = "HTTP/1.1"  # which would keep it, and closes it all the same
    behind.answers(404, b'{"error": {"message": "no", "code": "not_found"}}')
    for _ in range(20):
        assert isinstance(refusal(behind), PassedOnError)
    behind.answers(200, events(b"one"))
    for _ in range(20):
        assert behind.heard() == b"one"

    ports = behind.handler.ports
    assert len(set(ports)) == 40


def test_the_language_is_told(behind: Behind) -> None:
    behind.answers(200, events(b"one"), X_Language="fr")

    spoken = behind.router.say({}, "Oui.", caller=CALLER, request_id="id")

    assert spoken.language == "fr"
    spoken.close()


def refusal(behind: Behind) -> ServeError:
    with pytest.raises(ServeError) as caught:
        behind.heard()
    return caught.value


def test_a_refusal_of_the_router_is_passed_on(behind: Behind) -> None:
    told = {"message": "no such voice", "type": "x", "param": "voice", "code": "voice_not_found"}
    behind.answers(404, json.dumps({"error": told}).encode())

    error = refusal(behind)

    assert isinstance(error, PassedOnError)
    assert (error.status, error.code, error.field) == (404, "voice_not_found", "voice")
    assert error.detail == "no such voice"


def test_a_router_without_a_place_says_when_to_come_back(behind: Behind) -> None:
    told = {"message": "full", "type": "server_error", "param": None, "code": "overloaded"}
    behind.answers(503, json.dumps({"error": told}).encode(), Retry_After="7")

    error = refusal(behind)

    assert isinstance(error, OverloadedError)
    assert (error.retry_after_s, error.code, error.detail) == (7, "overloaded", "full")


def test_torchserves_own_errors_have_words_of_ours(behind: Behind) -> None:
    behind.answers(503, b'{"code": 503, "type": "ServiceUnavailableException", "message": "x"}')
    assert isinstance(refusal(behind), OverloadedError)

    behind.answers(507, b'{"code": 507, "message": "Worker died."}')
    assert isinstance(refusal(behind), BackendError)

    behind.answers(500, b"no json")
    assert isinstance(refusal(behind), BackendError)


def test_an_error_on_the_way_is_told_after_what_was_heard(behind: Behind) -> None:
    told = {"message": "broke", "param": None, "code": "synthesis_failed"}
    behind.answers(200, events(b"one", last={"type": "error", "error": told}))
    spoken = behind.router.say({}, "Oui.", caller=CALLER, request_id="id")
    chunks = spoken.chunks()

    assert next(chunks) == b"one"
    with pytest.raises(PassedOnError, match="broke"):
        next(chunks)


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (events(b"one", last={}), None),
        (events(b"one", last={}), 1_000),
        (events(b"one", last={"type": "speech.audio.delta"}), None),
        (events(b"one", last={"type": "speech.audio.delta", "audio": "%"}), None),
        (events(b"one", last={"type": "speech.audio.delta", "audio": None}), None),
        (events(b"one", last={"type": "speech.audio.delta", "audio": "é"}), None),
        (events(b"one", last={}) + b"data: no json\n\n", None),
        (events(b"one", last={}) + b"data: [1]\n\n", None),
    ],
    ids=["no end", "cut off", "none", "no base64", "null", "no ASCII", "no json", "no object"],
)
def test_a_stream_that_does_not_end_as_it_should_has_broken_off(
    behind: Behind, body: bytes, length: int | None
) -> None:
    behind.answers(200, body, length)

    error = refusal(behind)

    assert isinstance(error, BackendError)
    assert "broke off" in error.detail


def test_where_no_router_is_the_models_are_not_there(behind: Behind) -> None:
    behind.server.shutdown()
    behind.server.server_close()

    assert isinstance(refusal(behind), UnavailableError)
