"""Measures in a corpus how long English phonemes last, and writes the table that serving repeats them by.

python -m scripts.training.lengths build/train/data
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from f5serve.text import lengths
from f5serve.text.lengths import COLUMNS, columns
from f5serve.text.phonemes import TOKENS
from scripts.training.espeak import HOP_SAMPLES, RATE_HZ
from scripts.training.export import write_atomically

TABLE: Final = Path(lengths.__file__).with_name("data") / "lengths.txt"
_SELDOM: Final = 8  # a mean of fewer is as much the phoneme's own


def measured(rows: Iterable[Sequence[tuple[str, float]]]) -> dict[str, list[int]]:
    """How long each phoneme lasts, in milliseconds, in each column of the table.

    Args:
        rows: What is heard from which second on; the last of each is a mark.

    Returns:
        Means, drawn towards the phoneme's own where it was seldom met.
    """
    met: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for said in rows:
        tokens = [token for token, _ in said]
        for place, column in enumerate(columns(tokens)[:-1]):
            met[tokens[place], column].append(said[place + 1][1] - said[place][1])
    table = {}
    for token in TOKENS:
        own = [met[token, column] for column in range(len(COLUMNS))]
        mean = float(np.mean([one for column in own for one in column] or [lengths.TOKEN_S * 2]))
        told = [(sum(one) + _SELDOM * mean) / (len(one) + _SELDOM) for one in own]
        table[token] = [round(length * 1000) for length in told]
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a corpus and write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.training.lengths",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("corpus", type=Path)
    corpus = parser.parse_args(argv).corpus
    frame_s = HOP_SAMPLES / RATE_HZ
    rows = [
        [(sound, frame * frame_s) for sound, frame in json.loads(line)["said"][1:]]
        for path in sorted(corpus.glob("en-*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    if not rows:
        print(f"lengths: no English in {corpus}; run `train_demo data` first", file=sys.stderr)
        return 1
    lines = [f"{token} {' '.join(map(str, told))}\n" for token, told in measured(rows).items()]
    write_atomically(TABLE, lambda path: path.write_text("".join(lines), encoding="ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
