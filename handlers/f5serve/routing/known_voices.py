"""All voices of a router: those of its archive, and those that were added since (``voice_store``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from f5serve.errors import (
    ForbiddenError,
    NotFoundError,
    ServeError,
    StoreError,
    ValueRefusedError,
)
from f5serve.language import LanguageDetector, resolve
from f5serve.routing.new_voice import kept, read_new_voice, read_removal
from f5serve.settings import UPLOADED, Limits, Voice
from f5serve.voice_store import FOLDER_VARIABLE, StoredVoice, VoiceStore, already_there
from f5serve.voices import VoiceRegistry, no_such_voice


class KnownVoices:
    """Registered voices and added ones, by name; a registered one comes first.

    Args:
        registered: Of the archive.
        store: Those that were added; None where none can be.
    """

    def __init__(self, registered: VoiceRegistry, store: VoiceStore | None = None) -> None:
        self._registered = registered
        self._names = frozenset(voice.name for voice in registered.all())
        self._store = store

    @property
    def grow(self) -> bool:
        """Whether voices can be added and removed."""
        return self._store is not None

    def get(self, name: str, field: str = "voice") -> Voice:
        """Answer the voice of that name.

        Args:
            name: A registered voice's, or an added one's.
            field: The request's field that it stands in.

        Raises:
            NotFoundError: If there is none; tells the names there are.
            StoreError: If the folder of added voices cannot be read.
        """
        if name not in self._names and self._store is not None:
            added = self._store.find(name)
            if added is None:
                raise no_such_voice(name, self.names(), field)
            return added
        return self._registered.get(name, field)

    def default(self, language: str) -> Voice:
        """Answer the registered voice that speaks a language where the request names none."""
        return self._registered.default(language)

    def has(self, name: str) -> bool:
        """Tell whether there is a voice of that name.

        Raises:
            StoreError: If the folder of added voices cannot be read, and it may be one of them.
        """
        if name in self._names:
            return True
        return self._store is not None and self._store.find(name) is not None

    def names(self) -> tuple[str, ...]:
        """Answer the names of all voices; of the registered ones alone where the others cannot be read."""
        added = _readable(self._store.names) if self._store is not None else ()
        registered = (voice.name for voice in self._registered.all())
        return (*registered, *(name for name in added if name not in self._names))

    def added(self, names: Iterable[str]) -> dict[str, StoredVoice]:
        """Answer those voices among some that were added, with their clips.

        Raises:
            NotFoundError: If one has been removed since it was asked for.
            StoreError: If the folder cannot be read.
        """
        if self._store is None:
            return {}
        found = {}
        for name in dict.fromkeys(names):
            if name in self._names:
                continue
            voice = self._store.read(name)
            if voice is None:
                raise no_such_voice(name, self.names())
            found[name] = voice
        return found

    def listed(self) -> list[dict[str, object]]:
        """Tell of all voices; of the registered ones alone where the others cannot be read."""
        added = _readable(self._store.all) if self._store is not None else ()
        return [
            *(_told(voice, added=False) for voice in self._registered.all()),
            *(_told(voice, added=True) for voice in added if voice.name not in self._names),
        ]

    def add(
        self,
        sent: Mapping[str, object] | ServeError | None,
        *,
        from_form: bool,
        limits: Limits,
        served: Collection[str],
        detector: LanguageDetector,
    ) -> dict[str, object]:
        """Add a voice.

        Args:
            sent: Fields of a ``NewVoice``, or the error that reading them gave.
            from_form: Whether they are a form's.
            limits: How large a clip may be.
            served: Languages that are spoken here.
            detector: Finds the language of the transcript where none is told.

        Returns:
            What is told of it in lists.

        Raises:
            ServeError: If no voice can be added here, or this one cannot.
        """
        store = self._required_store()
        new = read_new_voice(sent, limits, from_form=from_form)
        # Before the clip is looked at: of two that are wrong, the name is told first.
        if new.name in {*self._names, UPLOADED}:
            raise already_there(new.name, fixed=True)
        if store.find(new.name) is not None:
            raise already_there(new.name)

        def language_of(tag: str, text: str) -> str:
            try:
                return resolve(
                    text,
                    explicit=tag,
                    voice_language=None,
                    default=next(iter(served)),
                    served=served,
                    detector=detector,
                    strict=True,
                ).language
            except ValueRefusedError as error:
                detail = error.detail.replace("the text", "'ref_text'")
                raise ValueRefusedError(detail, field="language", code=error.code) from error

        card, wav = kept(new, limits, language_of)
        store.add(new.name, card, wav)
        voice = store.find(new.name)
        if voice is None:
            raise StoreError(f"voice {new.name!r} was written and is not there; look at its folder")
        return _told(voice, added=True)

    def remove(
        self, sent: Mapping[str, object] | ServeError | None, *, from_form: bool
    ) -> dict[str, object]:
        """Remove an added voice.

        Args:
            sent: Its ``name``, or the error that reading that gave.
            from_form: Whether it is a form's.

        Raises:
            RequestError: If no name was sent, or not as JSON.
            ForbiddenError: If no voice can be removed here, or this one came with the server.
            NotFoundError: If there is none of that name.
            StoreError: If it cannot be removed.
        """
        store = self._required_store()
        name = read_removal(sent, from_form=from_form)
        if name in self._names:
            raise ForbiddenError(
                f"voice {name!r} came with this server; only voices that were added can be removed",
                field="name",
                code="voices_fixed",
            )
        if not store.remove(name):
            raise _not_there(name)
        return {"id": name, "deleted": True}

    def _required_store(self) -> VoiceStore:
        if self._store is None:
            raise ForbiddenError(
                f"voices are not added or removed here; whoever runs this server can allow it ({FOLDER_VARIABLE})",
                code="voices_fixed",
            )
        return self._store


Item = TypeVar("Item")


def _readable(read: Callable[[], tuple[Item, ...]]) -> tuple[Item, ...]:
    """Answer what is read; nothing where that fails, which is logged where it was raised."""
    try:
        return read()
    except StoreError:
        return ()


def _told(voice: Voice, *, added: bool) -> dict[str, object]:
    return {
        "name": voice.name,
        "language": voice.language,
        "licence": voice.licence,
        "added": added,
    }


def _not_there(name: str) -> NotFoundError:
    return NotFoundError(
        f"no voice {name[:64]!r} was added, or it is removed already",
        field="name",
        code="voice_not_found",
    )
