"""The supervisor's book of callers who have gone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import departures
from scripts.departures import KEPT_S, LINE, DepartureBook

ANNA, BERT = "a" * 32, "b" * 32
TIMEOUT_S = 10.0


class Clock:
    """Seconds that go forward when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "edge" / "gone"


@pytest.fixture
def book(folder: Path, clock: Clock) -> Iterator[DepartureBook]:
    running = DepartureBook(folder, clock)
    running.start()
    yield running
    running.stop()


def syslog(caller: str) -> bytes:
    return f"<190>Nov 29 17:00:00 nginx: {LINE} {caller}".encode()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_sent_to_its_port_becomes_a_file(folder: Path) -> None:
    book = DepartureBook(folder)
    port = book.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as edge:
            edge.sendto(syslog(ANNA), ("127.0.0.1", port))
        end = time.monotonic() + TIMEOUT_S
        while names(folder) != {ANNA} and time.monotonic() < end:
            time.sleep(0.01)
        assert names(folder) == {ANNA}
        assert (folder / ANNA).stat().st_mode & 0o077 == 0
    finally:
        book.stop()
    assert not folder.exists()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff" * 100,
        syslog("../../../etc/x"),
        syslog("A" * 32),
        syslog(ANNA + "/x"),
        syslog(f"{ANNA} and more"),
        b"another program's line",
    ],
)
def test_any_other_line_is_passed_over(book: DepartureBook, folder: Path, line: bytes) -> None:
    book.note(line)

    assert names(folder) == set()


def test_after_a_while_a_caller_is_forgotten(
    book: DepartureBook, folder: Path, clock: Clock
) -> None:
    book.note(syslog(ANNA))
    clock.now += KEPT_S - 1
    book.note(syslog(BERT))
    assert names(folder) == {ANNA, BERT}

    clock.now += 2
    book.note(b"")

    assert names(folder) == {BERT}


def test_the_oldest_make_room(
    book: DepartureBook, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "MOST_KEPT", 2)
    for number in range(4):
        book.note(syslog(f"{number:032x}"))

    assert names(folder) == {f"{number:032x}" for number in (2, 3)}


def test_a_folder_that_cannot_be_written_to_ends_nothing(book: DepartureBook, folder: Path) -> None:
    folder.rmdir()

    book.note(syslog(ANNA))

    assert not folder.exists()


def test_what_a_killed_supervisor_left_behind_is_gone_at_the_next_start(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / ANNA).touch()
    book = DepartureBook(folder)

    book.start()

    assert names(folder) == set()
    book.stop()
