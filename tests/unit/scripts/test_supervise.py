"""What the supervisor does between the start and the end of a pod."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import cast

import pytest

from scripts import supervise
from scripts.edge_process import Edge
from scripts.readiness import Hosted, Monitor, Probe
from scripts.server import TorchServe
from scripts.supervise import Wishes, watch


class Child:
    """TorchServe and the edge, as far as they are watched; ``tests/edge`` watches the real ones."""

    def __init__(self, then: Callable[[], object], *, lives: bool = True) -> None:
        self.lives = lives
        self.answers: list[bool | None] = []
        self._then = then

    def is_running(self) -> bool:
        return self.lives

    def log_tail(self) -> str:
        return "its last words"

    def reload(self) -> bool:
        return bool(self.reload_if_changed())

    def reload_if_changed(self) -> bool | None:
        """Answer by script, and end the watch with the last answer."""
        answer = self.answers.pop(0) if self.answers else None
        if not self.answers:
            self._then()
        return answer


def watched(child: Child, wishes: Wishes, refused: threading.Event) -> tuple[bool, list[str]]:
    """Watch until the script ends; answer what came of it, and the lines that were told."""
    lines: list[str] = []
    monitor = Monitor(cast("Probe", None), Hosted(served=("f5_fr",)))
    stopped = watch(
        cast("TorchServe", child), cast("Edge", child), monitor, wishes, refused, lines.append
    )
    return stopped, lines


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


def test_what_is_missing_is_told_by_name_and_once(
    wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "RELOAD_LOOK_S", 0.0)
    child = Child(wishes.stop.set)
    child.answers = [None, None]

    assert watched(child, wishes, threading.Event()) == (
        True,
        ["not ready (f5_fr loading: not looked at yet)"],
    )


def test_keys_that_change_are_taken_up_and_refused_ones_are_remembered(
    wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "RELOAD_LOOK_S", 0.0)
    refused = threading.Event()
    child = Child(wishes.stop.set)

    child.answers = [None, False, None]
    watched(child, wishes, refused)
    assert refused.is_set()

    wishes.stop.clear()
    child.answers = [True]
    watched(child, wishes, refused)
    assert not refused.is_set()


def test_a_hangup_is_a_wish_to_take_up_keys_and_not_to_stop(wishes: Wishes) -> None:
    refused = threading.Event()
    child = Child(wishes.stop.set)
    child.answers = [False]

    wishes.note(signal.SIGHUP, None)

    assert not wishes.stop.is_set()
    watched(child, wishes, refused)
    assert refused.is_set()
    assert not wishes.reload.is_set()


def test_what_ends_by_itself_is_told_with_its_last_words(
    wishes: Wishes, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped, _ = watched(Child(wishes.stop.set, lives=False), wishes, threading.Event())

    assert not stopped
    assert "its last words" in capsys.readouterr().err


def test_only_a_person_who_interrupts_twice_is_in_a_hurry(wishes: Wishes) -> None:
    for _ in range(3):
        wishes.note(signal.SIGTERM, None)
    assert wishes.stop.is_set()
    assert not wishes.hurry()

    wishes.note(signal.SIGINT, None)
    assert not wishes.hurry()
    wishes.note(signal.SIGINT, None)
    assert wishes.hurry()
