"""Packages checkpoints as TorchServe archives: ``f5_<language>.mar`` each, and the router ``tts.mar``.

An archive is built aside, opened again and verified, and only then moved into the store. One whose
inputs did not change is left alone. ``model_store/lock.json`` tells what each was made from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from f5serve.catalogue import Catalogue, ProfileName, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import TORCH_STUB, ArchiveSpec, build_archive, expected_members, file_digest
from scripts.lock import Entry, SourceFile, read_lock, write_entry
from scripts.sources import (
    ROUTER,
    VOICES,
    ModelFiles,
    Voices,
    files_of,
    model_config,
    read_voices,
    router_config,
    source_of,
)
from scripts.store import chosen, exclusive
from scripts.verify import verify_archive

if TYPE_CHECKING:
    from torch import Tensor

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = "config/catalogue.yaml"
# A language worker never routes and detects nothing, a router never speaks, and neither reads the catalogue.
MODEL_WITHOUT: Final = frozenset({"router.py", "routing", "pages", "catalogue.py", "language/data"})
ROUTER_WITHOUT: Final = frozenset(
    {"handler.py", "poison.py", "synthesis.py", "references.py", "engine", "catalogue.py"}
)
# Archive, its draft, its linked content and its unpacked copy lie side by side for a while.
COPIES: Final = 4
SPARE_BYTES: Final = 50_000_000
SMALL_BYTES: Final = 200_000_000
_STORE: Final = (
    threading.Lock()
)  # the lock file is read, changed and written by one build at a time
_MAKERS: Final = ("archive.py", "package.py", "sources.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where packaging reads and writes.

    Attributes:
        root: The repository.
        store: Where archives end.
        build: Where they are made; emptied after each.
    """

    root: Path
    store: Path
    build: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One archive to build.

    Attributes:
        spec: What it is made of; of a language model, its weights still to be converted.
        files: A language model's source files; None for the router.
        entry: The lock's entry, as far as it is known before building.
    """

    spec: ArchiveSpec
    files: ModelFiles | None
    entry: Entry


def main(argv: list[str] | None = None) -> int:
    """Package what is asked for.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.package", description=__doc__)
    # Without both it is the archives that are there which are refreshed.
    parser.add_argument("--profile", choices=("demo", "full"), help="default: the store's, or demo")
    parser.add_argument("--languages", nargs="*", default=[], help="codes; default: all")
    parser.add_argument("--store", type=Path, default=ROOT / "model_store")
    parser.add_argument("--force", action="store_true", help="build what did not change, too")
    options = parser.parse_args(argv)
    place = Workplace(root=ROOT, store=options.store.absolute(), build=ROOT / "build")
    languages = [code for part in options.languages for code in part.replace(",", " ").split()]
    try:
        catalogue = load_catalogue(place.root / CATALOGUE)
        names, profile = chosen(place.store, catalogue, options.profile, languages)
        package(place, catalogue, names, profile, force=options.force)
    except ConfigurationError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


def package(
    place: Workplace,
    catalogue: Catalogue,
    names: tuple[str, ...],
    profile: ProfileName,
    *,
    force: bool = False,
) -> tuple[str, ...]:
    """Bring the archives of some models, and the router's for just these, up to date.

    Args:
        place: Where to read and write.
        catalogue: The checked catalogue.
        names: Models to package.
        profile: Which source of each.
        force: Whether to build again what did not change.

    Returns:
        Names of the archives that were built.

    Raises:
        ConfigurationError: If an input is missing or an archive fails its verification; archives that
            were in the store before stay as they were.
    """
    place.store.mkdir(parents=True, exist_ok=True)
    with exclusive(place.store):
        voices = read_voices(place.root / VOICES)
        # All inputs are looked up before the first build: what is missing is told at once.
        jobs = [model_job(place.root, catalogue, name, profile, voices) for name in names]
        jobs.append(router_job(place.root, catalogue, names, profile, voices))
        wanted = [job for job in jobs if force or not is_current(place.store, job)]
        for job in jobs:
            if job not in wanted:
                print(f"package: {job.spec.name}.mar is up to date", flush=True)
        with ThreadPoolExecutor(side_by_side(wanted)) as threads:
            futures = [threads.submit(build, place, job) for job in wanted]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise
        return tuple(job.spec.name for job in wanted)


def side_by_side(jobs: list[Job]) -> int:
    """Answer how many archives to build at once: small ones two, large ones alone."""
    largest = max((file.bytes for job in jobs for file in job.entry.files), default=0)
    return 2 if largest <= SMALL_BYTES else 1


def model_job(
    root: Path, catalogue: Catalogue, name: str, profile: ProfileName, voices: Voices
) -> Job:
    """Answer what a language model's archive is made of.

    Raises:
        ConfigurationError: If a file is missing or a setting is wrong.
    """
    _, source = source_of(catalogue, name, profile)
    files = files_of(root, catalogue, source)
    kept = {"vocab.txt": files.vocabulary, **voices.files}
    if files.golden is not None:
        kept["golden.safetensors"] = files.golden
    spec = ArchiveSpec(
        name=name,
        handler=root / "handlers" / "f5_handler.py",
        package=root / "handlers" / "f5serve",
        without=MODEL_WITHOUT,
        model_config=model_config(catalogue, name, profile, files.vocoder_config, voices),
        files=kept,
    )
    locked = tuple(
        SourceFile(
            path=_within_root(path, root), bytes=path.stat().st_size, sha256=file_digest(path)
        )
        for path in files.all().values()
    )
    entry = Entry(
        bytes=0,
        sha256="",
        inputs=inputs_digest(spec, locked),
        profile=profile,
        licence=source.licence,
        repository=source.repository,
        revision=source.revision,
        architecture=source.architecture,
        files=locked,
    )
    return Job(spec=spec, files=files, entry=entry)


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
        texts={"torch.py": TORCH_STUB},
    )
    entry = Entry(
        bytes=0,
        sha256="",
        inputs=inputs_digest(spec, ()),
        profile=profile,
        licence="MIT",
        models=names,
    )
    return Job(spec=spec, files=None, entry=entry)


