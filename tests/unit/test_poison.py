"""A piece that ends its worker is found out and refused; its batch mates are spoken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from f5serve.errors import CallerGoneError, PoisonError, RequestError, ServeError
from f5serve.poison import KEPT_S, MOST_KEPT, PoisonGuard, digest_of
from f5serve.request import PieceRequest

GOOD = PieceRequest(text="Bonjour.", seed=1)
OTHER = PieceRequest(text="Merci.", seed=2)
DEADLY = PieceRequest(text="Meurs.", seed=3)
# A worker as a process of its own: it speaks what it is given, and ends at once under one text.
WORKER = """
import os, sys
from pathlib import Path
from f5serve.poison import PoisonGuard
from f5serve.request import PieceRequest

def speak(requests):
    if any(request.text == "Meurs." for request in requests):
        os._exit(9)
    return [request.text for request in requests]

requests = [PieceRequest(text=text, seed=1) for text in sys.argv[2:]]
for result in PoisonGuard(Path(sys.argv[1])).speak(requests, speak):
    print(result if isinstance(result, str) else result.code)
"""


class Crash(BaseException):
    """The process would end here."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "poison.json"


def crash(requests: Sequence[PieceRequest | ServeError]) -> list[str | ServeError]:
    raise Crash


def say(requests: Sequence[PieceRequest | ServeError]) -> list[str | ServeError]:
    return [one if isinstance(one, ServeError) else one.text for one in requests]


def die(path: Path, clock: Clock, *requests: PieceRequest) -> None:
    """A worker ends under a batch: the next to look finds its note, and no process."""
    with pytest.raises(Crash):
        PoisonGuard(path, clock=clock, alive=lambda _: True).speak(requests, crash)


def after(path: Path, clock: Clock) -> PoisonGuard:
    """The worker that takes its place."""
    return PoisonGuard(path, clock=clock, alive=lambda _: False)


def spoken(path: Path, *texts: str) -> tuple[int, list[str]]:
    """Run a real worker process; answer its exit status and what it has said."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", WORKER, str(path), *texts],
        env={**os.environ, "PYTHONPATH": "handlers"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.split()


def test_a_text_that_ends_two_processes_is_refused_by_the_third_and_its_mates_are_spoken(
    path: Path,
) -> None:
    batch = ("Bonjour.", "Meurs.", "Merci.")

    assert spoken(path, *batch) == (9, [])
    assert spoken(path, *batch) == (9, [])
    assert spoken(path, *batch) == (0, ["Bonjour.", "poison", "Merci."])


def test_suspects_are_spoken_alone_and_after_the_others(path: Path) -> None:
    clock = Clock()
    die(path, clock, GOOD, DEADLY)
    batches: list[list[str]] = []

    def listen(requests: Sequence[PieceRequest | ServeError]) -> list[str | ServeError]:
        batches.append([str(one) for one in say(requests)])
        return say(requests)

    results = after(path, clock).speak([GOOD, OTHER, DEADLY], listen)

    assert batches == [["Merci."], ["Bonjour."], ["Meurs."]]
    assert results == ["Bonjour.", "Merci.", "Meurs."]


def test_a_suspect_that_is_spoken_is_cleared(path: Path) -> None:
    clock = Clock()
    die(path, clock, GOOD)
    after(path, clock).speak([GOOD], say)
    die(path, clock, GOOD)

    assert after(path, clock).speak([GOOD], say) == ["Bonjour."]


def test_a_suspect_that_was_given_up_half_way_stays_one(path: Path) -> None:
    """Its caller has gone: whether it would have ended the process is not known."""
    clock = Clock()
    die(path, clock, DEADLY)
    guard = after(path, clock)

    guard.speak([DEADLY], lambda requests: [CallerGoneError() for _ in requests])

    assert guard.known([digest_of(DEADLY)]) == ({digest_of(DEADLY)}, set())


def test_company_of_a_suspect_that_kills_is_not_refused(path: Path) -> None:
    clock = Clock()
    die(path, clock, GOOD, DEADLY)
    die(path, clock, DEADLY)

    result, other = after(path, clock).speak([DEADLY, GOOD], say)

    assert isinstance(result, PoisonError)
    assert (result.status, result.code) == (500, "poison")
    assert other == "Bonjour."


def test_company_of_one_that_became_suspect_meanwhile_is_not_refused(path: Path) -> None:
    clock = Clock()
    beside = PoisonGuard(path, clock=clock, alive=lambda _: True)
    batch = [digest_of(one) for one in (DEADLY, GOOD, OTHER)]
    assert beside.known(batch) == (set(), set())
    state = json.loads(path.read_text(encoding="utf-8"))
    state["suspects"] = {batch[0]: clock.now}  # another worker has ended under it
    path.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(Crash), beside.note(batch):
        raise Crash

    suspects, refused = after(path, clock).known(batch)

    assert (suspects, refused) == (set(batch), set())


def test_another_seed_and_place_make_no_other_piece_but_another_voice_does() -> None:
    again = PieceRequest(text="Meurs.", seed=4, piece=7, response_format="f32")

    assert digest_of(again) == digest_of(DEADLY)
    assert digest_of(PieceRequest(text="Meurs.", voice="plain_fr")) != digest_of(DEADLY)


def test_a_refusal_ends_after_a_while(path: Path) -> None:
    clock = Clock()
    die(path, clock, DEADLY)
    die(path, clock, DEADLY)
    assert isinstance(after(path, clock).speak([DEADLY], say)[0], PoisonError)

    clock.now += KEPT_S + 1

    assert after(path, clock).speak([DEADLY], say) == ["Meurs."]


def test_what_is_kept_is_bounded_and_holds_no_text(path: Path) -> None:
    clock = Clock()
    for start in range(0, MOST_KEPT * 2, 64):
        clock.now += 1
        die(path, clock, *(PieceRequest(text=f"Mot {n}.") for n in range(start, start + 64)))
    after(path, clock).speak([GOOD], say)

    body = path.read_text(encoding="utf-8")
    assert len(json.loads(body)["suspects"]) == MOST_KEPT
    assert "Mot" not in body
    assert path.stat().st_mode & 0o077 == 0


def test_a_worker_that_still_computes_makes_nobody_suspect(path: Path) -> None:
    clock = Clock()
    die(path, clock, GOOD)
    beside = PoisonGuard(path, clock=clock, alive=lambda _: True)
    # The note of this very process was buried at the guard's start; write that of a living one.
    state = json.loads(path.read_text(encoding="utf-8"))
    state["suspects"] = {}
    state["computing"] = {"1": {"digests": [digest_of(OTHER)], "alone": False}}
    path.write_text(json.dumps(state), encoding="utf-8")

    beside.speak([OTHER], say)

    assert json.loads(path.read_text(encoding="utf-8"))["suspects"] == {}


def test_errors_keep_their_places_and_are_never_suspect(path: Path) -> None:
    clock, error = Clock(), RequestError("no text")
    with pytest.raises(Crash):
        PoisonGuard(path, clock=clock).speak([error, DEADLY], crash)

    assert after(path, clock).speak([error, GOOD], say) == [error, "Bonjour."]


def test_without_a_file_everything_is_spoken(tmp_path: Path) -> None:
    guard = PoisonGuard(tmp_path / "missing" / "poison.json")

    assert guard.speak([GOOD, DEADLY], say) == ["Bonjour.", "Meurs."]
    assert PoisonGuard().speak([], say) == []
