"""A text taken while it is spoken: the file, the speakers, and what a terminal shows meanwhile."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from f5serve import audio, encoding
from scripts import say
from scripts.client import Client, SayError
from scripts.player import PLAYERS, Player, PlayerError, found_player, speakers
from scripts.say_stream import Progress, receive, seconds_of
from tests.unit.routing_support import Scripted, fake_model, problem
from tests.unit.scripts.say_support import HEAD, says, wire
from tests.unit.test_audio import tone

FACTS = {
    "X-Language": "fr", "X-Language-Source": "detected", "X-Language-Confidence": "0.910", "X-Model": "f5_fr",
    "X-Voice": "anna", "X-Seed": "7",
}  # fmt: skip
Install = Callable[[str, str], Path]


def streamed(response_format: str = "wav") -> bytes:
    """What the server sends of two seconds: the header of a WAV stream does not know its length."""
    encoder = encoding.encoder(response_format)
    return encoder.encode(tone(2.0)) + encoder.finish()


def answers(response_format: str = "wav") -> Callable[[object], Scripted]:
    return lambda _: (200, FACTS, streamed(response_format))


def address(url: str) -> str:
    return url.removesuffix("/predictions/f5_fr")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program into a PATH that has no other; ``$heard`` is where it may write."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("heard", str(tmp_path / "heard"))

    def install(name: str, script: str) -> Path:
        program = folder / name
        program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return tmp_path / "heard"

    return install


def test_a_stream_becomes_a_file_that_knows_its_length(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "a.wav"

    with fake_model(answers()) as server:
        status = say.main(["a", "--stream", "--url", address(server.url), "--out", str(out)])

    assert status == 0
    assert server.requests == [{"text": "a", "response_format": "wav", "stream": True}]
    assert out.stat().st_size == 44 + 2 * 48_000
    assert out.read_bytes()[4:8] == (out.stat().st_size - 8).to_bytes(4, "little")
    assert soundfile.info(out).frames == 48_000
    told = capsys.readouterr()
    assert f"{out}: 2.000 s, language fr (detected" in told.out
    assert "first audio after" in told.out
    assert told.err == ""


@pytest.mark.parametrize(
    ("name", "wanted"), [("a.mp3", "mp3"), ("a.opus", "opus"), ("a.pcm", "pcm")]
)
def test_other_formats_stay_as_they_came(tmp_path: Path, name: str, wanted: str) -> None:
    out = tmp_path / name

    with fake_model(answers(wanted)) as server:
        say.main(["a", "--stream", "--url", address(server.url), "--out", str(out)])

    assert out.read_bytes()[:4] == streamed(wanted)[:4]
    assert server.requests[0]["response_format"] == wanted


def test_a_stream_that_breaks_off_leaves_the_former_file_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.wav"
    out.write_bytes(b"former")

    with wire(says(HEAD, "4\r\nRIFF\r\n")) as url:
        status = say.main(["a", "--stream", "--url", url, "--out", str(out)])

    assert status == 1
    assert "broke off" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert out.read_bytes() == b"former"


def test_a_refusal_is_told_with_code_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_model(lambda _: problem(422, "no_speakable_text")) as server:
        status = say.main(
            ["!", "--stream", "--url", address(server.url), "--out", str(tmp_path / "a.wav")]
        )

    assert status == 1
    assert "422 no_speakable_text: because of" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["a", "--stream", "--out", "a.flac"],
        ["a", "--play", "--out", "a.mp3"],
        ["a", "--stream", "--segments"],
        ["--file", "a.txt", "--play"],
    ],
)
def test_what_cannot_be_streamed_is_refused_before_anything_is_asked(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        say.main(arguments)

    assert ended.value.code == 2


@pytest.mark.parametrize(
    "player", [one for one in PLAYERS if not one.from_file], ids=lambda one: one.program
)
def test_a_player_gets_what_it_can_read(install: Install, tmp_path: Path, player: Player) -> None:
    heard = install(player.program, 'echo "$@" > "$heard.arguments"; cat > "$heard"')

    with fake_model(answers()) as server:
        receive(
            Client(address(server.url)),
            {"text": "a", "response_format": "wav"},
            tmp_path / "a.wav",
            player=found_player(),
        )

    samples = audio.to_pcm16(tone(2.0))
    assert heard.read_bytes() == (samples if player.raw else streamed())
    assert heard.with_suffix(".arguments").read_text().split() == list(player.arguments)


def test_a_player_of_files_gets_the_whole_file(install: Install) -> None:
    heard = install("afplay", 'cat "$1" > "$heard"')

    with speakers(found_player()) as out:
        for place in range(0, len(streamed()), 1000):
            out.play(streamed()[place : place + 1000])

    assert heard.read_bytes() == streamed()


def test_without_a_player_the_remedy_is_told_before_anything_is_asked(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_model(answers()) as server:
        status = say.main(["a", "--play", "--url", address(server.url)])

    assert (status, server.requests) == (1, [])
    assert "install one of aplay (alsa-utils)" in capsys.readouterr().err


def test_a_player_that_fails_is_told_and_the_file_is_kept(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("aplay", 'echo "audio open error: No such device" >&2; exit 1')
    out = tmp_path / "a.wav"

    with fake_model(answers()) as server:
        status = say.main(
            ["a", "--stream", "--play", "--url", address(server.url), "--out", str(out)]
        )

    assert status == 1
    assert "aplay could not play it (audio open error: No such device)" in capsys.readouterr().err
    assert soundfile.info(out).frames == 48_000


def test_a_player_is_stopped_when_the_stream_breaks_off(install: Install) -> None:
    heard = install("aplay", 'cat > /dev/null; echo "to the end" > "$heard"')

    def break_off() -> None:
        with speakers(found_player()) as out:
            out.play(b"\0" * 100)
            raise SayError("enough")

    with pytest.raises(SayError, match="enough"):
        break_off()

    assert not heard.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_much_has_come_and_is_left_clean() -> None:
    terminal = Terminal()
    progress = Progress("wav", terminal)

    progress.tell(44 + 48_000)
    progress.tell(44 + 120_000)
    progress.end()

    assert "1.0 s of audio received" in terminal.getvalue()
    assert "2.5 s of audio received" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_file_of_logs_is_spared_the_progress() -> None:
    log = io.StringIO()
    progress = Progress("wav", log)

    progress.tell(48_000)
    progress.end()

    assert log.getvalue() == ""


@pytest.mark.parametrize("response_format", ["wav", "mp3", "pcm"])
def test_the_bytes_of_a_format_tell_how_long_it_lasts(response_format: str) -> None:
    seconds = seconds_of(response_format, len(streamed(response_format)))

    assert seconds == pytest.approx(2.0, abs=0.15)


def test_the_bytes_of_opus_tell_nothing() -> None:
    terminal = Terminal()

    Progress("opus", terminal).tell(7_400)

    assert seconds_of("opus", 7_400) is None
    assert "7 kB of audio received" in terminal.getvalue()


def test_a_file_gets_the_rights_that_files_get_here(tmp_path: Path) -> None:
    (tmp_path / "other").touch()

    with fake_model(answers()) as server:
        say.main(["a", "--stream", "--url", address(server.url), "--out", str(tmp_path / "a.wav")])

    modes = {(tmp_path / name).stat().st_mode for name in ("other", "a.wav")}
    assert len(modes) == 1


def test_a_player_error_is_an_error_of_saying() -> None:
    assert issubclass(PlayerError, SayError)
