from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import setup
from scripts.setup import (
    CPU_BUILD_REMEDY,
    ROOT,
    VERIFIED_IMPORTS,
    SetupError,
    check_disk,
    check_python,
    expects_cuda,
    read_requirements,
    read_stamp,
    wanted_state,
)

# Where a package is imported by another name than it is installed by.
DISTRIBUTIONS = {
    "importlinter": "import-linter",
    "model_archiver": "torch-model-archiver",
    "pyopenjtalk": "pyopenjtalk-plus",
    "ts": "torchserve",
    "yaml": "pyyaml",
}
# What the CUDA build of torch brings: its own versions, which no pin of ours may contradict.
CUDA = ("nvidia-", "cuda-", "triton")


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_refused_with_the_remedy(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=r"make setup PYTHON=python3\.11"):
        check_python(version)


def test_a_full_disk_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="are needed"):
        check_disk(tmp_path / ".venv", 10**18)


def test_room_for_cuda_is_asked_for_with_the_way_round_it(tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=r"Free some space\. The CPU build .*pip's own configuration"
    ):
        check_disk(tmp_path / ".venv", 10**18, f". {CPU_BUILD_REMEDY}")


@pytest.mark.parametrize(
    ("torch", "configured", "expected"),
    [
        ("None", "global.cert='x'", True),
        ("None", "global.extra-index-url='x'", False),
        ("None", ":env:.find-links='x'", False),
        ("ModuleSpec(name='torch')", "", False),
    ],
)
def test_cuda_is_expected_unless_torch_is_there_or_pip_looks_elsewhere(
    torch: str, configured: str, *, expected: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh\ncase "$*" in *pip*) echo "{configured}";; *) echo "{torch}";; esac\n""",
        encoding="utf-8",
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    assert expects_cuda(python) is expected


def test_another_machine_gets_a_cpu_build_from_the_public_index(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")

    assert not expects_cuda(tmp_path / "python")


@pytest.mark.parametrize("kind", ["serving", "dev"])
def test_what_setup_imports_is_what_pyproject_asks_for(kind: str) -> None:
    wanted = requirements(dev=kind == "dev")

    imported = VERIFIED_IMPORTS[kind].split()

    assert {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in imported} <= wanted


def test_what_is_installed_is_pinned_and_nothing_else_is() -> None:
    needed = closure(read_requirements(ROOT / "pyproject.toml", dev=True))

    assert {name for name in needed - pins() if not name.startswith(CUDA)} == set()
    assert pins() - needed == set()


def requirements(*, dev: bool) -> set[str]:
    """The names that ``pyproject.toml`` asks for."""
    lines = read_requirements(ROOT / "pyproject.toml", dev=dev)
    return {canonicalize_name(Requirement(line).name) for line in lines}


def pins() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0] for line in lines if line and not line.startswith("#")}


def closure(lines: Iterable[str]) -> set[str]:
    """The names of some requirements and of all that these need, as installed here."""
    waiting, seen = [Requirement(line) for line in lines], set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in importlib.metadata.requires(wanted.name) or ():
            need = Requirement(line)
            extras = wanted.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(need)
    return {str(name) for name, _ in seen}


def test_serving_needs_nothing_of_training() -> None:
    assert not requirements(dev=False) & {"f5-tts", "gradio", "wandb", "torchaudio", "vocos"}


def test_every_direct_requirement_is_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    lines_of_pins = [line for line in lines if line and not line.startswith("#")]

    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*", pin) for pin in lines_of_pins), (
        "name==version"
    )
    assert requirements(dev=True) <= {pin.split("==")[0] for pin in lines_of_pins}


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


def test_of_two_runs_at_once_one_makes_the_environment_and_the_other_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / ".venv"
    made: list[Path] = []
    begun, may_end = threading.Event(), threading.Event()

    def make_venv(folder: Path) -> Path:
        folder.mkdir()  # fails where it is there: the other run would be wiped out
        made.append(folder)
        begun.set()
        assert may_end.wait(30)
        return folder / "bin" / "python"

    monkeypatch.setattr(setup, "make_venv", make_venv)
    monkeypatch.setattr(setup, "expects_cuda", lambda _: False)
    monkeypatch.setattr(setup, "check_disk", lambda *_: None)
    monkeypatch.setattr(setup, "install", lambda *_, **__: None)
    monkeypatch.setattr(setup, "verify_imports", lambda *_: None)

    with ThreadPoolExecutor(2) as runs:
        first = runs.submit(setup.set_up, home, dev=False)
        assert begun.wait(30)
        second = runs.submit(setup.set_up, home, dev=False)
        time.sleep(0.2)
        waits = not second.done()
        may_end.set()

    assert waits
    assert (first.result(), second.result()) == (True, False)
    assert made == [home]
    assert "waiting" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_to_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert setup.main(["--venv", str(tmp_path / "file" / ".venv")]) == 1

    assert "cannot be written to (Not a directory)" in capsys.readouterr().err


def test_setup_imports_the_standard_library_alone() -> None:
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-I", "-S", str(ROOT / "scripts" / "setup.py"), "--help"],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
