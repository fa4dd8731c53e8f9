"""Decodes clips with changed bytes for a while: none may crash, hang, take much memory, or fail with a fault of ours.

``make fuzz SECONDS=600`` shares the time out among the forms that a reference clip may have, each with a new
seed, which is printed. A clip that breaks the decoder is kept in ``out/fuzz/``. The exit status is the verdict.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from loadtests.mutants import FORMS, MOST_MEMORY, mutant, whole_clip

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "out" / "fuzz"
SLOW_S: Final = 2.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the mutants of one form.

    Attributes:
        decoded: Those that are good enough to be a voice.
        refused: Those that a caller is told about.
        slowest_s: Processor time of the slowest.
        grown_bytes: By how much the process's memory grew at most.
    """

    decoded: float
    refused: float
    slowest_s: float
    grown_bytes: int

    def faults(self) -> list[str]:
        """Answer what is not as it should be."""
        told = []
        if self.grown_bytes > MOST_MEMORY:
            told.append(f"memory grew by {self.grown_bytes / 1e6:.0f} MB")
        if self.slowest_s > SLOW_S:
            told.append(f"one clip took {self.slowest_s:.1f} s of processor time")
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A clip that ended the process, or failed with what is no refusal.

    Attributes:
        number: Its place among those of the seed.
        clip: It itself.
        reason: How the process ended, and its last words.
    """

    number: int
    clip: bytes
    reason: str


def decode_mutants(
    kind: str, subtype: str, *, seed: int, count: int | None = None, seconds: float | None = None
) -> Told | Broken:
    """Decode mutants of one form in a process of its own, so many or so long."""
    limits = [] if count is None else ["--count", str(count)]
    limits += [] if seconds is None else ["--seconds", str(seconds)]
    with tempfile.TemporaryDirectory(prefix="f5serve-") as folder:
        journal = Path(folder) / "number"
        command = [sys.executable, "-m", "loadtests.mutants", kind, subtype, "--seed", str(seed)]
        done = subprocess.run(
            [*command, *limits, "--journal", str(journal)],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'handlers'}{os.pathsep}{ROOT}"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return msgspec.json.decode(done.stdout.splitlines()[-1], type=Told)
        number = int(journal.read_text(encoding="ascii") or "0") if journal.exists() else 0
    words = done.stderr.strip().splitlines()[-1:] or ["nothing was said"]
    return Broken(
        number=number,
        clip=mutant(whole_clip(kind, subtype), seed, number),
        reason=f"status {done.returncode}: {words[0][:300]}",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, help="of a former run; default: another each time")
    options = parser.parse_args(argv)
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    broken = False
    for kind, subtype in FORMS:
        told = decode_mutants(kind, subtype, seed=seed, seconds=options.seconds / len(FORMS))
        name = f"{kind} {subtype}"
        if isinstance(told, Broken):
            OUT.mkdir(parents=True, exist_ok=True)
            path = OUT / f"{kind}-{subtype}-{seed}-{told.number}.{kind.lower()}".lower()
            path.write_bytes(told.clip)
            print(f"fuzz: {name}, seed {seed}: {told.reason}; the clip: {path}", file=sys.stderr)
            broken = True
            continue
        print(
            f"fuzz: {name}, seed {seed}: {told.decoded:.0f} decoded, {told.refused:.0f} refused, slowest "
            f"{told.slowest_s * 1000:.0f} ms, {told.grown_bytes / 1e6:.0f} MB more at most",
            flush=True,
        )
        for fault in told.faults():
            print(f"fuzz: {name}, seed {seed}: {fault}", file=sys.stderr)
            broken = True
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
