"""What the licences of checkpoints ask for, and consent to those that are not free for every use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scripts.hub.trouble import FetchError
from scripts.hub.wanted import Wanted

ACCEPTED: Final = "F5SERVE_ACCEPT_LICENCE"
_YES: Final = frozenset({"1", "true", "yes", "on"})
# Creative Commons' own summaries, in short; the licence's text is what counts.
_ASKS: Final = {
    "by": "the authors must be credited",
    "nc": "commercial use is forbidden",
    "sa": "what is made from it must carry the same licence",
    "nd": "changed versions must not be passed on",
}
_FREE: Final = {
    "mit": "free for every use, with its notice kept",
    "apache-2.0": "free for every use, with its notice kept",
    "cc0-1.0": "free for every use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A repository's licence, as a person is shown it.

    Attributes:
        repository: ``owner/name``.
        licence: SPDX name.
        asks: What it forbids or asks for.
        url: The card, which has the last word.
    """

    repository: str
    licence: str
    asks: str
    url: str

    def __str__(self) -> str:
        """Answer one line of text."""
        return f"{self.repository}: {self.licence} ({self.asks}); {self.url}"


def terms_of(wanted: Wanted, endpoint: str, licence: str | None = None) -> Terms:
    """Answer the terms of a repository, by its card's licence where that is known."""
    name = licence or wanted.licence
    return Terms(
        repository=wanted.repository,
        licence=name,
        asks=_asks(name, commercial=wanted.commercial_use),
        url=f"{endpoint}/{wanted.repository}",
    )


def needs_consent(wanted: Wanted, licence: str | None = None) -> bool:
    """Answer whether a licence has to be accepted before files are fetched.

    Args:
        wanted: The repository, with the catalogue's word on commercial use.
        licence: What its card says, where that is known; the stricter of both counts.
    """
    return not wanted.commercial_use or "nc" in (licence or "").lower().split("-")


def accepted_by_environment() -> bool:
    """Answer whether the environment holds the consent."""
    return os.environ.get(ACCEPTED, "").strip().lower() in _YES


def require_consent(terms: Iterable[Terms]) -> None:
    """Refuse to fetch under licences that were not accepted.

    Raises:
        FetchError: If there are any; names each with what it forbids, and how to accept.
    """
    lines = [f"  {term}" for term in terms]
    if lines:
        raise FetchError(
            "these checkpoints are not free for every use, and nothing was fetched:\n"
            + "\n".join(lines)
            + "\nIf you accept, run the same command with ACCEPT_LICENCE=1 (make), with --accept-licence, or"
            f" with {ACCEPTED}=1 in the environment"
        )


def _asks(licence: str, *, commercial: bool) -> str:
    parts = licence.lower().split("-")
    told = [text for key, text in _ASKS.items() if key in parts and parts[0] == "cc"]
    if not commercial and "nc" not in parts:
        told.append(_ASKS["nc"])
    return ", ".join(told) or _FREE.get(licence.lower(), "see its text")
