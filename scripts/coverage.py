"""Whether a checkpoint's vocabulary holds the letters of its languages, seen at packaging.

A letter without a token is spoken as a space: nothing fails, and the word is wrong. So a text with every
letter of a language (``config/pangrams.yaml``) goes through the model's frontend before an archive is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import yaml

from f5serve.errors import ConfigurationError
from f5serve.settings import ModelSettings
from f5serve.text import frontend as frontends
from scripts.lock import Coverage

PANGRAMS: Final = "config/pangrams.yaml"


def read_pangrams(path: Path) -> dict[str, str]:
    """Read the texts that hold all letters of a language, by its code.

    Raises:
        ConfigurationError: If the file is missing or no such table.
    """
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), dict[str, str])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"{path}: a table of language code to text is needed: {error}"
        ) from error


def covered(
    settings: ModelSettings, vocabulary: Path, pangrams: Mapping[str, str]
) -> tuple[Coverage, ...]:
    """Find the tokens of each of a model's languages that its vocabulary lacks.

    Args:
        settings: The model's settings, as its archive gives them to the worker.
        vocabulary: The token list.
        pangrams: Text by language; a language without one is passed over.

    Raises:
        ConfigurationError: If the share of a language's tokens that is missing is more than a request
            may have: the vocabulary, or the frontend, is another checkpoint's.
    """
    from f5serve.engine.checkpoint import read_vocab

    known = read_vocab(vocabulary)
    found = []
    for language in settings.languages:
        if language not in pangrams:
            continue
        spoken = frontends.tokens(pangrams[language], settings.frontend)
        unknown = [token for token in spoken if token not in known]
        found.append(
            Coverage(language=language, tokens=len(spoken), unknown=tuple(dict.fromkeys(unknown)))
        )
        share, allowed = len(unknown) / max(1, len(spoken)), settings.limits.max_unknown_share
        if share > allowed:
            raise ConfigurationError(
                f"{settings.model}: {vocabulary} has no token for {share:.0%} of the letters of"
                f" {language!r} ({_shown(unknown)}); at most {allowed:.0%} may be missing."
                " Is it the vocabulary of this checkpoint, and is 'frontend' in config/catalogue.yaml"
                " what it was trained with?"
            )
    return tuple(found)


def remarks(
    name: str, languages: tuple[str, ...], coverage: tuple[Coverage, ...]
) -> tuple[str, ...]:
    """Answer a warning for each language that lacks tokens, or was not checked."""
    told = {entry.language: entry for entry in coverage}
    lines = []
    for language in languages:
        if language not in told:
            lines.append(
                f"{name}: {PANGRAMS} has no text for {language!r}, so its vocabulary was not checked"
            )
        elif told[language].unknown:
            lines.append(
                f"{name}: the checkpoint has no token for these of {language!r}, they will be passed"
                f" over: {_shown(told[language].unknown)}"
            )
    return tuple(lines)


def _shown(tokens: tuple[str, ...] | list[str]) -> str:
    return " ".join(dict.fromkeys(tokens))[:120]
