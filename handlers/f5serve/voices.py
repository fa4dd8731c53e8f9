"""Registered voices: which there are, and which one speaks where none is named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from f5serve.errors import ConfigurationError, NotFoundError
from f5serve.settings import Voice

MOST_TOLD: Final = 50


def no_such_voice(name: str, registered: Iterable[str], field: str = "voice") -> NotFoundError:
    """Answer the error for a name that no voice has; tells the names there are, or the first of many."""
    names = tuple(registered)
    more = f" and {len(names) - MOST_TOLD:,} more" if len(names) > MOST_TOLD else ""
    return NotFoundError(
        f"no voice {name[:64]!r}; registered are {', '.join(names[:MOST_TOLD])}{more}",
        field=field,
        code="voice_not_found",
    )


class VoiceRegistry:
    """The voices of an archive, by name.

    Args:
        voices: In order; the first of a language is that language's default, the first of all speaks
            the languages that have none.

    Raises:
        ConfigurationError: If there is none, or a name stands twice.
    """

    def __init__(self, voices: Iterable[Voice]) -> None:
        self._voices: dict[str, Voice] = {}
        for voice in voices:
            if voice.name in self._voices:
                raise ConfigurationError(f"voice {voice.name!r} is registered twice; rename one")
            self._voices[voice.name] = voice
        if not self._voices:
            raise ConfigurationError("no voice is registered; package at least one")

    def get(self, name: str, field: str = "voice") -> Voice:
        """Answer the voice of that name.

        Args:
            name: A registered voice's.
            field: The request's field that it stands in.

        Raises:
            NotFoundError: If there is none; tells the names there are.
        """
        voice = self._voices.get(name)
        if voice is None:
            raise no_such_voice(name, self._voices, field)
        return voice

    def default(self, language: str) -> Voice:
        """Answer the voice that speaks a language where the request names none."""
        for voice in self._voices.values():
            if voice.language == language:
                return voice
        return next(iter(self._voices.values()))

    def all(self) -> tuple[Voice, ...]:
        """Answer every voice, in order."""
        return tuple(self._voices.values())
