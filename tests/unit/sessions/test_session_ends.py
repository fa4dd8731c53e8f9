"""How a session ends: who leaves, what is too much or too long, what fails."""

from __future__ import annotations

import threading

import pytest

from f5serve.errors import OverloadedError
from scripts.sessions import session as module
from scripts.sessions.session import GOING_AWAY, NORMAL
from tests.unit.session_support import TIMEOUT_S, Caller, kinds, wait_until


def test_patience_has_an_end(caller: Caller) -> None:
    late = round(module.PATIENCE_S) + 1
    caller.router.refusals["One."] = [OverloadedError("full", retry_after_s=late)]
    caller.connection.write("input.text", text="One.")
    caller.connection.write("session.close")

    events = caller.ended()

    assert kinds(events) == ["error", "audio.done"]
    assert events[0]["code"] == "overloaded"


def test_who_leaves_is_spoken_to_no_more(caller: Caller) -> None:
    held = caller.router.held["One."] = threading.Event()
    caller.connection.write("input.text", text="One. Two. Three. ")
    assert caller.router.reached.wait(TIMEOUT_S)
    caller.connection.gone.set()
    wait_until(lambda: bool(caller.departed), caller)
    held.set()

    caller.ended()

    assert caller.departed == caller.router.callers
    assert caller.texts() == ["One."]


