"""Say a text: send it to a running server, write the audio to a file, tell what was done."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

DEFAULT_URL: Final = "http://127.0.0.1:8080"
TIMEOUT_S: Final = 130.0
MAX_TRIES: Final = 5


class SayError(Exception):
    """The server answered an error or cannot be reached; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer of the server.

    Attributes:
        audio: The file's bytes.
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
        SayError: If the server refuses, stays full or cannot be reached.
    """
    for tries_left in range(MAX_TRIES - 1, -1, -1):
        started = time.perf_counter()
        try:
            answer = _post(f"{url}/predictions/tts", dict(fields), timeout_s)
        except requests.ConnectionError as error:
            raise SayError(f"no server answers at {url}; start one with 'make serve'") from error
        except requests.Timeout as error:
            raise SayError(f"no answer within {timeout_s:g} s; send shorter text") from error
        if answer.status_code == requests.codes.service_unavailable and tries_left:
            time.sleep(float(answer.headers.get("Retry-After", "1")))
            continue
        if not answer.ok:
            raise SayError(_told(answer))
        elapsed_s = time.perf_counter() - started
        return Said(audio=answer.content, headers=answer.headers, elapsed_s=elapsed_s)
    raise AssertionError("the last try answers or raises")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    options = _options(argv)
    fields = {
        name: value
        for name in ("text", "language", "voice", "steps", "speed", "seed")
        if (value := getattr(options, name)) not in {None, ""}
    }
    try:
        said = say(options.url, fields)
    except SayError as error:
        print(f"say: {error}", file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(said.audio)
    told = said.headers
    print(
        f"{options.out}: {told['X-Audio-Seconds']} s, language {told['X-Language']}"
        f" ({told['X-Language-Source']}, confidence {told['X-Language-Confidence']}),"
        f" model {told['X-Model']}, voice {told['X-Voice']}, seed {told['X-Seed']},"
        f" {said.elapsed_s:.2f} s"
    )
    return 0


def _post(url: str, fields: dict[str, object], timeout_s: float) -> requests.Response:
    """Send a request straight to the server: a proxy of the environment does not know this loopback."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, json=fields, timeout=timeout_s)


def _told(answer: requests.Response) -> str:
    """Put the server's problem document, or its bare answer, into one line."""
    try:
        problem = answer.json()
        return f"{answer.status_code} {problem['code']}: {problem.get('detail') or problem.get('message')}"
    except (requests.JSONDecodeError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason}"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="say", description=__doc__)
    parser.add_argument("text", help="what to say, in any of the nine languages")
    parser.add_argument("--language", help="a tag such as fr or zh-TW; default: detected")
    parser.add_argument("--voice", help="a registered voice; default: the language's own")
    parser.add_argument("--steps", type=int, help="sampling steps; default: 16")
    parser.add_argument("--speed", type=float, help="0.5 to 2; default: 1")
    parser.add_argument("--seed", type=int, help="the same seed gives the same audio")
    parser.add_argument(
        "--out", type=Path, default=Path("out/say.wav"), help="default: %(default)s"
    )
    parser.add_argument("--url", default=DEFAULT_URL, help="default: %(default)s")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
