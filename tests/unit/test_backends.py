"""What the router makes of a language model's answers, good and bad, over real HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import urllib3

from f5serve.errors import (
    BackendError,
    DeadlineError,
    OverloadedError,
    PassedOnError,
    UnavailableError,
)
from f5serve.routing.backends import connections
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.routing.replicas import Directory
from tests.unit.log_support import logged
from tests.unit.routing_support import (
    Scripted,
    ask,
    fake_model,
    model_not_found,
    problem,
    queue_full,
    speech,
    torchserve_error,
)


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    pool = connections(2)
    yield pool
    pool.clear()


def only_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def nobody_known() -> Directory:
    def lookup(host: str, port: int) -> list[str]:
        raise OSError(host)

    return Directory(lookup)


def test_a_piece_comes_back_as_samples_with_its_times(pool: urllib3.PoolManager) -> None:
    with fake_model(lambda _: speech(2400)) as model:
        piece = ask(model, pool)

    assert len(piece.samples) == 2400
    assert (piece.voice, piece.inference_ms) == ("anna", 5.0)
    assert piece.queue_ms >= 0
    assert model.requests == [
        {"text": "Bonjour.", "seed": 1, "ref_audio": "UklGRg==", "response_format": "f32"}
    ]
    assert model.ids == ["id-1"]


def test_a_full_queue_is_waited_for(pool: urllib3.PoolManager) -> None:
    tries = count()

    with fake_model(lambda _: queue_full() if next(tries) < 3 else speech()) as model:
        ask(model, pool)

    assert len(model.requests) == 4


def test_a_queue_that_stays_full_is_overload_and_says_when_to_come_back(
    pool: urllib3.PoolManager,
) -> None:
    with (
        fake_model(lambda _: queue_full()) as model,
        pytest.raises(OverloadedError) as caught,
    ):
        ask(model, pool, patience_s=0.1)

    assert caught.value.retry_after_s >= 1


def test_the_models_own_reason_is_passed_on(pool: urllib3.PoolManager) -> None:
    with (
        fake_model(lambda _: problem(422, "unknown_characters", "text")) as model,
        pytest.raises(PassedOnError) as caught,
    ):
        ask(model, pool)

    error = caught.value
    assert (error.status, error.code, error.field) == (422, "unknown_characters", "text")
    assert error.detail == "because of unknown_characters"


@pytest.mark.parametrize(
    "answer",
    [
        torchserve_error(500), torchserve_error(503), problem(500, "synthesis_failed"),
        (200, {}, b"abc"), (200, {"X-Voice": "a"}, b""),
    ],
    ids=["worker-died", "handler-raised", "synthesis", "half-a-sample", "no-header"],
)  # fmt: skip
def test_a_failed_model_is_a_bad_gateway_that_names_it(
    pool: urllib3.PoolManager, answer: Scripted
) -> None:
    with fake_model(lambda _: answer) as model, pytest.raises(BackendError, match="f5_fr"):
        ask(model, pool)


@pytest.mark.parametrize("status", [401, 403])
def test_a_shard_that_wants_a_key_is_a_fault_of_ours_and_not_the_caller_s(
    pool: urllib3.PoolManager, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = problem(status, "invalid_api_key")

    with (
        fake_model(lambda _: refusal) as locked,
        pytest.raises(BackendError, match="does not let the router in") as caught,
    ):
        ask(locked, pool)
    with fake_model(lambda _: refusal) as locked, fake_model(lambda _: speech()) as open_:
        for _ in range(4):
            ask([locked.url, open_.url], pool)

    assert (caught.value.status, caught.value.code) == (502, "backend_failed")
    told = logged(caplog, "locked out: routers send no key; take the keys from the shard's edge")
    assert [(line["level"], line["model"], line["status"]) for line in told[:1]] == [
        ("ERROR", "f5_fr", status)
    ]
    assert told[0]["request_id"]


@pytest.mark.parametrize(("told", "passed_on"), [("7", 7), ("100000000", 60), ("soon", 2)])
def test_a_shard_that_limits_the_router_is_full_and_says_when_to_come_back(
    pool: urllib3.PoolManager, told: str, passed_on: int
) -> None:
    status, headers, body = problem(429, "rate_limited")

    with (
        fake_model(lambda _: (status, {**headers, "Retry-After": told}, body)) as model,
        pytest.raises(OverloadedError) as caught,
    ):
        ask(model, pool, patience_s=0.05)

    assert (caught.value.status, caught.value.code) == (503, "overloaded")
    assert caught.value.retry_after_s == passed_on
    assert len(model.requests) > 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "rate_limited") for status in (204, 302, 405, 418, 431, 499, 599, 999)),
        *((status, "poison") for status in (302, 418, 599, 999)),
    ],
)
def test_no_status_of_whatever_stands_in_front_of_a_model_reaches_a_caller(
    pool: urllib3.PoolManager, status: int, code: str
) -> None:
    with (
        fake_model(lambda _: problem(status, code)) as model,
        pytest.raises((BackendError, PassedOnError)) as caught,
    ):
        ask(model, pool)

    assert caught.value.status == (500 if code == "poison" else 502)


def test_a_broken_connection_is_tried_once_more(pool: urllib3.PoolManager) -> None:
    tries = count()

    with fake_model(lambda _: None if next(tries) == 0 else speech()) as model:
        ask(model, pool)

    assert len(model.requests) == 2


def test_a_model_that_always_breaks_off_is_asked_three_times_only(
    pool: urllib3.PoolManager,
) -> None:
    with fake_model(lambda _: None) as model, pytest.raises(BackendError):
        ask(model, pool)

    assert len(model.requests) == 3


def test_a_port_without_a_server_is_a_bad_gateway(pool: urllib3.PoolManager) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/predictions/f5_fr"

        with pytest.raises(BackendError, match="cannot be reached"):
            ask(url, pool)


def test_a_model_that_takes_too_long_ends_at_the_deadline(pool: urllib3.PoolManager) -> None:
    def slow(_: dict[str, Any]) -> Scripted:
        time.sleep(1.0)
        return speech()

    started = time.monotonic()
    with fake_model(slow) as model, pytest.raises(DeadlineError) as caught:
        ask(model, pool, deadline_s=0.3)

    assert caught.value.status == 504
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize(
    "answer", [torchserve_error(503), problem(503, "internal_error")], ids=["direct", "by the edge"]
)
def test_a_handler_that_raised_is_not_asked_again(
    pool: urllib3.PoolManager, answer: Scripted
) -> None:
    with fake_model(lambda _: answer) as model, pytest.raises(BackendError):
        ask(model, pool)

    assert len(model.requests) == 1


def test_a_cancelled_piece_is_not_tried_again(pool: urllib3.PoolManager) -> None:
    deadline = Deadline(5.0)

    def leave(_: dict[str, Any]) -> Scripted:
        deadline.cancel()
        return queue_full()

    with fake_model(leave) as model, pytest.raises(DeadlineError):
        ask(model, pool, deadline=deadline)

    assert len(model.requests) == 1


def test_a_piece_that_comes_too_late_to_be_sent_does_not_make_a_failing_replica_good(
    pool: urllib3.PoolManager,
) -> None:
    class Told(Board):
        def give_back(
            self, model: str, url: str, *, failed: bool | None, answered: float | None = None
        ) -> None:
            told.append(failed)
            super().give_back(model, url, failed=failed, answered=answered)

    told: list[bool | None] = []
    with fake_model(lambda _: speech()) as model, pytest.raises(DeadlineError):
        ask(model, pool, deadline_s=0.0, board=Told())

    assert told == [None]
    assert model.requests == []


def test_characters_without_a_token_are_counted(pool: urllib3.PoolManager) -> None:
    status, headers, body = speech()

    with fake_model(lambda _: (status, {**headers, "X-Unknown-Characters": "3"}, body)) as model:
        piece = ask(model, pool)

    assert piece.unknown_characters == 3


def test_a_worker_that_dies_costs_the_caller_a_second_try_and_no_error(
    pool: urllib3.PoolManager,
) -> None:
    tries = count()

    with fake_model(lambda _: torchserve_error(500) if next(tries) == 0 else speech()) as model:
        ask(model, pool)

    assert len(model.requests) == 2


def test_a_piece_that_the_model_refuses_as_poison_keeps_its_status_and_is_not_sent_again(
    pool: urllib3.PoolManager,
) -> None:
    with (
        fake_model(lambda _: problem(500, "poison")) as model,
        pytest.raises(PassedOnError) as caught,
    ):
        ask(model, pool)

    assert (caught.value.status, caught.value.code) == (500, "poison")
    assert len(model.requests) == 1


def test_a_piece_whose_worker_dies_again_is_not_sent_round_for_ever(
    pool: urllib3.PoolManager,
) -> None:
    with (
        fake_model(lambda _: torchserve_error(507)) as model,
        pytest.raises(BackendError, match="f5_fr failed with status 507"),
    ):
        ask(model, pool)

    assert len(model.requests) == 3


@pytest.mark.parametrize(
    "broken",
    [
        None,
        torchserve_error(500),
        model_not_found(),
        problem(502, "backend_failed"),
        problem(507, "worker_died"),
        problem(404, "not_found"),
    ],
    ids=["connection", "worker-died", "not-loaded", *("nothing", "dead", "unknown")],
)
def test_what_one_replica_cannot_speak_another_does(
    pool: urllib3.PoolManager, broken: Scripted | None
) -> None:
    with fake_model(lambda _: broken) as bad, fake_model(lambda _: speech(480)) as good:
        for _ in range(6):
            assert len(ask([bad.url, good.url], pool).samples) == 480

    assert len(good.requests) == 6


def test_a_model_that_no_replica_holds_is_not_asked_for_ever(pool: urllib3.PoolManager) -> None:
    with (
        fake_model(lambda _: model_not_found()) as model,
        pytest.raises(BackendError, match="status 404"),
    ):
        ask(model, pool)

    assert len(model.requests) == 3


def test_a_replica_with_a_full_queue_is_passed_over_for_one_with_room(
    pool: urllib3.PoolManager,
) -> None:
    with fake_model(lambda _: queue_full()) as full, fake_model(lambda _: speech()) as free:
        ask([full.url, free.url], pool, patience_s=5.0)

    assert len(free.requests) == 1


def test_a_model_that_keeps_failing_is_refused_at_once_and_says_when_to_come_back(
    pool: urllib3.PoolManager,
) -> None:
    now = [0.0]
    board = Board(clock=lambda: now[0])
    with fake_model(lambda _: None) as model:
        for _ in range(2):
            now[0] += 2.0
            with pytest.raises(BackendError):
                ask(model, pool, board=board)
            now[0] += 2.0  # two tries of one text come too close together to be two failures
        with pytest.raises(UnavailableError):  # its first try is the third failure
            ask(model, pool, board=board)
        asked = len(model.requests)

        with pytest.raises(UnavailableError) as caught:
            ask(model, pool, board=board)

    assert len(model.requests) == asked
    assert (caught.value.status, caught.value.code) == (503, "model_unavailable")
    assert 1 <= caught.value.retry_after_s <= 30


def test_a_host_that_nobody_knows_is_unavailable(pool: urllib3.PoolManager) -> None:
    with pytest.raises(UnavailableError, match="no address"):
        ask("http://nowhere.invalid:8000/predictions/f5_fr", pool, directory=nobody_known())


def test_a_full_model_that_holds_its_share_of_the_workers_is_not_waited_for(
    pool: urllib3.PoolManager,
) -> None:
    with (
        fake_model(lambda _: queue_full()) as model,
        pytest.raises(OverloadedError),
    ):
        ask(model, pool, patience_s=5.0, max_holders=0.5)

    assert len(model.requests) == 1


def test_a_host_is_asked_by_its_name_at_its_address(pool: urllib3.PoolManager) -> None:
    with fake_model(lambda _: speech()) as model:
        ask(model.url.replace("127.0.0.1", "localhost"), pool, directory=Directory(only_loopback))

    assert model.hosts[0] is not None
    assert model.hosts[0].startswith("localhost:")
