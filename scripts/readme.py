"""Tables in the documentation, made from recorded results; ``--check`` fails where the two differ.

The README has the demo's table, ``docs/quality.md`` the record of ``make quality``, and every model card
its own part of that; ``docs/features.md`` and the README have the table of features. What the load tests
recorded stands in the README, what the benchmarks did in ``docs/performance.md``, and that of language
detection in the record of its decision.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.archive import file_digest
from scripts.bench_tables import ENGINE, elsewhere, engine_table, gpu_table
from scripts.features import FEATURES, read_features, sources_of, table_of
from scripts.hearing.tables import card_scores, found_of, is_intelligible, markdown_table
from scripts.language_record import REMEDY as LANGUAGE_REMEDY
from scripts.language_record import language_table
from scripts.load_tables import REMEDY as LOAD_REMEDY
from scripts.load_tables import load_table
from scripts.precision_table import precision_table
from scripts.record import commit_and_date
from scripts.serving_tables import (
    OVERHEAD,
    SCHEDULES,
    SERVING,
    overhead_table,
    schedules_table,
    serving_table,
)
from scripts.speed_table import speed_table

README: Final = Path("README.md")
DEMO: Final = Path("loadtests/results/demo.json")
QUALITY: Final = Path("docs/quality.json")
QUALITY_PAGE: Final = Path("docs/quality.md")
CHECKPOINTS: Final = Path("config/demo")
FEATURES_PAGE: Final = Path("docs/features.md")
PERFORMANCE_PAGE: Final = Path("docs/performance.md")
LANGUAGE_PAGE: Final = Path("docs/adr/0006-language-evidence.md")
REMEDY: Final = {DEMO: "make demo-record", QUALITY: "make quality"}
BEGIN: Final = "<!-- demo table: made by `make demo-record` -->"
END: Final = "<!-- end of demo table -->"
QUALITY_BEGIN: Final = "<!-- quality table: made by `make quality` -->"
QUALITY_END: Final = "<!-- end of quality table -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a file that is made and not written.

    Attributes:
        path: The file.
        begin: The line before it.
        end: The line after it.
        content: What stands between.
    """

    path: Path
    begin: str
    end: str
    content: str


def demo_table(record: dict[str, Any], quality: dict[str, Any]) -> str:
    """Answer the demo's table in Markdown, with what it was measured on.

    Args:
        record: What ``make demo-record`` wrote.
        quality: What ``make quality`` wrote.
    """
    told = record["circumstances"]
    found = {row["language"]: row for row in quality["languages"]}
    rows = [
        "| language | detected, confidence | model | seconds of speech | real-time factor | sentences recognised |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {line['language']} | {line['detected']} {line['confidence']:.2f} | `{line['model']}` "
            f"| {line['seconds']:.2f} | {line['rtf']:.2f} | {_recognised(found[line['language']])} |"
            for line in record["lines"]
        ),
    ]
    where = (
        f"One request at a time, 16 sampling steps, {told['cores']} cores of {told['cpu']}, torch {told['torch']}, "
        f"{commit_and_date(told)} ([record]({DEMO.as_posix()})). The real-time factor is the "
        "caller's whole wait divided by the seconds of speech; the machine was shared, so take it as an order of "
        "magnitude. "
        "Recognised: of held-out sentences of one length, those whose speech lies nearer to espeak-ng's reading of "
        "the same sentence than to its reading of any other; English must also be understood by a recogniser "
        f"([how, and all figures]({QUALITY_PAGE.as_posix()}))."
    )
    return "\n".join([*rows, "", where])


def _recognised(row: dict[str, Any]) -> str:
    return found_of(row) if is_intelligible(row) else f"{found_of(row)}, **not yet**"


def blocks(demo: dict[str, Any], quality: dict[str, Any]) -> list[Block]:
    """Answer everything that is made from the two records."""
    models = sorted({row["model"] for row in quality["languages"]})
    return [
        Block(path=README, begin=BEGIN, end=END, content=demo_table(demo, quality)),
        Block(
            path=QUALITY_PAGE,
            begin=QUALITY_BEGIN,
            end=QUALITY_END,
            content=markdown_table(quality),
        ),
        *(
            Block(
                path=CHECKPOINTS / model / "README.md",
                begin=QUALITY_BEGIN,
                end=QUALITY_END,
                content=card_scores(quality, model),
            )
            for model in models
        ),
    ]


