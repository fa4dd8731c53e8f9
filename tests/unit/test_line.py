"""Pieces that find no place in a model's queue get one in the order in which they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from f5serve.errors import OverloadedError
from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.settings import Backend
from tests.unit.routing_support import FakeModel, Scripted, fake_model, queue_full, speech

PIECE_S = 0.2
CALLERS = 12
TIMES = 5


@dataclass
class OnePlace:
    """A model that speaks one piece at a time and keeps none waiting, as a full queue does."""

    spoken: list[str] = field(default_factory=list)
    place: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: dict[str, Any]) -> Scripted:
        if not self.place.acquire(blocking=False):
            return queue_full()
        try:
            self.spoken.append(request["text"])
            time.sleep(PIECE_S)
            return speech()
        finally:
            self.place.release()


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    pool = connections(CALLERS)
    yield pool
    pool.clear()


def speak(models: LanguageModels, model: FakeModel, text: str, *, begun: bool = False) -> None:
    backend = Backend(
        model="f5_fr", url=model.url, languages=("fr",), licence="MIT", commercial_use=True
    )
    models.speak(backend, {"text": text}, deadline=Deadline(20.0), request_id=text, begun=begun)


def test_whoever_came_first_is_spoken_first(pool: urllib3.PoolManager) -> None:
    stand_in = OnePlace()
    with fake_model(stand_in.answer) as model, ThreadPoolExecutor(CALLERS) as threads:
        models = LanguageModels(pool, max_refused_s=20.0)
        asked = []
        for number in range(CALLERS):
            asked.append(threads.submit(speak, models, model, str(number)))
            time.sleep(PIECE_S / 4)
        for one in asked:
            one.result()

    places = [stand_in.spoken.index(str(number)) for number in range(CALLERS)]
    # Two of those who wait longest ask, now this one first, now that one; by chance alone it would be 4.
    apart = [abs(place - number) for number, place in enumerate(places)]
    assert sum(apart) / CALLERS <= 2.0, places


def test_newcomers_do_not_overtake_whoever_waits(pool: urllib3.PoolManager) -> None:
    stand_in = OnePlace()
    over = threading.Event()
    overtaken = []

    def coming_again_and_again(name: str) -> None:
        while not over.is_set():
            speak(models, model, name)

    with fake_model(stand_in.answer) as model, ThreadPoolExecutor(4) as threads:
        models = LanguageModels(pool, max_refused_s=20.0)
        for name in ("a", "b", "c"):
            threads.submit(coming_again_and_again, name)
        for number in range(TIMES):
            time.sleep(2.5 * PIECE_S)  # it comes while another speaks
            before = len(stand_in.spoken)
            speak(models, model, f"waits {number}")
            overtaken.append(stand_in.spoken.index(f"waits {number}") - before)
        over.set()

    # Two wait already. The second in line may be let in before the first, now and then more than once.
    assert sum(overtaken) / TIMES <= 5.0, overtaken


def test_a_line_that_holds_too_many_of_the_router_s_workers_grows_no_more(
    pool: urllib3.PoolManager,
) -> None:
    board = Board()
    with fake_model(lambda _: speech()) as model, board.holding("f5_fr") as ticket:
        board.stand_in_line("f5_fr", ticket)
        models = LanguageModels(pool, max_refused_s=20.0, max_holders=0.5, board=board)

        with pytest.raises(OverloadedError):
            speak(models, model, "one")

    assert model.requests == [], "it was not its turn"


def test_a_later_piece_of_a_stream_is_not_refused_for_want_of_a_place(
    pool: urllib3.PoolManager,
) -> None:
    free_at = time.monotonic() + 0.6

    def answer(_: dict[str, Any]) -> Scripted:
        return speech() if time.monotonic() > free_at else queue_full()

    with fake_model(answer) as model:
        models = LanguageModels(pool, max_refused_s=0.1, max_holders=0.5)

        with pytest.raises(OverloadedError):
            speak(models, model, "first")
        speak(models, model, "later", begun=True)

    assert model.requests[-1]["text"] == "later"
