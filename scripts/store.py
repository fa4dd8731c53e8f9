"""What a model store was packaged for, and that one run at a time changes it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from f5serve.catalogue import Catalogue, ProfileName
from f5serve.errors import ConfigurationError
from scripts.lock import Entry, read_lock
from scripts.sources import ROUTER

GUARD: Final = ".lock"
CATALOGUES_OWN: Final = "catalogue"


def packaged_router(store: Path) -> Entry | None:
    """Answer the entry of the store's router; None where no router is packaged."""
    entry = read_lock(store).archives.get(ROUTER)
    return entry if entry is not None and (store / f"{ROUTER}.mar").is_file() else None


def chosen(
    store: Path, catalogue: Catalogue, profile: ProfileName | None, languages: Sequence[str]
) -> tuple[tuple[str, ...], ProfileName]:
    """Answer what to package: what is asked for, and else what the store was packaged for.

    Args:
        store: The model store.
        catalogue: The checked catalogue.
        profile: The profile asked for; None for the store's own, and ``demo`` for an empty store.
        languages: Codes asked for; none of them for all languages of a profile that is asked for.

    Returns:
        Names of the models, and their profile.

    Raises:
        ConfigurationError: If a language is unknown, or the store's lock is damaged.
    """
    router = packaged_router(store)
    if router is None:
        return catalogue.select([*languages]), profile or "demo"
    kept = tuple(name for name in router.models if name in catalogue.models)
    if profile is None and not languages and kept:
        return kept, router.profile
    return catalogue.select([*languages]), profile or router.profile


def chosen_placement(store: Path, asked: str | None) -> str | None:
    """Answer which placement to package by: the one asked for, and else the one of the store's archives.

    Args:
        store: The model store.
        asked: A placement's name; ``catalogue`` for none; empty or None to keep what the store has.

    Returns:
        Its name; None for the catalogue's own.
    """
    if asked:
        return None if asked == CATALOGUES_OWN else asked
    router = packaged_router(store)
    return None if router is None else router.placement


def require_profile(store: Path, profile: ProfileName) -> None:
    """Refuse to package one profile over the archives of another without being asked to.

    Raises:
        ConfigurationError: If the store holds an archive of another profile; tells the remedy.
    """
    others = {
        entry.profile
        for name, entry in read_lock(store).archives.items()
        if entry.profile != profile and (store / f"{name}.mar").is_file()
    }
    if others:
        raise ConfigurationError(
            f"{store} holds archives of the profile {', '.join(sorted(others))}, which those of {profile}"
            f" would replace. If they may go: make package PROFILE={profile}"
        )


@contextlib.contextmanager
def exclusive(store: Path, other: str | None = None) -> Iterator[None]:
    """Hold a folder for oneself while the block runs; another run waits, and says so.

    Args:
        store: The folder.
        other: How the run that is waited for is told of; by default as packaging.
    """
    with (store / GUARD).open("ab") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = other or f"package: another run packages into {store}"
            print(f"{other}; waiting until it has ended", flush=True)
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield
