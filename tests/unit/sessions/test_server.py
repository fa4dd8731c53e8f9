"""Sessions over real sockets: how many there may be, who leaves, how they end."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from scripts.sessions import server as module
from scripts.sessions.server import MOST_SESSIONS, SessionServer, most_sessions

TIMEOUT_S = 20.0


class Held:
    """A router in which every sentence waits."""

    def __init__(self) -> None:
        self.callers: list[str] = []
        self.go_on = threading.Event()

    def say(self, fields: Mapping[str, object], text: str, *, caller: str, request_id: str) -> Held:
        self.callers.append(caller)
        self.go_on.wait(TIMEOUT_S)
        return self

    language = "en"

    def chunks(self) -> Iterator[bytes]:
        yield b"audio"

    def close(self) -> None:
        return


@pytest.fixture
def departures() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(TIMEOUT_S)
        yield listening


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(module, "Router", lambda url: held)
    return held


@pytest.fixture
def served(router: Held, departures: socket.socket) -> Iterator[tuple[SessionServer, str]]:
    """A server for two sessions, and its address."""
    server = SessionServer("http://127.0.0.1:1", departures.getsockname()[1], most=2)
    port = server.start()
    yield server, f"ws://127.0.0.1:{port}/"
    router.go_on.set()
    server.stop()


@contextlib.contextmanager
def opened(url: str, **options: Any) -> Iterator[ClientConnection]:
    with connect(url, proxy=None, open_timeout=TIMEOUT_S, **options) as session:
        yield session


def write(session: ClientConnection, kind: str, **fields: object) -> None:
    session.send(json.dumps({"type": kind, **fields}))


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_beyond_the_limit_a_session_is_told_to_come_back(
    served: tuple[SessionServer, str],
) -> None:
    server, url = served
    with opened(url), opened(url):
        wait_until(lambda: server.sessions == 2)
        with pytest.raises(InvalidStatus) as refused, opened(url):
            pass

    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "1"
    wait_until(lambda: server.sessions == 0)
    with opened(url):
        wait_until(lambda: server.sessions == 1)


def test_a_server_that_drains_takes_no_more(served: tuple[SessionServer, str]) -> None:
    server, url = served
    server.drain()

    with pytest.raises(InvalidStatus, match="503"), opened(url):
        pass


@pytest.mark.parametrize("sentences", [1, 200])
def test_who_leaves_is_told_of_however_much_is_still_to_be_spoken(
    served: tuple[SessionServer, str], router: Held, departures: socket.socket, sentences: int
) -> None:
    server, url = served
    with opened(url) as session:
        for number in range(sentences):
            write(session, "input.text", text=f"This is number {number}. ")
        write(session, "input.done")
        wait_until(lambda: bool(router.callers))

    assert departures.recv(1000).decode().split()[-1] == router.callers[0]
    router.go_on.set()
    wait_until(lambda: server.sessions == 0)
    assert len(router.callers) == 1


def test_who_writes_far_ahead_is_kept(served: tuple[SessionServer, str], router: Held) -> None:
    _, url = served
    with opened(url, ping_interval=0.2, ping_timeout=0.5) as session:
        for number in range(200):
            write(session, "input.text", text=f"This is number {number}. ")
        write(session, "input.done")
        time.sleep(2.0)
        router.go_on.set()
        heard = [json.loads(message) for message in messages(session, "session.done")]

    assert heard[-1]["total_sentences"] == 200


def messages(session: ClientConnection, last: str) -> Iterator[str]:
    """Give the events up to one of a type."""
    for message in session:
        if isinstance(message, str):
            yield message
            if json.loads(message)["type"] == last:
                return


def test_what_was_written_before_a_server_drains_is_spoken(
    served: tuple[SessionServer, str], router: Held
) -> None:
    server, url = served
    with opened(url) as session:
        for number in range(100):
            write(session, "input.text", text=f"This is number {number}. ")
        write(session, "input.done")
        server.drain()
        router.go_on.set()
        heard = [json.loads(message) for message in messages(session, "session.done")]
        with pytest.raises(ConnectionClosed) as closed:
            session.recv(timeout=TIMEOUT_S)

    assert heard[-1]["total_sentences"] == 100
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_a_server_that_stops_waits_for_no_router(
    served: tuple[SessionServer, str],
    router: Held,
    departures: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scripts.sessions.session.LEAVE_S", 0.1)
    server, url = served
    with opened(url) as idle, opened(url) as speaking:
        write(speaking, "input.text", text="One. Two. Three.")
        write(speaking, "input.done")
        wait_until(lambda: bool(router.callers))

        begun = time.monotonic()
        server.stop()

        assert time.monotonic() - begun < TIMEOUT_S / 2
        assert not router.go_on.is_set()
        for session in (idle, speaking):
            with pytest.raises(ConnectionClosed):
                session.recv(timeout=TIMEOUT_S)
    assert departures.recv(1000).decode().split()[-1] == router.callers[0]
    assert not server.is_running()


def test_who_is_still_spoken_for_has_a_place_though_he_has_left(
    served: tuple[SessionServer, str], router: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.sessions.session.LEAVE_S", 0.05)
    server, url = served
    for number in range(2):
        with opened(url) as session:
            write(session, "input.text", text="One. Two. Three.")
            write(session, "input.done")
            wait_until(lambda count=number + 1: len(router.callers) == count)  # type: ignore[misc]

    with pytest.raises(InvalidStatus, match="503"), opened(url):
        pass
    router.go_on.set()
    wait_until(lambda: server.sessions == 0)


def test_handshakes_at_once_get_no_more_than_the_places(
    served: tuple[SessionServer, str],
) -> None:
    server, url = served
    most: list[int] = []

    def enter(number: int) -> bool:
        try:
            with opened(url) as session:
                most.append(server.sessions)
                session.recv(timeout=0.3)
        except TimeoutError:
            return True
        except (ConnectionClosed, InvalidStatus):
            return False
        return False

    with ThreadPoolExecutor(20) as threads:
        let_in = sum(threads.map(enter, range(20)))

    assert let_in >= 1
    assert max(most) <= 2


def test_a_player_that_answers_late_is_not_pinged_the_more(
    served: tuple[SessionServer, str], departures: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.1)
    server = SessionServer("http://127.0.0.1:1", departures.getsockname()[1], most=1)
    port = server.start()
    pings = 0
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as player:
        player.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b" 101 " in player.recv(4096)
        for _ in range(4):
            frame = player.recv(4096)
            pings += frame.count(b"\x89\x04")
            time.sleep(0.4)
            player.sendall(b"\x8a\x84\0\0\0\0" + frame[-4:])
    server.stop()

    assert 1 <= pings <= 6


def test_there_are_as_many_sessions_as_there_are_descriptors_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limit(soft: int) -> int:
        monkeypatch.setattr(resource, "getrlimit", lambda what: (soft, soft))
        return most_sessions()

    assert limit(resource.RLIM_INFINITY) == MOST_SESSIONS
    assert limit(1_048_576) == MOST_SESSIONS
    assert 90 < limit(1024) < MOST_SESSIONS
    assert limit(300) == 5
    assert limit(64) == 1
