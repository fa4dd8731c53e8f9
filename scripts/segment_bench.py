"""How often the language changes where it should, over a table of texts whose segments are known.

A border is right if it stands where the table has one, white space aside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from f5serve.language import ScriptDetector, resolve
from f5serve.routing.segments import TextSegment, segment
from f5serve.text.clean import clean

CASES: Final = Path("tests/data/segments.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text and the segments it should become."""

    segments: tuple[TextSegment, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(part.text for part in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderScore:
    """How well borders were found.

    Attributes:
        cases: Texts looked at.
        exact: Texts of which all borders and languages are right.
        precision: Share of the borders found that are right, percent.
        recall: Share of the borders wanted that were found, percent.
        characters: Share of letters that are spoken in the right language, percent.
    """

    cases: int
    exact: int
    precision: float
    recall: float
    characters: float


def read_cases(path: Path = CASES) -> list[Case]:
    """Read the table; neighbours in one language are one segment.

    Raises:
        OSError: If the file cannot be read.
    """
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Case(segments=_merged((str(code), str(text)) for code, text in row)) for row in rows]


def found(
    text: str, detector: ScriptDetector, served: Collection[str], default: str
) -> tuple[TextSegment, ...]:
    """What the router would make of a text."""
    cleaned = clean(text)
    resolution = resolve(
        cleaned,
        explicit=None,
        voice_language=None,
        default=default,
        served=served,
        detector=detector,
    )
    return segment(cleaned, main=resolution.language, served=served, detector=detector)


def score(pairs: Sequence[tuple[Case, Sequence[TextSegment]]]) -> BorderScore:
    """Compare what was found with what was wanted."""
    right = told = wanted = exact = letters = spoken_right = 0
    for case, segments in pairs:
        expected, given = _borders(case.segments), _borders(segments)
        right += len(expected & given)
        told += len(given)
        wanted += len(expected)
        languages, heard = _languages(case.segments), _languages(segments)
        exact += languages == heard
        letters += len(languages)
        spoken_right += sum(a == b for a, b in zip(languages, heard, strict=True))
    return BorderScore(
        cases=len(pairs),
        exact=exact,
        precision=100.0 * right / max(1, told),
        recall=100.0 * right / max(1, wanted),
        characters=100.0 * spoken_right / max(1, letters),
    )


def bench(detector: ScriptDetector, served: Collection[str], default: str) -> BorderScore:
    """Print the cases that went wrong, then the score."""
    pairs = [(case, found(case.text, detector, served, default)) for case in read_cases()]
    for case, segments in pairs:
        if _languages(case.segments) != _languages(segments):
            shown = " | ".join(f"{part.language}: {part.text.strip()}" for part in segments)
            print(f"segments differ: {shown}")
    result = score(pairs)
    print(
        f"segments: {result.exact} of {result.cases} texts as wanted; borders: precision "
        f"{result.precision:.1f} %, recall {result.recall:.1f} %; "
        f"{result.characters:.1f} % of letters in the right language"
    )
    return result


def _merged(rows: Iterable[tuple[str, str]]) -> tuple[TextSegment, ...]:
    segments: list[TextSegment] = []
    for code, text in rows:
        if segments and segments[-1].language == code:
            text = segments.pop().text + text  # noqa: PLW2901 - the two are one
        segments.append(TextSegment(text=text, language=code))
    return tuple(segments)


def _borders(segments: Sequence[TextSegment]) -> set[int]:
    """Where the language changes, in characters that are no white space."""
    borders: set[int] = set()
    position = 0
    for part in segments[:-1]:
        position += len("".join(part.text.split()))
        borders.add(position)
    return borders


def _languages(segments: Sequence[TextSegment]) -> list[str]:
    """The language of each letter."""
    return [part.language for part in segments for letter in part.text if letter.isalpha()]
