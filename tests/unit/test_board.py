"""What the router's workers know of one another: load, failures, and who is held by whom."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from f5serve.routing.board import AT_ONCE, LONGEST_PAUSE_S, LOST_FROM_SIGHT_S, Board

A, B = "http://10.0.0.1:8000/predictions/f5_fr", "http://10.0.0.2:8000/predictions/f5_fr"
MODEL = "f5_fr"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board.json"


def fail(board: Board, clock: Clock, url: str, times: int) -> None:
    for _ in range(times):
        clock.now += 1.5
        taken = board.take(MODEL, [url])
        if taken is not None:
            board.give_back(MODEL, taken, failed=True)


def test_the_replica_with_the_fewest_pieces_under_way_is_taken(path: Path) -> None:
    one, other = Board(path), Board(path)

    taken = [one.take(MODEL, [A, B]), other.take(MODEL, [A, B]), one.take(MODEL, [A, B])]

    assert set(taken[:2]) == {A, B}
    still = A if taken[2] == B else B
    other.give_back(MODEL, still, failed=False)
    assert other.take(MODEL, [A, B]) == still


def test_equals_are_taken_in_turn_by_chance(path: Path) -> None:
    board = Board(path)
    taken = Counter[str | None]()
    for _ in range(60):
        url = board.take(MODEL, [A, B])
        taken[url] += 1
        board.give_back(MODEL, str(url), failed=False)

    assert min(taken[A], taken[B]) >= 10


def test_a_replica_that_just_failed_is_avoided_where_there_is_another(path: Path) -> None:
    board = Board(path)

    assert board.take(MODEL, [A, B], avoid=[A]) == B
    assert board.take(MODEL, [A], avoid=[A]) == A


def test_a_replica_that_fails_three_times_is_left_alone_and_then_tried_once(
    path: Path, clock: Clock
) -> None:
    board = Board(path, clock=clock)

    fail(board, clock, A, 3)

    assert board.take(MODEL, [A]) is None
    assert 1 <= board.back_in_s(MODEL, [A]) <= 2
    assert board.take(MODEL, [A, B]) == B
    clock.now += 2.1
    assert board.take(MODEL, [A]) == A  # the trial
    assert board.take(MODEL, [A]) is None  # nobody else, until it is known what became of it


def test_the_pause_grows_up_to_its_bound_and_ends_with_the_first_answer(
    path: Path, clock: Clock
) -> None:
    board = Board(path, clock=clock)

    for _ in range(12):
        fail(board, clock, A, 1)
        clock.now += LONGEST_PAUSE_S
    assert board.take(MODEL, [A]) == A
    board.give_back(MODEL, A, failed=True)
    assert board.back_in_s(MODEL, [A]) == pytest.approx(LONGEST_PAUSE_S)

    clock.now += LONGEST_PAUSE_S + 0.1
    assert board.take(MODEL, [A]) == A
    board.give_back(MODEL, A, failed=False)
    assert board.take(MODEL, [A]) == A


def test_a_batch_that_dies_together_is_one_failure(path: Path, clock: Clock) -> None:
    board = Board(path, clock=clock)
    for _ in range(6):
        assert board.take(MODEL, [A]) == A

    for _ in range(6):
        clock.now += 0.05
        board.give_back(MODEL, A, failed=True)

    assert board.take(MODEL, [A]) == A


def test_one_model_that_fails_leaves_the_others_of_its_server_alone(
    path: Path, clock: Clock
) -> None:
    board = Board(path, clock=clock)

    fail(board, clock, A, 3)

    assert board.take("f5_es", [A]) == A


def test_who_is_held_by_a_model_is_counted_by_process(path: Path) -> None:
    board = Board(path)

    with board.holding(MODEL), board.holding(MODEL):
        assert board.holders(MODEL) == 1
        assert board.holders("f5_es") == 0
    assert board.holders(MODEL) == 0


def test_what_a_killed_process_had_under_way_is_taken_off(path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, 'handlers'); from pathlib import Path\n"
        "from f5serve.routing.board import Board\n"
        f"board = Board(Path({str(path)!r})); board.take({MODEL!r}, [{A!r}])\n"
        f"board.holding({MODEL!r}).__enter__(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=30)  # noqa: S603 - ours
    assert str(os.getpid()) not in path.read_text(encoding="utf-8")
    assert '"flights":{"' in path.read_text(encoding="utf-8")

    board = Board(path)

    assert board.holders(MODEL) == 0
    assert board.take(MODEL, [A]) == A
    told = msgspec.json.decode(path.read_bytes())
    assert told["replicas"][f"{MODEL} {A}"]["flights"] == {str(os.getpid()): 1}


def test_many_threads_and_boards_lose_no_count(path: Path) -> None:
    def work() -> None:
        board = Board(path)
        for _ in range(25):
            url = board.take(MODEL, [A, B])
            board.give_back(MODEL, str(url), failed=False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    told = msgspec.json.decode(path.read_bytes())
    assert all(seen["flights"] == {} for seen in told["replicas"].values())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff" * 100, b'{"replicas": 3}'])
def test_a_file_that_is_no_board_begins_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert Board(path).take(MODEL, [A]) == A


def test_times_of_another_boot_are_forgotten(path: Path, clock: Clock) -> None:
    fail(Board(path, clock=clock), clock, A, 3)
    clock.now = 5.0  # the clock begins anew

    assert Board(path, clock=clock).take(MODEL, [A]) == A


def test_a_place_that_cannot_be_written_costs_the_common_knowledge_and_nothing_else(
    tmp_path: Path,
) -> None:
    board = Board(tmp_path / "missing" / "board.json")

    assert board.take(MODEL, [A]) == A


def test_a_link_in_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious", encoding="utf-8")
    path.symlink_to(target)

    assert Board(path).take(MODEL, [A]) == A
    assert target.read_text(encoding="utf-8") == "precious"


def test_a_piece_that_was_not_sent_tells_nothing_of_its_replica(path: Path, clock: Clock) -> None:
    board = Board(path, clock=clock)
    fail(board, clock, A, 3)
    clock.now += 2.1
    assert board.take(MODEL, [A]) == A  # the trial, which nobody wants any more

    board.give_back(MODEL, A, failed=None)

    told = msgspec.json.decode(path.read_bytes())
    assert told["replicas"][f"{MODEL} {A}"]["flights"] == {}
    assert board.take(MODEL, [A]) == A  # the next is the trial, and again alone
    assert board.take(MODEL, [A]) is None


def test_a_process_begins_without_what_one_of_its_number_left_behind(path: Path) -> None:
    before = Board(path)
    before.take(MODEL, [A])
    before.holding(MODEL).__enter__()

    Board(path).join()

    told = msgspec.json.decode(path.read_bytes())
    assert told["replicas"][f"{MODEL} {A}"]["flights"] == {}
    assert Board(path).holders(MODEL) == 0


def test_what_is_no_file_costs_the_common_knowledge_and_nothing_else(path: Path) -> None:
    os.mkfifo(path)
    board = Board(path)

    assert board.take(MODEL, [A]) == A
    board.give_back(MODEL, A, failed=False)


def test_a_piece_that_waited_for_the_file_while_another_succeeded_is_not_refused(
    path: Path, clock: Clock
) -> None:
    board = Board(path, clock=clock)
    assert board.take(MODEL, [A]) == A
    board.give_back(MODEL, A, failed=False)

    clock.now -= 0.01  # it had looked at the clock before

    assert board.take(MODEL, [A]) == A


def test_who_comes_anew_waits_behind_whoever_waits(path: Path, clock: Clock) -> None:
    one, other = Board(path, clock=clock), Board(path, clock=clock)
    with one.holding(MODEL) as first, other.holding(MODEL) as second:
        assert one.may_ask(MODEL, first)
        assert one.stand_in_line(MODEL, first) == 0, "its queue was full"
        clock.now += 1.0

        assert not other.may_ask(MODEL, second)
        assert other.stand_in_line(MODEL, second) == 1
        assert other.may_ask("f5_es", second), "another model has a line of its own"

        assert one.may_ask(MODEL, first), "it is let in, or asks again"
        clock.now += 1.0
        with one.holding(MODEL) as third:
            assert not one.may_ask(MODEL, third), "the second waits still"
        assert other.may_ask(MODEL, second)


def test_those_who_have_waited_longest_ask_and_the_others_wait(path: Path, clock: Clock) -> None:
    board = Board(path, clock=clock)
    with ExitStack() as held:
        tickets = [held.enter_context(board.holding(MODEL)) for _ in range(AT_ONCE + 2)]
        for ticket in tickets:
            clock.now += 0.1
            board.stand_in_line(MODEL, ticket)

        # From the last to the first: none is taken for asking meanwhile.
        told = [board.may_ask(MODEL, ticket) for ticket in reversed(tickets)]

        assert told == [False, False, *[True] * AT_ONCE]
        assert [board.stand_in_line(MODEL, ticket) for ticket in reversed(tickets)] == [
            1, 0, 0, 0,
        ]  # fmt: skip
    assert msgspec.json.decode(path.read_bytes())["lines"] == {MODEL: {}}


def test_nobody_waits_behind_one_that_does_not_look_any_more(path: Path, clock: Clock) -> None:
    board = Board(path, clock=clock)
    with board.holding(MODEL) as stuck, board.holding(MODEL) as other:
        board.stand_in_line(MODEL, stuck)
        clock.now += LOST_FROM_SIGHT_S / 2
        assert not board.may_ask(MODEL, other)

        clock.now += LOST_FROM_SIGHT_S

        assert board.may_ask(MODEL, other)


def test_nobody_waits_behind_a_killed_process(path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, 'handlers'); from pathlib import Path\n"
        "from f5serve.routing.board import Board\n"
        f"board = Board(Path({str(path)!r})); ticket = board.holding({MODEL!r}).__enter__()\n"
        f"board.stand_in_line({MODEL!r}, ticket); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=30)  # noqa: S603 - ours
    assert '"asking":false' in path.read_text(encoding="utf-8")

    board = Board(path)
    with board.holding(MODEL) as ticket:
        assert board.may_ask(MODEL, ticket)
