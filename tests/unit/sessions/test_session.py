"""A session speaks sentence by sentence while it is written to, and tells what becomes of each."""

from __future__ import annotations

import pytest

from f5serve.errors import BackendError, OverloadedError, PassedOnError
from scripts.sessions import session as module
from scripts.sessions.session import NORMAL
from tests.unit.session_support import Caller, kinds


def test_a_sentence_is_spoken_before_the_text_is_whole(caller: Caller) -> None:
    caller.connection.write("input.text", text="It rains today. We will")
    caller.connection.write("input.text", text=" stay.")
    caller.connection.wait_for("audio.done")

    assert caller.texts() == ["It rains today."]

    caller.connection.write("input.done")
    caller.connection.write("session.close")
    events = caller.ended()
    assert kinds(events) == [
        "audio.start", "audio.done", "audio.start", "audio.done", "session.done",
    ]  # fmt: skip
    assert events[0]["sentence_text"] == "It rains today. "
    assert [event["sentence_index"] for event in events[:4]] == [0, 0, 1, 1]
    assert events[4] == {"type": "session.done", "utterance_index": 0, "total_sentences": 2}
    assert caller.connection.code == NORMAL


def test_a_sentences_audio_comes_at_once_unless_it_is_to_be_streamed(caller: Caller) -> None:
    caller.connection.write("input.text", text="One two three.")
    caller.connection.write("input.done")
    caller.connection.write("session.config", stream_audio=True)
    caller.connection.write("input.text", text="Four five six.")
    caller.connection.write("session.close")

    events = caller.ended()

    audio = [message for message in caller.connection.sent if isinstance(message, bytes)]
    assert audio == [b"Onetwothree.", b"Four", b"five", b"six."]
    sizes = [event["total_bytes"] for event in events if event["type"] == "audio.done"]
    assert sizes == [12, 12]


def test_each_text_of_a_session_is_counted_anew(caller: Caller) -> None:
    for text in ("One. Two.", "Three."):
        caller.connection.write("input.text", text=text)
        caller.connection.write("input.done")
    caller.connection.write("session.close")

    done = [event for event in caller.ended() if event["type"] == "session.done"]

    assert [(event["utterance_index"], event["total_sentences"]) for event in done] == [
        (0, 2),
        (1, 1),
    ]


def test_an_empty_text_is_done_without_a_sentence(caller: Caller) -> None:
    caller.connection.write("input.text", text=" … ")
    caller.connection.write("input.done")
    caller.connection.write("session.close")

    assert caller.ended() == [{"type": "session.done", "utterance_index": 0, "total_sentences": 0}]
    assert caller.texts() == []


def test_what_comes_before_the_end_of_a_session_is_spoken(caller: Caller) -> None:
    caller.connection.write("input.text", text="Not ended")
    caller.connection.write("session.close")

    assert kinds(caller.ended()) == ["audio.start", "audio.done"]


def test_without_splitting_a_text_is_spoken_whole(caller: Caller) -> None:
    caller.connection.write("session.config", split_granularity="none")
    caller.connection.write("input.text", text="One is here. Two is")
    caller.connection.write("input.text", text=" there. ")
    caller.connection.write("input.done")
    caller.connection.write("session.close")

    caller.ended()

    assert caller.texts() == ["One is here. Two is there."]


def test_what_came_before_a_config_is_spoken_as_it_was_to_be(caller: Caller) -> None:
    caller.connection.write("session.config", seed=1)
    caller.connection.write("input.text", text="One")
    caller.connection.write("session.config", seed=2)
    caller.connection.write("input.text", text="Two")
    caller.connection.write("session.close")

    caller.ended()

    assert [(text, fields["seed"]) for text, fields in caller.router.asked] == [
        ("One", 1),
        ("Two", 2),
    ]


def test_a_sentence_after_which_nothing_comes_is_spoken(caller: Caller, clock: list[float]) -> None:
    caller.connection.write("input.text", text="It rains.")
    caller.connection.write("unknown")
    caller.connection.wait_for("error")
    assert caller.texts() == []
    clock[0] += module.PAUSE_S

    caller.connection.wait_for("audio.done")

    assert caller.texts() == ["It rains."]


def test_words_after_which_nothing_comes_are_waited_for(caller: Caller, clock: list[float]) -> None:
    caller.connection.write("input.text", text="It rains and")
    caller.connection.write("unknown")
    caller.connection.wait_for("error")
    clock[0] += 2 * module.PAUSE_S
    caller.connection.write("unknown")
    caller.connection.wait_for("error", 2)

    assert caller.texts() == []


def test_a_message_that_is_not_understood_ends_nothing(caller: Caller) -> None:
    caller.connection.write("input.texts", text="a")
    caller.connection.write("input.text", text="It rains.")
    caller.connection.write("session.close")

    events = caller.ended()

    assert kinds(events) == ["error", "audio.start", "audio.done"]
    assert (events[0]["code"], events[0]["param"]) == ("invalid_value", "type")
    assert "utterance_index" in events[0]


def test_a_sentence_that_is_refused_is_told_and_the_next_one_spoken(caller: Caller) -> None:
    refusal = PassedOnError("no such voice", status=404, code="voice_not_found", field="voice")
    caller.router.refusals["One."] = [refusal]
    caller.connection.write("input.text", text="One. Two. ")
    caller.connection.write("session.close")

    events = caller.ended()

    assert kinds(events) == ["error", "audio.done", "audio.start", "audio.done"]
    assert events[0]["message"] == "no such voice"
    assert (events[0]["code"], events[0]["param"], events[0]["sentence_index"]) == (
        "voice_not_found",
        "voice",
        0,
    )
    assert (events[1]["error"], events[1]["total_bytes"]) == (True, 0)
    assert events[3]["error"] is False


@pytest.mark.parametrize("error", [BackendError("broke off"), RuntimeError("a fault of ours")])
def test_a_sentence_that_breaks_off_says_so(caller: Caller, error: Exception) -> None:
    caller.router.breaks["One more."] = error
    caller.connection.write("session.config", stream_audio=True)
    caller.connection.write("input.text", text="One more. Two.")
    caller.connection.write("session.close")

    events = caller.ended()

    assert kinds(events) == ["audio.start", "error", "audio.done", "audio.start", "audio.done"]
    assert (events[2]["error"], events[2]["total_bytes"]) == (True, 3)
    assert "fault of ours" not in events[1]["message"]


def test_where_there_is_no_place_a_sentence_is_asked_for_again(caller: Caller) -> None:
    caller.router.refusals["One."] = [OverloadedError("full", retry_after_s=0) for _ in range(3)]
    caller.connection.write("input.text", text="One.")
    caller.connection.write("session.close")

    assert kinds(caller.ended()) == ["audio.start", "audio.done"]
    assert caller.texts() == ["One."] * 4
    assert len(set(caller.router.callers)) == 4


def test_each_sentence_has_the_sessions_id_with_its_number(clock: list[float]) -> None:
    caller = Caller(clock, request_id="x" * 200)
    caller.router.refusals["One."] = [OverloadedError("full", retry_after_s=0)]
    caller.connection.write("input.text", text="One. Two.")
    caller.connection.write("session.close")
    caller.ended()

    kept = "x" * module.LONGEST_ID
    assert caller.router.ids == [f"{kept}-1", f"{kept}-1", f"{kept}-2"]