def inputs_digest(spec: ArchiveSpec, locked: tuple[SourceFile, ...]) -> str:
    """Answer a digest of all that decides an archive's bytes."""
    makers = {name: file_digest(Path(__file__).with_name(name)) for name in _MAKERS}
    sources = [file.sha256 for file in locked]
    content = json.dumps([expected_members(spec), sources, makers], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def is_current(store: Path, job: Job) -> bool:
    """Answer whether the store's archive is intact and made from the job's inputs."""
    name = job.spec.name
    entry, path = read_lock(store).archives.get(name), store / f"{name}.mar"
    if entry is None or entry.inputs != job.entry.inputs or not path.is_file():
        return False
    return path.stat().st_size == entry.bytes and file_digest(path) == entry.sha256


def build(place: Workplace, job: Job) -> Entry:
    """Build one archive, verify it, move it into the store and record it.

    Raises:
        ConfigurationError: If disk is short, or the archive cannot be built or fails its verification.
    """
    started = time.monotonic()
    check_disk(place, job)
    place.build.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f"{job.spec.name}-", dir=place.build))
    try:
        spec, rounding = job.spec, None
        if job.files is not None:
            weights, rounding = convert_weights(job.files, workspace)
            spec = replace(spec, files={**spec.files, **weights})
        archive = build_archive(spec, workspace)
        seen = verify_archive(
            archive,
            expected_members(spec),
            workspace / "unpacked",
            torch_allowed=job.files is not None,
        )
        with _STORE:
            entry = move_into_place(
                place.store, archive, job.entry, rounding=rounding, golden=seen.golden_rel_l2
            )
        print(
            f"package: {spec.name}.mar  {entry.bytes / 1e6:.1f} MB  {time.monotonic() - started:.1f} s"
            + ("" if entry.golden_rel_l2 is None else f"  golden mel {entry.golden_rel_l2:.1e}"),
            flush=True,
        )
        return entry
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def check_disk(place: Workplace, job: Job) -> None:
    """Refuse to begin a build that would end half-way on a full disk.

    Raises:
        ConfigurationError: If too little is free.
    """
    needed = SPARE_BYTES + COPIES * sum(file.bytes for file in job.entry.files)
    free = shutil.disk_usage(place.root).free
    if free < needed:
        raise ConfigurationError(
            f"{job.spec.name}: {needed / 1e9:.1f} GB are needed under {place.build} and {free / 1e9:.1f} GB"
            " are free; free some space"
        )


def convert_weights(files: ModelFiles, workspace: Path) -> tuple[dict[str, Path], float]:
    """Write the weights that an archive carries.

    Args:
        files: Where the sources lie.
        workspace: Where to write.

    Returns:
        The files by their path within the archive, and the relative L2 distance of the rounded
        transformer from the checkpoint's.

    Raises:
        ConfigurationError: If a checkpoint cannot be read, or does not fit its vocabulary.
    """
    # Imported here: reading the lock and packaging nothing takes no torch.
    from safetensors.torch import save_file

    from f5serve.engine.checkpoint import (
        check_vocab,
        load_tensors,
        load_transformer,
        read_vocab,
        save_ema_safetensors,
    )

    state = load_transformer(files.checkpoint)
    check_vocab(read_vocab(files.vocabulary), state)
    model, vocoder = workspace / "model.safetensors", workspace / "vocoder.safetensors"
    save_ema_safetensors(model, state)
    rounding = relative_distance(state, load_transformer(model))
    save_file(
        {name: value.contiguous() for name, value in load_tensors(files.vocoder).items()}, vocoder
    )
    return {"model.safetensors": model, "vocoder.safetensors": vocoder}, rounding


def relative_distance(state: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Answer the relative L2 distance between two states of one model."""
    difference = sum(
        float((other[name].double() - value.double()).square().sum())
        for name, value in state.items()
    )
    return math.sqrt(
        difference / sum(float(value.double().square().sum()) for value in state.values())
    )


def move_into_place(
    store: Path, archive: Path, entry: Entry, *, rounding: float | None, golden: float | None
) -> Entry:
    """Put a verified archive into the store and record it.

    The archive appears whole or not at all. Its record follows at once; between the two the lock tells
    the former digest, and the next run builds again.
    """
    final = msgspec.structs.replace(
        entry,
        bytes=archive.stat().st_size,
        sha256=file_digest(archive),
        rounding_rel_l2=_three_digits(rounding),
        golden_rel_l2=_power_of_ten(golden),
    )
    partial = store / f".{archive.name}.partial"
    try:
        shutil.move(archive, partial)  # the store may lie on another disk than the build
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(store / archive.name)
    finally:
        partial.unlink(missing_ok=True)
    write_entry(store, archive.stem, final)
    return final


def _three_digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.2e}")


def _power_of_ten(value: float | None) -> float | None:
    """Round up: the digits depend on the processor, and the lock should not."""
    return value if not value else float(f"1e{math.ceil(math.log10(value))}")


def _within_root(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


if __name__ == "__main__":
    sys.exit(main())
