"""What a worker has freed goes back to the system, now and then."""

from __future__ import annotations

import subprocess
import sys

import pytest

from f5serve.tidying import Tidying
from scripts.setup import ROOT

PROGRAM = """
import sys
sys.path.insert(0, "handlers")
from f5serve.tidying import give_back

def own_bytes():
    rss, shared = open("/proc/self/statm").read().split()[1:3]
    return (int(rss) - int(shared)) * 4096

# Small pieces, every second of which is kept: the heap ends with one that is.
pieces = [bytearray(50_000) for _ in range(4_000)]
full = own_bytes()
kept = pieces[::2]
del pieces
freed = own_bytes()
give_back()
print(full, freed, own_bytes())
"""


def test_memory_is_given_back_after_so_many_batches_and_not_between() -> None:
    times: list[int] = []
    tidying = Tidying(every=3, give_back=lambda: times.append(1))

    for _ in range(7):
        tidying.batch_done()

    assert len(times) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_what_lies_free_between_what_is_kept_goes_back_to_the_system() -> None:
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )

    full, freed, tidied = map(int, done.stdout.split())
    assert freed > 0.9 * full, "else there was nothing to give back"
    assert tidied < 0.7 * full
