"""A small hub on loopback, with faults on demand; also a program that serves a folder.

    python -m tests.hub.stand_in --folder FOLDER --port 9000
    HF_ENDPOINT=http://127.0.0.1:9000 make fetch LANGUAGES=hi

The folder holds repositories as ``<owner>/<name>/<files>``. Each has one commit: what the catalogue pins,
else made from its files' names and digests; ``main`` is that commit.

Spoken is what huggingface_hub 1.33.0 asks of a hub and reads in its answers, found in its source
(``hf_api.py``: ``model_info``, ``list_repo_tree``, ``get_paths_info``; ``file_download.py``:
``get_hf_file_metadata``, ``http_get``; ``utils/_http.py``: ``hf_raise_for_status``):

- ``GET /api/models/<repo>[/revision/<rev>][?blobs=True]``: ``id``, ``sha``, ``siblings`` (``rfilename``,
  ``size``, ``blobId``, ``lfs``), ``cardData``, ``gated``, ``private``.
- ``GET /api/models/<repo>/tree/<rev>`` and ``POST …/paths-info/<rev>``: ``type``, ``path``, ``size``, ``oid``, ``lfs``.
- ``HEAD`` and ``GET /<repo>/resolve/<rev>/<file>``: ``X-Repo-Commit`` and ``ETag``; a large file (LFS) is a
  302 to another origin, with ``X-Linked-Etag`` and ``X-Linked-Size``; a small one a 307 within the hub.
- Errors: 401, 403 and 404 with ``X-Error-Code`` (``RepoNotFound``, ``RevisionNotFound``, ``EntryNotFound``,
  ``GatedRepo``) and ``X-Error-Message``. A repository that does not exist is 401 to strangers.

Large files come from a second port, which like a signed address of the real one refuses an
``Authorization`` header. ``tests/hub/test_stand_in.py`` holds the stand-in to the client's own downloads.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Final, Literal

from f5serve.catalogue import Catalogue, Source, Vocoder, load_catalogue
from scripts.package import CATALOGUE, ROOT
from tests.hub.stand_in_answers import ContentHandler, HubHandler

LARGE_BYTES: Final = 1_000_000
LARGE_SUFFIXES: Final = frozenset({".safetensors", ".pt", ".bin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        kind: ``status`` answers an error; ``cut`` closes the connection after ``at`` bytes; ``stall`` says
            nothing more after ``at`` bytes until the hub is released; ``truncate`` ends the body after ``at``
            bytes as if that were all; ``corrupt`` changes the byte at ``at``; ``ignore_range`` sends all.
        path: File it befalls; ``""`` for the list of files.
        times: How often it happens.
        at: Where in the file, in bytes from its beginning.
        status: Of ``status``.
        code: ``X-Error-Code`` of ``status``.
    """

    kind: Literal["status", "cut", "stall", "truncate", "corrupt", "ignore_range"]
    path: str
    times: int = 1
    at: int = 0
    status: int = 500
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One file of a repository."""

    file: Path
    size: int
    sha256: str
    blob: str

    @property
    def large(self) -> bool:
        """Whether a hub keeps it as LFS."""
        return self.size >= LARGE_BYTES or self.file.suffix in LARGE_SUFFIXES

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.blob


@dataclass
class StandInHub:
    """A hub that serves a folder.

    Attributes:
        folder: ``<owner>/<name>/<files>``.
        tokens: What is accepted as a token, and may read everything.
        private: Repositories that only holders of a token see.
        gated: Repositories whose files only holders of a token get.
        commits: Commits that are given, by repository, in place of made ones.
        rate: Bytes a second of a file; 0 for as fast as it goes.
        port: Where it listens; 0 for a free one.
        faults: What goes wrong, until it has happened as often as it says.
        requests: What was asked.
        released: Lets stalled answers end.
    """

    folder: Path
    tokens: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    gated: frozenset[str] = frozenset()
    commits: Mapping[str, str] = field(default_factory=dict)
    rate: int = 0
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _happened: dict[int, int] = field(default_factory=dict)
    _known: dict[tuple[str, int, int], Stored] = field(default_factory=dict)
    _servers: list[ThreadingHTTPServer] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Address of the hub."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def content_endpoint(self) -> str:
        """Address that large files come from: another host, for by the host the client decides on tokens."""
        return f"http://localhost:{self._servers[1].server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[StandInHub]:
        """Serve while the block runs."""
        for port, kind in ((self.port, HubHandler), (0, ContentHandler)):
            handler = type(kind.__name__, (kind,), {"hub": self})
            server: ThreadingHTTPServer = _Server(("127.0.0.1", port), handler)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self
        finally:
            self.released.set()
            for server in self._servers:
                server.shutdown()
                server.server_close()
            self._servers.clear()

    def files(self, repository: str) -> dict[str, Stored] | None:
        """Answer a repository's files by path; None where there is no such repository."""
        root = self.folder / repository
        if not root.is_dir():
            return None
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): self._stored(path) for path in paths}

    def commit(self, repository: str) -> str:
        """Answer a repository's only commit."""
        if repository in self.commits:
            return self.commits[repository]
        files = self.files(repository) or {}
        content = [(path, stored.sha256) for path, stored in files.items()]
        return hashlib.sha1(repr(content).encode(), usedforsecurity=False).hexdigest()

    def note(self, method: str, path: str, headers: dict[str, str]) -> None:
        """Remember a request."""
        self.requests.append(Request(method=method, path=path, headers=headers))

    def asked(self, method: str, part: str) -> list[Request]:
        """Answer the requests of a method whose path holds a part."""
        return [one for one in self.requests if one.method == method and part in one.path]

    def take_fault(self, path: str, *kinds: str) -> Fault | None:
        """Answer a fault that befalls a file now, if one is left."""
        with self._guard:
            for number, fault in enumerate(self.faults):
                happened = self._happened.get(number, 0)
                if fault.path == path and fault.kind in kinds and happened < fault.times:
                    self._happened[number] = happened + 1
                    return fault
        return None

    def _stored(self, path: Path) -> Stored:
        state = path.stat()
        key = (str(path), state.st_size, state.st_mtime_ns)
        if key not in self._known:
            sha256 = hashlib.sha256()
            blob = hashlib.sha1(f"blob {state.st_size}\0".encode(), usedforsecurity=False)
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    sha256.update(block)
                    blob.update(block)
            self._known[key] = Stored(
                file=path, size=state.st_size, sha256=sha256.hexdigest(), blob=blob.hexdigest()
            )
        return self._known[key]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing about a client that went away: here they are killed on purpose."""


def pinned_commits(catalogue: Catalogue) -> dict[str, str]:
    """Answer the revisions that a catalogue pins: a stand-in's repositories must have just these."""
    pinned: list[Source | Vocoder] = [*catalogue.vocoders.values()]
    for model in catalogue.models.values():
        pinned += model.profiles.values()
    return {one.repository: one.revision for one in pinned if one.repository and one.revision}


def main() -> None:
    """Serve a folder until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.hub.stand_in", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, required=True, help="<owner>/<name>/<files>")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--token", action="append", default=[], help="a token that is accepted")
    parser.add_argument("--gated", action="append", default=[], help="owner/name that needs one")
    parser.add_argument("--rate", type=int, default=0, help="bytes a second; default: no limit")
    options = parser.parse_args()
    hub = StandInHub(
        folder=options.folder,
        tokens=frozenset(options.token),
        gated=frozenset(options.gated),
        commits=pinned_commits(load_catalogue(ROOT / CATALOGUE)),
        rate=options.rate,
        port=options.port,
    )
    with hub.running(), contextlib.suppress(KeyboardInterrupt):
        print(f"stand-in hub: HF_ENDPOINT={hub.endpoint} serves {options.folder}", flush=True)  # noqa: T201  # a program
        threading.Event().wait()


if __name__ == "__main__":
    main()
