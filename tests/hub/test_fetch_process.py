"""The command as a process: killed and started again, stopped with Ctrl-C, on a terminal and without one."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from scripts.archive import file_digest
from scripts.fetch import ROOT
from tests.hub.conftest import FREE, Scene, store
from tests.hub.stand_in import Fault

WEIGHTS = "model_2500000.safetensors"
WRITTEN_AT_ONCE = 10 * 1024 * 1024  # huggingface_hub writes what it got in blocks of this size
DEADLINE_S = 60


@pytest.fixture
def large(scene: Scene) -> Scene:
    """Weights of more than one block, of which the hub sends one and a bit and then falls silent."""
    store(scene.hub.folder / FREE / WEIGHTS, WRITTEN_AT_ONCE + 3_000_000)
    scene.hub.faults += [Fault(kind="stall", path=WEIGHTS, at=WRITTEN_AT_ONCE + 1_000_000)]
    return scene


def environment(scene: Scene) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    paths = os.pathsep.join([str(ROOT / "handlers"), str(ROOT)])
    return {**kept, "PYTHONPATH": paths, "HF_ENDPOINT": scene.hub.endpoint}


def command(scene: Scene) -> list[str]:
    arguments = ["--root", str(scene.root), "--languages", "hi"]
    return [sys.executable, "-m", "scripts.fetch", *arguments]


@contextlib.contextmanager
def started(scene: Scene) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603  # our own command
        command(scene),
        env=environment(scene),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(scene: Scene) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own command
        command(scene),
        env=environment(scene),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def wait_until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def partials(scene: Scene) -> list[Path]:
    return list(scene.models.rglob(f".{WEIGHTS}.*.partial"))


def first_block_written(scene: Scene) -> bool:
    return sum(path.stat().st_size for path in partials(scene)) >= WRITTEN_AT_ONCE


def test_a_killed_run_is_gone_on_with_where_it_stopped(large: Scene) -> None:
    target = large.models / "SPRINGLab_F5-Hindi-24KHz" / WEIGHTS
    with started(large) as process:
        wait_until(lambda: first_block_written(large))
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)
    assert not target.exists()
    large.hub.requests.clear()

    done = finished(large)

    assert done.returncode == 0, done.stderr
    (content,) = large.hub.asked("GET", f"/content/{FREE}/{WEIGHTS}")
    assert content.headers["range"] == f"bytes={WRITTEN_AT_ONCE}-"
    assert file_digest(target) == file_digest(large.hub.folder / FREE / WEIGHTS)
    assert partials(large) == []


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_at_once_in_one_line_and_keeps_what_came(large: Scene) -> None:
    with started(large) as process:
        wait_until(lambda: first_block_written(large))
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)

    assert process.returncode == 130
    assert error.strip() == "fetch: stopped; what came is kept: run the same command again"
    assert first_block_written(large)


def test_without_a_terminal_there_are_no_progress_bars(scene: Scene) -> None:
    done = finished(scene)

    assert (done.returncode, done.stderr) == (0, "")
    assert "\r" not in done.stdout


def test_on_a_terminal_there_are_progress_bars(scene: Scene) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 120))
    with os.fdopen(master, "rb", buffering=0) as terminal:
        try:
            done = subprocess.run(  # noqa: S603  # our own command
                command(scene),
                env=environment(scene),
                stdout=subprocess.DEVNULL,
                stderr=slave,
                timeout=DEADLINE_S,
                check=False,
            )
        finally:
            os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal that nobody holds any more
            while block := terminal.read(65_536):
                shown += block

    assert done.returncode == 0
    assert WEIGHTS.encode() in shown
    assert b"100%" in shown


def test_serving_code_never_imports_the_hub_s_client() -> None:
    found = [
        path
        for path in (ROOT / "handlers").rglob("*.py")
        if "huggingface_hub" in path.read_text(encoding="utf-8")
    ]

    assert found == []
