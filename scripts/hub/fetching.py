"""Fetches what is lacking, verifies it and records it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from huggingface_hub import is_offline_mode

from f5serve.errors import ConfigurationError
from scripts.hub.client import Hub
from scripts.hub.disk import WrongBytesError, check_room, measured, put_in_place, verified
from scripts.hub.licences import needs_consent, require_consent, terms_of
from scripts.hub.plan import Held, Item, Part, held_here, planned, raise_all
from scripts.hub.record import Pinned, Recorded, write_pinned
from scripts.hub.trouble import FetchError, explain
from scripts.hub.wanted import Wanted
from scripts.store import exclusive

TRIES: Final = 2  # a body that came whole and wrong is asked for once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to fetch.

    Attributes:
        accept: Whether licences that are not free for every use are accepted.
        update: Whether to take newest revisions in place of the recorded ones.
        dry_run: Whether to tell only what would be fetched.
        parallel: Files that come at once, at most.
    """

    accept: bool = False
    update: bool = False
    dry_run: bool = False
    parallel: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file of the closing table.

    Attributes:
        repository: ``owner/name``.
        path: In the repository.
        bytes: Size.
        sha256: Digest; None for a small file that is not fetched yet.
        licence: Of the repository.
        state: ``fetched``, ``here``, ``unrecorded`` or ``to fetch``.
        where: Its path under ``models/``.
    """

    repository: str
    path: str
    bytes: int
    sha256: str | None
    licence: str
    state: str
    where: str


def fetch(root: Path, hub: Hub, wanted: Sequence[Wanted], options: Options) -> tuple[Row, ...]:
    """Have all wanted files under ``models/``, as recorded.

    Args:
        root: The folder that has ``config/`` and ``models/``.
        hub: Where files come from; not asked at all where everything is here.
        wanted: What is needed.
        options: How to fetch.

    Returns:
        One row a file.

    Raises:
        FetchError: If a licence is not accepted, or a file cannot be had; names the remedy. Files that
            came before stay.
        ConfigurationError: If a file of ours is damaged.
    """
    models = root / "models"
    with _disk_errors(models):
        if options.dry_run:
            return _fetch(root, hub, wanted, options)
        models.mkdir(parents=True, exist_ok=True)
        with exclusive(models, f"fetch: another run fetches into {models}"):
            return _fetch(root, hub, wanted, options)


@contextlib.contextmanager
def _disk_errors(models: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, "", str(models), str(models)) from error


def _fetch(root: Path, hub: Hub, wanted: Sequence[Wanted], options: Options) -> tuple[Row, ...]:
    helds = held_here(root, wanted, hub.say)
    lacking = [held for held in helds if held.lacking or options.update]
    complete = [held for held in helds if held not in lacking]
    rows = [row for held in complete for row in _rows_here(held)]
    if lacking and is_offline_mode():
        if options.update:
            raise FetchError(
                "newest revisions are known by the hub only, and HF_HUB_OFFLINE forbids the network; unset"
                " it, or leave UPDATE out"
            )
        rows += [row for held in lacking for row in _rows_offline(held)]
        return tuple(rows)
    if not options.accept and not options.dry_run:
        require_consent(
            terms_of(held.wanted, hub.endpoint) for held in lacking if needs_consent(held.wanted)
        )
    parts = planned(hub, lacking, update=options.update)
    for part in parts:
        _tell_licence(hub, part)
    if options.dry_run:
        return (*rows, *(_row_planned(part, item) for part in parts for item in part.items))
    if not options.accept:
        require_consent(
            terms_of(part.wanted, hub.endpoint, part.pinned.licence)
            for part in parts
            if needs_consent(part.wanted, part.pinned.licence)
        )
    check_room(root / "models", sum(item.missing_bytes for part in parts for item in part.items))
    return (*rows, *_Fetcher(root, hub).all(parts, options.parallel))


def _tell_licence(hub: Hub, part: Part) -> None:
    card = part.pinned.licence
    hub.say(f"licence of {terms_of(part.wanted, hub.endpoint, card)}")
    if card is not None and card.lower() != part.wanted.licence.lower():
        hub.say(
            f"{part.wanted.repository}: its card says {card}, config/catalogue.yaml says"
            f" {part.wanted.licence}; the stricter counts, correct the catalogue"
        )


def _rows_here(held: Held) -> list[Row]:
    rows = []
    for path in held.wanted.files:
        recorded = held.recorded(path)
        if recorded is not None and path not in held.lacking:
            rows.append(_row(held.wanted, held.pinned, path, recorded, "here"))
    return rows


def _rows_offline(held: Held) -> list[Row]:
    """Take files that are here though never recorded; there is nobody to ask."""
    rows = _rows_here(held)
    for path in held.lacking:
        target = held.folder / path
        if held.recorded(path) is not None or not target.is_file():
            state = "not as recorded" if target.is_file() else "missing"
            raise FetchError(
                f"{target}: {state}, and HF_HUB_OFFLINE forbids the network; unset it, or copy models/ and"
                " config/hub.lock.json from a machine that has them"
            )
        rows.append(_row(held.wanted, held.pinned, path, measured(target), "unrecorded"))
    return rows


def _row(wanted: Wanted, pinned: Pinned | None, path: str, recorded: Recorded, state: str) -> Row:
    card = pinned.licence if pinned is not None else None
    return Row(
        repository=wanted.repository,
        path=path,
        bytes=recorded.bytes,
        sha256=recorded.sha256,
        licence=card or wanted.licence,
        state=state,
        where=f"{wanted.folder}/{path}",
    )


def _row_planned(part: Part, item: Item) -> Row:
    path = item.remote.path
    if item.here is not None:
        return _row(part.wanted, part.pinned, path, item.here, "here")
    return Row(
        repository=part.wanted.repository,
        path=path,
        bytes=item.remote.bytes,
        sha256=item.remote.sha256,
        licence=part.pinned.licence or part.wanted.licence,
        state="to fetch",
        where=f"{part.wanted.folder}/{path}",
    )


class _Fetcher:
    """Gets the files of some repositories and records them as they come."""

    def __init__(self, root: Path, hub: Hub) -> None:
        self._root = root
        self._hub = hub
        self._pinned: dict[str, Pinned] = {}
        self._guard = threading.Lock()

    def all(self, parts: Sequence[Part], parallel: int) -> list[Row]:
        """Get everything; one file's failure leaves the others alone, unless it is everyone's."""
        for part in parts:
            # Before the files: a run that goes on after a kill must find the same revision.
            self._record(part, None, None)
        work = [(part, item) for part in parts for item in part.items]
        threads = ThreadPoolExecutor(parallel)
        try:
            # The small ones first: what is wrong with a repository is known before its gigabytes come.
            order = sorted(range(len(work)), key=lambda index: work[index][1].remote.bytes)
            futures = {index: threads.submit(self._have, *work[index]) for index in order}
            errors = self._failures([*futures.values()])
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
        threads.shutdown()
        raise_all(errors)
        return [futures[index].result() for index in range(len(work))]

    @staticmethod
    def _failures(futures: Sequence[Future[Row]]) -> list[FetchError]:
        errors = []
        for future in as_completed(futures):
            error = None if future.cancelled() else future.exception()
            if isinstance(error, FetchError):
                errors.append(error)
            elif isinstance(error, ConfigurationError):
                errors.append(FetchError(error.detail, hopeless=True))  # the record, not a file
            elif error is not None:
                raise error
            if errors and errors[-1].hopeless:
                for other in futures:
                    other.cancel()
        return errors

    def _have(self, part: Part, item: Item) -> Row:
        """Answer the row of a file, after getting it where it is not here."""
        path = item.remote.path
        try:
            recorded = item.here or self._get(part, item)
        except OSError as error:
            raise explain(error, self._hub.endpoint, part.wanted.repository, path) from error
        self._record(part, path, recorded)
        state = "fetched" if item.here is None else "here"
        return _row(part.wanted, part.pinned, path, recorded, state)

    def _get(self, part: Part, item: Item) -> Recorded:
        repository, path = part.wanted.repository, item.remote.path
        item.target.parent.mkdir(parents=True, exist_ok=True)
        wrong = ""
        for number in range(TRIES):
            self._hub.download(repository, part.pinned.revision, item.remote, item.partial)
            try:
                recorded = verified(item.partial, item.remote, item.recorded)
            except WrongBytesError as error:
                item.partial.unlink(missing_ok=True)
                wrong = str(error)
                if number + 1 < TRIES:
                    self._hub.say(
                        f"{repository}: {path} came wrong ({wrong}); fetching it once more"
                    )
            else:
                put_in_place(item.partial, item.target)
                return recorded
        raise FetchError(
            f"{repository}: {path} came wrong {TRIES} times ({wrong}) and was thrown away; check HF_ENDPOINT"
            " and any proxy on the way, and try again later"
        )

    def _record(self, part: Part, path: str | None, recorded: Recorded | None) -> None:
        name = part.wanted.repository
        with self._guard:
            pinned = self._pinned.get(name, part.pinned)
            if path is not None and recorded is not None:
                files = {**pinned.files, path: recorded}
                pinned = msgspec.structs.replace(pinned, files=files)
            self._pinned[name] = pinned
            write_pinned(self._root, name, pinned)
