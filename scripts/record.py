"""Recorded results: one JSON file a measurement, which tells where and on what it was made."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.cpu import cpu_kind, cpu_model


def circumstances() -> dict[str, object]:
    """Answer commit, machine and versions: what a number needs beside it to mean something."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpu": cpu_model(),
        "cpu_kind": cpu_kind(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "torchserve")},
    }


def write_record(
    path: Path, result: Mapping[str, object], *, measured: Mapping[str, object] | None = None
) -> None:
    """Write a result with its circumstances.

    Args:
        path: Where to.
        result: What was measured.
        measured: The circumstances under which a long measurement began: a commit made meanwhile is not the one
            that was measured. Those of now, if absent.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"circumstances": measured or circumstances(), **result}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def commit_and_date(told: Mapping[str, Any]) -> str:
    """Answer which state of the repository was measured, and when, for a line under a table.

    Args:
        told: A record's circumstances.
    """
    changed = " with uncommitted changes" if told.get("uncommitted_changes") else ""
    return f"commit {told['commit']}{changed}, {told['date']}"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
