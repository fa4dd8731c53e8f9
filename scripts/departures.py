"""Takes down which callers have gone, as the edge tells it, for the workers to see (``f5serve.departures``).

nginx sends a line of its log for each request that ended before its answer was whole, over UDP on loopback: it waits
for nobody, and what is lost is work that was not spared. An id is of 128 random bits: who could name another's can
read this machine's logs.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

LINE: Final = "f5-gone"
"""What stands before the id in such a line."""
KEPT_S: Final = 600.0
"""Longer than any request can still be in work: the edge waits 300 s for an answer, and then the router gives up."""
MOST_KEPT: Final = 20_000
_TOLD: Final = re.compile(rb"%s ([0-9a-f]{32})\s*$" % LINE.encode())
_LONGEST: Final = 2048
_LOOK_S: Final = 1.0


class DepartureBook:
    """Listens to the edge and keeps a file for each caller who has gone, for a while.

    Args:
        folder: Where the files are; emptied at the start and removed at the end.
        clock: Monotonic seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._kept: OrderedDict[str, float] = OrderedDict()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def start(self) -> int:
        """Begin to listen.

        Returns:
            The port, on 127.0.0.1.

        Raises:
            OSError: If the folder cannot be written to.
        """
        self._remove()
        self._folder.mkdir(parents=True, mode=0o700)
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(_LOOK_S)
        self._socket = listening
        self._ended.clear()
        self._thread = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self._thread.start()
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Listen no more, and forget all."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        self._thread = self._socket = None
        self._kept.clear()
        self._remove()

    def note(self, line: bytes) -> None:
        """Take down what a line tells; any other line is passed over."""
        told = _TOLD.search(line)
        if told is not None:
            caller = told[1].decode("ascii")
            with contextlib.suppress(
                OSError
            ):  # a full disk: what was begun is then spoken to its end
                (self._folder / caller).touch(mode=0o600)
                self._kept[caller] = self._clock()
                self._kept.move_to_end(caller)
        self._forget()

    def _listen(self, listening: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                self.note(listening.recv(_LONGEST))
            except TimeoutError:
                self._forget()

    def _forget(self) -> None:
        """Remove what is old, and what is too many, the oldest first."""
        too_old = self._clock() - KEPT_S
        while self._kept:
            caller, since = next(iter(self._kept.items()))
            if since > too_old and len(self._kept) <= MOST_KEPT:
                return
            del self._kept[caller]
            with contextlib.suppress(OSError):
                (self._folder / caller).unlink()

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
