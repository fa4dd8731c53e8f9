"""How long the router waits: until deadlines, between tries, and for a replica that says nothing."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import ExitStack

import pytest
import urllib3

from f5serve.errors import BackendError, DeadlineError, UnavailableError
from f5serve.routing.backends import MOST_TRIES, LanguageModels, connections
from f5serve.routing.board import Board
from f5serve.routing.deadline import Deadline
from f5serve.routing.lookout import Lookout, Patience, in_background
from f5serve.settings import Backend
from tests.unit.routing_support import (
    Scripted,
    ask,
    fake_model,
    queue_full,
    speech,
    torchserve_error,
)

MODEL = "f5_fr"
URL = "http://127.0.0.1:9/predictions/f5_fr"
OFTEN = Patience(look_s=0.01)
"""The patience of every day, but for how often it is looked."""
SEEN_S = 0.1
"""Long enough for several looks."""


def backend(url: str = URL) -> Backend:
    return Backend(model=MODEL, url=url, languages=("fr",), licence="MIT", commercial_use=True)


def test_a_deadline_counts_what_is_gone_already_and_has_passed_when_none_is_left() -> None:
    now = [100.0]
    deadline = Deadline(10.0, lambda: now[0], gone_s=4.0)

    now[0] = 105.0
    assert (deadline.left_s(), deadline.spent_s(), deadline.passed()) == (1.0, 5.0, False)
    now[0] = 106.0
    assert deadline.passed()
    with pytest.raises(DeadlineError, match="within 10 s"):
        deadline.left_s()


def waits_of_a_piece(refusals: int, deadline_s: float = 60.0) -> list[tuple[float, float]]:
    """The waits of a piece that a full queue refuses so often, and what was left of its time at each."""
    left = iter(range(refusals))
    deadline, waits = Deadline(deadline_s), list[tuple[float, float]]()
    pool = connections(1)
    with fake_model(lambda _: speech() if next(left, None) is None else queue_full()) as model:
        models = LanguageModels(
            pool,
            max_refused_s=60.0,
            sleep=lambda seconds: waits.append((seconds, deadline.left_s())),
        )
        models.speak(backend(model.url), {"text": "one"}, deadline=deadline, request_id="1")
    pool.clear()
    return waits


def test_the_first_in_line_asks_often_and_not_in_step() -> None:
    waits = [wait for wait, _ in waits_of_a_piece(30)]

    assert 0.02 < min(waits) < 0.9 * max(waits), "all would come back at once"
    assert max(waits) <= 0.05


@pytest.mark.parametrize(("ahead", "longest_s"), [(2, 0.15), (3, 0.2), (40, 0.25)])
def test_whoever_stands_further_back_asks_less_often(ahead: int, longest_s: float) -> None:
    board, waits = Board(), list[float]()
    left = iter(range(30))
    pool = connections(1)
    with ExitStack() as line:
        for _ in range(ahead):
            board.stand_in_line("f5_fr", line.enter_context(board.holding("f5_fr")))

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if next(left, None) is None:
                line.close()

        with fake_model(lambda _: speech()) as model:
            models = LanguageModels(pool, max_refused_s=60.0, sleep=wait, board=board)
            models.speak(
                backend(model.url), {"text": "one"}, deadline=Deadline(60.0), request_id="1"
            )
    pool.clear()

    assert longest_s / 2 <= min(waits)
    assert 0.75 * longest_s < max(waits) <= longest_s


def test_no_wait_lasts_beyond_the_deadline() -> None:
    late = Deadline(0.04)
    waits = list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    pool = connections(1)
    with fake_model(lambda _: queue_full()) as model, pytest.raises(DeadlineError):
        LanguageModels(pool, max_refused_s=60.0, sleep=wait).speak(
            backend(model.url), {"text": "one"}, deadline=late, request_id="1"
        )
    pool.clear()

    assert sum(waits) <= 0.04


def test_a_model_that_holds_no_more_than_its_share_of_the_workers_is_waited_for() -> None:
    left = iter(range(1))
    pool = connections(1)
    with fake_model(lambda _: speech() if next(left, None) is None else queue_full()) as model:
        piece = ask(model, pool, max_holders=1)
    pool.clear()

    assert len(piece.samples) > 0
    assert len(model.requests) == 2


def test_a_queue_that_was_full_once_excuses_no_worker_that_dies_again_and_again() -> None:
    left = iter(range(1))
    died = torchserve_error(500)
    pool = connections(1)
    with (
        fake_model(lambda _: died if next(left, None) is None else queue_full()) as model,
        pytest.raises(BackendError),
    ):
        ask(model, pool, patience_s=60.0)
    pool.clear()

    assert len(model.requests) == 1 + MOST_TRIES


def test_the_time_that_a_piece_waited_is_told_in_milliseconds() -> None:
    def slow(_: object) -> Scripted:
        time.sleep(0.3)
        return speech()  # says that its batch took 5 ms

    pool = connections(1)
    with fake_model(slow) as model:
        piece = ask(model, pool)
    pool.clear()

    assert 290.0 < piece.queue_ms < 5_000.0


class Unreachable(urllib3.PoolManager):
    """Connects to nothing; remembers how long that might have taken."""

    def __init__(self, error: urllib3.exceptions.HTTPError | None = None) -> None:
        super().__init__()
        self._error = error or urllib3.exceptions.ProtocolError("nobody")
        self.connects = list[float]()

    def request(self, *_: object, **given: object) -> urllib3.BaseHTTPResponse:
        timeout = given["timeout"]
        assert isinstance(timeout, urllib3.Timeout)
        assert isinstance(timeout.connect_timeout, float)
        self.connects.append(timeout.connect_timeout)
        raise self._error


@pytest.mark.parametrize(("deadline_s", "most_s"), [(60.0, 2.0), (0.5, 0.5)])
def test_a_host_that_takes_no_connection_costs_two_seconds_and_no_more_than_is_left(
    deadline_s: float, most_s: float
) -> None:
    pool = Unreachable()

    with pytest.raises(BackendError):
        LanguageModels(pool, max_refused_s=1.0).speak(
            backend(), {"text": "one"}, deadline=Deadline(deadline_s, lambda: 0.0), request_id="1"
        )

    assert pool.connects == [most_s] * MOST_TRIES


def test_a_time_out_before_the_deadline_is_the_system_s_and_the_host_s_fault() -> None:
    cut_off = urllib3.exceptions.ReadTimeoutError(
        urllib3.HTTPConnectionPool("127.0.0.1", 9), URL, "the system gave the connection up"
    )

    with pytest.raises(BackendError, match="cannot be reached"):
        LanguageModels(Unreachable(cut_off), max_refused_s=1.0).speak(
            backend(), {"text": "one"}, deadline=Deadline(60.0), request_id="1"
        )


def test_a_replica_that_sends_elsewhere_is_not_followed() -> None:
    pool = connections(1)
    with (
        fake_model(lambda _: speech()) as elsewhere,
        fake_model(lambda _: (307, {"Location": elsewhere.url}, b"")) as model,
        pytest.raises(BackendError),
    ):
        ask(model, pool)
    pool.clear()

    assert elsewhere.requests == []


def test_a_host_that_is_cut_off_is_found_out_in_a_quarter_of_a_minute() -> None:
    pool = connections(3)

    with socket.socket() as one:
        for option in pool.connection_pool_kw["socket_options"]:
            one.setsockopt(*option)
        asked = [
            one.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        ]
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert asked[0] + asked[1] * asked[2] <= 15


@pytest.mark.parametrize(("back_in_s", "told_s"), [(0.0, 1), (2.2, 3)])
def test_a_model_that_is_left_alone_says_when_it_is_tried_again_and_never_sooner(
    back_in_s: float, told_s: int
) -> None:
    class Closed(Board):
        def take(self, model: str, urls: Sequence[str], avoid: Collection[str] = ()) -> str | None:
            return None

        def back_in_s(self, model: str, urls: Sequence[str]) -> float:
            return back_in_s

    with pytest.raises(UnavailableError) as caught:
        LanguageModels(Unreachable(), max_refused_s=1.0, board=Closed()).speak(
            backend(), {"text": "one"}, deadline=Deadline(math.inf), request_id="1"
        )

    assert caught.value.retry_after_s == told_s


class Waiting:
    """A piece sent at 0 to a replica that says nothing, by a clock that the test moves on."""

    def __init__(
        self, patience: Patience = OFTEN, echo: Callable[[], bool] = lambda: False
    ) -> None:
        self._now = 0.0
        self._begun, self._over = threading.Event(), threading.Event()
        self.board = Board(clock=lambda: self._now)
        self.echoes = 0

        def counted() -> bool:
            self.echoes += 1
            return echo()

        lookout = Lookout(
            self.board, MODEL, URL, echo=counted, patience=patience, clock=lambda: self._now
        )

        def answer() -> None:
            self._begun.set()
            self._over.wait()

        self._future: Future[object] = in_background(lambda: lookout.wait(answer))
        assert self._begun.wait(5.0)

    def waits_on(self, at: float) -> bool:
        """Move the clock on; tell whether the piece is still waited for after several looks."""
        self._now = at
        time.sleep(SEEN_S)
        return not self._future.done()

    def is_lost(self, at: float) -> bool:
        """Move the clock on; tell whether the piece is taken for lost."""
        self._now = at
        return self._future.result(timeout=5.0) is None

    def has_asked(self, times: int) -> bool:
        """Tell whether the replica is asked for so many echoes, before long."""
        end = time.monotonic() + 5.0
        while self.echoes < times and time.monotonic() < end:
            time.sleep(0.01)
        return self.echoes == times

    def end(self) -> None:
        """Let the replica answer at last."""
        self._over.set()
        self._future.result(timeout=5.0)


def test_only_what_was_sent_later_by_the_margin_tells_and_only_after_the_grace() -> None:
    waiting = Waiting()

    assert waiting.waits_on(at=9.0)
    waiting.board.heard(MODEL, URL, 2.9)
    assert waiting.waits_on(at=9.5)
    waiting.board.heard(MODEL, URL, 3.0)
    assert waiting.waits_on(at=9.5)
    assert waiting.waits_on(at=11.4)
    assert waiting.is_lost(at=13.5)
    waiting.end()


def test_an_echo_is_asked_for_after_ten_seconds_of_silence_and_once() -> None:
    waiting = Waiting()

    for at, echoes in ((9.9, 0), (10.0, 1), (19.9, 1), (20.0, 2)):
        assert waiting.waits_on(at)
        assert waiting.has_asked(echoes)
    waiting.end()


def test_an_echo_counts_from_when_it_was_asked_for() -> None:
    answered = threading.Event()
    waiting = Waiting(
        Patience(look_s=0.01, grace_s=0.0, silence_s=2.0), echo=lambda: answered.wait(5.0)
    )

    assert waiting.waits_on(at=2.5)
    assert waiting.has_asked(1)
    assert waiting.waits_on(at=4.0)
    answered.set()

    # Asked for 2.5 s after the piece, it may have come to the server before it.
    assert waiting.waits_on(at=4.1)
    waiting.end()


def test_a_time_out_of_the_answer_s_own_is_no_reason_to_wait_on() -> None:
    def ends_late() -> None:
        raise TimeoutError("of its own")

    lookout = Lookout(Board(), MODEL, URL, echo=lambda: False, patience=OFTEN)

    waiting = in_background(lambda: lookout.wait(ends_late))

    assert isinstance(waiting.exception(timeout=5.0), TimeoutError)


def test_who_is_left_behind_keeps_no_process_from_ending() -> None:
    asked = in_background(lambda: threading.current_thread().daemon)

    assert asked.result(timeout=5.0)
