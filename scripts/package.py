"""Packages checkpoints as TorchServe archives: ``f5_<language>.mar`` each, and the router ``tts.mar``.

An archive is built aside, opened again and verified, and only then moved into the store. One whose
inputs did not change is left alone. ``model_store/lock.json`` tells what each was made from.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from f5serve.catalogue import Catalogue, ProfileName, load_catalogue
from f5serve.errors import ConfigurationError
from f5serve.settings import ModelSettings, read_settings
from scripts.archive import ArchiveSpec, build_archive, expected_members, file_digest
from scripts.convert import CACHE, SPARE_BYTES, Conversion, Kept, convert_weights
from scripts.coverage import covered, remarks
from scripts.jobs import Job, ModelSources, model_job, router_job
from scripts.lock import Coverage, Entry, Verification, read_lock, with_placement, write_entry
from scripts.own_voices import registered_voices
from scripts.shards import placed_by
from scripts.signals import leaving
from scripts.store import chosen, chosen_placement, exclusive
from scripts.upstream import comparison_key, remark, require_packages, verify_upstream
from scripts.verify import verify_archive
from scripts.workspaces import tidied, workspace

__all__ = ["CATALOGUE", "ROOT", "Job", "Workplace", "main", "model_job", "package", "router_job"]

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = "config/catalogue.yaml"
# Archive, its draft, its linked content and its unpacked copy lie side by side for a while.
COPIES: Final = 4
INTERRUPTED: Final = 130
SMALL_BYTES: Final = 200_000_000
_STORE: Final = (
    threading.Lock()
)  # the lock file is read, changed and written by one build at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where packaging reads and writes, and what is at hand there.

    Attributes:
        root: The repository.
        store: Where archives end.
        build: Where they are made; emptied after each, but for conversions of large checkpoints.
        compares: Whether published checkpoints are held against upstream's packages, which takes these.
    """

    root: Path
    store: Path
    build: Path
    compares: bool = True


