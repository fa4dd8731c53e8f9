"""What a session has on either side: a WebSocket, and what speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol


class Connection(Protocol):
    """What a session needs of a WebSocket."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Wait for a message."""

    def send(self, message: str | bytes) -> None:
        """Send one."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""


class Speech(Protocol):
    """A sentence that is being spoken."""

    @property
    def language(self) -> str:
        """In which language."""

    def chunks(self) -> Iterator[bytes]:
        """Give the audio as it comes."""

    def close(self) -> None:
        """Listen no further."""


class Speaks(Protocol):
    """What speaks."""

    def say(
        self, fields: Mapping[str, object], text: str, *, caller: str, request_id: str
    ) -> Speech:
        """Begin to speak a sentence."""
