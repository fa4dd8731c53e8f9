"""Sharing the cores: by real processes, for the locks belong to processes."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from f5serve.cores import CORES_FILE_VARIABLE, CORES_VARIABLE, SharedCores, cores_of_this_server

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
OTHER = """
import sys
from pathlib import Path
from f5serve.cores import SharedCores
cores = SharedCores(Path(sys.argv[1]), int(sys.argv[2]))
with cores.computing():
    print("computing", flush=True)
    sys.stdin.readline()
print("done", flush=True)
sys.stdin.readline()
"""


@contextmanager
def other_worker(path: Path, cores: int) -> Iterator[subprocess.Popen[str]]:
    """Run a process that computes until it is sent a line, and ends after another."""
    with subprocess.Popen(  # noqa: S603  # ourselves
        [sys.executable, "-c", OTHER, str(path), str(cores)],
        env={**os.environ, "PYTHONPATH": str(HANDLERS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert heard(process) == "computing"
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_who_computes_alone_has_all_cores(tmp_path: Path) -> None:
    cores = SharedCores(tmp_path / "cores", 6)

    with cores.computing():
        assert cores.share() == 6


@pytest.mark.parametrize(
    ("cores", "others", "share"), [(6, 1, 3), (6, 2, 2), (7, 1, 3), (2, 1, 1), (3, 1, 1)]
)
def test_those_who_compute_share_the_cores_and_never_have_more_together(
    tmp_path: Path, cores: int, others: int, share: int
) -> None:
    own = SharedCores(tmp_path / "cores", cores)
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(other_worker(tmp_path / "cores", cores))
        stack.enter_context(own.computing())

        assert own.share() == share
        assert share * (others + 1) <= cores


def test_a_share_grows_when_another_is_done_even_before_the_batch_ends(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 4)

    with other_worker(tmp_path / "cores", 4) as other, own.computing():
        assert own.share() == 2
        tell(other)
        assert heard(other) == "done"
        assert own.share() == 4


def test_what_a_killed_worker_held_is_free(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)

    with other_worker(tmp_path / "cores", 2) as other, own.computing():
        assert own.share() == 1
        other.kill()
        other.wait()
        assert own.share() == 2


def test_more_workers_than_cores_have_one_each(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(other_worker(tmp_path / "cores", 2))
        stack.enter_context(own.computing())

        assert own.share() == 1


def test_looking_takes_nothing_from_others(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)

    with own.computing():
        for _ in range(100):
            own.share()
        with other_worker(tmp_path / "cores", 2):
            assert own.share() == 1


def test_a_batch_that_fails_lets_go(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)

    with pytest.raises(ValueError, match="broken"), own.computing():
        raise ValueError("broken")

    with own.computing():
        assert own.share() == 2


def test_who_does_not_compute_has_one(tmp_path: Path) -> None:
    assert SharedCores(tmp_path / "cores", 8).share() == 1


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {CORES_VARIABLE: "4"},
        {CORES_FILE_VARIABLE: "cores"},
        {CORES_FILE_VARIABLE: "cores", CORES_VARIABLE: "many"},
    ],
)
def test_nothing_is_shared_unless_the_server_says_what(environment: dict[str, str]) -> None:
    assert cores_of_this_server(environment) is None


def test_a_worker_that_cannot_open_the_file_serves_on_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {CORES_FILE_VARIABLE: str(tmp_path / "no" / "cores"), CORES_VARIABLE: "4"}

    with caplog.at_level(logging.ERROR):
        assert cores_of_this_server(environment) is None
    assert "each worker on its own" in caplog.text


def test_a_link_in_the_temporary_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "cores").symlink_to(tmp_path / "elsewhere")

    environment = {CORES_FILE_VARIABLE: str(tmp_path / "cores"), CORES_VARIABLE: "4"}
    assert cores_of_this_server(environment) is None
