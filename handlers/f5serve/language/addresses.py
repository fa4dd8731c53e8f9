"""Where the number stands in an address, and what streets are called: names alone tell no language.

Houses have their number first in English, with the street's name in capitals, and in French, where a comma may follow
it and the kind of street is in small letters; elsewhere it is last. Finnish writes name and kind of street as one
word; Spanish and Italian shorten the kind each in ways of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 120
"""Characters; addresses are short, and what stands in a longer text is told by the rest of it."""
_STREET: Final = (
    r"(?:[^\W\d_]{2,}[naouyäö]tie"
    r"|[^\W\d_]{3,}(?:katu|polku|kuja|bulevardi|kaari|rinne|aukio|raitti|väylä|vayla))"
)
_NUMBER: Final = re.compile(r"\d")
_PLACES: Final = tuple(
    (language, re.compile(pattern), nats)
    for language, pattern, nats in (
        ("fi", rf"(?i)\b{_STREET}(?:n|ll[aä]|lt[aä]|lle)? \d", 8.0),
        ("en", r"(?i)\A\d.*\b(?:apt|suite|ste|unit)\.? \d", 5.0),
        ("en", r"\A\d{1,5}(?: [A-Z][a-z]+){2,}", 1.5),
        ("es", r"(?i)\A(?:c\.|c/|cl\.|avda?\.|pza\.|ctra\.) ", 4.0),
        ("it", r"(?i)\A(?:v\.le|p\.zza|c\.so|p\.le|l\.go) ", 4.0),
        ("fr", r"\A\d{1,4}(?: bis| ter)?, [a-z]", 3.0),
    )
)


def hints(text: str) -> Iterator[tuple[str, float]]:
    """Give languages in which addresses are written like that, and how much it says, in nats.

    Args:
        text: With its digits; of a long one the beginning is looked at.
    """
    text = text[:LONGEST].strip()
    if _NUMBER.search(text) is None:
        return
    for language, pattern, nats in _PLACES:
        if pattern.search(text) is not None:
            yield language, nats