def test_a_router_that_does_not_answer_keeps_nobody_who_leaves(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_S", 0.05)
    held = caller.router.held["One."] = threading.Event()
    caller.connection.write("input.text", text="One. Two. ")
    assert caller.router.reached.wait(TIMEOUT_S)

    caller.session.leave()

    caller.ended()
    held.set()


def test_a_server_that_ends_speaks_what_has_come_and_says_goodbye(caller: Caller) -> None:
    caller.connection.write("input.text", text="One. Two. And then")
    caller.connection.wait_for("audio.done")
    caller.draining.set()

    events = caller.ended()

    assert caller.texts() == ["One.", "Two.", "And then"]
    assert kinds(events)[-1] == "audio.done"
    assert caller.connection.code == GOING_AWAY


def test_a_session_in_which_nothing_happens_is_ended(caller: Caller, clock: list[float]) -> None:
    clock[0] += module.IDLE_S

    assert caller.ended() == []
    assert caller.connection.code == GOING_AWAY


def test_a_session_that_speaks_is_not_idle(caller: Caller, clock: list[float]) -> None:
    held = caller.router.held["One."] = threading.Event()
    caller.connection.write("input.text", text="One. Two. And")
    assert caller.router.reached.wait(TIMEOUT_S)
    caller.connection.looked_at_again()
    clock[0] += 0.9 * module.IDLE_S
    caller.connection.looked_at_again()
    clock[0] += 0.9 * module.IDLE_S
    caller.connection.looked_at_again()

    held.set()
    caller.connection.write("session.close")
    caller.ended()
    assert caller.texts() == ["One.", "Two.", "And"]
    assert caller.connection.code == NORMAL


def test_a_session_does_not_last_for_ever(caller: Caller, clock: list[float]) -> None:
    caller.connection.write("input.text", text="One. And two")
    caller.connection.wait_for("audio.done")
    clock[0] += module.MOST_S

    caller.ended()

    assert caller.texts() == ["One.", "And two"]
    assert caller.connection.code == GOING_AWAY


def test_more_than_a_session_keeps_is_refused_until_some_of_it_was_heard(caller: Caller) -> None:
    held = caller.router.held["Zero."] = threading.Event()
    page = "A number of words. " * 100
    pages = 2 * module.MOST_WAITING_CHARS // len(page)
    caller.connection.write("input.text", text="Zero. ")
    for _ in range(pages):
        caller.connection.write("input.text", text=page)
    caller.connection.write("input.text", text="Short. ")
    caller.connection.write("input.done")
    caller.connection.wait_for("error", pages // 2)
    held.set()
    caller.connection.wait_for("session.done")
    caller.connection.write("input.text", text="The last one.")
    caller.connection.write("session.close")

    events = caller.ended()
    errors = [event for event in events if event["type"] == "error"][:-1]  # that of "Short."
    assert {(error["code"], error["param"]) for error in errors} == {("too_large", "text")}
    taken = 100 * (pages - len(errors))
    assert caller.texts() == ["Zero.", *["A number of words."] * taken, "The last one."]


def test_who_leaves_after_the_last_word_is_noticed(caller: Caller) -> None:
    held = caller.router.held["One."] = threading.Event()
    caller.connection.write("input.text", text="One. Two.")
    caller.connection.write("session.close")
    assert caller.router.reached.wait(TIMEOUT_S)
    caller.connection.gone.set()

    wait_until(lambda: bool(caller.departed), caller)
    held.set()
    caller.ended()
    assert caller.texts() == ["One."]


def test_who_leaves_in_the_midst_of_a_stream_is_told_of_by_whoever_notices(caller: Caller) -> None:
    caller.router.between = caller.connection.gone.set
    caller.connection.write("session.config", stream_audio=True)
    caller.connection.write("input.text", text="One two three. Four.")
    caller.connection.write("session.close")

    caller.ended()

    assert set(caller.departed) == set(caller.router.callers)
    assert caller.texts() == ["One two three."]


def test_a_fault_in_the_speaker_ends_the_session(caller: Caller) -> None:
    caller.connection.fault = RuntimeError("a fault of the library's")
    caller.connection.write("input.text", text="One. Two. Three")

    caller.ended()

    assert caller.texts() == ["One."]
    assert caller.connection.code == 1011


def test_when_patience_had_an_end_the_next_sentences_are_asked_for_once_each(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    full = OverloadedError("full", retry_after_s=1)
    caller.router.refusals = {"One.": [full], "Two.": [full], "Four.": [full]}
    caller.connection.write("input.text", text="One. Two. Three. ")
    caller.connection.write("session.close")

    events = caller.ended()

    assert [event["error"] for event in events if event["type"] == "audio.done"] == [
        True,
        True,
        False,
    ]
    assert caller.texts() == ["One.", "Two.", "Three."]


def test_the_end_of_a_text_that_had_room_has_room(caller: Caller) -> None:
    held = caller.router.held["Oui."] = threading.Event()
    text = "Oui. Non. " * 4_990
    caller.connection.write("input.text", text=text)
    caller.connection.write("input.done")
    assert caller.router.reached.wait(TIMEOUT_S)
    held.set()
    caller.connection.write("session.close")

    assert kinds(caller.ended())[-1] == "session.done"
    assert len(caller.texts()) == 2 * 4_990


def test_a_message_that_can_never_have_room_says_how_much_there_is(caller: Caller) -> None:
    caller.connection.write("input.text", text="a" * (module.MOST_WAITING_CHARS + 1))
    caller.connection.write("session.close")

    (error,) = caller.ended()

    assert error["code"] == "too_large"
    assert str(module.MOST_WAITING_CHARS) in error["message"]


def test_who_writes_more_than_anybody_could_hear_is_stopped(
    caller: Caller, clock: list[float]
) -> None:
    size = module.MOST_WAITING_CHARS
    messages = module.BURST_CHARS // size + 2
    for _ in range(messages):
        caller.connection.write("input.text", text="!" * size)
    caller.connection.write("session.close")

    events = caller.ended()

    assert events[-1]["code"] == "rate_limited"
    assert caller.connection.code == 1008


def test_what_comes_over_a_long_time_is_not_too_much(caller: Caller, clock: list[float]) -> None:
    size = module.MOST_WAITING_CHARS
    for number in range(2 * module.BURST_CHARS // size):
        caller.connection.write("input.text", text="!" * size)
        caller.connection.write("unknown")
        caller.connection.wait_for("error", number + 1)
        clock[0] += 2 * size / module.STEADY_CHARS_PER_S
    caller.connection.write("session.close")

    caller.ended()

    assert caller.connection.code == NORMAL


def test_what_waits_is_not_spoken_for_ever(caller: Caller, clock: list[float]) -> None:
    held = caller.router.held["One."] = threading.Event()
    caller.connection.write("input.text", text="One. Two. Three. ")
    caller.connection.write("session.close")
    assert caller.router.reached.wait(TIMEOUT_S)
    clock[0] += module.MOST_S + module.LAST_S

    wait_until(lambda: bool(caller.departed), caller)
    held.set()
    caller.ended()
    assert caller.texts() == ["One."]
