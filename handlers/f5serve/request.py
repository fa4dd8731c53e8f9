"""What a caller sent, checked: ``SpeechRequest`` for the router, ``PieceRequest`` for a language model."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from f5serve import encoding, fields
from f5serve.errors import ForbiddenError, RequestError, TooLargeError, ValueRefusedError
from f5serve.settings import Limits

Quality = Literal["draft", "standard", "high"]
STEPS_OF_QUALITY: Mapping[str, int] = {"draft": 7, "standard": 16, "high": 32}
MAX_SEED = 2**53 - 1  # the largest integer that every JSON reader keeps exact

ECHO: Mapping[str, object] = {"echo": True}
"""What a language model's worker is sent to see whether it has come to what was sent before."""

VoiceName = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}$")]

LanguageCode = Annotated[str, Meta(pattern=fields.LANGUAGE_PATTERN)]

MAX_SPEAKERS = 16
SpeakerName = Annotated[str, Meta(min_length=1, max_length=64)]
Speakers = Annotated[dict[SpeakerName, VoiceName], Meta(min_length=1, max_length=MAX_SPEAKERS)]


class _Speaking(Struct, frozen=True, kw_only=True):
    """Fields that both kinds of request share; see ``docs/api.md``.

    Attributes:
        text: What to say.
        voice: Name of a registered voice.
        ref_audio: A clip to take the voice from, as a whole audio file.
        ref_text: What is said in the clip.
        quality: A number of sampling steps, by name.
        steps: The number itself.
        speed: 1 is the reference's own speed.
        seed: The same seed gives the same audio.
        cfg_strength: Classifier-free guidance; 0 switches it off and halves the cost.
        normalize: Read numbers, signs, acronyms and markup out; without it only Unicode is cleaned.
    """

    text: str
    voice: VoiceName | None = None
    ref_audio: bytes | None = None
    ref_text: str | None = None
    quality: Quality | None = None
    steps: Annotated[int, Meta(ge=1, le=64)] | None = None
    speed: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] | None = None
    cfg_strength: Annotated[float, Meta(ge=0.0, le=10.0)] = 2.0
    normalize: bool = True

    def sampling_steps(self) -> int:
        """Answer the number of sampling steps asked for, in whichever way."""
        return self.steps or STEPS_OF_QUALITY[self.quality or "standard"]


