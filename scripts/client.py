"""What a program needs to have a running server speak: a client for whole answers and for streams.

A full server is asked again when it says so, a server that is just starting a little later; the number of
tries is bounded, and nothing is asked for twice once audio has begun to come.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import requests
import urllib3

TIMEOUT_S: Final = 130.0
LONGEST_WAIT_S: Final = 30.0
MAX_TRIES: Final = 5
CONNECT_TIMEOUT_S: Final = 5.0
MAX_CONNECT_TRIES: Final = 3
FIRST_WAIT_S: Final = 0.2
_FULL: Final = (requests.codes.too_many_requests, requests.codes.service_unavailable)
_BLOCK_BYTES: Final = 16_384


class SayError(Exception):
    """The server answered an error or cannot be reached; the message says what to do."""


class RefusedError(SayError):
    """The server's own problem document.

    Args:
        status: HTTP status.
        code: The error's stable name; empty where the answer is no problem document.
        detail: What was wrong, in the server's words.
        field: The field at fault, if there is one.
    """

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(f"{status} {code}: {detail}" if code else f"{status} {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field


class UnreachableError(SayError):
    """There is no server at the address: no other request would fare better."""


class NoAddressError(UnreachableError):
    """What was given for the server's address is none."""


class BrokenOffError(SayError):
    """The server took the request and did not finish its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer of the server.

    Attributes:
        audio: The body's bytes: a sound file, or the document of format ``json``.
        headers: The answer's headers.
        elapsed_s: From sending the request to holding the whole answer.
    """

    audio: bytes
    headers: Mapping[str, str]
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer on its way.

    Attributes:
        headers: The answer's headers; what is known at the end only is absent.
        blocks: The body's bytes as they come, none of them empty; raises ``SayError`` where they break off.
    """

    headers: Mapping[str, str]
    blocks: Iterator[bytes]


class Client:
    """Has a server speak.

    Args:
        url: The server, such as ``http://127.0.0.1:8080``.
        timeout_s: Wait no longer for an answer to begin, nor for more of it.
        max_tries: Ask a server that stays full no more often.
    """

    def __init__(
        self, url: str, *, timeout_s: float = TIMEOUT_S, max_tries: int = MAX_TRIES
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._max_tries = max_tries

    def say(self, fields: Mapping[str, object]) -> Said:
        """Have a text spoken, and wait for all of it.

        Args:
            fields: The request; see ``docs/api.md``.

        Raises:
            UnreachableError: If no server answers there.
            RefusedError: If the server refuses or stays full.
            SayError: If the answer comes too late or breaks off.
        """
        with self._answered(fields) as (answer, started):
            audio = b"".join(self._blocks(answer))
            elapsed_s = time.perf_counter() - started
            return Said(audio=audio, headers=answer.headers, elapsed_s=elapsed_s)

    @contextmanager
    def stream(self, fields: Mapping[str, object]) -> Iterator[Stream]:
        """Have a text spoken, and take the audio as it comes.

        Args:
            fields: The request, with ``stream`` or without; see ``docs/api.md``.

        Raises:
            SayError: As above, before the first block; the blocks raise it later.
        """
        with self._answered(fields) as (answer, _):
            yield Stream(headers=answer.headers, blocks=self._blocks(answer))

    @contextmanager
    def _answered(self, fields: Mapping[str, object]) -> Iterator[tuple[requests.Response, float]]:
        """Answer the response, its body not yet read, and when its request was sent."""
        with requests.Session() as session:
            # Straight to the server: a proxy of the environment does not know this machine's loopback.
            session.trust_env = False
            answer, started = self._good_answer(session, dict(fields))
            with answer:
                yield answer, started

    def _good_answer(
        self, session: requests.Session, fields: dict[str, object]
    ) -> tuple[requests.Response, float]:
        refused = unreached = 0
        while True:
            started = time.perf_counter()
            try:
                answer = self._post(session, fields)
            except (UnreachableError, BrokenOffError) as error:
                unreached += 1
                if unreached == MAX_CONNECT_TRIES or isinstance(error, NoAddressError):
                    raise
                time.sleep(_spread(FIRST_WAIT_S * 2**unreached))
                continue
            if answer.ok and "X-Seed" in answer.headers:
                return answer, started
            with answer:
                refused += 1
                if answer.status_code not in _FULL or refused == self._max_tries:
                    raise self._refusal(answer)
            time.sleep(_wait_s(answer))

    def _post(self, session: requests.Session, fields: dict[str, object]) -> requests.Response:
        timeouts = (min(CONNECT_TIMEOUT_S, self._timeout_s), self._timeout_s)
        try:
            return session.post(
                f"{self._url}/predictions/tts", json=fields, timeout=timeouts, stream=True
            )
        except requests.RequestException as error:
            raise self._explained(error) from error

    def _blocks(self, answer: requests.Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_content(_BLOCK_BYTES)
        except requests.RequestException as error:
            raise self._explained(error) from error

    def _explained(self, error: requests.RequestException) -> SayError:
        """Tell a server that is not there from one that took the request and never finished it."""
        cause = error.args[0] if error.args else None
        late = isinstance(cause, urllib3.exceptions.ReadTimeoutError)
        if late or isinstance(error, requests.ReadTimeout):
            return SayError(f"no answer within {self._timeout_s:g} s; send shorter text")
        if isinstance(error, ValueError):  # MissingSchema, InvalidURL and their like
            return NoAddressError(
                f"{self._url} is no address; give one such as http://127.0.0.1:8080"
            )
        broken_off = isinstance(cause, urllib3.exceptions.ProtocolError)
        if isinstance(error, requests.ConnectionError) and not broken_off:
            return UnreachableError(
                f"no server answers at {self._url}; start one with 'make serve'"
            )
        return BrokenOffError("the server broke off its answer; its log (logs/<port>/) may say why")

    def _refusal(self, answer: requests.Response) -> SayError:
        """Understand the server's problem document, or TorchServe's few words, or a bare status."""
        if answer.ok:
            return UnreachableError(
                f"what answers at {self._url} is another program; give our address"
            )
        try:
            problem = answer.json()
            code = str(problem["code"])
            detail = str(problem.get("detail") or problem.get("message"))
        except (requests.JSONDecodeError, KeyError, TypeError):
            return RefusedError(answer.status_code, "", str(answer.reason))
        except requests.RequestException as error:
            return self._explained(error)
        return RefusedError(answer.status_code, code, detail, problem.get("field"))


def say(url: str, fields: Mapping[str, object], *, timeout_s: float = TIMEOUT_S) -> Said:
    """Have a text spoken once; see ``Client.say``."""
    return Client(url, timeout_s=timeout_s).say(fields)


def _wait_s(answer: requests.Response) -> float:
    """When the server wants to be asked again: in seconds, or at a date; what is neither is a second."""
    try:
        told = urllib3.Retry().parse_retry_after(answer.headers.get("Retry-After", "1"))
    except urllib3.exceptions.InvalidHeader:
        return _spread(1.0)
    return _spread(min(told, LONGEST_WAIT_S))


def _spread(seconds: float) -> float:
    """Wait no less, and a little more by chance, so that those who wait do not all come at once."""
    return seconds * random.uniform(1.0, 1.25)  # noqa: S311 - no secret
