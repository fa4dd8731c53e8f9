"""The cores of a machine, shared by the workers that compute at the moment.

A worker that is alone takes all cores; of two, each takes half. What is shared is a file of locks, a byte for each
core: whoever computes holds one. The kernel lets go of a dead worker's, so that there is nothing to tidy up.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

CORES_VARIABLE: Final = "F5SERVE_CORES"
CORES_FILE_VARIABLE: Final = "F5SERVE_CORES_FILE"


class SharedCores:
    """One worker's part of the cores; of use to one thread.

    Args:
        path: The file that those who share have in common; it is made if need be.
        cores: How many there are, at least one.

    Raises:
        OSError: If the file cannot be opened or locked, or is not a file of this user's.
    """

    def __init__(self, path: Path, cores: int) -> None:
        self._path = path
        self._cores = cores
        self._seat: int | None = None
        self._computes = False
        self._descriptor = _opened(path)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Be one of those that share, until the block ends."""
        self._find_again()
        self._computes = True
        self._sit()
        try:
            yield
        finally:
            self._computes = False
            self._rise()

    def close(self) -> None:
        """Share with nobody from now on."""
        os.close(self._descriptor)

    def share(self) -> int:
        """Answer how many cores are this worker's now; at least one, and one only where it does not compute.

        The shares of those that have seats add up to the cores.
        """
        if self._seat is None and self._computes:
            # There was none at first, or another looked at it just then.
            self._sit()
        if self._seat is None:
            return 1
        others = [seat for seat in range(self._cores) if seat != self._seat and self._held(seat)]
        each, rest = divmod(self._cores, 1 + len(others))
        return each + (sum(seat < self._seat for seat in others) < rest)

    def _sit(self) -> None:
        free = (seat for seat in range(self._cores) if _locked(self._descriptor, seat))
        self._seat = next(free, None)

    def _rise(self) -> None:
        if self._seat is None:
            return
        seat, self._seat = self._seat, None
        try:
            _unlock(self._descriptor, seat)
        except OSError:
            # It must not take the place of what the block answers or raises.
            logger.exception("core %d is not let go of in %s", seat, self._path)

    def _held(self, seat: int) -> bool:
        if not _locked(self._descriptor, seat, fcntl.LOCK_SH):
            return True
        _unlock(self._descriptor, seat)
        return False

    def _find_again(self) -> None:
        """Open the file anew if somebody tidied it away: others hold their locks on another one by now."""
        if os.fstat(self._descriptor).st_nlink:
            return
        try:
            descriptor = _opened(self._path)
        except OSError:
            logger.exception("cores are shared with nobody who starts from now on: %s", self._path)
            return
        os.close(self._descriptor)
        self._descriptor = descriptor


def cores_of_this_server(environment: Mapping[str, str]) -> SharedCores | None:
    """Answer what the environment says is shared; none if it says nothing, or it cannot be had."""
    path, cores = environment.get(CORES_FILE_VARIABLE), environment.get(CORES_VARIABLE, "")
    if not path or not cores.isdecimal() or int(cores) < 1:
        return None
    try:
        return SharedCores(Path(path), int(cores))
    except OSError:
        # Fewer threads than there could be are no reason not to serve.
        logger.exception("each worker on its own: %s cannot be used", path)
        return None


def _opened(path: Path) -> int:
    """Open the file and see that locks work there; errors as for ``SharedCores``."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    try:
        _require_own(descriptor, path)
        if _locked(descriptor, 0, fcntl.LOCK_SH):
            _unlock(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_own(descriptor: int, path: Path) -> None:
    """See that it is a file of this user's: the folder may be everybody's, and the owner could hold all locks."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a file of this user's; remove it")


def _locked(descriptor: int, seat: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.lockf(descriptor, kind | fcntl.LOCK_NB, 1, seat)
    except (BlockingIOError, PermissionError):  # another holds it: EAGAIN or EACCES
        return False
    return True


def _unlock(descriptor: int, seat: int) -> None:
    fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, seat)