class SpeechRequest(_Speaking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to the router.

    Attributes:
        language: ``auto``, or a tag such as ``fr`` or ``zh-TW``; a tag keeps the text in one language.
        strict: Refuse a text whose language is unsure or not served, in place of falling back.
        response_format: How the audio comes back.
        stream: Send each piece as soon as it is spoken; for the formats in ``encoding.STREAMED``.
        speakers: The voice of each speaker of the text, by the name that stands in brackets before what is said (see
            ``routing.dialogue``).
        trim_silence: Cut the silence before and after the speech to 50 ms.
        loudness: Bring the speech to this loudness, in LUFS (see ``loudness``); None leaves it as spoken.
        model: Ignored; clients of OpenAI's API always send it.
    """

    language: str = "auto"
    strict: bool = False
    response_format: Literal["wav", "flac", "mp3", "opus", "pcm", "json"] = "wav"
    stream: bool = False
    speakers: Speakers | None = None
    trim_silence: bool = False
    loudness: Annotated[float, Meta(ge=-40.0, le=-10.0)] | None = None
    model: str | None = None


class PieceRequest(_Speaking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to one language model: text that is spoken in one go.

    Attributes:
        language: One of the model's languages; its first, if absent.
        ref_language: In which digits and signs of ``ref_text`` are spoken; the piece's own, if absent.
        piece: Place of the piece within its text; it enters the noise together with the seed.
        response_format: ``f32`` is raw little-endian float32, 24 kHz mono.
    """

    language: str | None = None
    ref_language: LanguageCode | None = None
    piece: Annotated[int, Meta(ge=0, le=100_000)] = 0
    response_format: Literal["wav", "f32"] = "wav"


Kind = TypeVar("Kind", SpeechRequest, PieceRequest)


def parse(sent: Mapping[str, object], kind: type[Kind], *, from_form: bool = False) -> Kind:
    """Check a request's fields.

    Args:
        sent: Name to value, as decoded from JSON or from a form.
        kind: What is to be made of them.
        from_form: Values are text (or a file's bytes) and may be read as numbers.

    Returns:
        The request, with ``seed`` chosen where none was given.

    Raises:
        ValueRefusedError: For an unknown or missing field, or a value that is not allowed; names the
            field and what is allowed.
    """
    given = _without_alias(sent)
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    fields.require_known(given, known, required="text")
    values = {
        name: fields.converted(name, value, known[name].type, from_form=from_form)
        for name, value in given.items()
    }
    values.setdefault("seed", secrets.randbelow(2**32))
    if values["seed"] is None:
        values["seed"] = secrets.randbelow(2**32)
    request = msgspec.convert(values, kind)
    _check_together(request)
    return request


def require_uploads(sent: Mapping[str, object], limits: Limits) -> None:
    """Refuse a clip where none may be brought, before anything else is found wrong with the request.

    Raises:
        ForbiddenError: If there is one.
    """
    if sent.get("ref_audio") is not None and not limits.uploads:
        raise ForbiddenError(
            "this server takes no voices with requests; name one of its own in 'voice'",
            field="ref_audio",
        )


def decode_json(body: bytes) -> dict[str, object]:
    """Read a JSON body.

    Raises:
        RequestError: If it is not JSON (NaN and numbers out of range are not), is nested too deep, is
            no object, or has an object that names a field twice.
    """
    try:
        document = msgspec.json.decode(body)
        # msgspec keeps the last of two values silently; the slower reader tells of both.
        json.loads(body, object_pairs_hook=fields.unique)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is not valid JSON: {error}", code="invalid_json") from error
    return require_object(document)


def require_object(document: object) -> dict[str, object]:
    """Answer the document if it is a JSON object.

    Raises:
        RequestError: If it is anything else.
    """
    if not isinstance(document, dict):
        raise RequestError(
            'the body must be a JSON object such as {"text": "Bonjour."}', code="invalid_json"
        )
    return document


def require_within(request: SpeechRequest | PieceRequest, limits: Limits) -> None:
    """Refuse a request that is larger than allowed, before anything is done with its parts.

    Raises:
        ValueRefusedError: If the text or the transcript is too long.
        TooLargeError: If the clip has too many bytes.
    """
    require_chars("text", request.text, limits.max_text_chars)
    if request.ref_text is not None:
        require_chars("ref_text", request.ref_text, limits.max_reference_chars)
    if request.ref_audio is not None:
        require_bytes(request.ref_audio, limits)


def require_bytes(clip: bytes, limits: Limits) -> None:
    """Refuse a clip of too many bytes.

    Raises:
        TooLargeError: If it has more than are allowed.
    """
    if len(clip) > limits.max_reference_bytes:
        raise TooLargeError(
            f"the reference audio has {len(clip):,} bytes; at most "
            f"{limits.max_reference_bytes:,} are allowed: send it as mono, or as FLAC",
            field="ref_audio",
        )


def require_chars(field: str, text: str, allowed: int) -> None:
    """Refuse a text that is too long.

    Raises:
        ValueRefusedError: 422 ``text_too_long``, with the field's name.
    """
    if len(text) > allowed:
        raise ValueRefusedError(
            f"{field!r} has {len(text):,} characters; at most {allowed:,} are allowed",
            field=field,
            code="text_too_long",
        )


def _without_alias(sent: Mapping[str, object]) -> dict[str, object]:
    """Take ``input``, the name that OpenAI's API has for the text, as ``text``."""
    given = dict(sent)
    if "input" in given:
        if "text" in given:
            raise ValueRefusedError(
                "'text' and 'input' are the same field; give one", field="input"
            )
        given["text"] = given.pop("input")
    return given


def _require_streamable(request: SpeechRequest) -> None:
    if request.response_format not in encoding.STREAMED:
        raise ValueRefusedError(
            f"'response_format' {request.response_format!r} cannot be streamed; with 'stream' it is one of "
            f"{', '.join(encoding.STREAMED)}",
            field="response_format",
        )
    if request.loudness is not None:
        raise ValueRefusedError(
            "'loudness' and 'stream' exclude each other: the loudness of a text is known when all of it "
            "is spoken; leave one out",
            field="loudness",
        )


def _check_together(request: SpeechRequest | PieceRequest) -> None:
    """Refuse fields that contradict one another."""
    if isinstance(request, SpeechRequest) and request.stream:
        _require_streamable(request)
    if request.quality is not None and request.steps is not None:
        raise ValueRefusedError("'quality' and 'steps' set the same thing; give one", field="steps")
    if (request.ref_audio is None) != (request.ref_text is None):
        absent = "ref_text" if request.ref_text is None else "ref_audio"
        raise ValueRefusedError(
            "'ref_audio' and 'ref_text' belong together: a clip and what is said in it",
            field=absent,
        )
    if isinstance(request, PieceRequest) and request.ref_language and request.ref_text is None:
        raise ValueRefusedError(
            "'ref_language' belongs to 'ref_text'; send both, or neither", field="ref_language"
        )
    if request.ref_text is not None and not request.ref_text.strip():
        raise ValueRefusedError(
            "'ref_text' is empty; give what is said in the clip", field="ref_text"
        )
    if request.ref_audio is not None and request.voice is not None:
        raise ValueRefusedError(
            "'voice' and 'ref_audio' exclude each other; give one", field="voice"
        )
