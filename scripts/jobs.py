"""What each archive is to be made from, known before anything is built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from f5serve.catalogue import Catalogue, ProfileName, Source
from f5serve.errors import ConfigurationError
from f5serve.text.frontend import Frontend
from scripts.archive import TORCH_STUB, ArchiveSpec, expected_members, file_digest
from scripts.convert import Plan
from scripts.coverage import PANGRAMS, read_pangrams
from scripts.hub.record import FILE_NAME, HubLock, read_hub_lock
from scripts.lock import Entry, SourceFile
from scripts.reference import documents
from scripts.sources import (
    ROUTER,
    ModelFiles,
    Voices,
    files_of,
    hub_folder,
    model_config,
    router_config,
    source_of,
)

PHONEMES: Final = "text/data"  # for models alone whose frontend says so
HINDI_WORDS: Final = "romanised/data"  # for the router, and models that speak Hindi
# A language worker never routes and detects nothing, a router never speaks, and neither reads the catalogue.
MODEL_WITHOUT: Final = frozenset(
    {
        "router.py",
        "routing",
        "pages",
        "catalogue.py",
        "language/data",
        "loudness.py",
        "voice_store.py",
    }
)
ROUTER_WITHOUT: Final = frozenset(
    {
        *("handler.py", "synthesis.py", "references.py", "engine", "catalogue.py"),
        *("poison.py", "text/spoken", PHONEMES, "romanised/data/english.txt.xz"),
    }
)
# What they do decides an archive's bytes, or whether it may be served.
_MAKERS: Final = (
    "archive.py",
    "convert.py",
    "coverage.py",
    "jobs.py",
    "package.py",
    "published.py",
    "sources.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One archive to build.

    Attributes:
        spec: What it is made of; of a language model, its weights still to be converted.
        entry: The lock's entry, as far as it is known before building.
        model: What a language model's weights and vocabulary are; None for the router.
    """

    spec: ArchiveSpec
    entry: Entry
    model: ModelSources | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSources:
    """What a language model is made from.

    Attributes:
        files: Where its files lie.
        plan: What its checkpoint must be.
        pangrams: Texts with all letters of its languages.
        checkpoint_sha256: Digest of the checkpoint.
    """

    files: ModelFiles
    plan: Plan
    pangrams: Mapping[str, str]
    checkpoint_sha256: str


def model_job(
    root: Path, catalogue: Catalogue, name: str, profile: ProfileName, voices: Voices
) -> Job:
    """Answer what a language model's archive is made of.

    Raises:
        ConfigurationError: If a file is missing or not as it was fetched, or a setting is wrong.
    """
    model, source = source_of(catalogue, name, profile)
    files = files_of(root, catalogue, source)
    kept = {"vocab.txt": files.vocabulary, **voices.files}
    if files.golden is not None:
        kept["golden.safetensors"] = files.golden
    spec = ArchiveSpec(
        name=name,
        handler=root / "handlers" / "f5_handler.py",
        package=root / "handlers" / "f5serve",
        without=_without(source.frontend, model.languages),
        model_config=model_config(catalogue, name, profile, files.vocoder_config, voices),
        files=kept,
    )
    locked = tuple(
        SourceFile(
            path=_within_root(path, root), bytes=path.stat().st_size, sha256=file_digest(path)
        )
        for path in files.all().values()
    )
    hub_lock = read_hub_lock(root)
    require_as_recorded(hub_lock, locked, model.languages)
    pangrams = {
        language: text
        for language, text in read_pangrams(root / PANGRAMS).items()
        if language in model.languages
    }
    entry = Entry(
        bytes=0,
        sha256="",
        inputs=inputs_digest(spec, locked, pangrams),
        profile=profile,
        licence=source.licence,
        repository=source.repository,
        revision=_revision(hub_lock, source),
        architecture=source.architecture,
        files=locked,
    )
    plan = Plan(
        vocabulary=files.vocabulary,
        architecture=catalogue.architectures[source.architecture],
        known=catalogue.architectures,
    )
    sources = ModelSources(
        files=files, plan=plan, pangrams=pangrams, checkpoint_sha256=locked[0].sha256
    )
    return Job(spec=spec, entry=entry, model=sources)


def _without(frontend: Frontend, languages: Collection[str]) -> frozenset[str]:
    """Answer what of the package a language model's archive leaves out."""
    phonemes = frozenset() if frontend.phonemes else {PHONEMES}
    hindi = frozenset() if "hi" in languages else {HINDI_WORDS}
    return MODEL_WITHOUT | phonemes | hindi


def require_as_recorded(
    lock: HubLock, files: Sequence[SourceFile], languages: Sequence[str]
) -> None:
    """Refuse files of recorded repositories that are others than recorded.

    A fetch that was interrupted leaves files of two revisions, with the record of the later one.

    Raises:
        ConfigurationError: If one is, or is not in its repository's record; tells how to get the right one.
    """
    for repository, pinned in lock.repositories.items():
        folder = f"models/{hub_folder(repository)}/"
        for file in files:
            if not file.path.startswith(folder):
                continue
            recorded = pinned.files.get(file.path.removeprefix(folder))
            if recorded is None or recorded.sha256 != file.sha256:
                raise ConfigurationError(
                    f"{file.path}: not as {FILE_NAME} records it for revision {pinned.revision} of {repository};"
                    f' fetch it: make fetch LANGUAGES="{" ".join(languages)}". Without a network copy that record'
                    " along with models/"
                )


def _revision(lock: HubLock, source: Source) -> str | None:
    """Answer the commit that a checkpoint was fetched at; what was never recorded may be of any."""
    pinned = lock.repositories.get(source.repository or "")
    return None if pinned is None else pinned.revision


def router_job(
    root: Path, catalogue: Catalogue, names: tuple[str, ...], profile: ProfileName, voices: Voices
) -> Job:
    """Answer what the router's archive is made of."""
    spec = ArchiveSpec(
        name=ROUTER,
        handler=root / "handlers" / "router_handler.py",
        package=root / "handlers" / "f5serve",
        without=ROUTER_WITHOUT,
        model_config=router_config(catalogue, names, profile, voices),
        texts={"torch.py": TORCH_STUB, **documents(root)},
    )
    entry = Entry(
        bytes=0,
        sha256="",
        inputs=inputs_digest(spec, ()),
        profile=profile,
        licence="MIT",
        models=names,
    )
    return Job(spec=spec, entry=entry)


def inputs_digest(
    spec: ArchiveSpec, locked: tuple[SourceFile, ...], pangrams: Mapping[str, str] | None = None
) -> str:
    """Answer a digest of all that decides an archive's bytes, and whether it may be served."""
    makers = {name: file_digest(Path(__file__).with_name(name)) for name in _MAKERS}
    sources = [file.sha256 for file in locked]
    content = json.dumps(
        [expected_members(spec), sources, makers, dict(pangrams or {})], sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _within_root(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
