"""The folders that archives are made in: removed when they are made, and after a kill by the next run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PREFIX: Final = ".work-"


@contextlib.contextmanager
def tidied(build: Path) -> Iterator[None]:
    """Make workspaces in a folder while the block runs, which is freed first of those that killed runs left.

    Runs for several stores may work there at once: each holds the folder with the others, and only who comes
    while nobody works there tidies it.
    """
    build.mkdir(parents=True, exist_ok=True)
    folder = os.open(build, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # another run works there, or its disk knows no locks
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in build.glob(f"{PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def workspace(build: Path, name: str) -> Iterator[Path]:
    """Have an empty folder while the block runs.

    Args:
        build: Where to make it; held by ``tidied``.
        name: Of the archive.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-", dir=build))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
