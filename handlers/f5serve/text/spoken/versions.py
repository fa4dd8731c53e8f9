"""Versions and addresses of the internet: numbers with dots between them that are no quantities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from f5serve.text.spoken import patterns
from f5serve.text.spoken.everyday import Step

if TYPE_CHECKING:
    from f5serve.text.spoken.grammar import Grammar


def steps(grammar: Grammar) -> tuple[Step, ...]:
    """What reads versions in a language."""
    return (
        (patterns.VERSION, lambda found: _version(grammar, found)),
        (patterns.NAMED_VERSION, lambda found: f"{grammar.version} {_dotted(grammar, found[1])}"),
        (patterns.AFTER_NAME, lambda found: found[1] + _dotted(grammar, f"{found[2]}.{found[3]}")),
    )


def _version(grammar: Grammar, found: re.Match[str]) -> str:
    parts = found[2].split(".")
    grouped = grammar.group == "." and all(len(part) == 3 for part in parts[1:])
    if grouped and not found[1] and len(parts[0]) <= 3 and parts[0] != "0" and len(parts) < 6:
        return found[0]
    name = f"{grammar.version} " if found[1] else ""
    point = grammar.dot or grammar.point_in_names if len(parts) == 4 else grammar.point_in_names
    return name + f" {point} ".join(map(grammar.short, parts))


def _dotted(grammar: Grammar, digits: str) -> str:
    return f" {grammar.point_in_names} ".join(map(grammar.short, digits.split(".")))
