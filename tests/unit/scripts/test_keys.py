"""Keys are made with enough chance in them, and kept as hashes alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts.keys import Key, add_key, main, read_keys
from scripts.setup import ROOT

ADD = """
import sys
from pathlib import Path
from scripts.keys import add_key
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    print(add_key(Path(sys.argv[1]), sys.argv[2]))
"""


def test_a_key_is_printed_once_and_its_hash_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run" / "keys"

    assert main(["alice", "--file", str(path)]) == 0

    key = capsys.readouterr().out.strip()
    assert key.startswith("f5s_")
    assert len(key) >= 47
    assert read_keys(path) == (Key("alice", hashlib.sha256(key.encode()).hexdigest()),)
    assert key not in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_may_have_two_keys_and_what_stood_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# ours\n", encoding="utf-8")

    made = {add_key(path, "alice"), add_key(path, "alice"), add_key(path, "bob")}

    assert len(made) == 3
    assert [key.name for key in read_keys(path)] == ["alice", "alice", "bob"]
    assert path.read_text(encoding="utf-8").startswith("# ours\n")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a;b", "a" * 65, "ä", "a\nb", "a\n", "a\r"])
def test_a_name_that_nginx_could_misread_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / "keys"

    assert main([name, "--file", str(path)]) == 1

    assert "is no name for a key" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("alice\n", "line 1"),
        ("# fine\nalice 1234\n", "line 2"),
        (f"alice {'A' * 64}\n", "line 1"),
        (f"alice {'a' * 64}; deny all\n", "line 1"),
        (f"alice {'a' * 64}\nbob {'a' * 64}\n", "line 2"),
    ],
)
def test_a_damaged_file_is_told_with_the_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=told):
        read_keys(path)


def test_a_missing_file_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make key NAME="):
        read_keys(tmp_path / "keys")


def adding(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that adds keys as soon as it gets a line."""
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", ADD, str(path), name, str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'handlers'}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_add_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    count = 50
    with adding(path, "alice", count) as alice, adding(path, "bob", count) as bob:
        for process in (alice, bob):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (alice, bob):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        made = [process.communicate(timeout=60)[0].split() for process in (alice, bob)]

    assert [alice.returncode, bob.returncode] == [0, 0]
    assert [len(keys) for keys in made] == [count, count]
    assert {key.sha256 for key in read_keys(path)} == {
        hashlib.sha256(key.encode()).hexdigest() for keys in made for key in keys
    }
    assert not path.with_name(".keys.partial").exists()


def test_who_adds_waits_while_another_has_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    add_key(path, "alice")
    before = path.read_text(encoding="utf-8")
    with (tmp_path / ".keys.lock").open("rb+") as guard, adding(path, "bob", 1) as bob:
        fcntl.flock(guard, fcntl.LOCK_EX)
        assert bob.stdin is not None
        bob.stdin.write("go\n")
        bob.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            bob.wait(timeout=1)
        assert path.read_text(encoding="utf-8") == before
        fcntl.flock(guard, fcntl.LOCK_UN)
        bob.communicate(timeout=60)

    assert [key.name for key in read_keys(path)] == ["alice", "bob"]
