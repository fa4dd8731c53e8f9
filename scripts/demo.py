"""The demo: package, serve, speak one sentence a language through the router, stop.

Writes ``out/<language>.wav`` and a picture of each, prints a table, and fails unless every sentence
came back as speech in the language it was written in.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import yaml

from f5serve.errors import ConfigurationError
from scripts.client import Said, SayError, say
from scripts.package import main as package
from scripts.picture import draw_spectrogram
from scripts.record import write_record
from scripts.server import TorchServe
from scripts.signals import leaving
from scripts.store import require_profile

STORE: Final = Path("model_store")
SENTENCES: Final = Path("config/sentences.yaml")
RATE_HZ: Final = 24_000
SECONDS_ALLOWED: Final = (1.0, 20.0)
QUIETEST_DBFS: Final = -45.0
SEED: Final = 7
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the table.

    Attributes:
        language: What the sentence is written in.
        detected: What the router found.
        confidence: How sure it was, 0 to 1.
        model: The model that spoke.
        voice: The voice it spoke in.
        seconds: Duration of the speech.
        dbfs: Level, RMS below full scale.
        rtf: Real-time factor: seconds of waiting for a second of speech.
        file: Where the speech is.
        problems: What is wrong with it; empty if nothing.
    """

    language: str
    detected: str
    confidence: float
    model: str
    voice: str
    seconds: float
    dbfs: float
    rtf: float
    file: str
    problems: tuple[str, ...]


def measure(language: str, said: Said, folder: Path) -> Line:
    """Write one answer to disk, listen to it with numbers, and draw it."""
    path = folder / f"{language}.wav"
    path.write_bytes(said.audio)
    samples, rate_hz = soundfile.read(io.BytesIO(said.audio), dtype="float32")
    draw_spectrogram(
        samples, rate_hz, f"{language}: {said.headers['X-Model']}", path.with_suffix(".png")
    )
    seconds = len(samples) / rate_hz
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    dbfs = 10 * math.log10(max(power, 1e-12))
    detected = said.headers["X-Language"]
    checks = {
        f"detected as {detected}": detected == language,
        f"rate is {rate_hz} Hz": rate_hz == RATE_HZ,
        "not mono": samples.ndim == 1,
        "not finite": bool(np.isfinite(samples).all()),
        f"lasts {seconds:.1f} s": SECONDS_ALLOWED[0] <= seconds <= SECONDS_ALLOWED[1],
        f"silent ({dbfs:.0f} dBFS)": dbfs > QUIETEST_DBFS,
    }
    return Line(
        language=language,
        detected=detected,
        confidence=float(said.headers["X-Language-Confidence"]),
        model=said.headers["X-Model"],
        voice=said.headers["X-Voice"],
        seconds=seconds,
        dbfs=dbfs,
        rtf=said.elapsed_s / seconds if seconds else math.inf,
        file=str(path),
        problems=tuple(problem for problem, fine in checks.items() if not fine),
    )


def table(lines: Sequence[Line]) -> str:
    """Lay the rows out for a terminal."""
    rows = [("language", "detected", "model", "voice", "seconds", "dBFS", "RTF", "file")]
    rows += [
        (
            line.language, f"{line.detected} {line.confidence:.2f}", line.model, line.voice,
            f"{line.seconds:.2f}", f"{line.dbfs:.1f}", f"{line.rtf:.2f}", line.file,
        )
        for line in lines
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def speak_all(url: str, sentences: Mapping[str, str], folder: Path) -> list[Line]:
    """Speak every sentence, its language left to the router.

    Raises:
        SayError: If the server refuses one.
    """
    lines = []
    for language, text in sentences.items():
        lines.append(measure(language, say(url, {"text": text, "seed": SEED}), folder))
        print(f"  {language}: {lines[-1].seconds:.2f} s of speech", flush=True)
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 if every sentence came back as it should; 1 after a message on standard error; 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="default: %(default)s")
    parser.add_argument("--record", type=Path, help="also write the table, and where it was made")
    parser.add_argument("--port", type=int, default=8080, help="default: %(default)s")
    options = parser.parse_args(argv)
    try:
        with leaving():  # the server must not outlive the demo
            return run(options.port, options.out, options.record)
    except (ConfigurationError, SayError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return INTERRUPTED


def run(port: int, out: Path, record: Path | None) -> int:
    """Package, serve, speak and stop.

    Args:
        port: Where to serve.
        out: Where to put what is spoken.
        record: Where to write the table; None for nowhere.

    Returns:
        The exit status.

    Raises:
        ConfigurationError: If the store holds another profile, or the server does not start.
        SayError: If it refuses a sentence.
        OSError: If something cannot be written.
    """
    require_profile(STORE, "demo")
    status = package(["--profile", "demo"])
    if status:
        return status
    sentences: dict[str, str] = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    with TorchServe.for_store(STORE, port=port, tell=print) as server:
        lines = speak_all(server.inference_url, sentences, out)
    print(f"\n{table(lines)}\n")
    if record is not None:
        write_record(record, {"lines": [asdict(line) for line in lines]})
    wrong = [f"{line.language}: {', '.join(line.problems)}" for line in lines if line.problems]
    for problem in wrong:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
