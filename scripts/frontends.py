"""Prints what the text frontends make of the cases of ``tests/data/spoken``, and how many they get right."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from f5serve.errors import ConfigurationError
from f5serve.text.clean import clean
from f5serve.text.spoken import load, read_out

CASES: Final = Path(__file__).resolve().parent.parent / "tests" / "data" / "spoken"


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text and how a native speaker reads it.

    Attributes:
        text: As it is written.
        spoken: As it is read aloud.
        why: What the case is about, where that is not plain.
    """

    text: str
    spoken: str
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a language's cases were read.

    Attributes:
        agreed: Cases read as wanted.
        cases: All of them.
        spent_ms: Mean time of a case, dictionaries loaded.
    """

    agreed: int
    cases: int
    spent_ms: float


def languages() -> list[str]:
    """Answer the languages that have cases."""
    return sorted(path.stem for path in CASES.glob("*.yaml"))


def read_cases(language: str) -> list[Case]:
    """Read the cases of a language.

    Raises:
        ConfigurationError: If there are none, or they cannot be read.
    """
    path = CASES / f"{language}.yaml"
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), list[Case])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        known = ", ".join(languages())
        raise ConfigurationError(
            f"no cases for {language!r}: {error}; there are {known}"
        ) from error


def show(language: str, cases: list[Case], *, only_wrong: bool) -> Score:
    """Print each case before and after, a wrong one with what was wanted."""
    load(language)
    agreed, spent = 0, 0.0
    for case in cases:
        began = time.perf_counter()
        spoken = read_out(clean(case.text), language)
        spent += time.perf_counter() - began
        right = spoken == case.spoken
        agreed += right
        if right and only_wrong:
            continue
        print(f"{language}  {_one_line(case.text)}")
        print(f"  {'→' if right else '✗'} {_one_line(spoken)}")
        if not right:
            print(f"  wanted {_one_line(case.spoken)}")
    return Score(agreed=agreed, cases=len(cases), spent_ms=1000 * spent / max(1, len(cases)))


def _one_line(text: str) -> str:
    return text.replace("\n", " ⏎ ")


def main(argv: list[str] | None = None) -> int:
    """Print the cases and the count.

    Returns:
        0 if all are read as wanted, else 1.
    """
    parser = argparse.ArgumentParser(prog="scripts.frontends", description=__doc__)
    parser.add_argument("--languages", nargs="*", default=[], help="by default all with cases")
    parser.add_argument("--wrong", action="store_true", help="print only what is not as wanted")
    options = parser.parse_args(argv)
    scores = {}
    try:
        for language in options.languages or languages():
            cases = read_cases(language)
            scores[language] = show(language, cases, only_wrong=options.wrong)
    except ConfigurationError as error:
        print(f"frontends: {error}", file=sys.stderr)
        return 1
    print(f"\n{'language':10s} {'as wanted':>12s} {'ms a text':>10s}")
    for language, score in scores.items():
        print(f"{language:10s} {f'{score.agreed} of {score.cases}':>12s} {score.spent_ms:10.2f}")
    return 0 if all(score.agreed == score.cases for score in scores.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
