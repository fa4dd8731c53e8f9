"""What is here already, what has to be fetched, and whether it may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from f5serve.errors import ConfigurationError
from scripts.hub.client import Hub, Listing, Remote
from scripts.hub.disk import WrongBytesError, is_as_recorded, partial_of, size_of, verified
from scripts.hub.record import Pinned, Recorded, read_hub_lock
from scripts.hub.trouble import FetchError
from scripts.hub.wanted import RECORDS, Wanted

Given = TypeVar("Given")
Result = TypeVar("Result")
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
SUGGESTIONS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What this machine has of one repository.

    Attributes:
        wanted: The repository.
        folder: Where its files lie.
        pinned: Its record, where that is of the revision that the catalogue asks for.
        lacking: Wanted files that are missing, not recorded or not as recorded.
    """

    wanted: Wanted
    folder: Path
    pinned: Pinned | None
    lacking: tuple[str, ...]

    def recorded(self, path: str) -> Recorded | None:
        """Answer what a file was when it was first fetched."""
        return self.pinned.files.get(path) if self.pinned is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of a repository, and whether it is here.

    Attributes:
        remote: As the hub lists it.
        target: Its final path.
        recorded: What it was when it was first fetched.
        here: What the final path holds, where that is this file already.
    """

    remote: Remote
    target: Path
    recorded: Recorded | None
    here: Recorded | None

    @property
    def partial(self) -> Path:
        """Path of the unfinished file."""
        return partial_of(self.target, self.remote)

    @property
    def missing_bytes(self) -> int:
        """What is still to come."""
        return 0 if self.here is not None else max(0, self.remote.bytes - size_of(self.partial))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One repository's share of a fetch.

    Attributes:
        wanted: The repository.
        pinned: What is recorded before its files come.
        items: Its files.
    """

    wanted: Wanted
    pinned: Pinned
    items: tuple[Item, ...]


def held_here(
    root: Path, all_wanted: Sequence[Wanted], say: Callable[[str], None]
) -> tuple[Held, ...]:
    """Look up what is here, with every digest computed anew.

    Args:
        root: The folder that has ``config/`` and ``models/``.
        all_wanted: Repositories.
        say: Takes one line about a file that is not as recorded.
    """
    lock = read_hub_lock(root)

    def look(wanted: Wanted) -> Held:
        folder = root / "models" / wanted.folder
        pinned = applicable(wanted, lock.repositories.get(wanted.repository))
        files = pinned.files if pinned is not None else {}
        lacking = []
        for path in wanted.files:
            if not is_as_recorded(folder / path, files.get(path)):
                lacking.append(path)
                if path in files and (folder / path).is_file():
                    say(f"{folder / path}: not as it was first fetched")
        return Held(wanted=wanted, folder=folder, pinned=pinned, lacking=tuple(lacking))

    return tuple(side_by_side(look, all_wanted))


def applicable(wanted: Wanted, pinned: Pinned | None) -> Pinned | None:
    """Answer a record, unless the catalogue asks for another revision by now."""
    if pinned is None:
        return None
    if wanted.revision is not None and COMMIT.fullmatch(wanted.revision):
        return pinned if pinned.revision == wanted.revision else None
    return pinned if pinned.asked == wanted.revision else None


def planned(hub: Hub, helds: Sequence[Held], *, update: bool) -> tuple[Part, ...]:
    """Ask the hub what some repositories hold.

    Args:
        hub: The hub.
        helds: What is here of each.
        update: Whether to take the newest revision in place of the recorded one.

    Raises:
        FetchError: If one cannot be listed, lacks a file, or tells another content than was recorded; all
            that is wrong is told at once.
    """

    def ask(held: Held) -> Part | FetchError:
        revision = held.wanted.revision
        if held.pinned is not None and not update:
            revision = held.pinned.revision
        try:
            listing = hub.listing(held.wanted.repository, revision)
            return part_of(held, listing, update=update)
        except ConfigurationError as error:
            return error if isinstance(error, FetchError) else FetchError(error.detail)

    parts = [ask(held) for held in helds[:1]]
    # Where the first finds no network, the others need not look for it.
    if not any(isinstance(part, FetchError) and part.hopeless for part in parts):
        parts += side_by_side(ask, helds[1:])
    raise_all([part for part in parts if isinstance(part, FetchError)])
    return tuple(part for part in parts if isinstance(part, Part))


def part_of(held: Held, listing: Listing, *, update: bool) -> Part:
    """Answer one repository's share.

    Raises:
        FetchError: If the repository lacks a file, or tells another content than was recorded.
    """
    wanted, pinned = held.wanted, held.pinned
    _require_files(wanted, listing)
    if pinned is not None and pinned.revision != listing.revision:
        pinned = None
    if pinned is not None and not update:
        _require_same(wanted, pinned, listing)
    records = tuple(path for path in RECORDS if path in listing.files)
    items = []
    for path in dict.fromkeys((*wanted.files, *records)):
        remote, target = listing.files[path], held.folder / path
        recorded = None if pinned is None or update else pinned.files.get(path)
        here = _already(target, remote, recorded)
        items.append(Item(remote=remote, target=target, recorded=recorded, here=here))
    asked = wanted.revision
    fresh = Pinned(
        revision=listing.revision,
        asked=None if asked is None or COMMIT.fullmatch(asked) else asked,
        licence=listing.licence,
    )
    kept = {} if pinned is None or update else pinned.files
    return Part(
        wanted=wanted, pinned=msgspec.structs.replace(fresh, files=kept), items=tuple(items)
    )


def _already(target: Path, remote: Remote, recorded: Recorded | None) -> Recorded | None:
    try:
        return verified(target, remote, recorded) if target.is_file() else None
    except WrongBytesError:
        return None


def _require_files(wanted: Wanted, listing: Listing) -> None:
    missing = [path for path in wanted.files if path not in listing.files]
    if missing:
        endings = {Path(path).suffix for path in missing}
        similar = [path for path in listing.files if Path(path).suffix in endings]
        shown = ", ".join(sorted(similar)[:SUGGESTIONS]) or "nothing like it"
        raise FetchError(
            f"{wanted.repository} has no file {', '.join(missing)} in revision {listing.revision}; it has"
            f" {shown}. Correct the path in config/catalogue.yaml"
        )


def _require_same(wanted: Wanted, pinned: Pinned, listing: Listing) -> None:
    for path, recorded in pinned.files.items():
        remote = listing.files.get(path)
        told = None if remote is None else remote.sha256
        if told is not None and told != recorded.sha256:
            raise FetchError(
                f"{wanted.repository}: the hub lists {path} with sha256 {told[:12]}…, and"
                f" {recorded.sha256[:12]}… was recorded for the same revision: do not trust it before you"
                " know why (HF_ENDPOINT?). To take it as it is now, run the same command with UPDATE=1 (--update)"
            )


def raise_all(errors: Sequence[FetchError]) -> None:
    """Raise some errors as one; of one that all have in common, the first.

    Raises:
        FetchError: If there are any.
    """
    if not errors:
        return
    common = [error for error in errors if error.hopeless]
    lines = dict.fromkeys(error.detail for error in (common[:1] or errors))
    raise FetchError("\n".join(lines), hopeless=bool(common))


def side_by_side(task: Callable[[Given], Result], given: Iterable[Given]) -> Iterable[Result]:
    """Do the same to each, some at once; answers come in order, and Ctrl-C waits for none."""
    threads = ThreadPoolExecutor(4)
    try:
        return [*threads.map(task, given)]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
