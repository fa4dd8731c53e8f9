"""Connections that another thread hangs up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from f5serve.errors import CallerGoneError, DeadlineError
from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.routing.lines import Line
from f5serve.routing.lookout import Patience
from f5serve.settings import Backend
from tests.unit.routing_support import fake_model, speech

TIMEOUT_S = 10.0


@dataclass
class Silent:
    """Takes requests and answers none; notes when a connection is ended by the other side."""

    url: str
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    words: list[bytes] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@pytest.fixture
def silent() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        model = Silent(f"http://127.0.0.1:{server.getsockname()[1]}/predictions/f5_fr")

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=listen, args=(connection,), daemon=True).start()

        def listen(connection: socket.socket) -> None:
            with connection:
                model.words.append(connection.recv(65_536))
                model.asked.release()
                while connection.recv(65_536):
                    pass
                model.ended.release()

        threading.Thread(target=serve, daemon=True).start()
        yield model


def asking(pool: urllib3.PoolManager, url: str, line: Line) -> tuple[threading.Thread, list[str]]:
    """Ask in a thread; the list will tell how that ended."""
    ends: list[str] = []

    def ask() -> None:
        with line.open():
            try:
                ends.append(str(pool.request("POST", url, body=b"{}", retries=False).status))
            except (urllib3.exceptions.HTTPError, OSError) as error:
                ends.append(type(error).__name__)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread, ends


def test_a_request_that_is_hung_up_ends_on_both_sides(silent: Silent) -> None:
    line = Line()
    thread, ends = asking(connections(1), silent.url, line)
    assert silent.asked.acquire(timeout=TIMEOUT_S)

    line.hang_up()

    assert silent.ended.acquire(timeout=TIMEOUT_S)
    thread.join(TIMEOUT_S)
    assert ends
    assert ends != ["200"]


def test_what_is_hung_up_before_it_was_asked_is_not_asked(silent: Silent) -> None:
    line = Line()
    line.hang_up()

    thread, ends = asking(connections(1), silent.url, line)

    thread.join(TIMEOUT_S)
    assert len(ends) == 1
    assert not silent.asked.acquire(timeout=0.2)


def test_what_is_hung_up_while_it_connects_is_not_asked(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting, connect = threading.Event(), urllib3.connection.HTTPConnection.connect

    def slowly(connection: urllib3.connection.HTTPConnection) -> None:
        connecting.set()
        time.sleep(0.3)
        connect(connection)

    monkeypatch.setattr(urllib3.connection.HTTPConnection, "connect", slowly)
    line = Line()
    thread, ends = asking(connections(1), silent.url, line)
    assert connecting.wait(TIMEOUT_S)

    line.hang_up()

    thread.join(TIMEOUT_S)
    assert len(ends) == 1
    assert ends != ["200"]
    assert silent.asked.acquire(
        timeout=TIMEOUT_S
    )  # by a connection that ended at once, without a word
    assert silent.words == [b""]


def test_an_answer_that_is_there_leaves_the_connection_for_the_next() -> None:
    with fake_model(lambda _: speech()) as model:
        pool, line = connections(1), Line()
        for _ in range(3):
            with line.open():
                pool.request("POST", model.url, body=b"{}", retries=False)
            line.hang_up()
            line = Line()

    assert len(set(model.ports)) == 1


def test_a_connection_that_is_anothers_by_now_is_left_alone() -> None:
    release = threading.Event()

    def answer(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if request:
            release.wait(TIMEOUT_S)
        return speech()

    with fake_model(answer) as model:
        pool = connections(1)
        first, second = Line(), Line()
        with first.open():
            pool.request("POST", model.url, body=b"{}", retries=False)
        ends: list[int] = []

        def ask() -> None:
            with second.open():
                body = b'{"second": 1}'
                ends.append(pool.request("POST", model.url, body=body, retries=False).status)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        while len(model.requests) < 2:
            time.sleep(0.01)

        first.hang_up()
        release.set()
        thread.join(TIMEOUT_S)

    assert ends == [200]


# --- in the router


class Impatient(LanguageModels):
    """Looks more often."""

    forgotten_after = Patience(look_s=0.05)


def backend(url: str, *, in_order: bool) -> Backend:
    return Backend(
        model="f5_fr",
        url=url,
        languages=("fr",),
        licence="MIT",
        commercial_use=True,
        in_order=in_order,
    )


@pytest.mark.parametrize("in_order", [True, False])
def test_a_piece_whose_caller_has_gone_is_hung_up_and_says_nothing_against_the_replica(
    silent: Silent, in_order: bool
) -> None:
    gone, now = threading.Event(), [1000.0]
    board = Board(clock=lambda: now[0])
    models = Impatient(connections(4), max_refused_s=1.0, board=board)
    told = backend(silent.url, in_order=in_order)

    for _ in range(5):  # three failures would do
        now[0] += 60.0
        deadline = Deadline(TIMEOUT_S, unwanted=gone.is_set)
        threading.Timer(0.1, gone.set).start()
        with pytest.raises(CallerGoneError):
            models.speak(told, {"text": "x"}, deadline=deadline, request_id="id-1")
        assert silent.ended.acquire(timeout=TIMEOUT_S)
        gone.clear()

    assert models.ready(told)


def test_a_piece_that_is_cancelled_is_hung_up(silent: Silent) -> None:
    deadline = Deadline(TIMEOUT_S)
    threading.Timer(0.1, deadline.cancel).start()

    with pytest.raises(DeadlineError):
        Impatient(connections(4), max_refused_s=1.0).speak(
            backend(silent.url, in_order=True), {}, deadline=deadline, request_id="id-1"
        )

    assert silent.ended.acquire(timeout=TIMEOUT_S)


def test_a_replica_that_is_late_again_and_again_is_left_alone_for_a_while(silent: Silent) -> None:
    now = [1000.0]
    board = Board(clock=lambda: now[0])
    models = Impatient(connections(4), max_refused_s=1.0, board=board)
    told = backend(silent.url, in_order=True)

    for _ in range(3):
        now[0] += 60.0  # failures at one time count as one
        deadline = Deadline(0.1)
        with pytest.raises(DeadlineError, match="not ready within"):
            models.speak(told, {"text": "x"}, deadline=deadline, request_id="id-1")
        deadline.cancel()

    assert not models.ready(told)


def test_a_piece_that_was_forgotten_is_hung_up_before_it_is_sent_again(silent: Silent) -> None:
    class Soon(LanguageModels):
        forgotten_after = Patience(look_s=0.05, margin_s=0.1, grace_s=0.1)

    board, gone = Board(), threading.Event()
    told = backend(silent.url, in_order=True)

    def speak() -> None:
        deadline = Deadline(TIMEOUT_S, unwanted=gone.is_set)
        with pytest.raises(CallerGoneError):
            Soon(connections(4), max_refused_s=1.0, board=board).speak(
                told, {"text": "x"}, deadline=deadline, request_id="id-1"
            )

    speaking = threading.Thread(target=speak)
    speaking.start()
    assert silent.asked.acquire(timeout=TIMEOUT_S)
    time.sleep(0.3)
    board.heard(told.model, told.url, time.monotonic())  # what was sent later has an answer

    assert silent.ended.acquire(timeout=TIMEOUT_S)
    assert silent.asked.acquire(timeout=TIMEOUT_S)  # the second time
    gone.set()
    speaking.join(TIMEOUT_S)
    assert not speaking.is_alive()
