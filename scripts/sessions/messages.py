"""What is said over the WebSocket: the caller's messages, checked, and ours.

The messages have the names of those of vLLM-Omni's ``/v1/audio/speech/stream``; what a config holds is ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from f5serve import encoding, openai_api
from f5serve.audio import SAMPLE_RATE_HZ
from f5serve.errors import RequestError, ValueRefusedError
from f5serve.fields import require_known
from f5serve.request import SpeechRequest, decode_json, parse

DEFAULT_FORMAT: Final = "wav"
GRANULARITIES: Final = ("sentence", "none")
_TYPES: Final = ("session.config", "input.text", "input.done", "session.close")
_SAMPLE: Final = "text"


class Config(Struct, frozen=True, kw_only=True):
    """How a session speaks.

    Attributes:
        fields: Fields of OpenAI's speech request but ``input`` and ``stream_format``; checked, but for whether there
            is such a voice.
        stream_audio: Whether audio is sent as it comes, in place of a sentence at once.
        by_sentence: Whether a sentence is spoken as soon as it is whole, in place of all at ``input.done``.
    """

    fields: Mapping[str, object]
    stream_audio: bool = False
    by_sentence: bool = True

    @property
    def response_format(self) -> str:
        """The format of the audio."""
        return str(self.fields["response_format"])


class Text(Struct, frozen=True):
    """The next piece of the text."""

    text: str


class Done(Struct, frozen=True):
    """The text is whole: what is left of it is spoken, and the next one may begin."""


class Close(Struct, frozen=True):
    """There will be no more text."""


Message: TypeAlias = Config | Text | Done | Close


class AudioStart(Struct, frozen=True, kw_only=True, tag_field="type", tag="audio.start"):
    """A sentence is about to be heard.

    Attributes:
        utterance_index: Which text of the session it belongs to, from 0.
        sentence_index: Which sentence of that text, from 0.
        sentence_text: The sentence.
        format: Of the audio that follows.
        language: In which it is spoken; of several, that of most of it.
        sample_rate: Samples a second.
    """

    utterance_index: int
    sentence_index: int
    sentence_text: str
    format: str
    language: str
    sample_rate: int = SAMPLE_RATE_HZ


class AudioDone(Struct, frozen=True, kw_only=True, tag_field="type", tag="audio.done"):
    """A sentence was heard, or could not be.

    Attributes:
        utterance_index: As in ``AudioStart``.
        sentence_index: As there.
        total_bytes: Bytes of audio that were sent.
        error: Whether it broke off, or did not begin; a message ``error`` before this one says why.
    """

    utterance_index: int
    sentence_index: int
    total_bytes: int
    error: bool = False


class SessionDone(Struct, frozen=True, kw_only=True, tag_field="type", tag="session.done"):
    """All sentences of a text were heard.

    Attributes:
        utterance_index: Which text.
        total_sentences: How many they were.
    """

    utterance_index: int
    total_sentences: int


class Failure(Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """Something went wrong; the session goes on.

    Attributes:
        message: What, and what to do about it.
        code: As of errors elsewhere.
        param: The field that is to blame, if one is.
        utterance_index: Of the sentence that cannot be heard, if it is about one.
        sentence_index: The same.
    """

    message: str
    code: str
    param: str | None = None
    utterance_index: int | None = None
    sentence_index: int | None = None


Event: TypeAlias = AudioStart | AudioDone | SessionDone | Failure


class _AnyVoice:
    """Stands for the voices, which the router knows."""

    def has(self, name: str) -> bool:
        return name not in openai_api.OPENAI_VOICES

    def names(self) -> Collection[str]:
        return ()


def read(message: str | bytes) -> Message:
    """Understand a message of the caller.

    Raises:
        ServeError: If it is none; names what is wrong and what is allowed.
    """
    if isinstance(message, bytes):
        raise RequestError("the message is binary; send JSON as text", code="invalid_json")
    given = decode_json(message.encode("utf-8"))
    kind = given.pop("type", None)
    if kind == "session.config":
        return config_of(given)
    if kind == "input.text":
        require_known({"type": kind, **given}, ("type", "text"), required="text")
        text = given["text"]
        if not isinstance(text, str):
            raise ValueRefusedError("'text' must be a string", field="text")
        return Text(text)
    if kind in ("input.done", "session.close"):
        require_known({"type": kind, **given}, ("type",), required="type")
        return Done() if kind == "input.done" else Close()
    raise ValueRefusedError(
        f"'type' is {repr(kind)[:60]}; allowed are {', '.join(_TYPES)}", field="type"
    )


def config_of(given: Mapping[str, object]) -> Config:
    """Check what a session is to be.

    Args:
        given: The fields of ``session.config``; those that are null count as absent.

    Raises:
        ServeError: If a field is unknown or out of range.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    stream_audio = wanted.pop("stream_audio", False)
    if not isinstance(stream_audio, bool):
        raise ValueRefusedError("'stream_audio' must be true or false", field="stream_audio")
    granularity = wanted.pop("split_granularity", GRANULARITIES[0])
    _require_one_of("split_granularity", granularity, GRANULARITIES)
    for name in ("input", "stream_format"):
        if name in wanted:
            raise ValueRefusedError(
                f"{name!r} is no field of a session; send the text in 'input.text'", field=name
            )
    fields = {"response_format": DEFAULT_FORMAT, **wanted}
    _require_one_of("response_format", fields["response_format"], encoding.STREAMED)
    if "loudness" in fields:
        raise ValueRefusedError(
            "'loudness' needs the whole text, which a session does not have", field="loudness"
        )
    wish = openai_api.read({**fields, "input": _SAMPLE}, from_form=False, voices=_AnyVoice())
    parse(wish.fields, SpeechRequest)
    # Nobody reads these, and they would be sent with every sentence.
    kept = {name: value for name, value in fields.items() if name not in ("model", "instructions")}
    return Config(
        fields=kept, stream_audio=stream_audio, by_sentence=granularity == GRANULARITIES[0]
    )


def told(event: Event) -> str:
    """Answer an event as it is sent."""
    return msgspec.json.encode(event).decode("utf-8")


def _require_one_of(name: str, value: object, allowed: Collection[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueRefusedError(
            f"{name!r} is {repr(value)[:60]}; allowed are {', '.join(allowed)}", field=name
        )
