"""How often the language of a text is found, per kind of text and per language.

Reads JSON lines with ``text``, ``lang`` and ``kind``; ``lang`` lies outside the served languages for
kind ``ood`` (foreign text) and is ``und`` for text in no language. What is measured is the router's own
function in its default configuration: nothing asked for, no voice chosen, falling back to the default.
A row of a served language counts if the language spoken in the end is the right one; a row of another
counts if it was not taken for a served one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from f5serve.language import LanguageDetector, build_detector, resolve

SERVED = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
DEFAULT = "en"
OUT_OF_DOMAIN = "ood"
MIN_TIMED_S = 0.5


class Row(msgspec.Struct, frozen=True):
    """One labelled text."""

    text: str
    lang: str
    kind: str


class Tally:
    """Right answers and rows, per kind and language."""

    def __init__(self) -> None:
        self.right: dict[tuple[str, str], int] = defaultdict(int)
        self.rows: dict[tuple[str, str], int] = defaultdict(int)

    def add(self, row: Row, *, right: bool) -> None:
        """Count one row."""
        self.right[row.kind, row.lang] += right
        self.rows[row.kind, row.lang] += 1

    def kinds(self) -> list[str]:
        """The kinds met, most rows first."""
        sizes: dict[str, int] = defaultdict(int)
        for (kind, _), rows in self.rows.items():
            sizes[kind] += rows
        return sorted(sizes, key=lambda kind: (-sizes[kind], kind))

    def percent(self, kind: str, languages: Iterable[str] | None = None) -> float | None:
        """Right answers in percent, ``None`` without rows."""
        wanted = None if languages is None else set(languages)
        keys = [key for key in self.rows if key[0] == kind and (wanted is None or key[1] in wanted)]
        rows = sum(self.rows[key] for key in keys)
        return 100.0 * sum(self.right[key] for key in keys) / rows if rows else None


def is_right(row: Row, detector: LanguageDetector) -> bool:
    """Whether the router would do the right thing with a row."""
    resolution = resolve(
        row.text,
        explicit=None,
        voice_language=None,
        default=DEFAULT,
        served=SERVED,
        detector=detector,
    )
    if row.lang in SERVED:
        return resolution.language == row.lang
    return resolution.source != "detected"


def detections_per_cpu_second(texts: Sequence[str], detector: LanguageDetector) -> float:
    """Rate over all texts, repeated until the clock can be trusted."""
    done = 0
    start = time.process_time()
    while (elapsed := time.process_time() - start) < MIN_TIMED_S:
        for text in texts:
            detector.detect(text)
        done += len(texts)
    return done / elapsed


def print_table(tally: Tally) -> None:
    """Print accuracy in percent, a line a kind and a column a language."""
    print("kind".ljust(16) + "rows".rjust(6) + "all".rjust(7) + "".join(c.rjust(7) for c in SERVED))
    for kind in tally.kinds():
        rows = sum(n for (k, _), n in tally.rows.items() if k == kind)
        cells = [tally.percent(kind), *(tally.percent(kind, [code]) for code in SERVED)]
        shown = "".join(("-" if c is None else f"{c:.1f}").rjust(7) for c in cells)
        print(kind.ljust(16) + str(rows).rjust(6) + shown)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table and, last, one line of JSON.

    Returns:
        0, or 2 if the file holds no rows.
    """
    parser = argparse.ArgumentParser(prog="language_bench", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="JSON lines with text, lang and kind")
    file: Path = parser.parse_args(argv).file
    decoder = msgspec.json.Decoder(Row)
    rows = [decoder.decode(line) for line in file.read_bytes().splitlines() if line.strip()]
    if not rows:
        print(f"{file}: no rows", file=sys.stderr)
        return 2
    detector = build_detector(SERVED)
    tally = Tally()
    for row in rows:
        tally.add(row, right=is_right(row, detector))
    print_table(tally)
    summary: dict[str, float] = {
        kind: round(tally.percent(kind) or 0.0, 2)
        for kind in tally.kinds()
        if kind != OUT_OF_DOMAIN
    }
    refused = tally.percent(OUT_OF_DOMAIN)
    if refused is not None:
        summary["ood_accepted"] = round(100.0 - refused, 2)
    sentences = [row.text for row in rows if row.kind == "sent"] or [row.text for row in rows]
    summary["detections_per_cpu_second"] = round(detections_per_cpu_second(sentences, detector))
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
