"""A disk that fills up, or is closed for writing, while an archive is made: one line tells of it, and the former
archive stays."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.archive import file_digest
from scripts.package import ROOT
from scripts.verify import verify_store
from tests.disks import only_read, small_disk

LARGEST_FILE = 3_000_000  # less than the demo's weights
SMALL_DISK = "24m"  # room for the router's archive and one model's, not for a second one of that
DEADLINE_S = 120


def packaged(
    store: Path, build: Path, *more: str, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command for French, as a process that limits can be set for."""
    return subprocess.run(  # noqa: S603 - ours
        [
            *(sys.executable, "-m", "scripts.package", "--profile", "demo", "--languages", "fr"),
            *("--store", str(store), "--build", str(build), *more),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'handlers'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=before,
    )


@pytest.fixture(scope="module")
def good_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the French model and its router."""
    folder = tmp_path_factory.mktemp("good")
    done = packaged(folder / "store", folder / "build")
    assert done.returncode == 0, done.stderr
    return folder / "store"


def require_untouched(store: Path, build: Path, digest: str) -> None:
    assert file_digest(store / "f5_fr.mar") == digest
    assert verify_store(store) == []
    assert list(build.iterdir()) == []
    assert not list(store.glob(".*.partial"))


def test_a_write_that_fails_half_way_is_told_in_one_line_and_leaves_the_former_archive(
    good_store: Path, tmp_path: Path
) -> None:
    store, build = tmp_path / "store", tmp_path / "build"
    shutil.copytree(good_store, store)
    digest = file_digest(store / "f5_fr.mar")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))

    failed = packaged(store, build, "--force", before=limit)

    assert failed.returncode == 1
    (line,) = failed.stderr.splitlines()
    assert line.startswith("package: ")
    assert "File too large" in line
    require_untouched(store, build, digest)


@pytest.mark.tool("mount")
def test_a_store_that_is_full_is_told_in_one_line_and_keeps_the_former_archive(
    good_store: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", SMALL_DISK) as disk:
        store, build = disk / "store", tmp_path / "build"
        shutil.copytree(good_store, store)
        digest = file_digest(store / "f5_fr.mar")

        failed = packaged(store, build, "--force")

        assert failed.returncode == 1
        (line,) = failed.stderr.splitlines()
        assert line.startswith("package: ")
        assert "No space left on device" in line
        require_untouched(store, build, digest)


@pytest.mark.tool("mount")
def test_a_store_that_can_only_be_read_is_told_in_one_line_and_stays_as_it_is(
    good_store: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(good_store, store)
    digest = file_digest(store / "f5_fr.mar")
    with only_read(store):
        failed = packaged(store, tmp_path / "build", "--force")

    assert failed.returncode == 1
    (line,) = failed.stderr.splitlines()
    assert line.startswith("package: ")
    assert "Read-only file system" in line
    assert file_digest(store / "f5_fr.mar") == digest
    assert verify_store(store) == []