def feature_blocks() -> list[Block]:
    """Answer what is made from ``docs/features.yaml``."""
    table = read_features(FEATURES)

    def block(path: Path, kind: str, content: str) -> Block:
        begin = f"<!-- {kind}: made by `python -m scripts.readme` -->"
        return Block(path=path, begin=begin, end=f"<!-- end of {kind} -->", content=content)

    return [
        block(README, "features", table_of(table, short=True)),
        block(FEATURES_PAGE, "features", table_of(table, short=False)),
        block(FEATURES_PAGE, "sources", sources_of(table)),
    ]


def load_blocks() -> list[Block]:
    """Answer what is made from the records of the load tests."""
    begin = "<!-- load: made by `python -m scripts.readme` -->"
    return [Block(path=README, begin=begin, end="<!-- end of load -->", content=load_table())]


def bench_blocks() -> list[Block]:
    """Answer what is made from the records of the benchmarks."""

    def block(kind: str, content: str, path: Path = PERFORMANCE_PAGE) -> Block:
        begin = f"<!-- {kind}: made by `python -m scripts.readme` -->"
        end = f"<!-- end of {kind} -->"
        return Block(path=path, begin=begin, end=end, content=content)

    return [
        block("speed", speed_table(), README),
        block("engine", engine_table()),
        block(
            "engine elsewhere",
            elsewhere("Engine", ENGINE, engine_table, "make bench-engine RECORD=1"),
        ),
        block("precision", precision_table()),
        block("gpu", gpu_table()),
        block("serving", serving_table()),
        block(
            "serving elsewhere",
            elsewhere("End to end", SERVING, serving_table, "make bench-serving RECORD=1"),
        ),
        block("overhead", overhead_table()),
        block(
            "overhead elsewhere",
            elsewhere(
                "The server's cost", OVERHEAD, overhead_table, "make bench-overhead RECORD=1"
            ),
        ),
        block("schedules", schedules_table()),
        block(
            "schedules elsewhere",
            elsewhere("Scheduling", SCHEDULES, schedules_table, "make bench-schedules RECORD=1"),
        ),
        block("language", language_table(), LANGUAGE_PAGE),
    ]


def with_block(text: str, block: Block) -> str:
    """Answer a file's text with its block replaced.

    Raises:
        ValueError: If the two marks are missing.
    """
    head, begin, rest = text.partition(block.begin)
    _, end, tail = rest.partition(block.end)
    if not begin or not end:
        raise ValueError(f"{block.path}: the marks {block.begin!r} and {block.end!r} are missing")
    return f"{head}{begin}\n\n{block.content}\n\n{end}{tail}"


def outdated(quality: dict[str, Any]) -> list[str]:
    """Answer the models whose checkpoint is another than the one that was measured."""
    measured = {row["model"]: row["checkpoint_sha256"] for row in quality["languages"]}
    return [
        model
        for model, digest in sorted(measured.items())
        if file_digest(CHECKPOINTS / model / "model.safetensors") != digest
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="readme", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where it would")
    options = parser.parse_args(argv)
    problems = [
        f"{path} is missing; run {task}"
        for path, task in {**REMEDY, **LOAD_REMEDY, **LANGUAGE_REMEDY}.items()
        if not path.is_file()
    ]
    if not problems:
        demo, quality = (json.loads(path.read_text(encoding="utf-8")) for path in REMEDY)
        problems = _renew(
            [*blocks(demo, quality), *feature_blocks(), *load_blocks(), *bench_blocks()],
            check=options.check,
        )
        stale = outdated(quality) if options.check else []
        if stale:
            problems.append(
                f"{QUALITY} is of other checkpoints of {', '.join(stale)}; run {REMEDY[QUALITY]}"
            )
    for problem in problems:
        print(f"readme: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _renew(wanted: Sequence[Block], *, check: bool) -> list[str]:
    """Write every block into its file; or answer, where files are only checked, which ones differ."""
    problems = []
    for block in wanted:
        before = block.path.read_text(encoding="utf-8")
        after = with_block(before, block)
        if after == before:
            continue
        if check:
            problems.append(
                f"{block.path}: the table differs from the record; run"
                " PYTHONPATH=handlers:. .venv/bin/python -m scripts.readme"
            )
        else:
            block.path.write_text(after, encoding="utf-8")
    return problems


if __name__ == "__main__":
    sys.exit(main())
