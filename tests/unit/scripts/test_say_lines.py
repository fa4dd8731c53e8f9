"""A file spoken line by line: what lies in the folder, and what is spoken again."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from scripts.say_manifest import MANIFEST
from tests.unit.routing_support import Scripted
from tests.unit.scripts.say_support import Place, server, spoken, started, texts, wait_for


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


def test_a_line_is_sent_with_speakers_only_if_it_names_one(place: Place) -> None:
    place.write("[ anna\u200b] Un.", "Deux.")

    with server() as model:
        place.say(model, "--speakers", "Anna=f2_fr,Marc=plain_fr")
        place.say(model, "--speakers", "Anna=f2_fr,Marc=plain_fr")  # all is done

    sent = {str(request["text"]): request.get("speakers") for request in model.requests}
    assert sent == {"[ anna\u200b] Un.": {"Anna": "f2_fr", "Marc": "plain_fr"}, "Deux.": None}
    assert len(model.requests) == 2


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


@pytest.mark.usefixtures("ctrl_c")
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
