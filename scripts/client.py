"""What a program needs to have a running server speak: one function, and what it answers or raises."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import requests
import urllib3

TIMEOUT_S: Final = 130.0
LONGEST_WAIT_S: Final = 30.0
MAX_TRIES: Final = 5


class SayError(Exception):
    """The server answered an error or cannot be reached; the message says what to do."""


class UnreachableError(SayError):
    """There is no server at the address: no other request would fare better."""


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


def say(url: str, fields: Mapping[str, object], *, timeout_s: float = TIMEOUT_S) -> Said:
    """Have a text spoken; a full server is tried again when it says so.

    Args:
        url: The server, such as ``http://127.0.0.1:8080``.
        fields: The request; see ``docs/api.md``.
        timeout_s: Wait no longer for one answer.

    Raises:
        UnreachableError: If no server answers there.
        SayError: If the server refuses, stays full or breaks off.
    """
    for tries_left in range(MAX_TRIES - 1, -1, -1):
        started = time.perf_counter()
        try:
            answer = _post(f"{url}/predictions/tts", dict(fields), timeout_s)
        except requests.RequestException as error:
            raise _explained(error, url, timeout_s) from error
        if answer.status_code == requests.codes.service_unavailable and tries_left:
            time.sleep(_wait_s(answer))
            continue
        if not answer.ok:
            raise SayError(_told(answer))
        if "X-Seed" not in answer.headers:
            raise UnreachableError(f"what answers at {url} is another program; give our address")
        elapsed_s = time.perf_counter() - started
        return Said(audio=answer.content, headers=answer.headers, elapsed_s=elapsed_s)
    raise AssertionError("the last try answers or raises")


def _wait_s(answer: requests.Response) -> float:
    """When the server wants to be asked again: in seconds, or at a date; what is neither is a second."""
    try:
        told = urllib3.Retry().parse_retry_after(answer.headers.get("Retry-After", "1"))
    except urllib3.exceptions.InvalidHeader:
        return 1.0
    return min(told, LONGEST_WAIT_S)


def _post(url: str, fields: dict[str, object], timeout_s: float) -> requests.Response:
    """Send a request straight to the server: a proxy of the environment does not know this loopback."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, json=fields, timeout=timeout_s)


def _explained(error: requests.RequestException, url: str, timeout_s: float) -> SayError:
    """Tell a server that is not there from one that took the request and never finished it."""
    broken_off = error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError)
    if isinstance(error, requests.ConnectionError) and not broken_off:
        return UnreachableError(f"no server answers at {url}; start one with 'make serve'")
    if isinstance(error, requests.Timeout):
        return SayError(f"no answer within {timeout_s:g} s; send shorter text")
    if isinstance(error, ValueError):  # MissingSchema, InvalidURL and their like
        return UnreachableError(f"{url} is no address; give one such as http://127.0.0.1:8080")
    return SayError("the server broke off its answer; its log (logs/<port>/) may say why")


def _told(answer: requests.Response) -> str:
    """Put the server's problem document, or its bare answer, into one line."""
    try:
        problem = answer.json()
        return f"{answer.status_code} {problem['code']}: {problem.get('detail') or problem.get('message')}"
    except (requests.JSONDecodeError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason}"
