"""A piece that its model has forgotten is sent again, and one that is only slow is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import urllib3

from f5serve.errors import DeadlineError
from f5serve.request import ECHO
from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.routing.lookout import Patience
from f5serve.settings import Backend
from tests.unit.routing_support import (
    FakeModel,
    Scripted,
    fake_model,
    queue_full,
    speech,
    torchserve_error,
)

SOON = Patience(look_s=0.05, margin_s=0.2, grace_s=0.2, silence_s=0.4)
FORGOTTEN_S = 8.0
"""How long the stand-in says nothing to a piece that it has forgotten."""
ECHOED: Scripted = (200, {"Content-Type": "application/json"}, b'{"echo": true}')


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    pool = connections(2)
    yield pool
    pool.clear()


def forgetting(
    pieces: int, then: Callable[[dict[str, Any]], Scripted] = lambda _: speech()
) -> Callable[[dict[str, Any]], Scripted | None]:
    """Script a model that gives no answer to its first pieces."""
    left = iter(range(pieces))
    lock = threading.Lock()

    def answer(request: dict[str, Any]) -> Scripted | None:
        if request == ECHO:
            return ECHOED
        with lock:
            forgotten = next(left, None) is not None
        if not forgotten:
            return then(request)
        time.sleep(FORGOTTEN_S)
        return None

    return answer


def backend_at(model: FakeModel, *, in_order: bool = True) -> Backend:
    return Backend(
        model="f5_fr", url=model.url, languages=("fr",), licence="MIT", commercial_use=True,
        in_order=in_order,
    )  # fmt: skip


def models_of(
    pool: urllib3.PoolManager, board: Board | None = None, *, patience: Patience = SOON
) -> LanguageModels:
    class Hasty(LanguageModels):
        forgotten_after = patience

    return Hasty(pool, max_refused_s=2.0, board=board)


def speak(
    models: LanguageModels, backend: Backend, name: str = "one", deadline_s: float = 5.0
) -> float:
    """Have a piece spoken; answer the seconds that took."""
    started = time.monotonic()
    piece = models.speak(
        backend, {"text": name}, deadline=Deadline(deadline_s), request_id=f"id-{name}"
    )
    assert len(piece.samples) > 0
    return time.monotonic() - started


def echoes(model: FakeModel) -> int:
    return model.requests.count(dict(ECHO))


def pieces(model: FakeModel) -> int:
    return len(model.requests) - echoes(model)


def test_a_forgotten_piece_is_found_out_by_an_echo_and_sent_again(
    pool: urllib3.PoolManager,
) -> None:
    with fake_model(forgetting(1)) as model:
        models = models_of(pool)

        took_s = speak(models, backend_at(model))

        assert SOON.silence_s <= took_s < FORGOTTEN_S
        assert (pieces(model), echoes(model)) == (2, 1)
        assert models.retries() == {("f5_fr", "forgotten"): 1}


def test_a_forgotten_piece_is_found_out_by_the_answer_to_a_later_one_without_any_echo(
    pool: urllib3.PoolManager,
) -> None:
    with fake_model(forgetting(1)) as model:
        models = models_of(pool, patience=replace(SOON, silence_s=60.0))
        took = list[float]()
        first = threading.Thread(target=lambda: took.append(speak(models, backend_at(model))))
        first.start()
        time.sleep(2 * SOON.margin_s)
        speak(models, backend_at(model), "two")
        first.join()

        assert took[0] < FORGOTTEN_S
        assert (pieces(model), echoes(model)) == (3, 0)


def test_what_was_sent_at_about_the_same_time_and_is_answered_first_proves_nothing(
    pool: urllib3.PoolManager,
) -> None:
    def slow_for_the_first(request: dict[str, Any]) -> Scripted:
        time.sleep(0.9 if request["text"] == "one" else 0.0)
        return speech()

    with fake_model(slow_for_the_first) as model:
        models = models_of(pool, patience=replace(SOON, silence_s=60.0, margin_s=0.5))
        first = threading.Thread(target=speak, args=(models, backend_at(model)))
        first.start()
        time.sleep(0.1)
        speak(models, backend_at(model), "two")
        first.join()

        assert pieces(model) == 2
        assert models.retries() == {}


def test_a_piece_that_takes_long_is_not_sent_again_while_its_model_gives_no_echo_either(
    pool: urllib3.PoolManager,
) -> None:
    asked = threading.Lock()  # one worker: what comes later waits

    def busy(request: dict[str, Any]) -> Scripted:
        with asked:
            if request == ECHO:
                return ECHOED
            time.sleep(4 * SOON.silence_s)
            return speech()

    with fake_model(busy) as model:
        models = models_of(pool)

        speak(models, backend_at(model))

        assert pieces(model) == 1
        assert echoes(model) >= 1, "it was not looked after, so this shows nothing"
        assert models.retries() == {}


@pytest.mark.parametrize("told", [queue_full(), None], ids=["full", "broken off"])
def test_neither_a_full_queue_nor_a_broken_connection_is_an_echo(
    pool: urllib3.PoolManager, told: Scripted | None
) -> None:
    def answer(request: dict[str, Any]) -> Scripted | None:
        if request == ECHO:
            return told
        time.sleep(3 * SOON.silence_s)
        return speech()

    with fake_model(answer) as model:
        speak(models_of(pool), backend_at(model))

        assert pieces(model) == 1
        assert echoes(model) >= 1


def test_a_piece_is_taken_for_forgotten_once_only_and_then_waits_for_its_deadline(
    pool: urllib3.PoolManager,
) -> None:
    with fake_model(forgetting(9)) as model:
        with pytest.raises(DeadlineError):
            speak(models_of(pool), backend_at(model), deadline_s=3.0)

        assert pieces(model) == 2


def test_several_forgotten_pieces_ask_for_one_echo_together(pool: urllib3.PoolManager) -> None:
    with fake_model(forgetting(2)) as model:
        models, backend = models_of(pool), backend_at(model)
        threads = [threading.Thread(target=speak, args=(models, backend)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert pieces(model) == 4
        assert echoes(model) == 1


def test_a_model_that_does_not_answer_in_order_is_waited_for(pool: urllib3.PoolManager) -> None:
    with fake_model(forgetting(1)) as model:
        with pytest.raises(DeadlineError):
            speak(models_of(pool), backend_at(model, in_order=False), deadline_s=1.5)

        assert (pieces(model), echoes(model)) == (1, 0)


def test_a_forgotten_piece_does_not_count_as_a_failure_of_its_replica(
    pool: urllib3.PoolManager,
) -> None:
    board = Board()
    with fake_model(forgetting(4)) as model:
        models = models_of(pool, board)
        for name in ("one", "two"):
            with pytest.raises(DeadlineError):
                speak(models, backend_at(model), name, deadline_s=1.6)

        assert board.take("f5_fr", [model.url]) == model.url


def test_only_what_a_worker_answered_is_heard_of_its_replica(pool: urllib3.PoolManager) -> None:
    class Told(Board):
        def give_back(
            self, model: str, url: str, *, failed: bool | None, answered: float | None = None
        ) -> None:
            told.append((failed, answered is not None))
            super().give_back(model, url, failed=failed, answered=answered)

    told = list[tuple[bool | None, bool]]()
    script = iter([queue_full(), torchserve_error(500), speech()])
    with fake_model(forgetting(1, lambda _: next(script))) as model:
        speak(models_of(pool, Told()), backend_at(model))

    forgotten, full, died, spoken = (None, False), (False, False), (True, False), (False, True)
    assert told == [forgotten, full, died, spoken]
