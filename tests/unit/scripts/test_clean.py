"""What can be made again soon is removed; what took hours, or belongs to a server that runs, is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.clean import main
from scripts.setup import ROOT

REMOVED = (
    "build/converted/f5_fr.safetensors",
    "build/image.tar",
    "logs/8080/ts_log.log",
    "run/serve-8080.lock",
    "model_store/f5_fr.mar",
    "handlers/f5serve/__pycache__/errors.pyc",
    "scripts/hub/__pycache__/plan.pyc",
    ".ruff_cache/x",
)
KEPT = (
    "build/train/base/last.pt",
    "out/lines/0001.wav",
    "models/a_b/model.pt",
    ".venv/bin/python",
    ".venv/lib/__pycache__/x.pyc",
    "model_store/lock.json",
    "scripts/clean.py",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with something of everything."""
    for name in (*REMOVED, *KEPT):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def cleaned(root: Path) -> int:
    return main(["--root", str(root)])


def record(root: Path, **processes: int) -> None:
    content = {"supervisor": ended(), "server": ended(), "port": 9080, **processes}
    (root / "run" / "serve-9080.json").write_text(json.dumps(content), encoding="utf-8")


def ended() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_what_can_be_made_again_goes_and_what_took_hours_stays(root: Path) -> None:
    (root / "build" / "link").symlink_to(root / "models")
    record(root)

    assert cleaned(root) == 0

    assert [name for name in REMOVED if (root / name).exists()] == []
    assert [name for name in KEPT if not (root / name).exists()] == []
    assert not (root / "run").exists()
    assert not (root / "build" / "link").is_symlink()


@pytest.mark.parametrize("who", ["supervisor", "server"])
def test_while_a_server_runs_nothing_is_removed(
    who: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(root, **{who: os.getpid()})

    assert cleaned(root) == 1

    assert "stop it first: make stop PORT=9080" in capsys.readouterr().err
    assert [name for name in (*REMOVED, *KEPT) if not (root / name).exists()] == []


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"supervisor": "x", "server": null}'])
def test_a_record_that_cannot_be_read_keeps_nothing(content: str, root: Path) -> None:
    (root / "run" / "serve-9080.json").write_text(content, encoding="utf-8")

    assert cleaned(root) == 0


def test_where_nothing_was_built_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert cleaned(tmp_path) == 0


def test_it_needs_the_standard_library_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "scripts.clean", "--help"],
        cwd=ROOT,
        env={"PYTHONPATH": "handlers:."},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
