"""Which files of which repositories the catalogue's models need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from f5serve.catalogue import Catalogue, Source, Vocoder
from f5serve.errors import ConfigurationError
from scripts.sources import hub_folder, source_of

PROFILE: Final = "full"
# Taken beside the named files where a repository has them: its terms, for the record.
RECORDS: Final = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One repository, and what is taken from it.

    Attributes:
        repository: ``owner/name``.
        revision: What the catalogue pins, if it does.
        licence: SPDX name, as the catalogue states it.
        commercial_use: Whether that licence allows it.
        files: Paths in the repository that the catalogue names.
        languages: Codes of the models that need them.
    """

    repository: str
    revision: str | None
    licence: str
    commercial_use: bool
    files: tuple[str, ...]
    languages: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Name of its folder under ``models/``."""
        return hub_folder(self.repository)


def chosen_models(catalogue: Catalogue, languages: Sequence[str]) -> tuple[str, ...]:
    """Answer the models of some languages; without any, all that have published checkpoints.

    Raises:
        ConfigurationError: If no model speaks one of them.
    """
    names = catalogue.select([*languages])
    if languages:
        return names
    return tuple(name for name in names if PROFILE in catalogue.models[name].profiles)


def wanted_repositories(catalogue: Catalogue, names: Iterable[str]) -> tuple[Wanted, ...]:
    """Answer what is needed from the hub to package some models.

    Raises:
        ConfigurationError: If a model has no published checkpoint, two entries pin one repository to
            different revisions, two repositories would share a folder, or a path leads out of it.
    """
    merged: dict[str, Wanted] = {}
    for name in names:
        model, source = source_of(catalogue, name, PROFILE)
        vocoder = catalogue.vocoders[source.vocoder]
        for one in (*_source(source, model.languages), *_vocoder(vocoder, model.languages)):
            before = merged.get(one.repository)
            merged[one.repository] = one if before is None else _merge(before, one)
    _refuse_shared_folders(merged.values())
    for one in merged.values():
        for path in one.files:
            _refuse_strange_path(one.repository, path)
    return tuple(merged.values())


def _source(source: Source, languages: tuple[str, ...]) -> tuple[Wanted, ...]:
    if source.repository is None:
        return ()
    return (
        Wanted(
            repository=source.repository,
            revision=source.revision,
            licence=source.licence,
            commercial_use=source.commercial_use,
            files=(source.checkpoint, source.vocabulary),
            languages=languages,
        ),
    )


def _vocoder(vocoder: Vocoder, languages: tuple[str, ...]) -> tuple[Wanted, ...]:
    if vocoder.repository is None:
        return ()
    return (
        Wanted(
            repository=vocoder.repository,
            revision=vocoder.revision,
            licence=vocoder.licence,
            commercial_use="nc" not in vocoder.licence.lower().split("-"),
            files=(vocoder.config, vocoder.weights),
            languages=languages,
        ),
    )


def _merge(one: Wanted, other: Wanted) -> Wanted:
    if one.revision != other.revision:
        raise ConfigurationError(
            f"config/catalogue.yaml: {one.repository} is pinned to {one.revision} and to"
            f" {other.revision}; name one revision in both places"
        )
    return Wanted(
        repository=one.repository,
        revision=one.revision,
        licence=one.licence,
        commercial_use=one.commercial_use and other.commercial_use,
        files=tuple(dict.fromkeys((*one.files, *other.files))),
        languages=tuple(dict.fromkeys((*one.languages, *other.languages))),
    )


def _refuse_shared_folders(all_wanted: Iterable[Wanted]) -> None:
    owners: dict[str, str] = {}
    for one in all_wanted:
        other = owners.setdefault(one.folder.casefold(), one.repository)
        if other != one.repository:
            raise ConfigurationError(
                f"config/catalogue.yaml: {other} and {one.repository} would share the folder"
                f" models/{one.folder}; only one of them can be used"
            )


def _refuse_strange_path(repository: str, path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or "\\" in path or path.startswith("/") or {"..", "."} & set(path.split("/")):
        raise ConfigurationError(
            f"config/catalogue.yaml: {path!r} of {repository} is no path within a repository"
        )
