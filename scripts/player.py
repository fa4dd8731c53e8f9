"""Speech to the speakers, through whichever player the machine has."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from scripts.client import SayError

HEADER_BYTES: Final = 44
"""What a WAV file of the server's has before its samples."""


@dataclass(frozen=True, slots=True)
class Player:
    """A program that plays sound.

    Attributes:
        program: Its name.
        arguments: What makes it play its standard input, 24 kHz mono; or the file named last.
        package: What Debian calls the package that has it; empty for what comes with the system.
        raw: Whether it wants the samples alone, without the header of a WAV file.
        from_file: Whether it plays files alone.
    """

    program: str
    arguments: tuple[str, ...]
    package: str = ""
    raw: bool = False
    from_file: bool = False


PLAYERS: Final = (
    Player("aplay", ("-q", "-t", "raw", "-f", "S16_LE", "-r", "24000", "-c", "1", "-"), "alsa-utils", raw=True),
    Player("paplay", ("--raw", "--format=s16le", "--rate=24000", "--channels=1"), "pulseaudio-utils", raw=True),
    Player("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error", "-i", "-"), "ffmpeg"),
    Player("afplay", (), from_file=True),  # macOS
)  # fmt: skip


class PlayerError(SayError):
    """There is no player, or it failed; the message says what to do."""


def found_player() -> Player:
    """Answer the first player that the machine has.

    Raises:
        PlayerError: If it has none; names some.
    """
    for player in PLAYERS:
        if shutil.which(player.program):
            return player
    known = ", ".join(f"{one.program} ({one.package})" for one in PLAYERS if one.package)
    raise PlayerError(f"no player is installed; install one of {known}, or leave PLAY out")


class Speakers:
    """Takes a WAV file's bytes and has them played; one that fails keeps nobody from going on.

    Args:
        player: Who plays.
        sink: Where the player reads, or where the file for it is written.
    """

    def __init__(self, player: Player, sink: IO[bytes]) -> None:
        self._sink = sink
        self._header_left = HEADER_BYTES if player.raw else 0
        self._gone = False

    def play(self, block: bytes) -> None:
        """Take some more bytes of the file."""
        cut = block[self._header_left :]
        self._header_left = max(0, self._header_left - len(block))
        if self._gone or not cut:
            return
        try:
            self._sink.write(cut)
            self._sink.flush()
        except BrokenPipeError:
            self._gone = True  # why is told by the player's status


@contextmanager
def speakers(player: Player) -> Iterator[Speakers]:
    """Play what the block is given, and wait at its end until all is heard.

    Raises:
        PlayerError: If the player fails; what it says is in the message.
    """
    opened = _played_from_file(player) if player.from_file else _played_from_pipe(player)
    with opened as sink:
        yield Speakers(player, sink)


@contextmanager
def _played_from_pipe(player: Player) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            [player.program, *player.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            yield process.stdin
        except BaseException:
            process.kill()  # nobody wants to hear the rest
            raise
        finally:
            _close(process.stdin)
            status = process.wait()
        told.seek(0)
        _require_played(player, status, told.read())


@contextmanager
def _played_from_file(player: Player) -> Iterator[IO[bytes]]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        yield file
        file.flush()
        command = [player.program, *player.arguments, file.name]
        done = subprocess.run(command, capture_output=True, check=False)
        _require_played(player, done.returncode, done.stderr)


def _close(sink: IO[bytes]) -> None:
    try:
        sink.close()
    except BrokenPipeError:
        return  # the player has gone; its status tells more


def _require_played(player: Player, status: int, told: bytes) -> None:
    if status != 0:
        lines = told.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1] if lines else f"status {status}"
        raise PlayerError(f"{player.program} could not play it ({reason}); leave PLAY out")
