"""Asks the router for one sentence of a session, and reads its audio while it is spoken."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import urllib3

from f5serve.departures import CALLER_HEADER
from f5serve.errors import (
    BackendError,
    OverloadedError,
    PassedOnError,
    ServeError,
    UnavailableError,
)

PATH: Final = "/predictions/tts/1.0/v1/audio/speech"
CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 300.0
"""Longer than the router's deadline, as the edge's own."""
LONGEST_ERROR: Final = 65_536
LONGEST_EVENT: Final = 32_000_000
_CHUNK: Final = 65_536
_PREFIX: Final = b"data: "
_TIMEOUT: Final = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
_RETRY_S: Final = 1
_ABSENT_S: Final = 5


class Spoken:
    """An answer of the router that has begun.

    Args:
        response: The answer, of which the headers are there.
        connections: Holds the connection that it comes over, and no other.
    """

    def __init__(
        self, response: urllib3.BaseHTTPResponse, connections: urllib3.HTTPConnectionPool
    ) -> None:
        self._response = response
        self._connections = connections
        self.language = response.headers.get("X-Language", "")

    def chunks(self) -> Iterator[bytes]:
        """Give the audio as it comes.

        Raises:
            ServeError: If it breaks off.
        """
        try:
            for event in _events(self._response):
                kind = event.get("type")
                if kind == "speech.audio.done":
                    return
                if kind == "error":
                    raise _refusal(self._response.status, event)
                yield base64.b64decode(event["audio"], validate=True)
        except (urllib3.exceptions.HTTPError, LookupError, TypeError, ValueError) as error:
            raise BackendError("the speech broke off") from error
        finally:
            self.close()
        raise BackendError("the speech broke off before its end")

    def close(self) -> None:
        """Read no further."""
        self._response.close()
        self._connections.close()


class Router:
    """The router behind the edge.

    Args:
        url: TorchServe's inference address.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def say(
        self, fields: Mapping[str, object], text: str, *, caller: str, request_id: str
    ) -> Spoken:
        """Ask for a sentence.

        Args:
            fields: Of OpenAI's speech request.
            text: What to say.
            caller: 32 hexadecimal digits, by which it can be told that nobody waits any more.
            request_id: For the logs.

        Returns:
            The speech, once the first of it is there.

        Raises:
            OverloadedError: If there is no place for it at the moment.
            ServeError: If it is refused, or cannot be spoken.
        """
        # A connection of its own: none that TorchServe is about to close can be met.
        connections = urllib3.connection_from_url(self._url, retries=False, timeout=_TIMEOUT)
        try:
            response = connections.urlopen(
                "POST",
                PATH,
                body=msgspec.json.encode({**fields, "input": text, "stream_format": "sse"}),
                headers={
                    "Content-Type": "application/json",
                    "Connection": "close",
                    "X-Request-Id": request_id,
                    "X-Request-Start": f"{time.time():.3f}",
                    CALLER_HEADER: caller,
                },
                preload_content=False,
            )
        except (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
        ) as error:
            raise UnavailableError(
                "the models are not there at the moment", retry_after_s=_ABSENT_S
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise BackendError("the router did not answer") from error
        spoken = Spoken(response, connections)
        if response.status == HTTPStatus.OK:
            return spoken
        try:
            raise _of_answer(response)
        finally:
            spoken.close()


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[dict[str, Any]]:
    held = b""
    for chunk in response.stream(_CHUNK):
        *whole, held = (held + chunk).split(b"\n\n")
        for event in whole:
            if event.startswith(_PREFIX):
                yield msgspec.json.decode(event.removeprefix(_PREFIX), type=dict)
        if len(held) > LONGEST_EVENT:
            raise BackendError("the router sends an event without an end")


def _of_answer(response: urllib3.BaseHTTPResponse) -> ServeError:
    try:
        document = msgspec.json.decode(response.read(LONGEST_ERROR), type=dict)
    except (urllib3.exceptions.HTTPError, ValueError):
        document = {}
    if response.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return _refusal(response.status, document)
    told = _refusal(response.status, document)
    after = response.headers.get("Retry-After", "")
    error = OverloadedError(told.detail, retry_after_s=int(after) if after.isdigit() else _RETRY_S)
    error.code = told.code
    return error


def _refusal(status: int, document: Mapping[str, Any]) -> ServeError:
    """Answer the error that a document of the router tells; TorchServe's own have another form."""
    told = document.get("error")
    if not isinstance(told, dict):
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return OverloadedError("no free place at the moment")
        return BackendError(f"the router answered {status}; its log holds the reason")
    code, field = told.get("code"), told.get("param")
    return PassedOnError(
        str(told.get("message")),
        status=status,
        code=code if isinstance(code, str) else BackendError.code,
        field=field if isinstance(field, str) else None,
    )
