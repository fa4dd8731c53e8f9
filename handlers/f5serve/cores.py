"""The cores of a machine, shared by the workers that compute at the moment.

A worker that is alone takes all cores; of two, each takes half. What is shared is a file of locks, a byte for each
core: whoever computes holds one. The kernel lets go of a dead worker's, so that there is nothing to tidy up.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

CORES_VARIABLE: Final = "F5SERVE_CORES"
CORES_FILE_VARIABLE: Final = "F5SERVE_CORES_FILE"


class SharedCores:
    """One worker's part of the cores; of use to one thread.

    Args:
        path: The file that those who share have in common; it is made if need be.
        cores: How many there are.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path, cores: int) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._cores = cores
        self._seat: int | None = None

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Be one of those that share, until the block ends."""
        self._seat = next((seat for seat in range(self._cores) if self._taken(seat)), None)
        try:
            yield
        finally:
            if self._seat is not None:
                self._let_go(self._seat)
                self._seat = None

    def share(self) -> int:
        """Answer how many cores are this worker's now; at least one, and one only where it does not compute."""
        if self._seat is None:
            return 1
        others = sum(self._is_taken(seat) for seat in range(self._cores) if seat != self._seat)
        return max(1, self._cores // (1 + others))

    def _taken(self, seat: int, kind: int = fcntl.LOCK_EX) -> bool:
        with suppress(OSError):  # what says that another holds it
            fcntl.lockf(self._descriptor, kind | fcntl.LOCK_NB, 1, seat)
            return True
        return False

    def _is_taken(self, seat: int) -> bool:
        if not self._taken(seat, fcntl.LOCK_SH):
            return True
        self._let_go(seat)
        return False

    def _let_go(self, seat: int) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, seat)


def cores_of_this_server(environment: Mapping[str, str]) -> SharedCores | None:
    """Answer what the environment says is shared; none if it says nothing, or it cannot be had."""
    path, cores = environment.get(CORES_FILE_VARIABLE), environment.get(CORES_VARIABLE, "")
    if not path or not cores.isdecimal():
        return None
    try:
        return SharedCores(Path(path), int(cores))
    except OSError:
        # Fewer threads than there could be are no reason not to serve.
        logger.exception("each worker on its own: %s cannot be used", path)
        return None
