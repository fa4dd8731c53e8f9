"""What a caller sends to add a voice, checked: a clip, what is said in it, and who allowed that it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from f5serve import fields
from f5serve.clips import packed, speakable_transcript
from f5serve.errors import (
    MediaTypeError,
    RequestError,
    ServeError,
    ValueRefusedError,
)
from f5serve.language import AUTO
from f5serve.request import VoiceName, require_bytes, require_chars
from f5serve.settings import Limits
from f5serve.voice_store import PRIVATE, Card

REQUIRED: Final = ("name", "ref_audio", "ref_text", "consent")
MAX_NOTE_CHARS: Final = 500
"""Of the notes that are kept with a voice: licence, source, consent."""


class NewVoice(Struct, frozen=True, kw_only=True):
    """A voice that is to be added; see ``docs/voices.md``.

    Attributes:
        name: What requests will call it.
        ref_audio: A clip of it, as a whole audio file.
        ref_text: What is said in the clip, to the letter.
        consent: Who allowed what.
        language: Of the clip: a tag, or ``auto`` where the transcript tells it.
        licence: SPDX name.
        source: Where the clip is from.
    """

    name: VoiceName
    ref_audio: bytes
    ref_text: str
    consent: str
    language: str = AUTO
    licence: str = PRIVATE
    source: str = ""


def read_new_voice(
    sent: Mapping[str, object] | ServeError | None, limits: Limits, *, from_form: bool
) -> NewVoice:
    """Check the fields of a request that adds a voice.

    Args:
        sent: Name to value, or the error that reading them gave.
        limits: How large a clip and a transcript may be.
        from_form: Whether values are a form's text.

    Raises:
        ServeError: If one is unknown, missing, too long or not allowed; names it.
    """
    if isinstance(sent, ServeError):
        raise sent
    if sent is None:
        raise RequestError(f"the body is empty; send {', '.join(REQUIRED)}")
    given = {name: value for name, value in sent.items() if value is not None}
    known = {field.name: field.type for field in msgspec.structs.fields(NewVoice)}
    for name in REQUIRED:
        fields.require_known(given, known, required=name)
    values = {
        name: fields.converted(name, value, known[name], from_form=from_form)
        for name, value in given.items()
    }
    new = msgspec.convert(values, NewVoice)
    _require_sizes(new, limits)
    if not new.consent.strip():
        raise ValueRefusedError(
            "'consent' is empty; say who allowed that this voice is used, and for what",
            field="consent",
        )
    return new


def read_removal(sent: Mapping[str, object] | ServeError | None, *, from_form: bool) -> str:
    """Answer the name of the voice that a request wants to be removed.

    It comes as JSON alone, which no page of another site can have a browser send; a path would be enough for a link.

    Raises:
        ServeError: If it is missing, or no name.
    """
    if isinstance(sent, ServeError):
        raise sent
    if from_form:
        raise MediaTypeError("the content type is 'multipart/form-data'; send application/json")
    if sent is None:
        raise RequestError('the body is empty; send {"name": …}')
    fields.require_known(sent, ("name",), required="name")
    return str(fields.converted("name", sent["name"], VoiceName, from_form=False))


def kept(
    new: NewVoice, limits: Limits, language_of: Callable[[str, str], str]
) -> tuple[Card, bytes]:
    """Answer what is kept of a new voice: its card, and its clip as 24 kHz mono WAV.

    Args:
        new: What was sent.
        limits: How long a clip may be.
        language_of: Answers the served language of a tag and a text.

    Raises:
        ValueRefusedError: If the clip, the transcript or the language cannot be used; names which.
    """
    language = language_of(new.language, speakable_transcript(new.ref_text))
    clip, wav = packed(new.ref_audio, new.ref_text, limits, language)
    card = Card(
        language=language,
        transcript=clip.transcript,
        licence=_note(new.licence) or PRIVATE,
        source=_note(new.source),
        consent=_note(new.consent),
    )
    return card, wav


def _require_sizes(new: NewVoice, limits: Limits) -> None:
    require_chars("ref_text", new.ref_text, limits.max_reference_chars)
    for name in ("consent", "licence", "source"):
        require_chars(name, getattr(new, name), MAX_NOTE_CHARS)
    require_bytes(new.ref_audio, limits)


def _note(text: str) -> str:
    """Answer a note as it can be written into a file: JSON may hold halves of characters."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")