def main(argv: list[str] | None = None) -> int:
    """Package what is asked for.

    Returns:
        0; 1 after a message on standard error; 130 after Ctrl-C.

    Raises:
        SystemExit: On SIGTERM or SIGHUP; what was begun is removed as after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="scripts.package", description=__doc__)
    # Without both it is the archives that are there which are refreshed.
    parser.add_argument("--profile", choices=("demo", "full"), help="default: the store's, or demo")
    parser.add_argument("--languages", nargs="*", default=[], help="codes; default: all")
    parser.add_argument("--store", type=Path, default=ROOT / "model_store")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where to make them")
    parser.add_argument("--placement", help="of config/placement.yaml; 'catalogue': its own")
    parser.add_argument(
        "--uncompared",
        action="store_true",
        help="do not hold published checkpoints against f5-tts, which need not be installed then; the lock tells",
    )
    parser.add_argument("--force", action="store_true", help="build what did not change, too")
    options = parser.parse_args(argv)
    place = Workplace(
        root=ROOT,
        store=options.store.absolute(),
        build=options.build.absolute(),
        compares=not options.uncompared,
    )
    languages = [code for part in options.languages for code in part.replace(",", " ").split()]
    try:
        catalogue = load_catalogue(place.root / CATALOGUE)
        names, profile = chosen(place.store, catalogue, options.profile, languages)
        placement = chosen_placement(place.store, options.placement)
        catalogue = placed_by(place.root, catalogue, placement)
        with leaving():
            package(place, catalogue, names, profile, placement=placement, force=options.force)
    except (ConfigurationError, OSError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\npackage: stopped; every archive in the store is whole, the former one or the new one",
            file=sys.stderr,
        )
        return INTERRUPTED
    return 0


def package(
    place: Workplace,
    catalogue: Catalogue,
    names: tuple[str, ...],
    profile: ProfileName,
    *,
    placement: str | None = None,
    force: bool = False,
) -> tuple[str, ...]:
    """Bring the archives of some models, and the router's for just these, up to date.

    Args:
        place: Where to read and write.
        catalogue: The checked catalogue.
        names: Models to package.
        profile: Which source of each.
        placement: Name of the placement that the catalogue was given, for the lock.
        force: Whether to build again what did not change.

    Returns:
        Names of the archives that were built.

    Raises:
        ConfigurationError: If an input is missing or an archive fails its verification; archives that
            were in the store before stay as they were.
    """
    place.store.mkdir(parents=True, exist_ok=True)
    with exclusive(place.store):
        voices = registered_voices(place.root, catalogue)
        # All inputs are looked up before the first build: what is missing is told at once.
        jobs = [model_job(place.root, catalogue, name, profile, voices) for name in names]
        router = router_job(place.root, catalogue, names, profile, voices)
        jobs.append(replace(router, entry=with_placement(router.entry, placement)))
        wanted = [job for job in jobs if force or not is_current(place, job)]
        for job in jobs:
            if job not in wanted:
                print(f"package: {job.spec.name}.mar is up to date", flush=True)
        if not wanted:
            return ()
        if profile == "full" and place.compares and any(job.model is not None for job in wanted):
            require_packages()
        with tidied(place.build), ThreadPoolExecutor(side_by_side(wanted)) as threads:
            futures = [threads.submit(build, place, job) for job in wanted]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise
        return tuple(job.spec.name for job in wanted)


def side_by_side(jobs: list[Job]) -> int:
    """Answer how many archives to build at once: small ones two, large ones alone, for their memory."""
    largest = max((file.bytes for job in jobs for file in job.entry.files), default=0)
    return 2 if largest <= SMALL_BYTES else 1


def is_current(place: Workplace, job: Job) -> bool:
    """Answer whether the store's archive is intact, made from the job's inputs, and compared if it is to be."""
    name = job.spec.name
    entry, path = read_lock(place.store).archives.get(name), place.store / f"{name}.mar"
    if entry is None or not path.is_file():
        return False
    if (entry.inputs, entry.placement) != (job.entry.inputs, job.entry.placement):
        return False
    if place.compares and is_published(job) and entry.verification is None:
        return False
    return path.stat().st_size == entry.bytes and file_digest(path) == entry.sha256


def is_published(job: Job) -> bool:
    """Answer whether a job is that of a published checkpoint, which upstream's own packages can run."""
    return job.model is not None and job.entry.profile == "full"


def build(place: Workplace, job: Job) -> Entry:
    """Build one archive, verify it, move it into the store and record it.

    Raises:
        ConfigurationError: If disk is short, or the archive cannot be built or fails its verification.
    """
    started = time.monotonic()
    with workspace(place.build, job.spec.name) as folder:
        spec, entry = job.spec, job.entry
        if job.model is not None:
            coverage = check_coverage(job.spec, job.model)
            weights, done = make_weights(place, job, job.model, folder)
            spec = replace(spec, files={**spec.files, **weights})
            entry = with_conversion(entry, done, coverage)
        check_disk(place, spec)
        archive = build_archive(spec, folder)
        members = expected_members(spec)
        seen = verify_archive(
            archive, members, folder / "unpacked", torch_allowed=job.model is not None
        )
        if place.compares and job.model is not None and is_published(job):
            key = comparison_key(members, job.model.checkpoint_sha256)
            verification = kept_verification(place.store, spec.name, key) or verify_upstream(
                spec.name, folder / "unpacked", job.model.files.checkpoint, key
            )
            entry = msgspec.structs.replace(entry, verification=verification)
        with _STORE:
            entry = move_into_place(place.store, archive, entry, golden=seen.golden_rel_l2)
        tell(spec.name, entry, time.monotonic() - started)
        return entry


