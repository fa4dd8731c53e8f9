"""API keys: made here, kept as hashes alone.

``make key NAME=…`` makes a key for NAME, prints it once and adds its hash to the file. A line of
the file is a name and the SHA-256 of a key; a name with two lines has two valid keys, so that one can follow
the other. To withdraw a key, delete its line: a running edge notices.

The hashes are plain: a key holds 256 random bits, and no salt makes that harder to guess.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

DEFAULT_FILE: Final = Path("config") / "edge" / "keys"
KEY_BYTES: Final = 32
KEY_PREFIX: Final = "f5s_"
_LINE: Final = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9._-]{0,63})[ \t]+(?P<sha256>[0-9a-f]{64})")
_HEADING: Final = "# Who may ask: a name, and the SHA-256 of a key. Made by: make key NAME=…\n"


@dataclass(frozen=True, slots=True)
class Key:
    """One valid key.

    Attributes:
        name: Whose it is; limits and logs go by it.
        sha256: The key's digest, in hexadecimal.
    """

    name: str
    sha256: str


def digest(key: str) -> str:
    """Answer what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


def read_keys(path: Path) -> tuple[Key, ...]:
    """Answer the keys of a file; one without any lets nobody in.

    Raises:
        ConfigurationError: If the file cannot be read, or a line is neither a key nor a comment.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: no API keys can be read there ({error}); make one: make key NAME=…"
        ) from error
    keys: dict[str, Key] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _LINE.fullmatch(text)
        if found is None:
            raise ConfigurationError(
                f"{path}, line {number}: no name and SHA-256 in hexadecimal; make a line: make key NAME=…"
            )
        if found["sha256"] in keys:
            raise ConfigurationError(f"{path}, line {number}: the same key stands there twice")
        keys[found["sha256"]] = Key(found["name"], found["sha256"])
    return tuple(keys.values())


def add_key(path: Path, name: str) -> str:
    """Make a key and add its hash to a file, which a reader sees as it was or as it is now.

    Several may add at once: they take turns, and no key is lost.

    Returns:
        The key, which is kept nowhere.

    Raises:
        ConfigurationError: If the name is none, or the file is damaged.
        OSError: If the file cannot be locked or written.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    line = f"{name} {digest(key)}"
    if _LINE.fullmatch(line) is None:
        raise ConfigurationError(
            f"{name!r} is no name for a key: a letter, then up to 63 letters, digits, '.', '_' or '-'"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _turn(path):
        before = _HEADING
        if path.exists():
            read_keys(path)
            before = path.read_text(encoding="utf-8")
        _replace(path, f"{before.rstrip()}\n{line}\n")
    return key


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait until no other process adds to a file, and keep the others waiting while the block runs.

    The lock is a file beside it, since the file itself is replaced. Whoever is killed leaves the file and
    not the lock.
    """
    guard = os.open(
        path.with_name(f".{path.name}.lock"),
        os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o600,
    )
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
    finally:
        os.close(guard)


def _replace(path: Path, content: str) -> None:
    """Write a file anew, on the disk before it takes the former one's place."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def main(argv: list[str] | None = None) -> int:
    """Make a key.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.keys", description=__doc__)
    parser.add_argument("name", help="whose key it is")
    parser.add_argument("--file", type=Path, default=DEFAULT_FILE, help=f"default: {DEFAULT_FILE}")
    options = parser.parse_args(argv)
    try:
        key = add_key(options.file, options.name)
    except (ConfigurationError, OSError) as error:
        print(f"key: {error}", file=sys.stderr)
        return 1
    print(f"key: its hash is in {options.file}; the key itself is kept nowhere:", file=sys.stderr)
    print(key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
