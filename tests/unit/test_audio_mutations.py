"""Clips with bytes changed at random: speech or a refusal, never a crash, a fault of ours, or much memory."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from scripts.setup import ROOT

MUTANTS = 400
MOST_MEMORY = 128 << 20
DEADLINE_S = 120

# A process of its own: what native code does to it must not end the tests, and its memory is its own.
PROGRAM = """
import io, json, random, resource, sys
import numpy, soundfile, soxr
from f5serve.audio import decode_reference
from f5serve.errors import ValueRefusedError

kind, subtype, count, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
noise = numpy.random.default_rng(1).normal(0, 0.1, 24000 * 3).astype("f4")
sound = io.BytesIO()
soundfile.write(sound, noise, 24000, format=kind, subtype=subtype)
whole = sound.getvalue()
decode_reference(whole, min_s=0.5, max_s=12.0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 8 * most, used + 8 * most))
chance = random.Random(f"{kind}:{subtype}")
told = {"spoken": 0, "refused": 0}
for number in range(count):
    clip = bytearray(whole)
    # Headers decide what is asked of memory, so half of the changes are made there.
    reach = 200 if number % 2 else len(clip)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(reach)
        clip[place] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
    if number % 5 == 0:
        del clip[chance.randrange(1, len(clip)):]
    try:
        samples = decode_reference(bytes(clip), min_s=0.5, max_s=12.0)
    except ValueRefusedError:
        told["refused"] += 1
        continue
    assert len(samples) <= 12.1 * 24000 and numpy.isfinite(samples).all()
    told["spoken"] += 1
told["grown"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
print(json.dumps(told))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_a_clip_with_changed_bytes_is_spoken_or_refused_in_little_memory(
    kind: str, subtype: str
) -> None:
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", PROGRAM, kind, subtype, str(MUTANTS), str(MOST_MEMORY)],
        env={**os.environ, "PYTHONPATH": "handlers"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    told = msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, int])
    assert told["spoken"] + told["refused"] == MUTANTS
    assert told["refused"] > MUTANTS / 20
    assert told["grown"] < MOST_MEMORY
