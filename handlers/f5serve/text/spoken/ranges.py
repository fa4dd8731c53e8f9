"""What stands side by side: lists (1,2,3), ratios (16:9), parts (4.5/5), ranges with a sign at both ends ($5-$10).

They are steps of a ``Grammar``, as are those of ``everyday``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken.everyday import Step
from f5serve.text.spoken.numbers import NUMBER
from f5serve.text.spoken.patterns import DASH, any_of

if TYPE_CHECKING:
    from f5serve.text.spoken.grammar import Grammar

_LIST: Final = re.compile(r"(?<![\w.,])[0-9]{1,9}+(?:,[0-9]{1,9}+){2,}+(?![\w,])")
_RATIO: Final = re.compile(r"(?<![\w:.,])([0-9]{1,3}):([0-9]{1,3})(?![\w:]|[.,][0-9])")
_OUT_OF: Final = re.compile(
    r"(?<![\w/.,])([0-9]{1,3}[.,][0-9]{1,2})\s?/\s?(?=[0-9]{1,3}(?![\w/]|[.,][0-9]))"
)


def lists(grammar: Grammar) -> tuple[Step, ...]:
    """Numbers with commas between them that group no digits; read before all others."""
    del grammar
    return ((_LIST, lambda found: _listed(found[0])),)


def ratios(grammar: Grammar) -> tuple[Step, ...]:
    """What is no time of day, and no fraction."""
    return (
        (_RATIO, lambda found: grammar.ratio(found[1], found[2])),
        (_OUT_OF, lambda found: f"{found[1]} {grammar.out_of or grammar.over} "),
    )


def signed(grammar: Grammar) -> tuple[Step, ...]:
    """Ranges whose first end has a sign: the sign is said once, after both."""
    sign = any_of(sign for sign in grammar.currencies if not sign.isalpha())
    scale = any_of(grammar.scales)
    unit = any_of(("%", "‰", *grammar.currencies, *grammar.units))
    before = re.compile(
        rf"(?P<sign>{sign})(?P<first>{NUMBER})(?:[ ]?(?P<scale>{scale})(?![^\W\d_]))?"
        rf"(?:\s?{DASH}\s?(?P=sign)|{DASH})(?={NUMBER})(?![0-9]{{1,9}}-)"
    )
    after = re.compile(
        rf"(?P<first>{NUMBER})(?P<unit>[ ]?(?:{unit}))\s?{DASH}\s?(?={NUMBER}(?P=unit)(?![\w²³]))"
    )

    def sums(found: re.Match[str]) -> str:
        first = found["first"]
        if grammar.parse(first).decimals and not found["scale"]:  # $3.50-$4.25
            first = found["sign"] + first
        if found["scale"]:
            first = f"{grammar.number(grammar.parse(first))} {grammar.scales[found['scale']]}"
        return grammar.between(first, found["sign"], rising=True)

    return (before, sums), (after, lambda found: f"{found['first']}–")


def _listed(digits: str) -> str:
    """A list with spaces, unless its marks group digits: by thousands, or as in India."""
    first, *others, last = (len(part) for part in digits.split(","))
    groups = last == 3 and digits[0] != "0"
    if groups and ((first <= 3 and set(others) == {3}) or (first <= 2 and set(others) == {2})):
        return digits
    return digits.replace(",", ", ")
