"""How often the language of a text is found, per kind of text and per language.

Reads JSON lines with ``text``, ``lang`` and ``kind``; ``lang`` lies outside the served languages for
kind ``ood`` (foreign text) and is ``und`` for text in no language. What is measured is the router's own
function in its default configuration: nothing asked for, no voice chosen, falling back to the default.
A row of a served language counts if the language spoken in the end is the right one; a row of another
counts if it was not taken for a served one.

Without a file it reads the sentences of this repository, as they are and in windows of two or three
words: enough to see that detection works, too few to compare two ways of detecting. What a detector costs
a worker is measured in a fresh process: CPU seconds from the import to the first answers, and how far
they raise the process's share of the memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import yaml

from f5serve.language import LanguageDetector, build_detector, resolve
from scripts import segment_bench
from scripts.archive import file_digest
from scripts.record import write_record

SERVED = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
DEFAULT = "en"
OUT_OF_DOMAIN = "ood"
MIN_TIMED_S = 0.5
ROOT = Path(__file__).resolve().parent.parent
SENTENCES = ROOT / "scripts" / "training" / "sentences"
DEMO_SENTENCES = ROOT / "config" / "sentences.yaml"
ROMANISED = ROOT / "tests" / "data" / "romanised.yaml"
MIN_WINDOW_CHARS = 6
START_DEADLINE_S = 60
START_TEXTS = 500
# Reads JSON texts; answers CPU seconds and the proportional set size before and after, in kB.
START_PROBE = """
import json, re, sys, time
texts = json.load(sys.stdin)
def pss():
    try:
        with open("/proc/self/smaps_rollup") as rollup:
            return int(re.search(r"^Pss: *([0-9]+)", rollup.read(), re.MULTILINE)[1])
    except OSError:
        return None
before, start = pss(), time.process_time()
from f5serve.language import build_detector
detector = build_detector(sys.argv[1:])
detector.detect(texts[0])
cpu = time.process_time() - start
for text in texts:
    detector.detect(text)
print(json.dumps([cpu, before, pss()]))
"""


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

    def told(self) -> list[dict[str, object]]:
        """Kinds with their rows and how many of these are right, for a record."""
        return [
            {
                "kind": kind,
                "rows": sum(count for (one, _), count in self.rows.items() if one == kind),
                "right": sum(count for (one, _), count in self.right.items() if one == kind),
            }
            for kind in self.kinds()
        ]

    def percent(self, kind: str, languages: Iterable[str] | None = None) -> float | None:
        """Right answers in percent, ``None`` without rows."""
        wanted = None if languages is None else set(languages)
        keys = [key for key in self.rows if key[0] == kind and (wanted is None or key[1] in wanted)]
        rows = sum(self.rows[key] for key in keys)
        return 100.0 * sum(self.right[key] for key in keys) / rows if rows else None


def tally_of(rows: Iterable[Row], detector: LanguageDetector) -> Tally:
    """Count what is right among some rows."""
    tally = Tally()
    for row in rows:
        tally.add(row, right=is_right(row, detector))
    return tally


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


def repository_rows() -> list[Row]:
    """The sentences written by hand in this repository, whole and in windows of two and three words.

    Of those of ``romanised.yaml`` Hindi is to be taken for Hindi, and nothing else.
    """
    demo: dict[str, str] = yaml.safe_load(DEMO_SENTENCES.read_text(encoding="utf-8"))
    rows = []
    for language in SERVED:
        held = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
        sentences = [demo[language], *filter(None, map(str.strip, held))]
        rows += [Row(text, language, "sent") for text in sentences]
        rows += [Row(text, language, "w23") for text in map(" ".join, _windows(sentences))]
    typed = yaml.safe_load(ROMANISED.read_text(encoding="utf-8"))
    rows += [Row(row["typed"], "hi", "romanized_hi") for row in typed["hindi"]]
    return rows


def _windows(sentences: Iterable[str]) -> Iterable[list[str]]:
    """The first three words and the last two of each sentence that writes words apart."""
    for sentence in sentences:
        words = sentence.split()
        for window in (words[:3], words[-2:]) if len(words) > 3 else ():
            if len("".join(window)) >= MIN_WINDOW_CHARS:
                yield window


def start_cost(texts: Sequence[str]) -> dict[str, float]:
    """What a detector costs a fresh process, having seen some texts.

    Returns:
        ``start_cpu_s`` and, where the system tells, ``pss_mb``.

    Raises:
        subprocess.SubprocessError: If the process fails.
    """
    done = subprocess.run(
        [sys.executable, "-c", START_PROBE, *SERVED],
        input=json.dumps(texts[:: len(texts) // START_TEXTS + 1]),
        env={**os.environ, "PYTHONPATH": str(ROOT / "handlers")},
        capture_output=True,
        text=True,
        check=True,
        timeout=START_DEADLINE_S,
    )
    cpu, before, after = json.loads(done.stdout)
    cost = {"start_cpu_s": round(cpu, 3)}
    return cost if before is None else {**cost, "pss_mb": round((after - before) / 1000, 1)}


def read_rows(file: Path) -> list[Row]:
    """Read JSON lines."""
    decoder = msgspec.json.Decoder(Row)
    return [decoder.decode(line) for line in file.read_bytes().splitlines() if line.strip()]


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
    parser.add_argument(
        "file", type=Path, nargs="?", help="JSON lines with text, lang and kind; default: our own"
    )
    parser.add_argument("--record", type=Path, help="a file for the result")
    options = parser.parse_args(argv)
    file: Path | None = options.file
    rows = repository_rows() if file is None else read_rows(file)
    if not rows:
        print(f"{file}: no rows", file=sys.stderr)
        return 2
    detector = build_detector(SERVED)
    tally = tally_of(rows, detector)
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
    summary |= start_cost([row.text for row in rows])
    borders = segment_bench.bench(detector, SERVED, DEFAULT)
    summary["segment_border_precision"] = round(borders.precision, 2)
    summary["segment_border_recall"] = round(borders.recall, 2)
    if options.record is not None:
        own = tally if file is None else tally_of(repository_rows(), detector)
        write_record(
            options.record,
            {
                "texts": None if file is None else {"name": file.name, "sha256": file_digest(file)},
                "kinds": tally.told(),
                "own": own.told(),
                **summary,
            },
        )
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
