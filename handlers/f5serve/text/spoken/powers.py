"""Powers: 10⁶, 10⁻³, xⁿ, 2^10; and the charges of ions. ² and ³ alone are signs like others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken import patterns
from f5serve.text.spoken.everyday import Step
from f5serve.text.spoken.numbers import NUMBER, RAISED, raised_as_plain

if TYPE_CHECKING:
    from f5serve.text.spoken.grammar import Grammar

_POWER: Final = re.compile(
    rf"(?P<base>{NUMBER})?(?:(?P<minus>[⁺⁻]?)(?P<raised>[{RAISED}]{{1,9}}+|ⁿ)(?P<charge>[⁺⁻]?)"
    r"|(?<=[\w)])(?<![\^_])\^\(?(?P<below>[-−]?)(?P<plain>[0-9]{1,4}+|[a-z](?!\w))\)?)"
)
_IN_UNITS: Final = frozenset("²³")
_AS_SIGNS: Final = {"2": "²", "3": "³"}  # which units know


def steps(grammar: Grammar) -> tuple[Step, ...]:
    """What reads powers in a language."""
    return ((_POWER, lambda found: _power(grammar, found)),)


def _power(grammar: Grammar, found: re.Match[str]) -> str:
    raised = found["raised"]
    if raised in _IN_UNITS and not found["minus"] and not found["charge"]:
        return found[0]
    if found["plain"] in _AS_SIGNS and not found["below"]:
        return (found["base"] or "") + _AS_SIGNS[found["plain"]]
    exponent = raised_as_plain(raised or found["plain"]).replace("ⁿ", "n")
    alone = (
        found["base"] is None
        and not found.string[max(0, found.start() - 1) : found.start()].strip()
    )
    if alone and raised:  # the number of a note before its text
        return f" {exponent} "
    base = f"{grammar.number(grammar.parse(found['base']))} " if found["base"] else " "
    if found["charge"]:
        sign = grammar.plus if found["charge"] == "⁺" else grammar.minus
        return patterns.apart(found, f"{base}{exponent} {sign}")
    below_zero = (found["minus"] or found["below"] or "")[:1] in {"⁻", "-", "−"}
    said = f"{base}{grammar.to_the_power(exponent, below_zero=below_zero)}"
    return patterns.apart(found, said)
