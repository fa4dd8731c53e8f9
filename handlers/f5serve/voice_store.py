"""Voices that are added and removed while the server runs: a folder each, with a clip and a card.

Whoever has the folder in common has its voices in common: the workers of a router, and routers on several
machines. Nothing is told among them. A voice is looked for when a request names it, so that one that was added is
there at once and one that was removed is gone; what is kept in memory is what cards say, for as long as they
are the same files.

A voice's folder appears whole, by being renamed, and goes likewise. Its form is that of ``config/voices``: a folder
can be copied from one to the other, with ``make package`` after it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
import yaml
from msgspec import Meta, Struct

from f5serve.errors import ConflictError, StoreError, ValueRefusedError
from f5serve.settings import UPLOADED, Voice

logger = logging.getLogger(__name__)

FOLDER_VARIABLE: Final = "F5SERVE_VOICES"
CARD: Final = "voice.yaml"
CLIP: Final = "clip.wav"
PRIVATE: Final = "LicenseRef-private"
"""SPDX has no name for what may not be passed on; names that begin so are free to use."""
CLIP_ENDINGS: Final = (".wav", ".flac", ".ogg", ".mp3")
MOST_VOICES: Final = 1000
MOST_CLIP_BYTES: Final = 6_000_000  # as of a clip that comes with a request
MOST_CARD_BYTES: Final = 16_000
LEFT_BEHIND_S: Final = 3600.0
"""A draft that is older was left by a process that ended meanwhile."""

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
_DRAFT: Final = ".new-"
_GONE: Final = ".gone-"
_GONE_MEANWHILE: Final = frozenset({errno.ENOENT, errno.ESTALE})
"""What reading gives when a voice is removed at this moment; the second where another machine does it."""
_Stamp = tuple[int, int, int]


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a voice's ``voice.yaml``.

    Attributes:
        language: The language of the clip.
        transcript: What is said in it, to the letter.
        licence: SPDX name.
        source: Where it is from.
        consent: Who allowed what; it stays here, and is told to nobody who asks.
    """

    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
    transcript: Annotated[str, Meta(min_length=1)]
    licence: Annotated[str, Meta(min_length=1)] = PRIVATE
    source: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVoice:
    """A voice of the store.

    Attributes:
        voice: As registered voices are told of.
        clip: A whole audio file.
    """

    voice: Voice
    clip: bytes


