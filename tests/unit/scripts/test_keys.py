"""Keys are made with enough chance in them, and kept as hashes alone."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts.keys import Key, add_key, main, read_keys


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


@pytest.mark.parametrize("name", ["", "1a", "a b", "a;b", "a" * 65, "ä", "a\nb"])
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
