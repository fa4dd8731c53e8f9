"""A session with a fake caller and a fake router."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed

from f5serve.errors import ServeError
from scripts.sessions.session import Session

TIMEOUT_S = 20.0


class Spoken:
    """A sentence of a fake router: its words as bytes, or what goes wrong after the first of them."""

    language = "en"

    def __init__(
        self, text: str, error: Exception | None, between: Callable[[], None] = lambda: None
    ) -> None:
        self._chunks = [word.encode() for word in text.split()]
        self._error = error
        self._between = between

    def chunks(self) -> Iterator[bytes]:
        yield self._chunks[0]
        self._between()
        if self._error is not None:
            raise self._error
        yield from self._chunks[1:]

    def close(self) -> None:
        return


class Router:
    """Speaks at once, or does what was set for a text."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.callers: list[str] = []
        self.refusals: dict[str, list[ServeError]] = {}
        self.breaks: dict[str, Exception] = {}
        self.held: dict[str, threading.Event] = {}
        self.reached = threading.Event()
        self.ids: list[str] = []
        self.between: Callable[[], None] = lambda: None

    def say(
        self, fields: Mapping[str, object], text: str, *, caller: str, request_id: str
    ) -> Spoken:
        text = text.strip()
        self.asked.append((text, fields))
        self.callers.append(caller)
        self.ids.append(request_id)
        if text in self.held:
            self.reached.set()
            assert self.held[text].wait(TIMEOUT_S)
        if self.refusals.get(text):
            raise self.refusals[text].pop(0)
        return Spoken(text, self.breaks.get(text), self.between)


class Connection:
    """The caller's side of a WebSocket, in this process."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.code: int | None = None
        self.gone = threading.Event()
        self.came = threading.Condition()
        self.fault: Exception | None = None
        self._looks = 0
        self._inbox: queue.Queue[str | bytes] = queue.Queue()

    def write(self, kind: str, **fields: object) -> None:
        """Write a message as a caller does."""
        self._inbox.put(json.dumps({"type": kind, **fields}))

    def looked_at_again(self) -> None:
        """Wait until the session has waited for a message in vain twice."""
        end = self._looks + 2
        deadline = time.monotonic() + TIMEOUT_S
        while self._looks < end:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def recv(self, timeout: float | None = None) -> str | bytes:
        self._looks += self._inbox.empty()
        try:
            return self._inbox.get(timeout=0.02)
        except queue.Empty:
            if self.gone.is_set():
                raise ConnectionClosed(None, None) from None
            raise TimeoutError from None

    def send(self, message: str | bytes) -> None:
        if self.gone.is_set():
            raise ConnectionClosed(None, None)
        if self.fault is not None:
            raise self.fault
        with self.came:
            self.sent.append(message)
            self.came.notify_all()

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.code = code

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was sent that is no audio."""
        return [json.loads(message) for message in self.sent if isinstance(message, str)]

    def wait_for(self, kind: str, count: int = 1) -> None:
        """Wait until so many events of a type have come."""

        def there() -> bool:
            return len([event for event in self.events if event["type"] == kind]) >= count

        with self.came:
            assert self.came.wait_for(there, TIMEOUT_S), self.sent


class Caller:
    """A session with a fake caller and a fake router."""

    def __init__(self, clock: list[float], request_id: str = "id") -> None:
        self.connection = Connection()
        self.router = Router()
        self.departed: list[str] = []
        self.draining = threading.Event()
        self.session = Session(
            self.connection,
            self.router,
            self.departed.append,
            self.draining,
            request_id,
            clock=lambda: clock[0],
        )
        self.thread = threading.Thread(target=self.session.run, daemon=True)
        self.thread.start()

    def ended(self) -> list[dict[str, Any]]:
        """Wait for the end; answer the events."""
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()
        return self.connection.events

    def texts(self) -> list[str]:
        """What the router was asked to say."""
        return [text for text, _ in self.router.asked]


def wait_until(happened: Callable[[], bool], caller: Caller) -> None:
    while not happened():
        assert caller.thread.is_alive()
        time.sleep(0.01)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]
