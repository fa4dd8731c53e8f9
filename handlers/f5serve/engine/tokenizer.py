"""From tokens to the numbers a checkpoint knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

UNKNOWN_ID = 0
"""What an unknown token becomes; in every published vocabulary this is the space."""


class Vocabulary:
    """The tokens of a checkpoint.

    Args:
        ids: Token to number, as ``read_vocab`` gives it.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = dict(ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def ids(self, tokens: Iterable[str]) -> tuple[int, ...]:
        """Give the number of every token, 0 for an unknown one as upstream does."""
        return tuple(self._ids.get(token, UNKNOWN_ID) for token in tokens)

    def unknown(self, tokens: Iterable[str]) -> list[str]:
        """Give the tokens that the checkpoint does not know, in order and as often as they occur."""
        return [token for token in tokens if token not in self._ids]
