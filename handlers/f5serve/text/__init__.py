"""Text on its way to a model: cleaned, measured, cut into pieces, turned into tokens."""

from f5serve.text.clean import clean, is_speakable, require_speakable
from f5serve.text.duration import MIN_UNITS, UNIT_S, speech_units
from f5serve.text.frontend import Frontend, tokens
from f5serve.text.split import split

__all__ = [
    "MIN_UNITS",
    "UNIT_S",
    "Frontend",
    "clean",
    "is_speakable",
    "require_speakable",
    "speech_units",
    "split",
    "tokens",
]
