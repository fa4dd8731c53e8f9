"""Removes what can be made again soon: archives, logs, caches, records of servers, what is in ``build/``.

``.venv`` and ``models/`` stay, and so do what was spoken (``out/``) and trained (``build/train/``). Runs on a bare
Python; while a server runs nothing is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = ("logs", "run", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis")
SOURCES: Final = ("handlers", "loadtests", "scripts", "tests")
KEPT_OF_BUILD: Final = "train"


def main(argv: list[str] | None = None) -> int:
    """Remove what was built.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.clean", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    root = parser.parse_args(argv).root
    try:
        require_stopped(root / "run")
        for path in [*removable(root)]:
            remove(path)
    except (ConfigurationError, OSError) as error:
        print(f"clean: {error}", file=sys.stderr)
        return 1
    return 0


def require_stopped(records: Path) -> None:
    """Refuse while a server of ours runs: without its record ``make stop`` would not find it.

    Raises:
        ConfigurationError: If one runs; tells how to stop it.
    """
    for path in sorted(records.glob("serve-*.json")):
        try:
            record = json.loads(path.read_bytes())
            alive = [record[who] for who in ("supervisor", "server") if lives(record[who])]
        except (ValueError, KeyError, TypeError, OverflowError):
            continue  # no record, so nothing can be stopped by it
        if alive:
            raise ConfigurationError(
                f"a server runs (process {alive[0]}, by {path}); stop it first: make stop PORT={record.get('port')}"
            )


def lives(pid: int) -> bool:
    """Answer whether there is a process of a number; one that took it over counts, as ``make stop`` then tells."""
    try:
        os.kill(pid, 0)  # a question, no signal
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def removable(root: Path) -> Iterator[Path]:
    """Answer what may go."""
    build = root / "build"
    if build.is_dir():
        yield from (path for path in build.iterdir() if path.name != KEPT_OF_BUILD)
    yield from (path for name in FOLDERS if (path := root / name).exists())
    yield from (root / "model_store").glob("*.mar")
    for name in SOURCES:
        yield from (root / name).rglob("__pycache__")


def remove(path: Path) -> None:
    """Remove a file, a link or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
