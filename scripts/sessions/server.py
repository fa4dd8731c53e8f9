"""Where sessions come in: WebSockets on loopback, passed on by the edge."""

from __future__ import annotations

import contextlib
import logging
import resource
import secrets
import socket
import threading
from http import HTTPStatus
from typing import Final

from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from scripts.departures import LINE
from scripts.sessions.router import Router
from scripts.sessions.session import MOST_S, Session

MOST_SESSIONS: Final = 128
DESCRIPTORS_EACH: Final = 8
"""Of a session: its socket, what the library waits with, the connection to the router, and some of who is refused."""
DESCRIPTORS_BESIDE: Final = 256
LONGEST_MESSAGE: Final = 262_144
"""Bytes of one message of a caller."""
OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 5.0
PING_S: Final = 20.0
TRY_AGAIN_LATER: Final = 1013
REQUEST_ID: Final = "X-Request-Id"
_WAITING: Final = 128

logger = logging.getLogger(__name__)


class SessionServer:
    """Takes the sessions that the edge passes on.

    Args:
        router_url: TorchServe's inference address.
        departures_port: Where it is told who has gone (``scripts.departures``).
        most: Sessions at once, of which more are told to come back; by default as many as there are descriptors for.
    """

    def __init__(self, router_url: str, departures_port: int, most: int | None = None) -> None:
        most = most_sessions() if most is None else most
        self._router = Router(router_url)
        self._departures = ("127.0.0.1", departures_port)
        self._most = most
        self._draining = threading.Event()
        self._lock = threading.Lock()
        self._sessions: set[Session] = set()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def sessions(self) -> int:
        """How many there are."""
        with self._lock:
            return self._count()

    def start(self) -> int:
        """Begin to listen.

        Returns:
            The port, on 127.0.0.1.

        Raises:
            OSError: If no socket is to be had.
        """
        self._draining.clear()
        self._server = serve(
            self._serve,
            sock=socket.create_server(("127.0.0.1", 0), backlog=_WAITING),
            process_request=self._let_in,
            compression=None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=PING_S,
            # A player that takes its time to read answers late. Without a limit the library would not wait for an
            # answer, and ping all the more.
            ping_timeout=MOST_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LONGEST_MESSAGE,
            server_header=None,
            logger=logger,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return int(self._server.socket.getsockname()[1])

    def is_running(self) -> bool:
        """Answer whether sessions are taken."""
        return self._thread is not None and self._thread.is_alive()

    def drain(self) -> None:
        """Let every session speak what it was sent, and end; no more are taken."""
        self._draining.set()

    def stop(self) -> None:
        """End all sessions at once, and listen no more."""
        self._draining.set()
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.leave()
        if self._server is not None:
            self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server = self._thread = None

    def _count(self) -> int:
        self._sessions = {session for session in self._sessions if not session.is_over}
        return len(self._sessions)

    def _let_in(self, connection: ServerConnection, request: Request) -> Response | None:
        del request
        if self._draining.is_set() or self.sessions >= self._most:
            response = connection.respond(
                HTTPStatus.SERVICE_UNAVAILABLE, "no free place at the moment\n"
            )
            response.headers["Retry-After"] = "1"
            return response
        return None

    def _serve(self, connection: ServerConnection) -> None:
        request = connection.request
        told = request.headers.get(REQUEST_ID) if request is not None else None
        session = Session(
            connection, self._router, self._depart, self._draining, told or secrets.token_hex(16)
        )
        with self._lock:
            # That there was a place before the handshake may have been told to several.
            has_place = self._count() < self._most
            if has_place:
                self._sessions.add(session)
        if has_place:
            session.run()
        else:
            connection.close(TRY_AGAIN_LATER)

    def _depart(self, caller: str) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(f"{LINE} {caller}".encode("ascii"), self._departures)


def most_sessions() -> int:
    """Answer how many sessions this process has descriptors for, up to ``MOST_SESSIONS``."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_SESSIONS
    return max(1, min(MOST_SESSIONS, (soft - DESCRIPTORS_BESIDE) // DESCRIPTORS_EACH))
