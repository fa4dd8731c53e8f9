"""One run at a time in one folder: two would mix their samples, or the logs of their servers."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from f5serve.errors import ConfigurationError


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder for oneself while the block runs.

    The lock is a file beside the folder, since a run begins by removing the folder. A run that is killed
    leaves the file and not the lock.

    Raises:
        ConfigurationError: If another run holds it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("ab") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"another run uses {folder}; wait until it has ended"
            ) from None
        yield
