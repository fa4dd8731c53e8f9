"""A file spoken line by line: what lies in the folder, what is spoken again, what stops a run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts import say
from scripts.say_lines import duration
from scripts.say_manifest import MANIFEST, FolderTakenError, open_manifest
from scripts.setup import ROOT
from tests.unit.routing_support import FakeModel, Scripted, fake_model, problem


def spoken(request: dict[str, Any]) -> Scripted:
    told = {
        "X-Audio-Seconds": "1.500", "X-Language": "fr", "X-Language-Source": "detected",
        "X-Language-Confidence": "0.910", "X-Model": "f5_fr", "X-Voice": "anna",
        "X-Seed": str(request.get("seed", 7)),
    }  # fmt: skip
    return 200, told, f"RIFF {request['text']}".encode()


class Place:
    """A file of lines, the folder it is spoken into, and the command."""

    def __init__(self, root: Path) -> None:
        self.file = root / "lines.txt"
        self.folder = root / "spoken"

    def write(self, *lines: str) -> None:
        self.file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def arguments(self, server: FakeModel, *more: str) -> list[str]:
        url = server.url.removesuffix("/predictions/f5_fr")
        return ["--file", str(self.file), "--out", str(self.folder), "--url", url, *more]

    def say(self, server: FakeModel, *more: str) -> int:
        return say.main(self.arguments(server, *more))

    def entries(self) -> list[dict[str, Any]]:
        with (self.folder / MANIFEST).open(encoding="utf-8") as rows:
            return [json.loads(row) for row in rows]

    def sound(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@contextmanager
def server(
    answer: Callable[[dict[str, Any]], Scripted | None] = spoken,
) -> Iterator[FakeModel]:
    with fake_model(answer) as model:
        yield model


def texts(model: FakeModel) -> list[str]:
    return [request["text"] for request in model.requests]


def test_each_line_becomes_a_file_named_after_its_number(place: Place) -> None:
    place.write("Un.", "", "   ", "Deux.")

    with server() as model:
        status = place.say(model)

    assert status == 0
    assert sorted(path.name for path in place.folder.iterdir()) == [
        "0001.wav", "0004.wav", MANIFEST,
    ]  # fmt: skip
    assert place.sound("0004.wav") == "RIFF Deux."


def test_the_manifest_tells_of_each_file(place: Place) -> None:
    place.write("Un.")

    with server() as model:
        place.say(model, "--seed", "5", "--voice", "anna")

    (entry,) = place.entries()
    assert entry.pop("elapsed") >= 0
    assert len(entry.pop("text_sha256")) == len(entry.pop("audio_sha256")) == 64
    assert entry == {
        "line": 1, "text": "Un.", "file": "0001.wav", "options": {"voice": "anna", "seed": 5},
        "language": "fr", "source": "detected", "confidence": 0.91, "model": "f5_fr",
        "voice": "anna", "seed": 5, "seconds": 1.5,
    }  # fmt: skip


def test_the_options_of_one_text_hold_for_every_line(place: Place) -> None:
    place.write("Un.", "Deux.")
    options = {"language": "fr", "voice": "anna", "seed": 5, "steps": 7, "speed": 1.5}

    with server() as model:
        place.say(model, *(f"--{name}={value}" for name, value in options.items()))

    assert sorted(model.requests, key=lambda request: str(request["text"])) == [
        {**options, "text": "Deux."}, {**options, "text": "Un."},
    ]  # fmt: skip


def test_progress_and_a_summary_are_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write("Un.", "Deux.")

    with server() as model:
        place.say(model, "--parallel", "1")

    first, second, summary, where = capsys.readouterr().out.splitlines()
    assert first.startswith("1/2  0001.wav  fr    1.50 s  about ")
    assert second == "2/2  0002.wav  fr    1.50 s"
    assert summary.startswith(
        "2 lines: 2 spoken, 0 skipped as done, 0 failed; 3.0 s of speech in 0."
    )
    assert "real-time factor 0." in summary
    assert str(place.folder) in where


def test_what_is_done_is_not_spoken_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write("Un.", "Deux.")
    with server() as model:
        place.say(model)

    with server() as model:
        status = place.say(model)

    assert (status, model.requests) == (0, [])
    assert "0 spoken, 2 skipped as done" in capsys.readouterr().out


def test_a_changed_line_is_spoken_again_and_only_that_one(place: Place) -> None:
    place.write("Un.", "Deux.", "Trois.")
    with server() as model:
        place.say(model)
    place.write("Un.", "Deux fois.", "Trois.")

    with server() as model:
        place.say(model)

    assert texts(model) == ["Deux fois."]
    assert place.sound("0002.wav") == "RIFF Deux fois."
    assert [entry["text"] for entry in place.entries()] == ["Un.", "Deux fois.", "Trois."]


@pytest.mark.parametrize("option", [("--speed", "1.5"), ("--voice", "leo"), ("--seed", "8")])
def test_other_options_are_another_request(place: Place, option: tuple[str, str]) -> None:
    place.write("Un.")
    with server() as model:
        place.say(model, "--seed", "7")

    with server() as model:
        place.say(model, "--seed", "7", *option)

    assert texts(model) == ["Un."]


@pytest.mark.parametrize("rest", [b"", b"RIFF", b"RIFF U\0."], ids=["empty", "cut", "same size"])
def test_a_file_that_is_not_what_was_written_is_spoken_again(place: Place, rest: bytes) -> None:
    place.write("Un.", "Deux.")
    with server() as model:
        place.say(model)
    (place.folder / "0001.wav").write_bytes(rest)

    with server() as model:
        place.say(model)

    assert texts(model) == ["Un."]
    assert place.sound("0001.wav") == "RIFF Un."


def test_a_missing_file_is_spoken_again(place: Place) -> None:
    place.write("Un.")
    with server() as model:
        place.say(model)
    (place.folder / "0001.wav").unlink()

    with server() as model:
        place.say(model)

    assert place.sound("0001.wav") == "RIFF Un."


def test_a_file_without_an_entry_is_not_taken_for_done(place: Place) -> None:
    # Killed after the file had its name and before the manifest had its entry.
    place.write("Un.")
    place.folder.mkdir()
    (place.folder / "0001.wav").write_bytes(b"RIFF other")

    with server() as model:
        place.say(model)

    assert place.sound("0001.wav") == "RIFF Un."


@pytest.mark.parametrize("torn", [b'{"line": 2, "text', b"\xff\xfe\n", b"[]\n", b'{"line": 2}\n'])
def test_a_torn_manifest_loses_the_torn_line_only(place: Place, torn: bytes) -> None:
    place.write("Un.", "Deux.")
    with server() as model:
        place.say(model)
    manifest = place.folder / MANIFEST
    first, _ = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(first + torn)

    with server() as model:
        place.say(model)

    assert texts(model) == ["Deux."]
    assert [entry["line"] for entry in place.entries()] == [1, 2]


def test_a_killed_run_goes_on_with_the_line_in_flight(place: Place) -> None:
    place.write("Un.", "Deux.", "Trois.", "Quatre.")
    never = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted | None:
        return spoken(request) if request["text"] != "Trois." or never.wait(60) else None

    with server(answer) as model:
        with started(place.arguments(model, "--parallel", "1")) as run:
            wait_for(lambda: len(model.requests) == 3, run)
            run.kill()
        never.set()
    assert [entry["line"] for entry in place.entries()] == [1, 2]

    with server() as model:
        status = place.say(model)

    assert (status, sorted(texts(model))) == (0, ["Quatre.", "Trois."])
    assert [entry["line"] for entry in place.entries()] == [1, 2, 3, 4]


def test_ctrl_c_ends_at_once_and_tells_how_to_go_on(place: Place) -> None:
    place.write("Un.", "Deux.")
    never = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted | None:
        return spoken(request) if request["text"] == "Un." or never.wait(60) else None

    with server(answer) as model:
        with started(place.arguments(model, "--parallel", "1")) as run:
            wait_for(lambda: len(model.requests) == 2, run)
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=30)
        never.set()

    assert (run.returncode, err) == (130, "")
    assert "1 spoken" in out
    assert "the same command goes on from here" in out


def test_a_refused_line_is_told_and_the_others_are_spoken(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("Un.", "!!!", "Trois.")

    def answer(request: dict[str, Any]) -> Scripted:
        return problem(422, "no_speakable_text") if request["text"] == "!!!" else spoken(request)

    with server(answer) as model:
        status = place.say(model)

    told = capsys.readouterr()
    assert status == 1
    assert told.err == "say: line 2: 422 no_speakable_text: because of no_speakable_text\n"
    assert "2 spoken, 0 skipped as done, 1 failed" in told.out
    assert [entry["line"] for entry in place.entries()] == [1, 3]


def test_a_refused_line_is_tried_again_by_the_next_run(place: Place) -> None:
    place.write("Un.", "Deux.")
    with server(
        lambda request: problem(500, "x") if request["text"] == "Un." else spoken(request)
    ) as model:
        place.say(model)

    with server() as model:
        status = place.say(model)

    assert (status, texts(model)) == (0, ["Un."])


def test_an_answer_broken_off_fails_its_line_only(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("Un.", "Deux.")

    with server(lambda request: None if request["text"] == "Un." else spoken(request)) as model:
        status = place.say(model)

    assert status == 1
    assert "line 1: the server broke off" in capsys.readouterr().err
    assert [entry["line"] for entry in place.entries()] == [2]


def test_without_a_server_the_run_stops_with_the_remedy(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write(*(f"Ligne {number}." for number in range(100)))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = FakeModel(spoken, url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        status = place.say(gone)

    told = capsys.readouterr()
    assert status == 1
    assert told.err.count("\n") == 1
    assert "make serve" in told.err
    assert "0 spoken" in told.out


def test_another_program_at_the_address_stops_the_run(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("Un.", "Deux.")

    with server(lambda _: (200, {}, b"<html>")) as model:
        status = place.say(model)

    assert status == 1
    assert "another program" in capsys.readouterr().err
    assert place.entries() == []


def test_no_more_lines_are_in_flight_than_asked_for(place: Place) -> None:
    place.write(*(f"Ligne {number}." for number in range(12)))
    most, now, lock = 0, 0, threading.Lock()

    def answer(request: dict[str, Any]) -> Scripted:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return spoken(request)

    with server(answer) as model:
        place.say(model, "--parallel", "3")

    assert most == 3


def test_the_manifest_is_in_the_order_of_the_text_whatever_came_first(place: Place) -> None:
    place.write("Un.", "Deux.", "Trois.")
    overtaken = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["text"] == "Un.":
            overtaken.wait(30)
        if request["text"] == "Trois.":
            overtaken.set()
        return spoken(request)

    with server(answer) as model:
        place.say(model)

    assert [entry["line"] for entry in place.entries()] == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    ["\ufeffUn.\r\nDeux.\r\n", "Un.\nDeux.", "Un.\rDeux.\r", "\ufeffUn. \n\tDeux.\n\n"],
    ids=["BOM, CRLF", "no end", "CR", "BOM, blanks"],
)
def test_every_way_to_end_a_line_is_understood(place: Place, content: str) -> None:
    place.file.write_bytes(content.encode())

    with server() as model:
        place.say(model, "--parallel", "1")

    assert texts(model) == ["Un.", "Deux."]


def test_a_line_separator_within_a_line_does_not_move_the_numbers(place: Place) -> None:
    place.write("Un\u2028deux.", "Trois.")

    with server() as model:
        place.say(model)

    assert [entry["file"] for entry in place.entries()] == ["0001.wav", "0002.wav"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Un.\nÀ demain.\n".encode("latin-1"), "not UTF-8 (line 2)"),
        ("Un.".encode("utf-16"), "not UTF-8 (line 1)"),
        (b"", "no text"),
        (b"\n \r\n", "no text"),
        (None, "No such file"),
    ],
    ids=["latin-1", "utf-16", "empty", "blank", "missing"],
)
def test_a_file_of_no_use_is_told_in_one_line(
    place: Place, capsys: pytest.CaptureFixture[str], content: bytes | None, reason: str
) -> None:
    if content is not None:
        place.file.write_bytes(content)

    with server() as model:
        status = place.say(model)

    told = capsys.readouterr()
    assert (status, model.requests, told.err.count("\n")) == (2, [], 1)
    assert reason in told.err
    assert not place.folder.exists()


def test_a_folder_that_is_a_file_is_of_no_use(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write("Un.")
    place.folder.write_text("")

    with server() as model:
        status = place.say(model)

    assert status == 2
    assert "no folder" in capsys.readouterr().err


def test_two_runs_never_share_a_folder(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write("Un.")

    with open_manifest(place.folder), server() as model:
        status = place.say(model)

    assert (status, model.requests) == (2, [])
    assert "is being spoken into" in capsys.readouterr().err
    with open_manifest(place.folder), pytest.raises(FolderTakenError), open_manifest(place.folder):
        pass


@pytest.mark.parametrize(
    "arguments",
    [[], ["a", "--file", "b"], ["--file", "b", "--segments"], ["--file", "b", "--parallel", "0"]],
    ids=" ".join,
)
def test_unusable_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        say.main(arguments)

    assert ended.value.code == 2


def test_without_a_folder_one_is_named_after_the_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("Un.")
    monkeypatch.chdir(tmp_path)

    with server() as model:
        url = model.url.removesuffix("/predictions/f5_fr")
        say.main(["--file", str(place.file), "--url", url])

    assert (tmp_path / "out" / "lines" / "0001.wav").is_file()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "0 s"), (89, "89 s"), (91, "2 min"), (5300, "88 min"), (11_100, "3 h 5 min")],
)
def test_an_estimate_is_told_roughly(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@contextmanager
def started(arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, for what can only be done to a process."""
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "scripts.say", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "handlers:."},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_for(happened: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    """Wait until something has happened, a minute at most."""
    deadline = time.monotonic() + 60
    while not happened():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
