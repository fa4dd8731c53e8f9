"""Connections to the language models that another thread can hang up.

An edge in front of a replica sees the connection end, and its workers then stop working for it
(``f5serve.departures``). Left alone, a thread would hold the connection until there is an answer.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class Line:
    """One request's connection, while it is under way."""

    def __init__(self) -> None:
        self._connection: _Held | None = None
        self._hung_up = False

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Have what is asked in this thread, while the block runs, go over this line."""
        former = _OPEN.set(self)
        try:
            yield
        finally:
            _OPEN.reset(former)

    def hang_up(self) -> None:
        """End the connection: whoever waits for an answer over it gets an error."""
        self._hung_up = True
        if self._connection is not None:
            self._connection.end_for(self)

    def take(self, connection: _Held) -> None:
        """Note over which connection the request goes.

        Raises:
            ConnectionAbortedError: If it was hung up before.
        """
        self._connection = connection
        if self._hung_up:
            raise ConnectionAbortedError("hung up")


_OPEN: Final[ContextVar[Line | None]] = ContextVar("line", default=None)


class _Held:
    """What either kind of connection has in addition: whose it is at the moment."""

    sock: socket.socket | None
    close: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # urllib3's own
        super().__init__(*args, **options)
        self._lock = threading.Lock()
        self._line: Line | None = None

    def connect(self) -> None:
        """Connect; what is hung up meanwhile is closed again."""
        self._belong()
        super().connect()  # type: ignore[misc]  # of the other base
        try:
            self._belong()
        except ConnectionAbortedError:
            self.close()
            raise

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # urllib3's own
        """Send a request; from now on the connection is that of the open line."""
        self._belong()
        super().request(*args, **options)  # type: ignore[misc]  # of the other base

    def getresponse(self) -> Any:  # noqa: ANN401  # urllib3's own
        """Answer the response, all of it; after that the connection is nobody's."""
        answer = super().getresponse()  # type: ignore[misc]  # of the other base
        with self._lock:
            self._line = None
        return answer

    def end_for(self, line: Line) -> None:
        """End the connection, unless it is another's by now."""
        with self._lock, contextlib.suppress(OSError):
            if self._line is line and self.sock is not None:
                # Not the TLS socket's own, which would first let a body that is being sent go on in the clear.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _belong(self) -> None:
        """Be the connection of the line that is open in this thread.

        Raises:
            ConnectionAbortedError: If that was hung up.
        """
        line = _OPEN.get()
        with self._lock:
            self._line = line
        if line is not None:
            line.take(self)


class _HeldHTTP(_Held, HTTPConnection):
    pass


class _HeldHTTPS(_Held, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _HeldHTTP


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _HeldHTTPS


class Lines(PoolManager):
    """Connections that are kept alive, and that ``Line`` can hang up."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # urllib3's own
        super().__init__(**options)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
