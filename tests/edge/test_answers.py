"""What comes back: streams, ids, the handlers' own words, TorchServe's errors in ours; and what is logged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from scripts.launch import ROOT
from tests.edge.edges import TIMEOUT_S, RunningEdge, refused, running_edge
from tests.edge.stand_in import CHUNK_PAUSE_S, WORDS_OF_A_HANDLER, Backend, free_port

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_stream_arrives_chunk_by_chunk(edge: RunningEdge) -> None:
    started = time.monotonic()

    with requests.post(
        f"{edge.url}/predictions/tts", json={"text": "stream"}, stream=True, timeout=TIMEOUT_S
    ) as answer:
        chunks = answer.iter_content(chunk_size=None)
        first = next(chunks)
        first_s = time.monotonic() - started
        rest = b"".join(chunks)

    assert (first, rest) == (b"0000", b"00010002")
    assert first_s < CHUNK_PAUSE_S
    assert time.monotonic() - started >= 2 * CHUNK_PAUSE_S


@pytest.mark.parametrize("header", ["X-Request-Id", "X-Correlation-Id"])
def test_the_callers_id_is_kept_throughout(edge: RunningEdge, header: str) -> None:
    answer = edge.speak("x", headers={header: "job-7/part:2"})

    assert answer.headers["X-Request-Id"] == "job-7/part:2"
    assert edge.backend.seen[0].headers["x-request-id"] == "job-7/part:2"
    assert edge.logged_of(answer)["request_id"] == "job-7/part:2"


@pytest.mark.parametrize("given", [None, "a b", 'x"y', "x" * 129, "\u00e9"])
def test_an_id_that_is_none_is_replaced(edge: RunningEdge, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given.encode("latin-1")}

    answer = edge.speak("x", headers=headers)

    made = answer.headers["X-Request-Id"]
    assert len(made) == 32
    assert edge.backend.seen[0].headers["x-request-id"] == made


def test_tracing_headers_are_passed_on_and_little_else(edge: RunningEdge) -> None:
    answer = edge.speak(
        "x",
        headers={
            "Accept": "audio/wav",
            "traceparent": TRACE,
            "tracestate": "vendor=1",
            "baggage": "user=7",
            "Authorization": "Bearer secret",
            "Cookie": "a=b",
            "X-Accel-Redirect": "/etc/passwd",
            "url_path": "v1/audio/speech",
            "X-Forwarded-For": "10.0.0.1",
            "X-Request-Start": "1.0",
        },
    )

    told = edge.backend.seen[0].headers
    assert (told["traceparent"], told["tracestate"], told["baggage"]) == (
        TRACE,
        "vendor=1",
        "user=7",
    )
    assert told.keys() == {
        *("host", "connection", "accept", "content-type", "content-length"),
        *("x-request-id", "x-request-start", "x-caller"),
        *("traceparent", "tracestate", "baggage"),
    }
    assert abs(float(told["x-request-start"]) - time.time()) < 60, (
        "the edge's own, not the caller's"
    )
    assert edge.logged_of(answer)["trace_id"] == TRACE.split("-")[1]


def test_a_compressed_body_says_so_to_whoever_refuses_it(edge: RunningEdge) -> None:
    edge.speak("x", headers={"Content-Encoding": "gzip"})

    assert edge.backend.seen[0].headers["content-encoding"] == "gzip"


def test_a_handlers_refusal_is_passed_on_as_it_is(edge: RunningEdge) -> None:
    answer = edge.speak("refused by a handler", headers={"X-Request-Id": "mine"})

    assert answer.status_code == 422
    assert answer.json() == {"status": 422, "detail": WORDS_OF_A_HANDLER, "request_id": "mine"}
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_a_handlers_own_retry_after_is_kept(edge: RunningEdge) -> None:
    answer = edge.speak("overloaded, says a handler")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["detail"] == WORDS_OF_A_HANDLER


@pytest.mark.parametrize(
    ("text", "status", "code", "retry_after"),
    [
        ("unknown model", 404, "not_found", None),
        ("too large", 413, "too_large", None),
        ("queue full", 503, "overloaded", "1"),
        ("raised", 503, "internal_error", "1"),
        ("worker died", 507, "worker_died", "5"),
        ("worker ended", 500, "worker_died", None),
    ],
)
def test_an_error_of_torchserves_own_becomes_a_problem(
    edge: RunningEdge, text: str, status: int, code: str, retry_after: str | None
) -> None:
    answer = edge.speak(text)

    refused(answer, status, code)
    assert answer.headers.get("Retry-After") == retry_after
    assert "Exception" not in answer.text


def test_an_error_of_torchserves_own_has_openais_form_on_its_path(edge: RunningEdge) -> None:
    answer = edge.ask("POST", "/v1/audio/speech", json={"input": "queue full"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error"]["code"] == "overloaded"
    assert answer.json()["error"]["type"] == "server_error"


def test_without_torchserve_callers_are_told_to_come_back(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend, torchserve_port=free_port()) as edge:
        answer = edge.speak("x")

        refused(answer, 503, "model_unavailable")
        assert answer.headers["Retry-After"] == "5"


def test_the_log_goes_to_a_standard_output_that_cannot_be_opened_by_name(
    tmp_path: Path, backend: Backend
) -> None:
    """A socket is one, as systemd gives it; a pipe of another user's, in a container, is another."""
    program = f"""
from pathlib import Path
from tests.edge.edges import running_edge
from tests.edge.stand_in import Backend

with running_edge(Path({str(tmp_path)!r}), Backend({backend.port}), access_log="/dev/stdout") as edge:
    edge.speak("x", headers={{"X-Request-Id": "told"}})
    assert edge.edge.drain(10)
"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "handlers:."},
            stdout=theirs.fileno(),
            timeout=TIMEOUT_S,
            check=False,
        )
        theirs.close()
        told = ours.recv(65_536)

    assert done.returncode == 0
    assert b'"request_id":"told"' in told


def test_the_log_holds_what_happened_and_no_text(
    tmp_path: Path, backend: Backend, capfd: pytest.CaptureFixture[str]
) -> None:
    words = "words-that-must-not-be-logged"
    with running_edge(tmp_path, backend) as edge:
        large = b"x" * 10_000_001
        answers = [
            edge.speak(words),
            edge.ask("GET", f"/{words}"),
            edge.ask("POST", f"/{words}", data=large),
            edge.ask("POST", f"/predictions/tts?text={words}", data=large),
            edge.ask(words.upper(), "/predictions/tts"),
            edge.speak("x", headers={"User-Agent": words, "Cookie": words, "Authorization": words}),
        ]
        edge.edge.announce_end()
        answers.append(edge.ask("POST", f"/{words}", data=large))
        lines = [edge.logged_of(answer) for answer in answers]
        files = [
            path.read_text(encoding="utf-8", errors="replace")
            for path in Path(edge.settings.run).rglob("*")
            if path.is_file()
        ]
    printed = capfd.readouterr()

    told = "\n".join([str(lines), printed.out, printed.err, *files])
    assert words not in told
    assert words.upper() not in told
    first = lines[0]
    assert (first["method"], first["route"], first["status"]) == ("POST", "/predictions/tts", 200)
    assert first["bytes_out"] > 100_000
    assert first["backend_status"] == "200"
    assert [line["route"] for line in lines[1:4]] == ["other"] * 3
    assert [line["status"] for line in lines[1:5]] == [404, 404, 400, 405]
    assert lines[4]["method"] == "other"