def check_coverage(spec: ArchiveSpec, model: ModelSources) -> tuple[Coverage, ...]:
    """Look for letters of the model's languages that its vocabulary lacks, and warn of them.

    Raises:
        ConfigurationError: If it lacks more than a request may have.
    """
    settings = read_settings(spec.model_config["handler"], ModelSettings)
    coverage = covered(settings, model.files.vocabulary, model.pangrams)
    for line in remarks(spec.name, settings.languages, coverage):
        print(f"package: warning: {line}", flush=True)
    return coverage


def make_weights(
    place: Workplace, job: Job, model: ModelSources, workspace: Path
) -> tuple[dict[str, Path], Conversion]:
    """Convert what a model's archive carries; a fetched checkpoint's conversion is kept for the next time.

    Raises:
        ConfigurationError: If a file cannot be read, or they do not belong together.
    """
    kept = Kept(folder=place.build / CACHE, model=job.spec.name, sha256=model.checkpoint_sha256)
    fetched = job.entry.repository is not None
    weights, done = convert_weights(model.files, model.plan, workspace, kept if fetched else None)
    if done.weights == "plain":
        print(
            f"package: warning: {job.spec.name}: {model.files.checkpoint.name} holds no averaged (EMA)"
            " weights; its plain ones are taken",
            flush=True,
        )
    return weights, done


def with_conversion(entry: Entry, done: Conversion, coverage: tuple[Coverage, ...]) -> Entry:
    """Add to an entry what conversion and coverage found."""
    return msgspec.structs.replace(
        entry,
        weights=done.weights,
        rounding_rel_l2=_three_digits(done.rounding_rel_l2),
        coverage=coverage,
    )


def kept_verification(store: Path, name: str, key: str) -> Verification | None:
    """Answer the comparison of the archive's former build, if all it depends on is the same."""
    former = read_lock(store).archives.get(name)
    kept = None if former is None else former.verification
    return kept if kept is not None and kept.key == key else None


def tell(name: str, entry: Entry, seconds: float) -> None:
    """Print one line about an archive, and a warning where it is called for."""
    line = f"package: {name}.mar  {entry.bytes / 1e6:.1f} MB  {seconds:.1f} s"
    if entry.golden_rel_l2 is not None:
        line += f"  golden mel {entry.golden_rel_l2:.1e}"
    verification = entry.verification
    if verification is not None:
        line += (
            f"  from upstream {verification.mel_rel_l2:.1e}, by rounding"
            f" {verification.rounding_mel_rel_l2:.1e}"
        )
    elif entry.profile == "full" and entry.weights is not None:
        line += "  not compared with upstream"
    print(line, flush=True)
    if verification is not None and (warning := remark(name, verification.switches)):
        print(f"package: warning: {warning}", flush=True)


def check_disk(place: Workplace, spec: ArchiveSpec) -> None:
    """Refuse to begin a build that would end half-way on a full disk.

    Raises:
        ConfigurationError: If too little is free.
    """
    needed = SPARE_BYTES + COPIES * sum(path.stat().st_size for path in spec.files.values())
    free = shutil.disk_usage(place.build).free
    if free < needed:
        raise ConfigurationError(
            f"{spec.name}: {needed / 1e9:.1f} GB are needed under {place.build} and {free / 1e9:.1f} GB"
            " are free; free some space"
        )


def move_into_place(store: Path, archive: Path, entry: Entry, *, golden: float | None) -> Entry:
    """Put a verified archive into the store and record it.

    The archive appears whole or not at all. Its record follows at once; between the two the lock tells
    the former digest, and the next run builds again.
    """
    final = msgspec.structs.replace(
        entry,
        bytes=archive.stat().st_size,
        sha256=file_digest(archive),
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


def _three_digits(value: float) -> float:
    return float(f"{value:.2e}")


def _power_of_ten(value: float | None) -> float | None:
    """Round up: the digits depend on the processor, and the lock should not."""
    return value if not value else float(f"1e{math.ceil(math.log10(value))}")


if __name__ == "__main__":
    sys.exit(main())
