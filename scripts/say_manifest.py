"""What lies in a folder of spoken lines: one JSON line a sound file, trusted only where the file agrees.

The manifest grows by one appended line a sound file, so a kill loses at most what was in flight, and is
put in the order of the text when it is opened and closed. It describes files, not wishes: the entry of a
line that has changed since stays until its file is spoken again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

MANIFEST: Final = "manifest.jsonl"

Option = str | int | float | dict[str, str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One spoken line and the file it is in.

    Attributes:
        line: Its number in the text, from 1; empty lines count.
        text_sha256: Digest of the text.
        text: What was said.
        file: Name of the sound file in the folder.
        audio_sha256: Digest of the sound file: a file with another one is not this entry's.
        options: What was asked for beside the text.
        language: The language spoken.
        source: How it was found: explicit, detected, voice or default.
        confidence: How sure that is, 0 to 1.
        model: Which model spoke.
        voice: The voice it spoke in.
        seed: Gives the same audio again.
        seconds: Duration of the speech.
        elapsed: Seconds of waiting for it.
    """

    line: int
    text_sha256: str
    text: str
    file: str
    audio_sha256: str
    options: dict[str, Option]
    language: str
    source: str
    confidence: float
    model: str
    voice: str
    seed: int
    seconds: float
    elapsed: float


class FolderTakenError(Exception):
    """Another process is speaking into the folder."""


class Manifest:
    """The entries of a folder, in memory and on disk.

    Args:
        folder: Where the sound files are; it exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / MANIFEST
        self._entries = _read(self._path)

    def is_done(self, number: int, text: str, options: Mapping[str, Option]) -> bool:
        """Whether a line was spoken as it would be now, and its file is whole."""
        entry = self._entries.get(number)
        return (
            entry is not None
            and entry.text_sha256 == digest(text.encode())
            and entry.options == options
            and _digest_of_file(self._folder / entry.file) == entry.audio_sha256
        )

    def add(self, entry: Entry, audio: bytes) -> None:
        """Keep a sound file and its entry: the file first, complete under its name or not at all."""
        write_whole(self._folder / entry.file, audio)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
        self._entries[entry.line] = entry

    def tidy(self) -> None:
        """Write the entries anew in the order of the text, without what was torn or replaced."""
        ordered = [self._entries[number] for number in sorted(self._entries)]
        write_whole(self._path, b"".join(msgspec.json.encode(entry) + b"\n" for entry in ordered))


@contextmanager
def open_manifest(folder: Path) -> Iterator[Manifest]:
    """Make the folder if need be and hold it: tidied on entering and, whatever happens, on leaving.

    Raises:
        FolderTakenError: If another process holds it.
        OSError: If it cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTakenError(
                f"{folder} is being spoken into; wait, or name another"
            ) from error
        manifest = Manifest(folder)
        manifest.tidy()
        try:
            yield manifest
        finally:
            manifest.tidy()
    finally:
        os.close(held)


def digest(content: bytes) -> str:
    """Answer the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and give it its name when all of it is on disk."""
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _read(path: Path) -> dict[int, Entry]:
    """The entries by line, the latest of each; a line torn by a kill, or edited beyond use, is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    entries = {}
    for row in content.splitlines():
        try:
            entry = msgspec.json.decode(row, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        entries[entry.line] = entry
    return entries


def _digest_of_file(path: Path) -> str | None:
    """The digest of a file, or None where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
