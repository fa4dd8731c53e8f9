"""The client against a server on loopback that is full, starting, slow, broken or simply answers."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable

import pytest

from scripts import client
from scripts.client import BrokenOffError, Client, RefusedError, SayError, UnreachableError
from tests.unit.routing_support import Scripted, fake_model, problem, queue_full
from tests.unit.scripts.say_support import HEAD, says, wire

REFUSAL = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
SPOKEN: Scripted = (200, {"X-Seed": "7"}, b"RIFF")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have slept, in place of sleeping."""
    slept: list[float] = []
    monkeypatch.setattr("scripts.client.time.sleep", slept.append)
    return slept


def address(url: str) -> str:
    return url.removesuffix("/predictions/f5_fr")


def one_by_one(*answers: Scripted | None) -> Callable[[object], Scripted | None]:
    left = iter(answers)
    return lambda _: next(left)


@pytest.mark.parametrize("status", [429, 503])
def test_a_full_server_is_asked_again_when_it_says_so_and_not_before(
    waits: list[float], status: int
) -> None:
    answers = one_by_one((status, {"Retry-After": "4"}, b""), SPOKEN)

    with fake_model(answers) as server:
        assert Client(address(server.url)).say({"text": "a"}).audio == b"RIFF"

    assert len(waits) == 1
    assert 4.0 <= waits[0] <= 5.0


def test_those_who_wait_do_not_all_come_at_once(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    random.seed(1)
    for _ in range(5):
        with fake_model(one_by_one((503, {"Retry-After": "4"}, b""), SPOKEN)) as server:
            Client(address(server.url)).say({"text": "a"})

    assert len(set(waits)) == 5


def test_a_server_never_keeps_a_client_waiting_for_hours(waits: list[float]) -> None:
    with fake_model(one_by_one((503, {"Retry-After": "86400"}, b""), SPOKEN)) as server:
        Client(address(server.url)).say({"text": "a"})

    assert waits[0] <= 1.25 * client.LONGEST_WAIT_S


def test_a_full_queue_of_torchserve_s_is_told_in_its_words_when_it_stays_full(
    waits: list[float],
) -> None:
    with fake_model(lambda _: queue_full()) as server, pytest.raises(RefusedError) as caught:
        Client(address(server.url), max_tries=3).say({"text": "a"})

    assert (len(server.requests), len(waits)) == (3, 2)
    assert "has no worker to serve inference request" in caught.value.detail


def test_a_connection_that_ends_before_the_answer_is_tried_again(waits: list[float]) -> None:
    with fake_model(one_by_one(None, SPOKEN)) as server:
        assert Client(address(server.url)).say({"text": "a"}).audio == b"RIFF"

    assert len(waits) == 1


def test_a_server_that_is_not_there_is_looked_for_a_few_times(waits: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="make serve"):
            Client(url).say({"text": "a"})

    assert len(waits) == client.MAX_CONNECT_TRIES - 1
    assert sum(waits) < 3.0


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422, 500, 502, 504])
def test_no_other_error_is_tried_again(waits: list[float], status: int) -> None:
    with (
        fake_model(lambda _: problem(status, "some_code", "text")) as server,
        pytest.raises(RefusedError) as caught,
    ):
        Client(address(server.url)).say({"text": "a"})

    told = caught.value
    assert (told.status, told.code, told.field) == (status, "some_code", "text")
    assert str(told) == f"{status} some_code: because of some_code"
    assert (len(server.requests), waits) == (1, [])


def test_a_refusal_without_a_document_is_told_by_its_status(waits: list[float]) -> None:
    with fake_model(lambda _: (413, {}, b"")) as server, pytest.raises(RefusedError) as caught:
        Client(address(server.url)).say({"text": "a"})

    assert str(caught.value) == "413 Request Entity Too Large"


def test_a_stream_is_given_block_by_block_as_it_comes() -> None:
    goes_on = threading.Event()

    def script(caller: socket.socket) -> None:
        caller.sendall(f"{HEAD}4\r\nRIFF\r\n".encode())
        assert goes_on.wait(10)
        caller.sendall(b"3\r\nend\r\n0\r\n\r\n")

    with wire(script) as url, Client(url).stream({"text": "a"}) as stream:
        first = next(stream.blocks)
        goes_on.set()
        rest = b"".join(stream.blocks)

    assert (first, rest, stream.headers["X-Seed"]) == (b"RIFF", b"end", "7")


def test_a_stream_that_is_refused_first_is_asked_for_again(waits: list[float]) -> None:
    with (
        wire(says(REFUSAL), says(HEAD, "4\r\nRIFF\r\n0\r\n\r\n")) as url,
        Client(url).stream({"text": "a"}) as stream,
    ):
        assert b"".join(stream.blocks) == b"RIFF"

    assert len(waits) == 1


def take_whole(client: Client) -> None:
    client.say({"text": "a"})


def take_as_it_comes(client: Client) -> None:
    with client.stream({"text": "a"}) as stream:
        assert next(stream.blocks) == b"RIFF"
        list(stream.blocks)


@pytest.mark.parametrize("take", [take_whole, take_as_it_comes])
def test_what_breaks_off_after_audio_has_begun_is_never_asked_for_again(
    waits: list[float], take: Callable[[Client], None]
) -> None:
    with (
        wire(says(HEAD, "4\r\nRIFF\r\n")) as url,
        pytest.raises(BrokenOffError, match="broke off"),
    ):
        take(Client(url))

    assert waits == []


@pytest.mark.parametrize("head", ["", f"{HEAD}4\r\nRIFF\r\n"], ids=["before", "within"])
def test_an_answer_that_does_not_come_is_given_up(waits: list[float], head: str) -> None:
    def script(caller: socket.socket) -> None:
        caller.sendall(head.encode())
        caller.recv(1)  # until the caller goes

    with wire(script) as url, pytest.raises(SayError, match=r"no answer within 0\.1 s"):
        Client(url, timeout_s=0.1).say({"text": "a"})

    assert waits == []
