"""Say a text, or a file line by line: send it to a running server, write the audio, tell what was done."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts import say_lines
from scripts.client import SayError, say

DEFAULT_URL: Final = "http://127.0.0.1:8080"
DEFAULT_OUT: Final = Path("out/say.wav")
DEFAULT_PARALLEL: Final = 2
FORMAT_OF: Final = {
    ".flac": "flac", ".mp3": "mp3", ".ogg": "opus", ".opus": "opus", ".pcm": "pcm", ".wav": "wav",
}  # fmt: skip
MAX_PARALLEL: Final = 16  # workers of the router on a laptop; more would only be refused


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    options = _options(argv)
    fields = {
        name: value
        for name in ("language", "voice", "steps", "speed", "seed", "loudness")
        if (value := getattr(options, name)) not in {None, ""}
    }
    if options.trim:
        fields["trim_silence"] = True
    if options.file is None:
        return _say_one(options, fields)
    return say_lines.run(
        say_lines.Job(
            file=options.file,
            folder=options.out or DEFAULT_OUT.parent / options.file.stem,
            url=options.url,
            options=fields,
            parallel=options.parallel,
        )
    )


def _say_one(options: argparse.Namespace, fields: Mapping[str, object]) -> int:
    out = options.out or DEFAULT_OUT
    response_format = "json" if options.segments else FORMAT_OF[out.suffix.lower()]
    asked = {"text": options.text, **fields, "response_format": response_format}
    try:
        said = say(options.url, asked)
    except SayError as error:
        print(f"say: {error}", file=sys.stderr)
        return 1
    audio, segments = _opened(said.audio) if options.segments else (said.audio, [])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(audio)
    told = said.headers
    print(
        f"{out}: {told['X-Audio-Seconds']} s, language {told['X-Language']}"
        f" ({told['X-Language-Source']}, confidence {told['X-Language-Confidence']}),"
        f" model {told['X-Model']}, voice {told['X-Voice']}, seed {told['X-Seed']},"
        f" {said.elapsed_s:.2f} s{f', {reached} LUFS' if (reached := told.get('X-Loudness')) else ''}"
    )
    for segment in segments:
        print(segment)
    return 0


def _opened(body: bytes) -> tuple[bytes, list[str]]:
    """The audio of a JSON answer, and a line for each of its segments."""
    document = json.loads(body)
    lines = [
        f"  {segment['start_s']:.2f}-{segment['end_s']:.2f}  {segment['language']}"
        f"  {segment['model']}  {' '.join(segment['text'].split())}"
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
    parser.add_argument("--steps", type=int, help="sampling steps; default: 16")
    parser.add_argument("--speed", type=float, help="0.5 to 2; default: 1")
    parser.add_argument("--seed", type=int, help="the same seed gives the same audio")
    parser.add_argument("--trim", action="store_true", help="cut silence at both ends to 50 ms")
    parser.add_argument("--loudness", type=float, help="LUFS, -40 to -10; default: as spoken")
    parser.add_argument(
        "--segments", action="store_true", help="tell which stretch is in which language"
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
    if options.file is not None and options.segments:
        parser.error("--segments is for one text; the manifest tells the language of each line")
    if options.file is None and options.out is not None:
        allowed = {".wav"} if options.segments else FORMAT_OF.keys()
        if options.out.suffix.lower() not in allowed:
            parser.error(f"--out must end in one of {' '.join(allowed)}, not {str(options.out)!r}")
    if not 1 <= options.parallel <= MAX_PARALLEL:
        parser.error(f"--parallel must be 1 to {MAX_PARALLEL}, not {options.parallel}")
    return options


if __name__ == "__main__":
    sys.exit(main())
