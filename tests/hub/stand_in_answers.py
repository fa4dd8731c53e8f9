"""What the stand-in hub answers: its own addresses, and those that large files come from."""

from __future__ import annotations

import json
import re
import time
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import yaml

if TYPE_CHECKING:
    from tests.hub.stand_in import Fault, StandInHub, Stored

BLOCK_BYTES: Final = 1 << 16
API: Final = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree|paths-info)/([^/]+))?")
RESOLVE: Final = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
CACHE: Final = re.compile(r"/api/resolve-cache/models/([^/]+/[^/]+)/([^/]+)/(.+)")
CONTENT: Final = re.compile(r"/content/([^/]+/[^/]+)/(.+)")


class Handler(BaseHTTPRequestHandler, ABC):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the output to the tests."""

    def do_HEAD(self) -> None:
        self._begin()

    def do_GET(self) -> None:
        self._begin()

    def do_POST(self) -> None:
        self._begin()

    def _begin(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.note(self.command, self.path, headers)
        self.body = self.rfile.read(int(headers.get("content-length", 0)))
        self._answer(unquote(urlsplit(self.path).path))

    @abstractmethod
    def _answer(self, path: str) -> None:
        """Answer a request for a path."""

    def _send(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_json(self, content: object) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _refuse(self, status: int, code: str | None, message: str) -> None:
        headers = {"Content-Type": "application/json", "X-Error-Message": message}
        if code is not None:
            headers["X-Error-Code"] = code
        self._send(status, headers, json.dumps({"error": message}).encode())

    def _send_file(self, path: str, stored: Stored, headers: dict[str, str]) -> None:
        """Send a file or a range of it, with what goes wrong on the way."""
        hub = self.hub
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        if start and hub.take_fault(path, "ignore_range"):
            start = 0
        if start >= stored.size > 0:
            self._send(416, {"Content-Range": f"bytes */{stored.size}"})
            return
        # Only where it is reached: a fault at a place that came before waits for a whole answer.
        fault = hub.take_fault(path, "cut", "stall", "truncate", "corrupt")
        end = min(fault.at, stored.size) if fault and fault.kind == "truncate" else stored.size
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(max(0, end - start)))
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{stored.size}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_content(stored, start, end, fault)

    def _send_content(self, stored: Stored, start: int, end: int, fault: Fault | None) -> None:
        with stored.file.open("rb") as file:
            file.seek(start)
            while (place := file.tell()) < end:
                stop = end
                if fault and fault.kind in ("cut", "stall"):
                    stop = min(end, max(fault.at, place))
                block = file.read(min(BLOCK_BYTES, stop - place))
                if not block:
                    if fault and fault.kind == "stall":
                        self.wfile.flush()
                        self.hub.released.wait(60)
                    self.close_connection = True
                    return
                if fault and fault.kind == "corrupt" and place <= fault.at < place + len(block):
                    at = fault.at - place
                    block = block[:at] + bytes([block[at] ^ 0xFF]) + block[at + 1 :]
                self.wfile.write(block)
                if self.hub.rate:
                    time.sleep(len(block) / self.hub.rate)


class HubHandler(Handler):
    def _answer(self, path: str) -> None:
        if found := CACHE.fullmatch(path):
            self._cached(*found.groups())
        elif found := API.fullmatch(path):
            self._api(*found.groups())
        elif found := RESOLVE.fullmatch(path):
            self._resolve(*found.groups())
        else:
            self._refuse(404, None, "Not found")

    def _admitted(self, repository: str, revision: str | None, fault_path: str) -> bool:
        """Answer whether the caller may go on; else the refusal is sent."""
        hub = self.hub
        given = self.headers.get("Authorization")
        known = given is not None and given.removeprefix("Bearer ") in hub.tokens
        if fault := hub.take_fault(fault_path, "status"):
            self._refuse(fault.status, fault.code, "As the test wants it")
        elif given is not None and not known:
            self._refuse(401, None, "Invalid credentials in Authorization header")
        elif hub.files(repository) is None or (repository in hub.private and not known):
            self._refuse(404 if known else 401, "RepoNotFound", "Repository not found")
        elif revision not in (None, "main", hub.commit(repository)):
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return True
        return False

    def _api(self, repository: str, kind: str | None, revision: str | None) -> None:
        if not self._admitted(repository, revision, ""):
            return
        files = self.hub.files(repository) or {}
        if kind == "paths-info":
            paths = parse_qs(self.body.decode()).get("paths", [])
            self._send_json([_entry(path, files[path]) for path in paths if path in files])
        elif kind == "tree":
            self._send_json([_entry(path, stored) for path, stored in files.items()])
        else:
            self._send_json(self._info(repository, files))

    def _info(self, repository: str, files: dict[str, Stored]) -> dict[str, Any]:
        blobs = "blobs" in parse_qs(urlsplit(self.path).query)
        return {
            "_id": "0" * 24,
            "id": repository,
            "modelId": repository,
            "sha": self.hub.commit(repository),
            "private": repository in self.hub.private,
            "gated": "auto" if repository in self.hub.gated else False,
            "disabled": False,
            "tags": [],
            "cardData": _card(files),
            "siblings": [_sibling(path, stored, blobs=blobs) for path, stored in files.items()],
        }

    def _resolve(self, repository: str, revision: str, path: str) -> None:
        hub = self.hub
        if not self._admitted(repository, revision, path):
            return
        if repository in hub.gated and self.headers.get("Authorization") is None:
            self._refuse(401, "GatedRepo", f"Access to model {repository} is restricted.")
            return
        commit = hub.commit(repository)
        stored = (hub.files(repository) or {}).get(path)
        if stored is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        headers = {"X-Repo-Commit": commit, "ETag": f'"{stored.etag}"'}
        quoted = quote(path)
        if stored.large:
            headers["X-Linked-Etag"] = f'"{stored.sha256}"'
            headers["X-Linked-Size"] = str(stored.size)
            headers["Location"] = (
                f"{hub.content_endpoint}/content/{repository}/{quoted}?Signature=x"
            )
            self._send(302, headers, b"Found. Redirecting")
        else:
            headers["Location"] = f"/api/resolve-cache/models/{repository}/{commit}/{quoted}"
            self._send(307, headers, b"Temporary Redirect")

    def _cached(self, repository: str, revision: str, path: str) -> None:
        if self._admitted(repository, revision, path):
            stored = (self.hub.files(repository) or {})[path]
            headers = {"X-Repo-Commit": revision, "ETag": f'"{stored.etag}"'}
            self._send_file(path, stored, headers)


class ContentHandler(Handler):
    def _answer(self, path: str) -> None:
        found = CONTENT.fullmatch(path)
        stored = (self.hub.files(found[1]) or {}).get(found[2]) if found else None
        if found is None or stored is None:
            self._refuse(404, None, "NoSuchKey")
        elif self.headers.get("Authorization") is not None:
            self._refuse(400, None, "Only one auth mechanism allowed")
        elif fault := self.hub.take_fault(f"content:{found[2]}", "status"):
            self._refuse(fault.status, fault.code, "As the test wants it")
        else:
            self._send_file(found[2], stored, {"ETag": f'"{stored.sha256}"'})


def _sibling(path: str, stored: Stored, *, blobs: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": path}
    if blobs:
        sibling |= {"size": stored.size, "blobId": stored.blob}
        if stored.large:
            sibling["lfs"] = {"sha256": stored.sha256, "size": stored.size, "pointerSize": 135}
    return sibling


def _entry(path: str, stored: Stored) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "oid": stored.blob, "size": stored.size, "path": path}
    if stored.large:
        entry["lfs"] = {"oid": stored.sha256, "size": stored.size, "pointerSize": 135}
    return entry


def _card(files: dict[str, Stored]) -> dict[str, Any]:
    """Answer the metadata at the head of a card."""
    if "README.md" not in files:
        return {}
    parts = files["README.md"].file.read_text(encoding="utf-8").split("---\n")
    return dict(yaml.safe_load(parts[1]) or {}) if len(parts) > 2 and not parts[0] else {}
