"""OpenAI's speech API in front of ours, so that its clients need another base URL and nothing else.

What its clients send becomes the fields of a ``SpeechRequest``; errors and streamed events take the forms
that they know. See ``docs/api.md`` for what differs.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Literal, Protocol

import msgspec
from msgspec import Struct

from f5serve import encoding
from f5serve.errors import (
    MediaTypeError,
    RequestError,
    ServeError,
    ValueRefusedError,
)
from f5serve.fields import require_known
from f5serve.response import Answer, retry_after
from f5serve.voices import no_such_voice

SPEECH: Final = "v1/audio/speech"
VOICES: Final = "v1/audio/voices"
MODELS: Final = "v1/models"
PREFIX: Final = "v1/"
REMOVAL: Final = f"{VOICES}/remove"
EVENT_STREAM: Final = "text/event-stream"

OPENAI_VOICES: Final = frozenset(
    {
        *(
            "alloy",
            "ash",
            "ballad",
            "cedar",
            "coral",
            "echo",
            "fable",
            "marin",
            "nova",
            "onyx",
            "sage",
        ),
        *("shimmer", "verse"),
    }
)
"""Clients ship with these names: they are spoken by the default voice of each language."""

_OWN_FIELDS: Final = ("model", "input", "voice", "response_format", "speed")
_PASSED_ON: Final = (
    "model",
    "speed",
    "language",
    "speakers",
    "strict",
    "quality",
    "steps",
    "seed",
    "cfg_strength",
    "trim_silence",
    "loudness",
    "normalize",
)
_KNOWN: Final = (*_OWN_FIELDS, "instructions", "stream_format", *_PASSED_ON[2:])
_SLOWEST, _FASTEST = 0.5, 2.0


class Known(Protocol):
    """What is asked of the voices."""

    def has(self, name: str) -> bool:
        """Tell whether there is a voice of that name."""

    def names(self) -> Collection[str]:
        """Answer the names of all."""


class Wish(Struct, frozen=True, kw_only=True):
    """What a client of OpenAI's asks for, in our terms.

    Attributes:
        fields: Fields of a ``SpeechRequest``.
        events: Whether the audio comes in server-sent events.
    """

    fields: dict[str, object]
    events: bool


def read(
    fields: Mapping[str, object] | ServeError | None, *, from_form: bool, voices: Known
) -> Wish:
    """Understand a request to ``/v1/audio/speech``.

    ``instructions`` are ignored, as is ``model``: the language of the text decides who speaks. The audio
    is streamed in every format that can be, as OpenAI does it, unless ``loudness`` is asked for, which needs
    the whole.

    Args:
        fields: The body's fields, or the error that reading them gave.
        from_form: Whether they are a form's; this API has none.
        voices: Knows the names of voices.

    Raises:
        ServeError: If the body is no JSON object, or a field is unknown, missing or out of range.
    """
    if isinstance(fields, ServeError):
        raise fields
    if from_form:
        raise MediaTypeError("the content type is 'multipart/form-data'; send application/json")
    if fields is None:
        raise RequestError("the body is empty; POST a JSON object with the field 'input'")
    given = {name: value for name, value in fields.items() if value is not None}
    require_known(given, _KNOWN, required="input")
    _require_speed(given.get("speed"))
    events = _chosen(given, "stream_format", ("audio", "sse")) == "sse"
    allowed = encoding.STREAMED if events else tuple(encoding.CONTENT_TYPES)
    response_format = _chosen({"response_format": "mp3", **given}, "response_format", allowed)
    passed: dict[str, object] = {name: given[name] for name in _PASSED_ON if name in given}
    return Wish(
        fields={
            **passed,
            **_voice(given.get("voice"), voices),
            "text": given["input"],
            "response_format": response_format,
            "stream": response_format in encoding.STREAMED and "loudness" not in given,
        },
        events=events,
    )


def refusal(error: ServeError, headers: Mapping[str, str]) -> Answer:
    """Answer an error in OpenAI's form, with the status that it has everywhere."""
    return Answer(
        status=error.status,
        body=msgspec.json.encode({"error": _told(error)}),
        content_type="application/json",
        headers={**headers, **retry_after(error)},
        reason=error.code,
    )


def events(chunks: Iterable[bytes], *, characters: int) -> Iterator[bytes]:
    """Wrap chunks of audio into server-sent events.

    An error on the way is an event too, the last one: without ``speech.audio.done`` an answer is not whole.

    Args:
        chunks: The encoded audio, in order.
        characters: Length of the text: we have no tokens, and count these in their place.
    """
    try:
        for chunk in chunks:
            audio = base64.b64encode(chunk).decode("ascii")
            yield _event({"type": "speech.audio.delta", "audio": audio})
    except ServeError as error:
        yield _event({"type": "error", "error": _told(error)})
        return
    except Exception:  # told here as anywhere, and left to whoever logs what no one foresaw
        told = ServeError("the router failed; the log holds the reason under this request's id")
        yield _event({"type": "error", "error": _told(told)})
        raise
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    yield _event({"type": "speech.audio.done", "usage": usage})


def models() -> dict[str, object]:
    """List the models there are to ask for: one, which finds the language by itself."""
    # ``created`` must be there; nothing is known that would be true.
    model = {"id": "tts", "object": "model", "created": 0, "owned_by": "f5serve"}
    return {"object": "list", "data": [model]}


def voices(listed: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """List the voices, in the form that players and chat programs read."""
    return {"voices": [{"id": voice["name"], **voice} for voice in listed]}


def _require_speed(speed: object) -> None:
    """Refuse what OpenAI allows and we do not; what is no number at all is refused later."""
    is_number = isinstance(speed, int | float) and not isinstance(speed, bool)
    if is_number and not _SLOWEST <= speed <= _FASTEST:  # type: ignore[operator]
        raise ValueRefusedError(
            f"'speed' is {speed}; the models here speak at {_SLOWEST:g} to {_FASTEST:g}, which is less "
            "than OpenAI's 0.25 to 4",
            field="speed",
        )


def _chosen(given: Mapping[str, object], name: str, allowed: Collection[str]) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in allowed:
        shown = repr(value)[:60]
        raise ValueRefusedError(
            f"{name!r} is {shown}; allowed are {', '.join(allowed)}", field=name
        )
    return value


def _voice(given: object, voices: Known) -> dict[str, object]:
    """Answer the field ``voice``, or none where OpenAI's own names stand for any voice."""
    named = isinstance(given, dict) and isinstance(given.get("id"), str)
    name = given["id"] if named else given  # type: ignore[index]  # what is no name is refused later
    if name is None:
        return {}
    if isinstance(name, str) and not voices.has(name):
        if name in OPENAI_VOICES:
            return {}
        raise no_such_voice(name, voices.names())
    return {"voice": name}


def _told(error: ServeError) -> dict[str, object]:
    kind: Literal["invalid_request_error", "server_error"] = (
        "invalid_request_error" if error.status < 500 else "server_error"
    )
    message, field = error.detail, error.field
    if field == "text" and error.code != "unknown_field":  # our name for it
        message, field = message.replace("'text'", "'input'"), "input"
    return {"message": message, "type": kind, "param": field, "code": error.code}


def _event(document: Mapping[str, object]) -> bytes:
    return b"data: " + msgspec.json.encode(document) + b"\n\n"
