"""The README's table, made from recorded results; ``--check`` fails where the two differ."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

README: Final = Path("README.md")
DEMO: Final = Path("loadtests/results/demo.json")
EVALUATION: Final = Path("config/demo/evaluation.json")
PASSING: Final = 0.9
BEGIN: Final = "<!-- demo table: made by `make demo-record` -->"
END: Final = "<!-- end of demo table -->"


def demo_table(record: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """Answer the demo's table in Markdown, with what it was measured on.

    Args:
        record: What ``make demo-record`` wrote.
        evaluation: What the stage ``evaluate`` of ``scripts.train_demo`` wrote.
    """
    told = record["circumstances"]
    found = {row["language"]: row for row in evaluation["languages"]}
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
        f"commit {told['commit']}, {told['date']} ([record]({DEMO.as_posix()})). The real-time factor is the whole "
        "wait of a caller by the seconds of speech; the machine was shared, so take it as an order of size. "
        "Recognised: of held-out sentences, those whose speech lies nearer to espeak-ng's reading of the same "
        f"sentence than to its reading of any other ([record]({EVALUATION.as_posix()}))."
    )
    return "\n".join([*rows, "", where])


def _recognised(row: dict[str, Any]) -> str:
    passes = "" if row["top_1"] >= PASSING else ", **not yet**"
    return f"{round(row['top_1'] * row['sentences'])} of {row['sentences']}{passes}"


def with_table(text: str, table: str) -> str:
    """Answer the README with its table replaced.

    Raises:
        ValueError: If the two marks are missing.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README}: the marks {BEGIN!r} and {END!r} are missing")
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{tail}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="readme", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where it would")
    options = parser.parse_args(argv)
    if not DEMO.is_file():
        print(f"readme: {DEMO} is missing; run make demo-record", file=sys.stderr)
        return 1
    before = README.read_text(encoding="utf-8")
    record, evaluation = (
        json.loads(path.read_text(encoding="utf-8")) for path in (DEMO, EVALUATION)
    )
    after = with_table(before, demo_table(record, evaluation))
    if options.check and after != before:
        print(
            "readme: the table differs from the record; run python -m scripts.readme",
            file=sys.stderr,
        )
        return 1
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
