"""Disks that a test can fill, or close for writing. Only root may have them, and not in every container."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount something on a folder until the block ends; where that is forbidden the test is left out.

    Args:
        folder: Where; made if it is not there.
        options: Of ``mount``: what, and how.
    """
    folder.mkdir(exist_ok=True)
    made = subprocess.run(  # noqa: S603 - ours
        ["mount", *options, str(folder)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - ours


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own, in memory, of a size as ``mount`` takes it (``24m``)."""
    with mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs") as disk:
        yield disk


@contextlib.contextmanager
def only_read(folder: Path) -> Iterator[Path]:
    """Let a folder be read and not written until the block ends, by root as well."""
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(  # noqa: S603 - ours
            ["mount", "-o", "remount,ro,bind", str(folder)],  # noqa: S607 - wherever it is
            check=True,
        )
        yield folder
