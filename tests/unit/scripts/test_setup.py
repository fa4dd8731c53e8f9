from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.setup import (
    ROOT,
    SetupError,
    check_disk,
    check_python,
    read_requirements,
    read_stamp,
    wanted_state,
)


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_refused_with_the_remedy(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=r"make setup PYTHON=python3\.11"):
        check_python(version)


def test_a_full_disk_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="are needed"):
        check_disk(tmp_path / ".venv", 10**18)


def test_serving_needs_nothing_of_training() -> None:
    serving = {
        re.split("[<>=]", line)[0] for line in read_requirements(ROOT / "pyproject.toml", dev=False)
    }

    assert not serving & {"f5-tts", "gradio", "wandb", "torchaudio", "vocos"}


def test_every_direct_requirement_is_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins), (
        "name==version"
    )
    wanted = read_requirements(ROOT / "pyproject.toml", dev=True)
    names = {re.split("[<>=]", line)[0].lower() for line in wanted}
    assert names <= {pin.split("==")[0] for pin in pins}


def test_the_state_follows_the_constraints(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        (tmp_path / name).write_text("", encoding="utf-8")
    before = wanted_state(tmp_path)

    (tmp_path / "constraints.txt").write_text("six==1.17.0\n", encoding="utf-8")

    assert wanted_state(tmp_path) != before


def test_a_damaged_stamp_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "stamp").write_text("{", encoding="utf-8")

    assert read_stamp(tmp_path / "stamp") == {}


def test_setup_imports_the_standard_library_alone() -> None:
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-I", "-S", str(ROOT / "scripts" / "setup.py"), "--help"],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
