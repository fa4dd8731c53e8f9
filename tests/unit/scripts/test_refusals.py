"""Commands that cannot read or write what they need say so in one line, and end with status 1."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts import (
    convert,
    edge,
    keys,
    make_stand_ins,
    package,
    running,
    serve,
    supervise,
    verify,
)
from scripts.lock import Entry, read_lock, write_entry
from scripts.setup import ROOT

DEMO = ROOT / "config" / "demo"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that cannot be made, whoever asks: a file is in its place."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    place = tmp_path / "file" / "folder"
    monkeypatch.setenv("F5SERVE_RUN", str(place))
    monkeypatch.setenv("F5SERVE_STORE", str(place))
    return place


def converting(place: Path) -> int:
    source, vocabulary = str(DEMO / "f5_fr" / "model.safetensors"), str(DEMO / "vocab.txt")
    wanted = ["--architecture", "demo", "--vocabulary", vocabulary]
    return convert.main([source, *wanted, "--out", str(place / "model.safetensors")])


COMMANDS: dict[str, Callable[[Path], int]] = {
    "convert": converting,
    "edge": lambda _: edge.main(),
    "key": lambda place: keys.main(["alice", "--file", str(place / "keys")]),
    "package": lambda place: package.main(["--store", str(place), "--languages", "fr"]),
    "stand-ins": lambda place: make_stand_ins.main(["--languages", "hi", "--out", str(place)]),
    "supervise": lambda _: supervise.main(),
    "verify": lambda place: verify.main(["--store", str(place)]),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_read_or_written_is_told_in_a_line(
    command: str, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = COMMANDS[command](nowhere)

    said = capsys.readouterr()
    assert status == 1
    assert said.out == ""
    assert said.err.startswith(f"{command}: ")
    assert said.err.count("\n") == 1


def test_a_store_without_a_lock_is_not_called_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.main(["--store", str(tmp_path / "mistyped")]) == 1

    assert "names no archive" in capsys.readouterr().err


def test_a_damaged_lock_is_told_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lock.json").write_text("{", encoding="utf-8")

    assert verify.main(["--store", str(tmp_path)]) == 1

    assert "lock.json: damaged" in capsys.readouterr().err


def test_a_lock_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "lock.json").mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_lock(tmp_path)


def test_a_store_as_it_was_built_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "tts.mar"
    archive.write_bytes(b"content")
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    entry = Entry(bytes=7, sha256=digest, inputs="", profile="demo", licence="MIT")
    write_entry(tmp_path, "tts", entry)

    assert verify.main(["--store", str(tmp_path)]) == 0
    assert "1 archives" in capsys.readouterr().out


def test_an_interrupted_packaging_ends_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "package", interrupted)

    assert package.main(["--store", str(tmp_path)]) == package.INTERRUPTED
    assert "stopped" in capsys.readouterr().err


def test_a_packaging_that_is_told_to_end_clears_up_as_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[bool] = []

    def told_to_end(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleared.append(True)

    monkeypatch.setattr(package, "package", told_to_end)

    with pytest.raises(SystemExit) as ended:
        package.main(["--store", str(tmp_path)])

    assert (ended.value.code, cleared) == (128 + signal.SIGTERM, [True])


def test_a_run_folder_that_cannot_be_written_to_is_told_in_a_line_by_a_server(
    nowhere: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "tts.mar").touch()
    monkeypatch.setattr(running, "RECORDS", nowhere)

    assert serve.main(["--store", str(tmp_path), "--models", "tts"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("serve: ")
    assert "Not a directory" in said
    assert said.count("\n") == 1
