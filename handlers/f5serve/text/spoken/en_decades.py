"""English decades without a century: the 80s, his thirties; 30s may be seconds as well."""

from __future__ import annotations

import re
from typing import Final

from f5serve.text.spoken.en_words import TENS

SHORT: Final = re.compile(r"(?<![\w.,'’:])([2-9])0s(?!\w)")

_OF_YEARS: Final = re.compile(
    r"[ -](?:music|songs?|rock|pop|disco|fashion|styled?|hits?|films?|movies?|icons?|nostalgia|bands?|vibes?|decor|era"
    r"|kids?|part(?:y|ies)|synth|sitcoms?|cartoons?|classics?|babies|themed?|inspired|hair)\b"
)
_OF_SECONDS: Final = re.compile(
    r" (?:timeouts?|clips?|videos?|delays?|ads?|spots?|windows?|intervals?|breaks?|pauses?|rests?|holds?|planks?"
    r"|sprints?|limit|mark|rule|timers?|countdown|cooldown|loops?|samples?|exposures?)\b"
)
_BEFORE_YEARS: Final = re.compile(
    r"(?i)(?:\b(?:the|his|her|their|my|your|our|its|an|mid|early|late|of|from)[ -]|ties(?:,| and| or| to| through) )\Z"
)
_AFTER_ANOTHER: Final = re.compile(r"(?<![\w.,'’:])[2-9]0s(?=(?:,|,? and|,? or| to) \Z)")
_WITHIN: Final = re.compile(r"\bin \Z")
_TOLD_TIME: Final = re.compile(  # done in 30s
    r"(?i)(?:\b(?:takes?|took|finish\w*|ran|runs?|load\w*|done|complet\w*|respond\w*|start\w*|boots?|ends?|ready"
    r"|over|expir\w*|back|retry|again|times?|metres|meters|km|mph|it)|[0-9]) in \Z"
)
_LOOK_BACK: Final = 40
_MOST: Final = 4  # decades in a row


def short(found: re.Match[str]) -> str:
    """The name of a decade, or the seconds as they are."""
    decade = _is_decade(found.string, found.start(), found.end(), _MOST)
    return TENS[int(found[1])] if decade else found[0]


def _is_decade(text: str, start: int, end: int, depth: int) -> bool:
    if _OF_SECONDS.match(text, end):
        return False
    if _OF_YEARS.match(text, end):
        return True
    look = max(0, start - _LOOK_BACK)
    if _BEFORE_YEARS.search(text, look, start):
        return True
    if _WITHIN.search(text, look, start):
        return _TOLD_TIME.search(text, look, start) is None
    other = _AFTER_ANOTHER.search(text, look, start) if depth else None
    return other is not None and _is_decade(text, *other.span(), depth - 1)
