"""Say a text, or a file line by line: send it to a running server, write the audio, tell what was done."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts import say_lines
from scripts.client import Client, SayError, say
from scripts.player import found_player
from scripts.say_stream import receive, require_writable, whole_file

DEFAULT_URL: Final = "http://127.0.0.1:8080"
DEFAULT_OUT: Final = Path("out/say.wav")
DEFAULT_PARALLEL: Final = 2
FORMAT_OF: Final = {
    ".flac": "flac", ".mp3": "mp3", ".ogg": "opus", ".opus": "opus", ".pcm": "pcm", ".wav": "wav",
}  # fmt: skip
STREAMED: Final = (
    "mp3",
    "opus",
    "pcm",
    "wav",
)  # a FLAC file cannot be begun before its end is known
CATALOGUE: Final = Path(__file__).resolve().parent.parent / "config" / "catalogue.yaml"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    options = _options(argv)
    fields = {
        name: value
        for name in ("language", "voice", "speakers", "steps", "speed", "seed", "loudness")
        if (value := getattr(options, name)) not in (None, "")
    }
    if options.trim:
        fields["trim_silence"] = True
    if options.file is None:
        out = options.out or DEFAULT_OUT
        try:
            require_writable(out)
            return (_stream_one if options.stream else _say_one)(options, fields, out)
        except SayError as error:
            print(f"say: {error}", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"say: {out}: {error.strerror or error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return say_lines.INTERRUPTED
    return say_lines.run(
        say_lines.Job(
            file=options.file,
            folder=options.out or DEFAULT_OUT.parent / options.file.stem,
            url=options.url,
            options=fields,
            parallel=options.parallel,
        )
    )


def _say_one(options: argparse.Namespace, fields: Mapping[str, object], out: Path) -> int:
    response_format = "json" if options.segments else FORMAT_OF[out.suffix.lower()]
    asked = {"text": options.text, **fields, "response_format": response_format}
    said = say(options.url, asked)
    audio, segments = _opened(said.audio) if options.segments else (said.audio, [])
    with whole_file(out) as file:
        file.write(audio)
    told = said.headers
    print(f"{out}: {told['X-Audio-Seconds']} s, {_facts(told)}, {said.elapsed_s:.2f} s")
    for segment in segments:
        print(segment)
    return 0


def _stream_one(options: argparse.Namespace, fields: Mapping[str, object], out: Path) -> int:
    player = found_player() if options.play else None
    response_format = FORMAT_OF[out.suffix.lower()]
    asked = {"text": options.text, **fields, "response_format": response_format}
    got = receive(Client(options.url), asked, out, player=player)
    lasts = "" if got.seconds is None else f"{got.seconds:.3f} s, "
    print(
        f"{out}: {lasts}{_facts(got.headers)}, first audio after {got.first_s:.2f} s,"
        f" all after {got.elapsed_s:.2f} s"
    )
    return 0


def _facts(told: Mapping[str, str]) -> str:
    """What the headers of an answer tell about the speech."""
    reached = told.get("X-Loudness")
    return (
        f"language {told['X-Language']}"
        f" ({told['X-Language-Source']}, confidence {told['X-Language-Confidence']}),"
        f" model {told['X-Model']}, voice {told['X-Voice']}, seed {told['X-Seed']}"
        f"{f', {reached} LUFS' if reached else ''}"
    )


def _opened(body: bytes) -> tuple[bytes, list[str]]:
    """The audio of a JSON answer, and a line for each of its segments."""
    document = json.loads(body)
    lines = [
        f"  {segment['start_s']:.2f}-{segment['end_s']:.2f}  {segment['language']}"
        f"  {segment['model']}  {segment['voice']}  {' '.join(segment['text'].split())}"
        for segment in document["segments"]
    ]
    return base64.b64decode(document["audio"]), lines


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="say", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", help="what to say, in any of the nine languages")
    what.add_argument("--file", type=Path, help="speak each line of this file (UTF-8)")
    parser.add_argument("--language", help="a tag such as fr or zh-TW; default: detected")
    parser.add_argument("--voice", help="a registered voice; default: the language's own")
    parser.add_argument(
        "--speakers",
        type=speakers_in,
        help="who stands in brackets in the text, and in which voice: Anna=plain_fr, Marc=f2_fr",
    )
    parser.add_argument("--steps", type=int, help="sampling steps; default: 16")
    parser.add_argument("--speed", type=float, help="0.5 to 2; default: 1")
    parser.add_argument("--seed", type=int, help="the same seed gives the same audio")
    parser.add_argument("--trim", action="store_true", help="cut silence at both ends to 50 ms")
    parser.add_argument("--loudness", type=float, help="LUFS, -40 to -10; default: as spoken")
    parser.add_argument(
        "--segments", action="store_true", help="tell which stretch is in which language"
    )
    parser.add_argument("--stream", action="store_true", help="take the audio while it is spoken")
    parser.add_argument(
        "--play", action="store_true", help="hear it while it is spoken (needs a player, and WAV)"
    )
    parser.add_argument(
        "--parallel",
        type=int,
        default=DEFAULT_PARALLEL,
        help="with --file: lines in flight at once; default: %(default)s",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help=f"its ending names the format ({' '.join(FORMAT_OF)}); default: {DEFAULT_OUT};"
        f" with --file the folder {DEFAULT_OUT.parent}/<name of the file>",
    )
    parser.add_argument("--url", default=DEFAULT_URL, help="default: %(default)s")
    options = parser.parse_args(argv)
    options.stream = options.stream or options.play
    if options.file is not None and options.segments:
        parser.error("--segments is for one text; the manifest tells the language of each line")
    if options.stream and (options.file is not None or options.segments):
        parser.error("--stream and --play are for one text without --segments")
    if options.file is None and options.out is not None:
        allowed = _endings(options)
        if options.out.suffix.lower() not in allowed:
            parser.error(f"--out must end in one of {' '.join(allowed)}, not {str(options.out)!r}")
    if options.parallel != DEFAULT_PARALLEL:
        _check_parallel(parser, options.parallel)
    return options


def speakers_in(text: str) -> dict[str, str]:
    """Read names and voices, as ``Anna=plain_fr, Marc=f2_fr``.

    Raises:
        argparse.ArgumentTypeError: If a name or a voice is missing, or a name stands twice.
    """
    speakers: dict[str, str] = {}
    for pair in text.split(","):
        name, _, voice = (part.strip() for part in pair.partition("="))
        if not name or not voice:
            raise argparse.ArgumentTypeError(
                f"{pair.strip()!r} is no speaker; write the name, =, and a registered voice, such as Anna=plain_fr"
            )
        if name in speakers:
            raise argparse.ArgumentTypeError(f"{name!r} has two voices; give one")
        speakers[name] = voice
    return speakers


def _check_parallel(parser: argparse.ArgumentParser, parallel: int) -> None:
    """Refuse more lines at once than the router has workers: they would only be refused there."""
    try:
        most = load_catalogue(CATALOGUE).router.workers
    except ConfigurationError as error:
        parser.error(str(error))
    if not 1 <= parallel <= most:
        parser.error(f"--parallel must be 1 to {most}, not {parallel}")


def _endings(options: argparse.Namespace) -> list[str]:
    """The endings of the formats in which what is asked for can come."""
    if options.segments or options.play:
        return [".wav"]
    return [one for one, name in FORMAT_OF.items() if not options.stream or name in STREAMED]


if __name__ == "__main__":
    sys.exit(main())
