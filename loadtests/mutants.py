"""Clips with changed bytes, decoded in a process of their own: ``python -m loadtests.mutants``; see ``fuzz``.

What native code does to this process must not end whoever asks, and its memory is its own. The number of the
clip at hand stands in a file before it is decoded: it is what is known when the process does not come back.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from f5serve.audio import SAMPLE_RATE_HZ, decode_reference
from f5serve.errors import ValueRefusedError
from loadtests.bench.common import peak_rss_bytes

FORMS: Final = (
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
)
MOST_MEMORY: Final = 128 << 20
ADDRESS_SPACE: Final = 8 * MOST_MEMORY  # threads and libraries reserve more than they use
HANG_S: Final = 10
"""A clip takes milliseconds; one that takes so long would hold its worker, and ends the process."""
MIN_S: Final = 0.5
MAX_S: Final = 12.0
_HEADER_BYTES: Final = 200
_EDGES: Final = (0, 1, 127, 128, 255)
_NUMBERS: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80")


def whole_clip(kind: str, subtype: str) -> bytes:
    """Answer three good seconds in a form."""
    noise = np.random.default_rng(1).normal(0.0, 0.1, 3 * SAMPLE_RATE_HZ).astype(np.float32)
    sound = io.BytesIO()
    soundfile.write(sound, noise, SAMPLE_RATE_HZ, format=kind, subtype=subtype)
    return sound.getvalue()


def mutant(whole: bytes, seed: int, number: int) -> bytes:
    """Answer the clip of that number: some bytes changed, often those of the header, parts moved or cut off.

    The same seed and number give the same clip, whatever was made before.
    """
    chance = random.Random(f"{seed}:{number}")
    clip = bytearray(whole)
    # Headers decide what is asked of memory, so half of the changes are made there.
    reach = min(_HEADER_BYTES, len(clip)) if number % 2 else len(clip)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(reach)
        clip[place] = chance.choice([*_EDGES, chance.randrange(256)])
    if number % 3 == 0:
        place = chance.randrange(reach)
        clip[place : place + 4] = chance.choice(_NUMBERS)
    if number % 5 == 0:
        del clip[chance.randrange(1, len(clip)) :]
    if number % 7 == 0:
        start = chance.randrange(len(clip))
        part = clip[start : start + chance.randrange(1, 5_000)]
        place = chance.randrange(len(clip))
        clip[place:place] = part
    return bytes(clip)


def decode_all(
    whole: bytes, seed: int, numbers: range, until: float, journal: int
) -> dict[str, float]:
    """Decode mutants until all are done or time is up; answer what came of them.

    Args:
        whole: The clip that they are made from.
        seed: Of all of them.
        numbers: Which.
        until: When to stop, by the monotonic clock.
        journal: Descriptor of the file that tells which one is at hand.

    Raises:
        ValueError: If one is decoded into what no reference may be.
    """
    told = {"decoded": 0.0, "refused": 0.0, "slowest_s": 0.0}
    for number in numbers:
        if time.monotonic() > until:
            break
        os.pwrite(journal, f"{number:20d}".encode(), 0)
        signal.alarm(HANG_S)
        started = time.process_time()
        try:
            samples = decode_reference(mutant(whole, seed, number), min_s=MIN_S, max_s=MAX_S)
        except ValueRefusedError:
            told["refused"] += 1
        else:
            if len(samples) > (MAX_S + 0.1) * SAMPLE_RATE_HZ or not np.isfinite(samples).all():
                raise ValueError(f"decoded into {len(samples)} samples that are no reference")
            told["decoded"] += 1
        told["slowest_s"] = max(told["slowest_s"], time.process_time() - started)
        signal.alarm(0)
    return told


def main(argv: Sequence[str] | None = None) -> int:
    """Decode mutants of one form under a cap of memory; print what came of them as JSON."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("subtype")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=sys.maxsize)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args(argv)
    whole = whole_clip(options.kind, options.subtype)
    decode_reference(whole, min_s=MIN_S, max_s=MAX_S)
    before = peak_rss_bytes()
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESS_SPACE, used + ADDRESS_SPACE))
    # Without a handler the alarm ends the process, also within native code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with options.journal.open("wb") as journal:
        told = decode_all(
            whole,
            options.seed,
            range(options.count),
            time.monotonic() + options.seconds,
            journal.fileno(),
        )
    print(json.dumps({**told, "grown_bytes": peak_rss_bytes() - before}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
