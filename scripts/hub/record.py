"""``config/hub.lock.json``: which revision of each repository was fetched, and what its files are.

Written at the first fetch, held to afterwards: the same checkpoints everywhere, however long later.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from f5serve.errors import ConfigurationError

FILE_NAME: Final = "config/hub.lock.json"
PLACE_VARIABLE: Final = "F5SERVE_HUB_LOCK"
"""Names another file to write to, where ``config/`` is only read: in a container."""


class Recorded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file, as it was when it was first fetched."""

    bytes: int
    sha256: str


class Pinned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One repository.

    Attributes:
        revision: The commit that was fetched.
        asked: The branch or tag of the catalogue that it was resolved from; None for the newest.
        licence: What the repository's card says; None where it says nothing.
        files: The files taken, by their path in the repository.
    """

    revision: str
    asked: str | None = None
    licence: str | None = None
    files: dict[str, Recorded] = {}


class HubLock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        version: Form of this file.
        repositories: By ``owner/name``.
    """

    version: Literal[1] = 1
    repositories: dict[str, Pinned] = {}


def read_hub_lock(root: Path) -> HubLock:
    """Answer the record of a repository of ours; an empty one where nothing was fetched yet.

    What is written to another place begins with what the repository has.

    Raises:
        ConfigurationError: If the file is damaged.
    """
    path = _place(root)
    if not path.exists():
        path = root / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=HubLock)
    except FileNotFoundError:
        return HubLock()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: damaged ({error}). Restore it ({_remedy(path, root)}), or remove it to pin anew"
        ) from error


def write_pinned(root: Path, repository: str, pinned: Pinned) -> None:
    """Replace the entry of one repository; a reader sees the old file or the new one, never a part.

    Raises:
        ConfigurationError: If the file cannot be written, or the one that is there is damaged.
    """
    entries = {**read_hub_lock(root).repositories, repository: _sorted(pinned)}
    lock = HubLock(repositories=dict(sorted(entries.items())))
    path = _place(root)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(lock), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path}: cannot be written ({error.strerror}); free some space or make it writable"
        ) from error


def _place(root: Path) -> Path:
    return Path(os.environ.get(PLACE_VARIABLE) or root / FILE_NAME)


def _remedy(path: Path, root: Path) -> str:
    return f"git checkout {FILE_NAME}" if path == root / FILE_NAME else "from a copy"


def _sorted(pinned: Pinned) -> Pinned:
    return msgspec.structs.replace(pinned, files=dict(sorted(pinned.files.items())))
