"""The table of features against other servers: read from ``docs/features.yaml``, written into the documentation.

Every "yes" and "partly" of ours names the tests that show it; a test holds the table to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
import yaml
from msgspec import Struct

from f5serve.errors import ConfigurationError

FEATURES: Final = Path("docs/features.yaml")
Ours = Literal["yes", "partly", "no"]
Theirs = Literal["yes", "partly", "absent", "unknown"]
SHOWN: Final[Mapping[str, str]] = {
    "yes": "yes", "partly": "partly", "no": "no", "absent": "not found", "unknown": "?",
}  # fmt: skip


class Other(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another server.

    Attributes:
        name: What it is called.
        read: The date of the files that were read.
        source: Which files.
    """

    name: str
    read: str
    source: str


class Feature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row.

    Attributes:
        name: What a user can do.
        ours: Whether this server has it.
        others: Whether the others do, by the keys of ``Features.others``.
        tests: What shows ours: paths and names, as pytest has them.
        note: How far a "partly" goes.
        short: Whether the README's table has it too.
    """

    name: str
    ours: Ours
    others: dict[str, Theirs]
    tests: tuple[str, ...] = ()
    note: str = ""
    short: bool = False


class Features(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole table.

    Attributes:
        others: The other servers, in the order of their columns.
        features: The rows.
    """

    others: dict[str, Other]
    features: tuple[Feature, ...]


def read_features(path: Path) -> Features:
    """Read the table.

    Raises:
        ConfigurationError: If it does not have its form, or a row lacks a server, a test or a note.
    """
    try:
        table = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Features)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    problems = []
    for feature in table.features:
        if feature.others.keys() != table.others.keys():
            problems.append(
                f"{feature.name}: tells of other servers than {', '.join(table.others)}"
            )
        if (feature.ours == "no") != (not feature.tests):
            problems.append(
                f"{feature.name}: name tests for what is there, and none for what is not"
            )
        if (feature.ours == "partly") != bool(feature.note):
            problems.append(f"{feature.name}: say how far a 'partly' goes, and nothing else")
    if problems:
        raise ConfigurationError(f"{path}: " + "; ".join(problems))
    return table


def table_of(table: Features, *, short: bool) -> str:
    """Answer the table in Markdown, all of it with the tests, or the README's rows without them."""
    titles = ["", "f5serve", *(other.name for other in table.others.values())]
    if not short:
        titles.append("shown by")
    rows = [
        _row(table, feature, short=short)
        for feature in table.features
        if feature.short or not short
    ]
    return "\n".join(_line(cells) for cells in [titles, ["---"] * len(titles), *rows])


def sources_of(table: Features) -> str:
    """Answer what was read of the others, and when, as a list in Markdown."""
    return "\n".join(
        f"- {other.name}: {other.source}; files of {other.read}." for other in table.others.values()
    )


def _row(table: Features, feature: Feature, *, short: bool) -> list[str]:
    ours = f"{feature.ours} ({feature.note})" if feature.note else feature.ours
    cells = [feature.name, f"**{ours}**", *(SHOWN[feature.others[key]] for key in table.others)]
    if not short:
        cells.append("<br>".join(f"`{test}`" for test in feature.tests))
    return cells


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
