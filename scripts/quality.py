"""Can the demo's speech be understood? Speaks with the serving engine, judges, prints and records.

    make quality                           # nine languages, held-out sentences
    make quality SENTENCES=other.jsonl     # rows of {"text": ..., "language": ...}; no record
    make quality DTYPE=bfloat16            # computed otherwise, with a record of its own

The last line is one JSON object. docs/quality.md tells what is measured.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from f5serve.errors import ServeError
from f5serve.language import canonical
from f5serve.settings import DTYPE_VARIABLE
from scripts.hearing.goals import GOALS, summary
from scripts.hearing.tables import terminal_table
from scripts.package import ROOT
from scripts.record import write_record

if TYPE_CHECKING:
    from scripts.hearing.measure import Row

RECORD: Final = Path("docs/quality.json")
HALF_RECORD: Final = Path("docs/quality_bfloat16.json")
PRECISIONS: Final = MappingProxyType({"float32": RECORD, "bfloat16": HALF_RECORD})
# The longest first, so that the last process to end has little left to do.
LANGUAGES: Final = ("en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es")
WRONG_LANGUAGE: Final = ("fr", "fi")  # a text, and the model that does not speak its language


class Sentence(msgspec.Struct, frozen=True):
    """One row of ``--sentences``."""

    text: str
    language: str


class QualityError(Exception):
    """The sentences cannot be measured; the message says why."""


def read_sentences(path: Path) -> dict[str, list[str]]:
    """Answer the texts of a JSON lines file by language.

    Raises:
        QualityError: If it cannot be read, a row is wrong, or no row is there.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QualityError(f"{path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=Sentence)
            texts[canonical(row.language, LANGUAGES)].append(row.text)
        except (msgspec.DecodeError, ServeError) as error:
            raise QualityError(f"{path}, line {number}: {error}") from error
    if not texts:
        raise QualityError(f"{path}: no rows")
    return dict(texts)


def measure_all(texts: dict[str, list[str]] | None, processes: int) -> dict[str, object]:
    """Measure some languages side by side, a process each.

    Args:
        texts: What to speak, by language; the held-out sentences of all if absent.
        processes: How many at once.

    Returns:
        A record less its circumstances.
    """
    # Here, since a call with a wrong file is to be answered at once: this imports torch and a recogniser.
    from scripts.hearing.measure import measure, measure_wrong_language

    jobs: list[Callable[[], Row]] = [
        partial(measure, ROOT, language, None if texts is None else texts[language])
        for language in LANGUAGES
        if texts is None or language in texts
    ]
    if texts is None:
        jobs.append(partial(measure_wrong_language, ROOT, *WRONG_LANGUAGE))
    # Not forked: a process that has torch's threads cannot be.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(job) for job in jobs]
        for future in as_completed(futures):
            row = future.result()
            print(f"quality: {row['language']} through {row['model']}", flush=True)
    rows = [future.result() for future in futures]
    wrong = rows.pop() if texts is None else None
    ordered = sorted(rows, key=lambda row: str(row["language"]))
    return {"goals": dict(GOALS), "languages": ordered, "wrong_language": wrong}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 whatever the figures are; 1 if something needed is missing; 2 for a wrong file of sentences.
    """
    parser = argparse.ArgumentParser(
        prog="quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=Path, help="JSON lines with text and language")
    parser.add_argument("--record", type=Path, help="default: by precision, in docs/")
    parser.add_argument(
        "--dtype", choices=PRECISIONS, default="float32", help="default: %(default)s"
    )
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args(argv)
    try:
        texts = None if options.sentences is None else read_sentences(options.sentences)
    except QualityError as error:
        print(f"quality: {error}", file=sys.stderr)
        return 2
    from scripts.training.espeak import EspeakError, require_espeak

    started = time.monotonic()
    os.environ[DTYPE_VARIABLE] = options.dtype  # as a server's workers get it, so do the processes
    try:
        require_espeak()
        result = measure_all(texts, options.processes)
    except (EspeakError, ServeError) as error:
        print(f"quality: {error}", file=sys.stderr)
        return 1
    result["dtype"] = options.dtype
    result["seconds"] = round(time.monotonic() - started)
    print(f"\n{terminal_table(result)}\n")
    if texts is None:
        write_record(options.record or PRECISIONS[options.dtype], result)
    print(json.dumps(summary(result), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
