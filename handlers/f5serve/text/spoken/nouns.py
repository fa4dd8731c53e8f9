"""What is counted: units and currencies, in the forms that numbers ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """A word that is counted.

    Attributes:
        one: For one of it.
        many: For several.
        feminine: Whether the numbers before it take their feminine form.
    """

    one: str
    many: str
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and its hundredth part."""

    unit: Noun
    cent: Noun | None = None
