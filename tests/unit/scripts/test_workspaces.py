"""Folders that archives are made in do not outlive the runs that make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.workspaces import PREFIX, tidied, workspace


def test_a_workspace_goes_with_whatever_ends_its_block(tmp_path: Path) -> None:
    def ended() -> None:
        with tidied(tmp_path), workspace(tmp_path, "f5_fr") as folder:
            (folder / "part").touch()
            raise SystemExit

    with pytest.raises(SystemExit):
        ended()

    assert list(tmp_path.iterdir()) == []


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "converted").mkdir()
    killed = tmp_path / f"{PREFIX}f5_fr-a1b2c3"
    killed.mkdir()
    (killed / "part").touch()

    with tidied(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == ["converted"]


def test_a_run_for_another_store_leaves_the_workspaces_of_one_that_lives(tmp_path: Path) -> None:
    with tidied(tmp_path), workspace(tmp_path, "f5_fr") as first:
        with tidied(tmp_path), workspace(tmp_path, "f5_fr") as second:
            assert first.is_dir()
            assert second.is_dir()
        assert first.is_dir()
