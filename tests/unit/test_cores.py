"""Sharing the cores: by real processes, for the locks belong to processes."""

from __future__ import annotations

import errno
import fcntl
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
    while sys.stdin.readline().strip() == "share":
        print(cores.share(), flush=True)
print("done", flush=True)
sys.stdin.readline()
"""


@contextmanager
def other_worker(path: Path, cores: int) -> Iterator[subprocess.Popen[str]]:
    """Run a process that computes until it is sent an empty line, and ends after another."""
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


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def share_of(process: subprocess.Popen[str]) -> int:
    """Answer the share of a process that computes."""
    tell(process, "share")
    return int(heard(process))


def test_who_computes_alone_has_all_cores(tmp_path: Path) -> None:
    cores = SharedCores(tmp_path / "cores", 6)

    with cores.computing():
        assert cores.share() == 6


@pytest.mark.parametrize(
    ("cores", "workers", "shares"),
    [(6, 2, [3, 3]), (6, 3, [2, 2, 2]), (7, 2, [4, 3]), (8, 3, [3, 3, 2]), (2, 2, [1, 1])],
)
def test_the_shares_of_those_who_compute_add_up_to_the_cores(
    tmp_path: Path, cores: int, workers: int, shares: list[int]
) -> None:
    with ExitStack() as stack:
        others = [
            stack.enter_context(other_worker(tmp_path / "cores", cores)) for _ in range(workers)
        ]

        assert [share_of(other) for other in others] == shares
        assert sum(shares) == cores


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


def test_who_finds_no_core_free_takes_one_as_soon_as_there_is(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)
    with ExitStack() as stack:
        first, second = (stack.enter_context(other_worker(tmp_path / "cores", 2)) for _ in range(2))
        stack.enter_context(own.computing())
        assert own.share() == 1

        tell(first)
        assert heard(first) == "done"
        # It is counted from now on: the other's share says so.
        assert (own.share(), share_of(second)) == (1, 1)

        tell(second)
        assert heard(second) == "done"
        assert own.share() == 2


def test_workers_find_each_other_again_after_the_file_was_tidied_away(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)
    (tmp_path / "cores").unlink()

    with other_worker(tmp_path / "cores", 2) as other, own.computing():
        assert (own.share(), share_of(other)) == (1, 1)


def test_a_file_that_is_gone_for_good_costs_nobody_his_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    own = SharedCores(folder / "cores", 2)
    (folder / "cores").unlink()
    folder.rmdir()

    with own.computing():
        assert own.share() == 2
    assert "shared with nobody" in caplog.text


def test_looking_takes_nothing_from_others(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)

    with own.computing():
        for _ in range(100):
            own.share()
        with other_worker(tmp_path / "cores", 2):
            assert own.share() == 1


def _fail_while_computing(own: SharedCores, other: subprocess.Popen[str]) -> None:
    with own.computing():
        assert share_of(other) == 1
        raise ValueError("broken")


def test_a_batch_that_fails_lets_go(tmp_path: Path) -> None:
    own = SharedCores(tmp_path / "cores", 2)

    with other_worker(tmp_path / "cores", 2) as other:
        with pytest.raises(ValueError, match="broken"):
            _fail_while_computing(own, other)

        assert share_of(other) == 2


def test_who_does_not_compute_has_one(tmp_path: Path) -> None:
    assert SharedCores(tmp_path / "cores", 8).share() == 1


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {CORES_VARIABLE: "4"},
        {CORES_FILE_VARIABLE: "cores"},
        {CORES_FILE_VARIABLE: "cores", CORES_VARIABLE: "many"},
        {CORES_FILE_VARIABLE: "cores", CORES_VARIABLE: "0"},
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


def test_what_is_no_file_of_one_s_own_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PermissionError, match="remove it"):
        SharedCores(tmp_path / "pipe", 2)

    (tmp_path / "cores").touch()
    monkeypatch.setattr(os, "getuid", lambda: (tmp_path / "cores").stat().st_uid + 1)
    with pytest.raises(PermissionError, match="not a file of this user's"):
        SharedCores(tmp_path / "cores", 2)


def test_where_locks_do_not_work_that_is_told_and_not_taken_for_busy_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_given: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", none_left)

    with pytest.raises(OSError, match="No locks available"):
        SharedCores(tmp_path / "cores", 2)


def test_a_link_in_the_temporary_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "cores").symlink_to(tmp_path / "elsewhere")

    environment = {CORES_FILE_VARIABLE: str(tmp_path / "cores"), CORES_VARIABLE: "4"}
    assert cores_of_this_server(environment) is None
