"""A file of lines, a scripted server, and the command between them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts import say
from scripts.say_manifest import MANIFEST
from scripts.setup import ROOT
from tests.unit.routing_support import FakeModel, Scripted, fake_model

HEAD = (
    "HTTP/1.1 200 OK\r\nX-Seed: 7\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def spoken(request: dict[str, Any]) -> Scripted:
    told = {
        "X-Audio-Seconds": "1.500", "X-Language": "fr", "X-Language-Source": "detected",
        "X-Language-Confidence": "0.910", "X-Model": "f5_fr", "X-Voice": "anna",
        "X-Seed": str(request.get("seed", 7)),
    }  # fmt: skip
    return 200, told, f"RIFF {request['text']}".encode()


class Place:
    """A file of lines, the folder it is spoken into, and the command."""

    def __init__(self, root: Path) -> None:
        self.file = root / "lines.txt"
        self.folder = root / "spoken"

    def write(self, *lines: str) -> None:
        self.file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def arguments(self, server: FakeModel, *more: str) -> list[str]:
        url = server.url.removesuffix("/predictions/f5_fr")
        return ["--file", str(self.file), "--out", str(self.folder), "--url", url, *more]

    def say(self, server: FakeModel, *more: str) -> int:
        return say.main(self.arguments(server, *more))

    def entries(self) -> list[dict[str, Any]]:
        with (self.folder / MANIFEST).open(encoding="utf-8") as rows:
            return [json.loads(row) for row in rows]

    def sound(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()


@contextmanager
def server(
    answer: Callable[[dict[str, Any]], Scripted | None] = spoken,
) -> Iterator[FakeModel]:
    with fake_model(answer) as model:
        yield model


def texts(model: FakeModel) -> list[str]:
    return [request["text"] for request in model.requests]


@contextmanager
def started(arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, for what can only be done to a process."""
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "scripts.say", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "handlers:."},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_for(happened: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    """Wait until something has happened, a minute at most."""
    deadline = time.monotonic() + 60
    while not happened():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def wire(*scripts: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers its first caller by the first script, and so on, byte by byte as it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for script in scripts:
                caller, _ = listener.accept()
                with caller, caller.makefile("rb") as request:
                    _, *head = iter(request.readline, b"\r\n")
                    headers = dict(line.lower().split(b": ") for line in head)
                    request.read(int(headers[b"content-length"]))
                    script(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join(10)


def says(*parts: str) -> Callable[[socket.socket], None]:
    def script(caller: socket.socket) -> None:
        for part in parts:
            caller.sendall(part.encode())

    return script
