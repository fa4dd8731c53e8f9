"""Japanese or Chinese, where a text has Han characters and no kana.

Every character and every pair of neighbours votes with its log odds, once against simplified and once
against traditional Chinese; the nearer of the two is what Japanese has to beat. Pairs tell most of it: 安 and 全 and
第 say nothing, 主要 is either, 株式 is one language's word. A table holds the odds; see its README for
what it was counted on.
"""

from __future__ import annotations

import math
import re
from typing import Final

from f5serve.language.table import FOLDER, Table

FILE: Final = "han.table"
COLUMNS: Final = ("zh-Hans", "zh-Hant")
STEP: Final = 8
"""A value is 128 + this many times the log odds of Japanese against its column."""
ZERO: Final = 128

MAX_CHARS: Final = 200
"""Characters that vote; more add time and no certainty."""
_PAIR_WEIGHT = 3
_PAIR_PRIOR = 0.4  # a pair that kana has not cut is likelier in Chinese than the counts say
_TEMPERATURE = 5.0  # votes are not independent; divided by this, they come out as a probability
_NO_ODDS = (0, 0)
_RUN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")


def key_of(gram: str) -> int | None:
    """The table's key of one or two characters, ``None`` where they lie beyond 16 bits."""
    if max(gram) > "\uffff":
        return None
    return ord(gram) if len(gram) == 1 else ord(gram[0]) << 16 | ord(gram[1])


class PairHanClassifier:
    """Tells Japanese from Chinese by characters and their neighbours.

    A word that both languages write alike (安全) stays near 0.5.

    Args:
        table: By default the one that the package carries.
    """

    def __init__(self, table: Table | None = None) -> None:
        self._table = table or Table(FOLDER / FILE, columns=len(COLUMNS))

    def japanese_probability(self, text: str) -> float:
        """How likely a text of Han characters without kana is Japanese, 0-1; 0.5 says nothing."""
        left = MAX_CHARS
        simplified = traditional = pairs = 0
        for run in _RUN.findall(text):
            part = run[:left]
            left -= len(part)
            for index in range(len(part)):
                one = self._odds(part[index])
                two = self._odds(part[index : index + 2]) if index + 1 < len(part) else _NO_ODDS
                simplified += one[0] + _PAIR_WEIGHT * two[0]
                traditional += one[1] + _PAIR_WEIGHT * two[1]
            pairs += len(part) - 1
            if not left:
                break
        votes = min(simplified, traditional) / STEP + _PAIR_PRIOR * pairs
        return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, votes / _TEMPERATURE))))

    def _odds(self, gram: str) -> tuple[int, int]:
        """Log odds of Japanese in steps; none where the table lacks the gram."""
        key = key_of(gram)
        row = None if key is None else self._table.row(key)
        return _NO_ODDS if row is None else (row[0] - ZERO, row[1] - ZERO)
