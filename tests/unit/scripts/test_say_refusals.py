"""A file spoken line by line: what fails one line, what stops a run, what is of no use."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from f5serve.catalogue import load_catalogue
from scripts import say
from scripts.say_lines import duration
from scripts.say_manifest import FolderTakenError, open_manifest
from tests.unit.routing_support import FakeModel, Scripted, problem
from tests.unit.scripts.say_support import Place, server, spoken, texts


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


def test_more_lines_at_once_than_the_router_has_workers_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    workers = load_catalogue(say.CATALOGUE).router.workers

    with pytest.raises(SystemExit) as ended:
        say.main(["--file", "b", "--parallel", str(workers + 1)])

    assert ended.value.code == 2
    assert f"--parallel must be 1 to {workers}, not {workers + 1}" in capsys.readouterr().err


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
