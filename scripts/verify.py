"""Opens archives again and checks them, before they are moved into place and whenever asked.

``make verify`` checks every archive of the store against its lock file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from f5serve.errors import ConfigurationError
from scripts.archive import MANIFEST, file_digest, member_digests, unpack
from scripts.lock import Entry, read_lock

GOLDEN_LIMIT: Final = 1e-3
INSPECTION_DEADLINE_S: Final = 600
_INSPECTOR: Final = Path(__file__).with_name("inspect_archive.py")


class Inspection(Struct, frozen=True, kw_only=True):
    """What an unpacked archive showed in a fresh interpreter.

    Attributes:
        classes: Classes that the handler's file defines.
        package: The file that ``import f5serve`` found.
        real_torch: Whether the real torch was loaded.
        golden_rel_l2: Distance from the recorded mel, if one is recorded.
    """

    classes: tuple[str, ...]
    package: str
    real_torch: bool
    golden_rel_l2: float | None = None


def verify_archive(
    archive: Path, expected: Mapping[str, str], folder: Path, *, torch_allowed: bool
) -> Inspection:
    """Open an archive again and check everything that can be known before serving it.

    Args:
        archive: The file.
        expected: The sha256 that each member must have, the manifest apart.
        folder: An empty folder to unpack it into.
        torch_allowed: Whether its worker may load torch.

    Returns:
        What it showed.

    Raises:
        ConfigurationError: If a member is missing, foreign or different, the manifest is wrong, the
            handler does not import alone, or the engine does not reproduce the recorded mel.
    """
    check_members(archive, expected)
    handler = check_manifest(archive)
    seen = inspect(unpack(archive, folder), handler)
    if len(seen.classes) != 1:
        raise ConfigurationError(
            f"{archive.name}: {handler}.py defines {len(seen.classes)} classes"
            f" ({', '.join(seen.classes)}); TorchServe wants exactly one"
        )
    if not Path(seen.package).is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"{archive.name}: the package was imported from {seen.package}, not from the archive"
        )
    if seen.real_torch and not torch_allowed:
        raise ConfigurationError(
            f"{archive.name}: its worker would load torch, which it has no use for"
        )
    if seen.golden_rel_l2 is not None and not seen.golden_rel_l2 <= GOLDEN_LIMIT:
        raise ConfigurationError(
            f"{archive.name}: the mel is {seen.golden_rel_l2:.2e} away from the recorded one (relative"
            f" L2); {GOLDEN_LIMIT:g} is allowed. Does the recording belong to this checkpoint?"
        )
    return seen


def check_members(archive: Path, expected: Mapping[str, str]) -> None:
    """Compare every file of an archive with what it was made from.

    Raises:
        ConfigurationError: If one is missing, foreign or different; names it.
    """
    found = member_digests(archive)
    if MANIFEST not in found:
        raise ConfigurationError(f"{archive.name}: {MANIFEST} is missing")
    names = found.keys() - {MANIFEST}
    for problem, wrong in (
        ("missing", expected.keys() - names),
        ("foreign", names - expected.keys()),
        ("different", {name for name in names & expected.keys() if found[name] != expected[name]}),
    ):
        if wrong:
            raise ConfigurationError(
                f"{archive.name}: {problem} within the archive: {', '.join(sorted(wrong)[:5])}."
                " Build it again: make package"
            )


def check_manifest(archive: Path) -> str:
    """Answer the name of the handler's module.

    Raises:
        ConfigurationError: If the manifest names another model, or no handler.
    """
    with zipfile.ZipFile(archive) as content:
        manifest = json.loads(content.read(MANIFEST))
    model = manifest.get("model", {})
    if model.get("modelName") != archive.stem or not model.get("handler"):
        raise ConfigurationError(
            f"{archive.name}: the manifest names the model {model.get('modelName')!r} with handler"
            f" {model.get('handler')!r}"
        )
    return str(model["handler"]).removesuffix(".py")


def inspect(folder: Path, handler: str) -> Inspection:
    """Import an unpacked archive's handler in an interpreter that sees nothing else of ours.

    Raises:
        ConfigurationError: If it fails; with the last line of the traceback.
    """
    command = [sys.executable, "-I", "-B", str(_INSPECTOR), str(folder), handler]
    # One thread: archives are inspected side by side, and threads that wait for each other on busy cores
    # take ten times as long.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSPECTION_DEADLINE_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"{folder}: nothing came of it within {INSPECTION_DEADLINE_S} s"
        ) from error
    if done.returncode != 0:
        reason = "\n  ".join(done.stderr.strip().splitlines()[-6:])
        raise ConfigurationError(
            f"{handler}: the unpacked archive does not work alone:\n  {reason}"
        )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Inspection)


def verify_store(store: Path) -> list[str]:
    """Compare every archive that the lock names with its entry.

    Args:
        store: The model store.

    Returns:
        One sentence for each archive that is missing or different; empty if all is well.
    """
    return list(problems_of(store, read_lock(store).archives).values())


def problems_of(store: Path, names: Iterable[str]) -> dict[str, str]:
    """Compare some archives with their entries in the lock.

    Args:
        store: The model store.
        names: Models.

    Returns:
        One sentence for each of them that is missing, truncated, different or not in the lock.

    Raises:
        ConfigurationError: If the lock is damaged.
    """
    archives = read_lock(store).archives
    found = {name: _problem_of(store / f"{name}.mar", archives.get(name)) for name in names}
    return {name: problem for name, problem in found.items() if problem is not None}


def _problem_of(path: Path, entry: Entry | None) -> str | None:
    if entry is None:
        return f"{path}: not in the lock of its store, so nothing tells whether it is the right one; make package"
    if not path.is_file():
        return f"{path}: missing; make package"
    size = path.stat().st_size
    if size < entry.bytes:
        return f"{path}: truncated, {size} of {entry.bytes} bytes; make package"
    if size != entry.bytes or file_digest(path) != entry.sha256:
        return f"{path}: not the archive that was verified; make package"
    return None


def main(argv: list[str] | None = None) -> int:
    """Check the store.

    Returns:
        0, or 1 after a sentence for each problem.
    """
    parser = argparse.ArgumentParser(prog="scripts.verify", description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("model_store"))
    store = parser.parse_args(argv).store
    try:
        archives = read_lock(store).archives
        problems = list(problems_of(store, archives).values())
    except (ConfigurationError, OSError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 1
    if not archives:
        problems = [f"{store}: its lock names no archive, so nothing was compared; make package"]
    for problem in problems:
        print(f"verify: {problem}", file=sys.stderr)
    if not problems:
        print(f"verify: {len(archives)} archives are as they were built")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
