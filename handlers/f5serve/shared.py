"""What the processes of one server know together: a small JSON file, locked while it is read and written.

It costs next to nothing at a few accesses a second, needs no further process, and whoever looks for a
fault can read it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

logger = logging.getLogger(__name__)

_LARGEST_FILE: Final = 1 << 20

State = TypeVar("State", bound=Struct)


class SharedState(Generic[State]):
    """A state in a file. What cannot be read is taken for new; what cannot be written stays in this process.

    Args:
        path: The file; None keeps the state in this process.
        kind: The state's class; every field has a default.
    """

    def __init__(self, path: Path | None, kind: type[State]) -> None:
        self._path = path
        self._kind = kind
        self._own = kind()
        self._lock = threading.Lock()

    @contextmanager
    def changed(self) -> Iterator[State]:
        """Read the state, and write back what the caller made of it."""
        with self._lock:
            if self._path is None:
                yield self._own
                return
            try:
                descriptor, state = self._opened(self._path)
            except OSError:
                # Knowing less of each other is no reason to refuse a text.
                logger.exception("each worker on its own: %s cannot be used", self._path)
                self._path = None
                yield self._own
                return
            try:
                yield state
                _write(descriptor, state)
            finally:
                os.close(descriptor)

    def _opened(self, path: Path) -> tuple[int, State]:
        """Open the file for this process alone, until it is closed, and read it.

        Raises:
            OSError: If it cannot be made, locked or read.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return descriptor, self._read(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def _read(self, descriptor: int) -> State:
        try:
            return msgspec.json.decode(os.pread(descriptor, _LARGEST_FILE, 0), type=self._kind)
        except msgspec.DecodeError:
            return self._kind()  # new, or its writer was killed; what is lost is soon known again


def path_for_this_server(name: str) -> Path:
    """Answer a path that all workers of this TorchServe share, and no other: they have one parent."""
    return Path(tempfile.gettempdir()) / f"f5serve-{name}-{os.getuid()}-{os.getppid()}.json"


def is_alive(pid: int) -> bool:
    """Tell whether a process runs, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(descriptor: int, state: Struct) -> None:
    body = msgspec.json.encode(state)
    try:
        os.pwrite(descriptor, body, 0)
        os.ftruncate(descriptor, len(body))
    except OSError:
        logger.exception("the workers cannot tell each other what they do")
