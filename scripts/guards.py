"""Files that one process at a time holds. Whoever is killed leaves the file behind, and not the lock."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from f5serve.errors import ConfigurationError


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file while the block runs, unless another process does; no waiting.

    Args:
        path: The file; it is made where it is not there.

    Yields:
        Whether it is held.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_held = True
        except BlockingIOError:
            is_held = False
        yield is_held


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder for oneself while the block runs: two runs in one would mix their files.

    The lock is a file beside the folder, since a run may begin by removing the folder.

    Raises:
        ConfigurationError: If another run holds it.
    """
    with held(folder.parent / f".{folder.name}.lock") as is_held:
        if not is_held:
            raise ConfigurationError(f"another run uses {folder}; wait until it has ended")
        yield
