"""The command that speaks: what it tells when all is well, and when it is not."""

from __future__ import annotations

import base64
import json
import socket
from itertools import count
from pathlib import Path

import pytest

from scripts import client, say
from tests.unit.routing_support import Scripted, fake_model, problem

TOLD = {
    "X-Audio-Seconds": "1.500", "X-Language": "fr", "X-Language-Source": "detected", "X-Language-Confidence": "0.910",
    "X-Model": "f5_fr", "X-Voice": "anna", "X-Seed": "7",
}  # fmt: skip


def spoken() -> Scripted:
    return 200, TOLD, b"RIFF"


def address(url: str) -> str:
    return url.removesuffix("/predictions/f5_fr")


def test_the_audio_is_written_and_the_answer_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "a.wav"

    with fake_model(lambda _: spoken()) as server:
        status = say.main(
            ["Bonjour", "--seed", "7", "--url", address(server.url), "--out", str(out)]
        )

    assert (status, out.read_bytes()) == (0, b"RIFF")
    assert server.requests == [{"text": "Bonjour", "seed": 7, "response_format": "wav"}]
    assert (
        "1.500 s, language fr (detected, confidence 0.910), model f5_fr" in capsys.readouterr().out
    )


def test_silence_is_cut_and_loudness_set_where_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, body = spoken()
    out = str(tmp_path / "a.wav")

    with fake_model(lambda _: (status, {**told, "X-Loudness": "-16.0"}, body)) as server:
        options = ["--trim", "--loudness", "-16", "--url", address(server.url), "--out", out]
        say.main(["Bonjour", *options])

    asked = {"text": "Bonjour", "response_format": "wav", "trim_silence": True, "loudness": -16.0}
    assert server.requests == [asked]
    assert "-16.0 LUFS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "wanted"), [("a.MP3", "mp3"), ("a.ogg", "opus"), ("a.flac", "flac")]
)
def test_the_ending_of_the_file_names_the_format(tmp_path: Path, name: str, wanted: str) -> None:
    with fake_model(lambda _: spoken()) as server:
        say.main(["Bonjour", "--url", address(server.url), "--out", str(tmp_path / name)])

    assert server.requests[0]["response_format"] == wanted


@pytest.mark.parametrize("how", [[], ["--stream"]], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("name", "told"), [("folder.wav", "Is a directory"), ("file/a.wav", "Not a directory")]
)
def test_where_nothing_can_be_written_nothing_is_spoken(
    how: list[str], name: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file").touch()
    out = tmp_path / name

    with fake_model(lambda _: spoken()) as server:
        status = say.main(["Bonjour", *how, "--url", address(server.url), "--out", str(out)])

    assert (status, server.requests) == (1, [])
    assert capsys.readouterr().err == f"say: {out}: {told}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.wav"]


@pytest.mark.parametrize("arguments", [["--out", "a.txt"], ["--out", "a.mp3", "--segments"]])
def test_an_ending_that_names_no_format_is_refused_with_those_that_do(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        say.main(["Bonjour", *arguments])

    assert ended.value.code == 2
    assert ".wav" in capsys.readouterr().err


def test_the_stretches_of_a_text_are_told_one_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {
        "audio": base64.b64encode(b"RIFF").decode(),
        "segments": [
            {"text": "Bonjour\nà tous.", "language": "fr", "model": "f5_fr", "voice": "a", "start_s": 0, "end_s": 1.25},
            {"text": "Hyvää yötä.", "language": "fi", "model": "f5_fi", "voice": "e", "start_s": 1.254, "end_s": 2},
        ],
    }  # fmt: skip
    out = tmp_path / "a.wav"

    with fake_model(lambda _: (200, TOLD, json.dumps(document).encode())) as server:
        say.main(["a", "--segments", "--url", address(server.url), "--out", str(out)])

    assert server.requests == [{"text": "a", "response_format": "json"}]
    assert out.read_bytes() == b"RIFF"
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  0.00-1.25  fr  f5_fr  a  Bonjour à tous.",
        "  1.25-2.00  fi  f5_fi  e  Hyvää yötä.",
    ]


def test_speakers_are_sent_with_their_voices(tmp_path: Path) -> None:
    out, text = str(tmp_path / "a.wav"), "[Anna] Oui. [Marc] Non."
    speakers = ["--speakers", "Anna=f2_fr, Marc = plain_fr"]

    with fake_model(lambda _: spoken()) as server:
        assert say.main([text, *speakers, "--url", address(server.url), "--out", out]) == 0

    assert server.requests[0]["speakers"] == {"Anna": "f2_fr", "Marc": "plain_fr"}


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        ("Anna", "'Anna' is no speaker"),
        ("Anna=", "such as Anna=plain_fr"),
        ("=f2_fr", "is no speaker"),
        ("Anna=f2_fr,", "'' is no speaker"),
        ("Anna=f2_fr,Anna=plain_fr", "'Anna' has two voices"),
    ],
)
def test_speakers_that_are_none_are_refused_with_what_to_write(
    speakers: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        say.main(["Bonjour", "--speakers", speakers])

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_full_server_is_tried_again_when_it_says_so() -> None:
    tries = count()

    with fake_model(
        lambda _: (503, {"Retry-After": "0"}, b"") if next(tries) == 0 else spoken()
    ) as server:
        said = client.say(address(server.url), {"text": "a"})

    assert (said.audio, len(server.requests)) == (b"RIFF", 2)


@pytest.mark.parametrize("told", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_a_time_to_wait_until_may_be_a_date_or_nonsense(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("scripts.client.time.sleep", waits.append)
    answers = count()

    def answer(_: object) -> Scripted:
        return (503, {"Retry-After": told}, b"") if next(answers) == 0 else spoken()

    with fake_model(answer) as server:
        assert client.say(address(server.url), {"text": "a"}).audio == b"RIFF"

    assert len(waits) == 1
    assert 0.0 <= waits[0] <= 1.25


def test_a_server_that_stays_full_is_given_up() -> None:
    with (
        fake_model(lambda _: (503, {"Retry-After": "0"}, b"")) as server,
        pytest.raises(client.SayError, match="503"),
    ):
        client.say(address(server.url), {"text": "a"})

    assert len(server.requests) == client.MAX_TRIES


def test_the_servers_reason_is_told_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_model(lambda _: problem(422, "no_speakable_text")) as server:
        status = say.main(["!", "--url", address(server.url), "--out", str(tmp_path / "a.wav")])

    assert status == 1
    assert "422 no_speakable_text: because of no_speakable_text" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_server_the_remedy_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        status = say.main(["a", "--url", f"http://127.0.0.1:{unused.getsockname()[1]}"])

    assert status == 1
    assert "make serve" in capsys.readouterr().err


def test_an_address_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = say.main(["a", "--url", "localhost"])

    assert status == 1
    assert "http://127.0.0.1:8080" in capsys.readouterr().err


def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with fake_model(lambda _: spoken()) as server:
        said = client.say(address(server.url), {"text": "a"})

    assert said.audio == b"RIFF"
