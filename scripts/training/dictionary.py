"""Makes the pronouncing dictionary that serving reads English words with.

    python -m scripts.training.dictionary cmudict.dict

``cmudict.dict`` is the CMU Pronouncing Dictionary in its own form: a word and its phonemes a line, further ways to
say it as ``word(2)``, notes behind ``#``.
"""

import argparse
import lzma
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from f5serve.text import phonemes
from scripts.training.export import write_atomically

TARGET = Path(phonemes.__file__).with_name("data") / "cmudict.txt.xz"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def entries(lines: Iterable[str]) -> list[str]:
    """The lines that serving looks words up in, in order."""
    said: dict[str, str] = {}
    for line in lines:
        word, _, sounds = line.partition("#")[0].strip().partition(" ")
        if _WORD.fullmatch(word):
            said.setdefault(word, " ".join(sounds.replace("2", "1").split()))
    return sorted(f"{word} {sounds}" for word, sounds in said.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Make the dictionary; the exit status is 1 where the source cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.training.dictionary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path)
    source = parser.parse_args(argv).source
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        print(f"dictionary: {source}: {error}", file=sys.stderr)
        return 1
    text = "".join(f"{line}\n" for line in entries(lines))
    packed = lzma.compress(text.encode("ascii"), preset=9 | lzma.PRESET_EXTREME)
    write_atomically(TARGET, lambda path: path.write_bytes(packed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