class VoiceStore:
    """The voices of a folder.

    Args:
        folder: Is made with the first voice; several processes may use it.
        most: Voices that it takes.
    """

    def __init__(self, folder: Path, most: int = MOST_VOICES) -> None:
        self._folder = folder
        self._most = most
        self._cards: dict[str, tuple[_Stamp, Voice | None]] = {}

    def names(self) -> tuple[str, ...]:
        """Answer the names of the voices that there are, sorted.

        Raises:
            StoreError: If the folder cannot be read.
        """
        try:
            with os.scandir(self._folder) as entries:
                found = [entry.name for entry in entries if _is_name(entry.name)]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _failed("read", error) from error
        return tuple(sorted(found))

    def all(self) -> tuple[Voice, ...]:
        """Answer every voice whose card can be read, by name.

        Raises:
            StoreError: If the folder cannot be read.
        """
        names = self.names()
        there = set(names)
        self._cards = {name: card for name, card in self._cards.items() if name in there}
        return tuple(voice for name in names if (voice := self._listed(name)) is not None)

    def _listed(self, name: str) -> Voice | None:
        try:
            return self.find(name)
        except StoreError:  # logged where it was raised; of this voice alone
            return None

    def find(self, name: str) -> Voice | None:
        """Answer what is known of a voice; None if there is none, or its card says nothing that can be used.

        Raises:
            StoreError: If the folder cannot be read.
        """
        with self._opened(name) as place:
            return None if place is None else self._card(name, place)

    def read(self, name: str) -> StoredVoice | None:
        """Answer a voice with its clip; None if there is none that can be used.

        Raises:
            StoreError: If the folder cannot be read.
        """
        with self._opened(name) as place:
            voice = None if place is None else self._card(name, place)
            if place is None or voice is None:
                return None
            clip = _first_clip(place)
            return None if clip is None else StoredVoice(voice=voice, clip=clip)

    def add(self, name: str, card: Card, wav: bytes) -> None:
        """Add a voice: it is there whole, or not at all.

        Args:
            name: Of small letters, digits, ``_`` and ``-``.
            card: What is known of it.
            wav: Its clip, checked.

        Raises:
            ConflictError: If there is a voice of that name, or there are as many as are taken.
            StoreError: If it cannot be written.
        """
        if not _is_name(name):
            raise ValueRefusedError(
                f"no voice can be called {name[:64]!r}; take small letters, digits, '_' and '-'",
                field="name",
            )
        if len(self.names()) >= self._most:
            raise ConflictError(
                f"there are {self._most:,} voices, and no more are taken; remove one",
                code="voice_store_full",
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tidy()
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._folder))
            # Whoever may look into the folder may look at its voices; drafts are their writer's alone.
            draft.chmod(stat.S_IMODE(self._folder.stat().st_mode))
        except OSError as error:
            raise _failed("written to", error) from error
        try:
            write_files(draft, card, wav)
            draft.rename(self._folder / name)
        except OSError as error:
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
                raise already_there(name) from error
            raise _failed("written to", error) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)  # of no effect on what was renamed

    def remove(self, name: str) -> bool:
        """Remove a voice, with its clip; answer whether there was one.

        Raises:
            StoreError: If it cannot be removed.
        """
        with self._opened(name) as place:
            if place is None:
                return False
        try:
            self._tidy()
            # Into a folder of its own, and so under a name that nobody else takes.
            gone = Path(tempfile.mkdtemp(prefix=_GONE, dir=self._folder))
        except OSError as error:
            raise _failed("written to", error) from error
        try:
            (self._folder / name).rename(gone / name)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed("written to", error) from error
        finally:
            shutil.rmtree(gone, ignore_errors=True)
            if gone.exists():  # a file that somebody reads, on a network's file system
                logger.warning(
                    "voice %s: its clip is removed with the next voice that comes or goes", name
                )
        return True

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int | None]:
        """Hold a voice's folder open: whatever takes its name meanwhile, what is read is of one voice."""
        if not _is_name(name):  # it becomes a path
            yield None
            return
        try:
            place = os.open(self._folder / name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno not in _GONE_MEANWHILE and not self._is_no_folder(error):
                raise _failed("read", error) from error
            yield None
            return
        try:
            yield place
        finally:
            os.close(place)

    def _is_no_folder(self, error: OSError) -> bool:
        """Tell whether it is a file that has a voice's name, and not one in the place of the folder of all."""
        return error.errno == errno.ENOTDIR and self._folder.is_dir()

    def _card(self, name: str, place: int) -> Voice | None:
        try:
            told = os.stat(CARD, dir_fd=place)
            stamp = (told.st_ino, told.st_mtime_ns, told.st_size)
            known = self._cards.get(name)
            if known is None or known[0] != stamp:
                known = (stamp, _voice_of(name, _content(CARD, place, MOST_CARD_BYTES)))
        except OSError as error:
            if error.errno in _GONE_MEANWHILE:
                return None
            raise _failed("read", error) from error
        self._cards[name] = known
        return known[1]

    def _tidy(self) -> None:
        """Remove what processes that ended half-way have left, and clips that could not be removed at once."""
        for place in self._folder.iterdir():
            if not place.name.startswith((_DRAFT, _GONE)):
                continue
            with contextlib.suppress(FileNotFoundError):
                old = time.time() - place.stat().st_mtime > LEFT_BEHIND_S
                # An empty one may be about to take a voice that is removed at this moment.
                if old or (place.name.startswith(_GONE) and any(place.iterdir())):
                    shutil.rmtree(place, ignore_errors=True)


def store_of_this_server(environment: Mapping[str, str]) -> VoiceStore | None:
    """Answer the store that the environment names; None where voices are those that were packaged."""
    folder = environment.get(FOLDER_VARIABLE)
    return VoiceStore(Path(folder)) if folder else None


def write_files(folder: Path, card: Card, wav: bytes) -> None:
    """Write a voice's files into a folder.

    Raises:
        OSError: If that is not possible.
    """
    told = msgspec.to_builtins(card)
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False)
    if yaml.safe_load(text) != told:  # some line breaks are written as they are, and read as others
        text = yaml.safe_dump(told, sort_keys=False)
    for name, content in ((CLIP, wav), (CARD, text.encode("utf-8"))):
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _is_name(name: str) -> bool:
    return name != UPLOADED and _NAME.fullmatch(name) is not None


def already_there(name: str, *, fixed: bool = False) -> ConflictError:
    """Answer the error for a name that a voice has already; ``fixed`` for one that cannot be removed."""
    remedy = "take another name" if fixed else "remove it first, or take another name"
    return ConflictError(f"there is a voice {name!r}; {remedy}", field="name")


def _first_clip(place: int) -> bytes | None:
    for ending in CLIP_ENDINGS:
        try:
            return _content(f"clip{ending}", place, MOST_CLIP_BYTES)
        except OSError as error:
            if error.errno not in _GONE_MEANWHILE:
                raise _failed("read", error) from error
    return None


def _voice_of(name: str, card: bytes | None) -> Voice | None:
    """Read a card; None, and a line in the log, for one that cannot be used."""
    if card is None:
        return None
    try:
        # All is text: a date in a note is one, too.
        told = msgspec.convert(yaml.load(card.decode("utf-8"), Loader=yaml.BaseLoader), Card)  # noqa: S506
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        logger.warning("voice %s: its card cannot be used: %s", name, error)
        return None
    return Voice(
        name=name,
        language=told.language,
        file=CLIP,
        transcript=told.transcript,
        licence=told.licence,
        source=told.source,
    )


def _content(name: str, place: int, most: int) -> bytes | None:
    """Read a file; None, and a line in the log, if it is larger than any that is written here."""
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=place), "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        logger.warning("a voice cannot be used: its %s has more than %s bytes", name, f"{most:,}")
        return None
    return content


def _failed(what: str, error: OSError) -> StoreError:
    logger.error("the voices' folder cannot be %s: %s", what, error)
    return StoreError(
        f"the folder of added voices cannot be {what} ({error.strerror}): whoever runs this server looks whether it is"
        " mounted, whose it is, and whether there is space; voices that came with the server speak all the same"
    )
