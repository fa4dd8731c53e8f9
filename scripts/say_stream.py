"""Say a text while it is being spoken: into a file, to the speakers, and how much has come on a terminal."""

from __future__ import annotations

import errno
import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TextIO

from scripts.client import Client
from scripts.player import HEADER_BYTES, Player, speakers

BYTES_A_SECOND: Final[Mapping[str, int]] = {"wav": 48_000, "pcm": 48_000, "mp3": 10_000}
"""Of the formats whose bytes tell how long they last."""

_CLEAR_LINE: Final = "\r\x1b[K"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A stream that came to its end.

    Attributes:
        headers: The answer's headers.
        seconds: How long the audio lasts; None where the format does not tell.
        first_s: From sending the request to the first bytes of the audio.
        elapsed_s: From sending the request to the last.
    """

    headers: Mapping[str, str]
    seconds: float | None
    first_s: float
    elapsed_s: float


class Progress:
    """Tells how much audio has come, on one line of a terminal; on anything else it is silent.

    Args:
        response_format: The audio's format.
        out: Where to tell it.
    """

    def __init__(self, response_format: str, out: TextIO = sys.stderr) -> None:
        self._format = response_format
        self._out = out
        self._shown = out.isatty()

    def tell(self, received_bytes: int) -> None:
        """Tell that so many bytes have come."""
        if self._shown:
            seconds = seconds_of(self._format, received_bytes)
            amount = f"{received_bytes / 1000:.0f} kB" if seconds is None else f"{seconds:.1f} s"
            self._out.write(f"{_CLEAR_LINE}{amount} of audio received")
            self._out.flush()

    def end(self) -> None:
        """Leave the line as it was before."""
        if self._shown:
            self._out.write(_CLEAR_LINE)
            self._out.flush()


def receive(
    client: Client,
    fields: Mapping[str, object],
    out: Path,
    *,
    player: Player | None = None,
    progress: Progress | None = None,
) -> Received:
    """Stream a text into a file, and to the speakers if there is a player.

    Args:
        client: Asks the server.
        fields: The request, with ``response_format``; a player needs ``wav``.
        out: The file; it appears when all is there, and not at all if the stream breaks off.
        player: Who plays it meanwhile.
        progress: Who tells how much has come.

    Raises:
        SayError: If the server refuses or breaks off, or the player fails: then the file is there.
        OSError: If the file cannot be written.
    """
    response_format = str(fields["response_format"])
    told = progress or Progress(response_format)
    started = time.perf_counter()
    with ExitStack() as stack:
        stream = stack.enter_context(client.stream({**fields, "stream": True}))
        play = stack.enter_context(speakers(player)).play if player else _nowhere
        first_s, received = 0.0, 0
        with whole_file(out) as file:
            try:
                for block in stream.blocks:
                    first_s = first_s or time.perf_counter() - started
                    received += len(block)
                    file.write(block)
                    told.tell(received)
                    play(block)
            finally:
                told.end()
            if response_format == "wav":
                set_lengths(file, received)
        elapsed_s = time.perf_counter() - started
        return Received(
            headers=stream.headers,
            seconds=seconds_of(response_format, received),
            first_s=first_s,
            elapsed_s=elapsed_s,
        )


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears under its name when the block has ended well, and otherwise never."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Refuse a place that a file cannot be written to, before anything is spoken for it.

    Raises:
        OSError: If it is a folder, or nothing can be written beside it.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with suppress(FileExistsError):  # by a file; what follows tells that it is no folder
        path.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path.parent).close()


def set_lengths(file: IO[bytes], total_bytes: int) -> None:
    """Write into a WAV file's header what a stream's could not know yet, and go back to the end."""
    for place, length in ((4, total_bytes - 8), (40, total_bytes - HEADER_BYTES)):
        file.seek(place)
        file.write(struct.pack("<I", length))
    file.seek(0, os.SEEK_END)


def seconds_of(response_format: str, received_bytes: int) -> float | None:
    """Answer how long so many bytes of a format last; None where they do not tell."""
    rate = BYTES_A_SECOND.get(response_format)
    if rate is None:
        return None
    header = HEADER_BYTES if response_format == "wav" else 0
    return max(0, received_bytes - header) / rate


def _nowhere(_block: bytes) -> None:
    """Nobody listens."""
