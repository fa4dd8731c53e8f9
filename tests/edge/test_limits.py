"""Too much, too large, too slow."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from scripts.edge import max_body_bytes
from scripts.keys import add_key
from tests.edge.edges import TIMEOUT_S, RunningEdge, raw, refused, running_edge
from tests.edge.stand_in import Backend

SLOW_CLIENTS = 60
IDLE_CLIENTS = 2000
SMALL_CHUNKS = 1_000_000
PATIENCE_S = 1.0  # of the shared edge, for headers, for bodies, and between requests


def test_a_key_that_asks_too_often_is_told_to_wait_and_another_is_not(
    tmp_path: Path, backend: Backend
) -> None:
    keys = tmp_path / "keys"
    eager, calm = add_key(keys, "eager"), add_key(keys, "calm")
    with running_edge(tmp_path, backend, api_keys_file=str(keys), rate=1) as edge:
        answers = [edge.speak("x", headers={"Authorization": f"Bearer {eager}"}) for _ in range(8)]

        statuses = [answer.status_code for answer in answers]
        assert statuses[:3] == [200, 200, 200], "the burst"
        assert set(statuses) == {200, 429}
        refused(answers[-1], 429, "rate_limited")
        assert answers[-1].headers["Retry-After"] == "1"
        assert edge.speak("x", headers={"Authorization": f"Bearer {calm}"}).status_code == 200
        assert edge.ask("GET", "/readyz").status_code == 200


def test_an_address_may_have_only_so_many_requests_in_flight(
    tmp_path: Path, backend: Backend
) -> None:
    with (
        running_edge(tmp_path, backend, connections=2) as edge,
        ThreadPoolExecutor(6) as threads,
    ):
        answers = list(threads.map(lambda _: edge.speak("wait 1"), range(6)))

        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, 200, 429, 429, 429, 429]
        assert edge.speak("x").status_code == 200


def test_behind_a_trusted_proxy_the_address_is_the_callers(
    tmp_path: Path, backend: Backend
) -> None:
    with running_edge(tmp_path, backend, rate=1 / 60, trusted_proxies="127.0.0.0/8") as edge:
        here = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2)]

        assert [edge.speak("x", headers=here[0]).status_code for _ in range(3)][-1] == 429
        answer = edge.speak("x", headers=here[1])
        assert answer.status_code == 200
        assert edge.logged_of(answer)["address"] == "192.0.2.2"


def test_the_address_that_a_caller_gives_itself_is_not_believed(
    tmp_path: Path, backend: Backend
) -> None:
    with running_edge(tmp_path, backend, rate=1 / 60) as edge:
        statuses = [
            edge.speak("x", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in range(4)
        ]

    assert statuses[-1] == 429


def test_a_body_as_large_as_torchserve_takes_is_let_in(edge: RunningEdge) -> None:
    answer = edge.ask("POST", "/predictions/tts", data=bytes(max_body_bytes()))

    assert answer.status_code == 200
    assert len(edge.backend.seen[0].body) == 10_000_000


def test_a_larger_body_is_refused_before_it_is_read(edge: RunningEdge) -> None:
    head = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nContent-Length: 10000001\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head)
        told = connection.recv(65_536)

    assert told.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in told
    assert edge.backend.seen == []


def test_a_chunked_body_that_grows_too_large_is_refused(edge: RunningEdge) -> None:
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    head = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head)
        for _ in range(11):
            connection.sendall(chunk)
        told = connection.recv(65_536)

    assert told.startswith(b"HTTP/1.1 413 ")
    assert edge.backend.seen == []


def test_a_caller_that_asks_first_sends_no_body_that_is_too_large(edge: RunningEdge) -> None:
    head = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"

    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head + b"Content-Length: 2\r\n\r\n")
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head + b"Content-Length: 10000001\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")

    assert [seen.body for seen in edge.backend.seen] == [b"{}"]


@pytest.mark.parametrize(
    ("told", "sent", "arrived"),
    [(3, b"{}", []), (2, b"{}, and more", [b"{}"])],
    ids=["too much", "too little"],
)
def test_of_a_body_whose_length_lies_nothing_arrives_but_what_was_told(
    edge: RunningEdge, told: int, sent: bytes, arrived: list[bytes]
) -> None:
    head = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % told

    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head + sent)
        if told > len(sent):
            connection.shutdown(socket.SHUT_WR)
        is_closed(
            connection
        )  # what was sent beyond the length is no request, and never becomes one

    assert [seen.body for seen in edge.backend.seen] == arrived


def test_a_body_of_a_million_chunks_is_one_body_and_costs_little_memory(edge: RunningEdge) -> None:
    head = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    before = peak_memory(edge)

    told = raw(edge, head + b"1\r\nx\r\n" * SMALL_CHUNKS + b"0\r\n\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")
    assert [seen.body for seen in edge.backend.seen] == [b"x" * SMALL_CHUNKS]
    assert peak_memory(edge) - before < 20_000_000


def peak_memory(edge: RunningEdge) -> int:
    """Answer the most bytes that the edge's processes ever held, together."""
    processes = [edge.edge.pid, *(one.pid for one in psutil.Process(edge.edge.pid).children())]
    told = [Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in processes]
    return sum(int(text.partition("VmHWM:")[2].split()[0]) * 1024 for text in told)


def test_an_unknown_path_takes_in_no_body(edge: RunningEdge) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head)
        told = connection.recv(65_536)

    assert told.startswith(b"HTTP/1.1 404 ")
    files = [path for path in Path(edge.settings.run, "edge", "body").rglob("*") if path.is_file()]
    assert files == []


@pytest.mark.parametrize(
    "head",
    [
        b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    ],
    ids=["headers", "body", "chunks"],
)
def test_clients_that_never_end_are_closed_and_meanwhile_others_are_served(
    edge: RunningEdge, head: bytes
) -> None:
    slow = [
        socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S)
        for _ in range(SLOW_CLIENTS)
    ]
    try:
        for connection in slow:
            connection.sendall(head)
        assert edge.speak("x").status_code == 200

        started = time.monotonic()
        for connection in slow:
            is_closed(connection)
        assert time.monotonic() - started < 10 * PATIENCE_S
    finally:
        for connection in slow:
            connection.close()
    assert len(edge.backend.seen) == 1, "nothing of theirs reached what is behind"
    assert edge.logged(), "and each line of the log is JSON, whatever became of the request"


def test_two_thousand_idle_connections_are_closed_and_meanwhile_others_are_served(
    edge: RunningEdge,
) -> None:
    """Each has had an answer, and asks for nothing more."""
    idle: list[socket.socket] = []
    try:
        for _ in range(IDLE_CLIENTS):
            connection = socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S)
            idle.append(connection)
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        started = time.monotonic()
        assert edge.speak("x").status_code == 200
        assert time.monotonic() - started < 5 * PATIENCE_S

        for connection in idle:
            is_closed(connection)
        assert time.monotonic() - started < 10 * PATIENCE_S
    finally:
        for connection in idle:
            connection.close()


def test_headers_that_trickle_in_have_a_limit_for_all_of_them(edge: RunningEdge) -> None:
    stop = threading.Event()
    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ")

        def trickle() -> None:
            while not stop.wait(0.2):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            is_closed(connection)
        finally:
            stop.set()
            thread.join()


def is_closed(connection: socket.socket) -> None:
    """Wait until the other side closes; the time limit of the socket fails the test."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        return
