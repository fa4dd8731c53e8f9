"""What a reader says for digits, signs and capitals: a module a language, found by its code.

Each module ``spoken/<code>.py`` has ``read_out(text) -> str`` and, where it needs dictionaries, ``load()``;
a new language is one more module. What all languages share is done before it (see ``marks``).
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from f5serve.errors import ConfigurationError

_CODE: Final = re.compile(r"[a-z]{2,3}")
_ROUNDS: Final = 4


def read_out(text: str, language: str) -> str:
    """Write a text as a native speaker reads it aloud: no digit, sign or markup is left.

    Reading what was read out changes nothing more. The time is proportional to the length of the text.

    Args:
        text: Cleaned text (see ``text.clean``).
        language: Code of its language.

    Raises:
        ConfigurationError: If there is no module for the language.
    """
    from f5serve.text.spoken.marks import unmark

    module = _module(language)
    for _ in range(_ROUNDS):  # what is read may be markup only then; ordinary text rests after one
        spoken = str(module.read_out(unmark(text, language)))
        if spoken == text:
            break
        text = spoken
    return text


def load(language: str) -> None:
    """Load what a language is read with, so that no request waits for it.

    Raises:
        ConfigurationError: If there is no module for the language.
    """
    ready = getattr(_module(language), "load", None)
    if ready is not None:
        ready()


def _module(language: str) -> ModuleType:
    name = f"{__name__}.{language}"
    if _CODE.fullmatch(language) is None or find_spec(name) is None:
        raise ConfigurationError(
            f"no module reads out {language!r}; add f5serve/text/spoken/{language}.py with read_out(text), or set"
            " 'spoken: false' in the frontend of the catalogue"
        )
    return import_module(name)
