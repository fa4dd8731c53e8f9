"""Callers that ask as long as a block lasts, and are waited for at its end."""

from __future__ import annotations

import threading
import time

import pytest

from loadtests import pressure
from loadtests.pressure import Callers


def test_each_caller_asks_again_and_again_and_the_last_answer_is_waited_for() -> None:
    asked: list[str] = []

    def ask(name: str, status: int) -> int:
        asked.append(name)
        time.sleep(0.01)
        return status

    with Callers([lambda: ask("one", 200), lambda: ask("two", 503)]) as callers:
        time.sleep(0.1)

    assert set(asked) == {"one", "two"}
    assert callers.answers == {200: asked.count("one"), 503: asked.count("two")}
    assert min(callers.answers.values()) > 1


def test_a_caller_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "END_DEADLINE_S", 0.05)
    answered = threading.Event()

    def hang() -> int:
        answered.wait()
        return 200

    try:
        with pytest.raises(TimeoutError, match="no answer yet"), Callers([hang]):
            pass
    finally:
        answered.set()
