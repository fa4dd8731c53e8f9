"""What a caller says over a WebSocket is understood, or refused with what is allowed."""

from __future__ import annotations

import json

import pytest

from f5serve.errors import ServeError
from scripts.sessions.messages import (
    AudioDone,
    AudioStart,
    Close,
    Config,
    Done,
    Failure,
    Text,
    config_of,
    read,
    told,
)


def message(**fields: object) -> str:
    return json.dumps(fields)


def refused(sent: str | bytes) -> ServeError:
    with pytest.raises(ServeError) as caught:
        read(sent)
    return caught.value


def test_without_a_word_about_it_a_sentence_at_a_time_is_spoken_as_wav() -> None:
    config = config_of({})

    assert config.response_format == "wav"
    assert config.by_sentence
    assert not config.stream_audio


def test_a_config_holds_the_fields_of_a_speech_request() -> None:
    config = read(
        message(
            type="session.config", voice="anna", language="fr", response_format="pcm", seed=7, speed=1.1,
            stream_audio=True, split_granularity="none", model="tts", instructions=None,
        )
    )  # fmt: skip

    assert isinstance(config, Config)
    assert config.fields == {
        "voice": "anna", "language": "fr", "response_format": "pcm", "seed": 7, "speed": 1.1,
    }  # fmt: skip
    assert (config.stream_audio, config.by_sentence) == (True, False)


@pytest.mark.parametrize("name", ["alloy", "verse"])
def test_openais_voices_stand_for_any(name: str) -> None:
    assert config_of({"voice": name}).fields["voice"] == name


def test_the_other_messages_are_told_apart() -> None:
    assert read(message(type="input.text", text="Hello. ")) == Text("Hello. ")
    assert read(message(type="input.done")) == Done()
    assert read(message(type="session.close")) == Close()


@pytest.mark.parametrize(
    ("sent", "code", "field", "named"),
    [
        (b"\x00", "invalid_json", None, "send JSON as text"),
        ("no json", "invalid_json", None, "not valid JSON"),
        ("[1]", "invalid_json", None, "must be a JSON object"),
        ("{}", "invalid_value", "type", "session.config, input.text, input.done, session.close"),
        (message(type="input.stop"), "invalid_value", "type", "'input.stop'"),
        (message(type={"a": 1}), "invalid_value", "type", "allowed are"),
        (message(type="input.text"), "missing_field", "text", "missing"),
        (message(type="input.text", text=5), "invalid_value", "text", "must be a string"),
        (message(type="input.text", text="a", voice="b"), "unknown_field", "voice", "type, text"),
        (message(type="input.done", text="a"), "unknown_field", "text", "known are type"),
        (message(type="session.config", speed=9), "invalid_value", "speed", "0.5 to 2"),
        (message(type="session.config", steps="many"), "invalid_value", "steps", "steps"),
        (message(type="session.config", task_type="Base"), "unknown_field", "task_type", "known are"),
        (message(type="session.config", ref_audio="x"), "unknown_field", "ref_audio", "known are"),
        (message(type="session.config", input="a"), "invalid_value", "input", "input.text"),
        (message(type="session.config", stream_format="sse"), "invalid_value", "stream_format", "no field"),
        (message(type="session.config", loudness=-16), "invalid_value", "loudness", "whole text"),
        (message(type="session.config", response_format="flac"), "invalid_value", "response_format", "wav, mp3"),
        (message(type="session.config", response_format=5), "invalid_value", "response_format", "wav, mp3"),
        (message(type="session.config", stream_audio=1), "invalid_value", "stream_audio", "true or false"),
        (message(type="session.config", split_granularity="clause"), "invalid_value", "split_granularity", "sentence"),
        (message(type="session.config", voice="No Such"), "voice_not_found", "voice", "No Such"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_allowed(
    sent: str | bytes, code: str, field: str | None, named: str
) -> None:
    error = refused(sent)

    assert (error.code, error.field) == (code, field)
    assert named in error.detail


def test_events_are_json_objects_that_tell_their_type() -> None:
    start = AudioStart(
        utterance_index=0, sentence_index=1, sentence_text="Oui.", format="wav", language="fr"
    )
    done = AudioDone(utterance_index=0, sentence_index=1, total_bytes=10)
    failure = Failure(message="no", code="overloaded")

    assert json.loads(told(start)) == {
        "type": "audio.start", "utterance_index": 0, "sentence_index": 1, "sentence_text": "Oui.", "format": "wav",
        "language": "fr", "sample_rate": 24000,
    }  # fmt: skip
    assert json.loads(told(done))["type"] == "audio.done"
    assert json.loads(told(done))["error"] is False
    assert json.loads(told(failure))["type"] == "error"
