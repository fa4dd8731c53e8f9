"""How often is good speech spoken twice? Speaks known sentences once and looks at every piece as the guard does.

``make guard-bench`` takes nine languages, 20 held-out sentences each and the demo's. Some of them, where the others'
rows stay as recorded::

    PYTHONPATH=handlers:. .venv/bin/python -m scripts.guard_bench --languages fr fi
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import torch
import yaml

from f5serve import audio, guard
from f5serve.clips import read_clip
from f5serve.errors import ServeError
from f5serve.settings import GuardSettings
from scripts.hearing.speaking import Narrator, model_of, narrator
from scripts.package import ROOT
from scripts.record import write_record
from scripts.training.sentences import natural_sentences

RECORD: Final = Path("loadtests/results/guard.json")
DEMO: Final = ROOT / "config" / "sentences.yaml"
LANGUAGES: Final = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
SENTENCES: Final = 20

Row = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="guard_bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--languages", nargs="*", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--record", type=Path, default=RECORD, help="default: %(default)s")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        for language in options.languages:
            row = measured(language)
            print(f"guard: {language} {json.dumps(row)}", flush=True)
            # Read anew: others may have measured other languages meanwhile.
            rows = {**recorded_rows(options.record), language: row}
            write_record(options.record, result(rows))
    except ServeError as error:
        print(f"guard: {error}", file=sys.stderr)
        return 1
    return 0


def recorded_rows(record: Path) -> dict[str, Row]:
    """Answer the rows of a record that was made with today's bounds; none if there is none."""
    if not record.is_file():
        return {}
    document = json.loads(record.read_text(encoding="utf-8"))
    if document["bounds"] != msgspec.to_builtins(GuardSettings()):
        return {}
    rows: dict[str, Row] = document["languages"]
    return rows


def result(rows: dict[str, Row]) -> dict[str, object]:
    """Answer the record of some languages."""
    return {
        "bounds": msgspec.to_builtins(GuardSettings()),
        "pieces": sum(row["pieces"] for row in rows.values()),
        "spoken_twice": sum(sum(row["spoken_twice"].values()) for row in rows.values()),
        "languages": dict(sorted(rows.items())),
    }


def measured(language: str) -> Row:
    """Speak a language's sentences in its default voice; answer what is found.

    Raises:
        ServeError: If the demo's checkpoint or voice cannot be used, or a sentence is refused.
    """
    texts = natural_sentences(language)[1:]  # the first is the reference's
    chosen = texts[:: max(1, len(texts) // SENTENCES)][:SENTENCES]
    demo = yaml.safe_load(DEMO.read_text(encoding="utf-8"))[language]
    with narrator(ROOT, model_of(ROOT, language)) as speaker:
        return row_of(speaker, language, [*chosen, demo])


def row_of(speaker: Narrator, language: str, texts: Sequence[str]) -> Row:
    """Answer the extremes of all pieces, and how many would be spoken twice, by reason."""
    voice = speaker.voices(language)[0]
    clip = read_clip(speaker.clip_bytes(voice), voice.transcript, speaker.settings.limits)
    level = audio.speech_level(clip.samples)
    reasons: Counter[str] = Counter()
    found: list[guard.Measures] = []
    for text in texts:
        for spoken in speaker.speak_pieces(text, voice):
            if isinstance(spoken, ServeError):
                raise spoken
            found.append(guard.measure(spoken.samples, reference_level=level, speed=1.0))
            fault = guard.fault_of(found[-1], speaker.settings.guard)
            reasons.update([fault.reason] if fault else [])
    return {
        "model": speaker.model,
        "checkpoint": speaker.digest,
        "texts": len(texts),
        "pieces": len(found),
        "spoken_twice": dict(reasons),
        "least_level_db": round(min(one.level_db for one in found), 1),
        "least_spoken_share": round(min(one.spoken_share for one in found), 2),
        "longest_pause_s": round(max(one.pause_s for one in found), 2),
        "most_clipped_share": round(max(one.clipped_share for one in found), 4),
    }


if __name__ == "__main__":
    sys.exit(main())
