"""Register a voice: check a clip, bring it to the form that models take, put it into config/voices.

make voice                     # list the voices
make voice NAME=anna AUDIO=anna.flac TEXT="What is said in it." LANGUAGE=en
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from f5serve import audio
from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.clips import Clip, packed
from f5serve.errors import ConfigurationError, ServeError
from f5serve.language import canonical
from f5serve.settings import Limits
from f5serve.voice_store import PRIVATE, Card
from scripts.own_voices import (
    OWN_VOICES,
    in_own_words,
    registered_voices,
    write_voice,
)
from scripts.package import CATALOGUE, ROOT
from scripts.sources import VOICES, read_voices

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


class VoiceError(Exception):
    """A voice cannot be registered; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A voice that was written.

    Attributes:
        folder: Where it is.
        language: The language of its clip.
        clip: The clip as it is packaged.
        sent_s: How long the file lasted that was given.
    """

    folder: Path
    language: str
    clip: Clip
    sent_s: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0; 1 after a message on standard error; 2 for options that make no sense.
    """
    options = _options(argv)
    try:
        catalogue = load_catalogue(options.root / CATALOGUE)
        if not options.name and options.audio is None:
            return _list(options.root, catalogue)
        made = register(options.root, catalogue, options)
    except (VoiceError, ConfigurationError, OSError) as error:
        print(f"voice: {error}", file=sys.stderr)
        return 1
    clip = made.clip
    level = 20 * np.log10(audio.speech_level(clip.samples))
    print(
        f"voice: {options.name} is in {made.folder}: {made.language}, {audio.seconds(clip.samples):.2f} s"
        f" (given: {made.sent_s:.2f} s), speech at {level:.0f} dBFS,"
        f" {len(clip.transcript) / clip.spoken_s():.1f} characters a second"
    )
    print("next: make package, and start the server again")
    return 0


def register(root: Path, catalogue: Catalogue, options: argparse.Namespace) -> Registered:
    """Check a clip and write the voice.

    Args:
        root: The repository.
        catalogue: Says which languages there are.
        options: ``name``, ``audio``, ``text``, ``language``, ``licence``, ``source``, ``consent``, ``replace``.

    Raises:
        VoiceError: If the name, the language, the clip or the transcript cannot be used.
        OSError: If nothing can be written.
    """
    _require_name(root, options.name or "", replace=options.replace)
    missing = [name for name in ("audio", "text", "language") if not getattr(options, name)]
    if missing:
        raise VoiceError(
            f"{', '.join(name.upper() for name in missing)} must be given: a clip, what is said in it, its language"
        )
    try:
        language = canonical(options.language, tuple(catalogue.languages()))
    except ServeError as error:
        raise VoiceError(error.detail.replace("auto or ", "")) from error
    try:
        clip, wav = packed(_bytes_of(options.audio), options.text, Limits(), language)
    except ServeError as error:
        raise VoiceError(
            f"{in_own_words(error)} (docs/voices.md tells what makes a good clip)"
        ) from error
    card = Card(
        language=language,
        transcript=clip.transcript,
        licence=options.licence or PRIVATE,
        source=options.source,
        consent=options.consent,
    )
    folder = write_voice(root / OWN_VOICES, options.name, card, wav)
    return Registered(
        folder=folder, language=language, clip=clip, sent_s=_seconds_of(options.audio)
    )


def _require_name(root: Path, name: str, *, replace: bool) -> None:
    if not _NAME.fullmatch(name):
        raise VoiceError(
            f"NAME is {name[:60]!r}; a voice is called by 1 to 64 small letters, digits, '_' and '-'"
        )
    if name in {voice.name for voice in read_voices(root / VOICES).voices}:
        raise VoiceError(f"the demo has a voice {name!r}; take another NAME")
    if (root / OWN_VOICES / name).exists() and not replace:
        raise VoiceError(f"there is a voice {name!r}; take another NAME, or add REPLACE=1")


def _bytes_of(path: Path) -> bytes:
    most = Limits().max_reference_bytes
    try:
        if path.stat().st_size > most:
            raise VoiceError(f"{path} has more than {most:,} bytes; cut it, or send FLAC")
        return path.read_bytes()
    except OSError as error:
        raise VoiceError(f"{path} cannot be read ({error.strerror}); correct AUDIO") from error


def _seconds_of(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def _list(root: Path, catalogue: Catalogue) -> int:
    for voice in registered_voices(root, catalogue).voices:
        print(f"{voice.name:20} {voice.language:3} {voice.licence:20} {voice.transcript}")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="voice", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="what requests will call it; without it: list all")
    parser.add_argument("--audio", type=Path, help="a clip of 1 to 12 s: WAV, FLAC, OGG or MP3")
    parser.add_argument("--text", help="what is said in it, to the letter")
    parser.add_argument("--language", help="a tag such as fr or zh-TW")
    parser.add_argument("--licence", help=f"SPDX name; default: {PRIVATE}")
    parser.add_argument("--source", default="", help="where the clip is from")
    parser.add_argument("--consent", default="", help="who allowed what; goes into no archive")
    parser.add_argument("--replace", action="store_true", help="take the place of one's own voice")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
