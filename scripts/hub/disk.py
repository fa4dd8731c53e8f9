"""Fetched files on this machine's disk: what they are, whether there is room, how they take their place."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from scripts.archive import file_digest
from scripts.hub.client import Remote
from scripts.hub.record import Recorded
from scripts.hub.trouble import FetchError

# Left free beside what is fetched: the machine has other things to write.
SPARE_BYTES: Final = 500_000_000
SUFFIX: Final = ".partial"


def partial_of(target: Path, remote: Remote) -> Path:
    """Answer the unfinished file's path: beside the final one, hidden, and of these very bytes only."""
    return target.with_name(f".{target.name}.{remote.identity}{SUFFIX}")


def size_of(path: Path) -> int:
    """Answer a file's size; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def measured(path: Path) -> Recorded:
    """Answer size and digest of a file.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    return Recorded(bytes=size_of(path), sha256=file_digest(path))


def is_as_recorded(path: Path, recorded: Recorded | None) -> bool:
    """Answer whether a file is there and is what the record tells; large files take their time."""
    return (
        recorded is not None
        and path.is_file()
        and size_of(path) == recorded.bytes
        and file_digest(path) == recorded.sha256
    )


class WrongBytesError(Exception):
    """A file is not what was listed or recorded; the message says in which way."""


def verified(path: Path, remote: Remote, recorded: Recorded | None) -> Recorded:
    """Answer size and digest of a file that is what the hub lists, and what was recorded.

    Raises:
        WrongBytesError: If it is not.
        ConfigurationError: If it cannot be read.
    """
    size = size_of(path)
    if size != remote.bytes:
        raise WrongBytesError(f"{size} bytes in place of {remote.bytes}")
    seen = file_digest(path)
    told = {"the hub lists": remote.sha256, "was recorded": recorded and recorded.sha256}
    for by, digest in told.items():
        if digest and digest != seen:
            raise WrongBytesError(f"sha256 {seen[:12]}… in place of {digest[:12]}…, which {by}")
    if remote.blob and git_blob(path) != remote.blob:
        raise WrongBytesError(f"git's digest is not {remote.blob[:12]}…, which the hub lists")
    return Recorded(bytes=size, sha256=seen)


def git_blob(path: Path) -> str:
    """Answer the digest that git gives a file, by which a hub tells what its small files are."""
    content = path.read_bytes()
    head = f"blob {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin what would end half-way on a full disk.

    Raises:
        FetchError: If too little is free; names both.
    """
    free = shutil.disk_usage(folder).free
    if needed_bytes and free < needed_bytes + SPARE_BYTES:
        raise FetchError(
            f"{human(needed_bytes)} are to be fetched into {folder}, and {human(SPARE_BYTES)} should stay"
            f" free, but {human(free)} are free; free some space, or fetch fewer: make fetch LANGUAGES=…"
        )


def put_in_place(partial: Path, target: Path) -> None:
    """Give a verified file its name: it appears whole, also after a power cut."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    for stale in target.parent.iterdir():
        if stale.name.startswith(f".{target.name}.") and stale.name.endswith(SUFFIX):
            stale.unlink(missing_ok=True)


def human(size: int) -> str:
    """Answer a size as people read it."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= one:
            return f"{size / one:.2f} {unit}"
    return f"{size} B"
