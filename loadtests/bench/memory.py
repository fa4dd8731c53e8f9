"""Memory of the engine's two sides, each in a process of its own: nothing else is then in the figure.

python -m loadtests.bench.memory NAME         # what the other command starts; prints two numbers
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
import psutil
import torch
from msgspec import Struct

from f5serve.engine.engine import F5Engine
from f5serve.errors import ConfigurationError
from loadtests.bench.common import ROOT, peak_rss_bytes
from loadtests.bench.material import TRACE, demo, full_size_in
from loadtests.bench.sides import Ours, Upstream, import_upstream
from scripts.memory import WORKERS, measure

BATCH: Final = 4
STEPS: Final = 7
DEADLINE_S: Final = 600


class Taken(Struct, frozen=True, kw_only=True):
    """What a process took.

    Attributes:
        before_bytes: Resident after its imports, before anything was loaded.
        after_bytes: Resident after it has spoken.
        peak_bytes: The most it ever had resident, its imports included.
        imported_late: Packages that it imported in between, whose memory looks as if it had grown by them; none, if
            the measurement is as it should be.
    """

    before_bytes: int
    after_bytes: int
    peak_bytes: int
    imported_late: tuple[str, ...]


def memory(threads: int) -> dict[str, object]:
    """Measure every side and tell it.

    Args:
        threads: torch's threads.

    Raises:
        ConfigurationError: If a process ends without an answer, or gives none in time.
    """
    found = {name: _measured_apart(name, threads) for name in SIDES}
    bare = measure(WORKERS[0])
    for name, taken in found.items():
        grown = taken.after_bytes - taken.before_bytes
        print(
            f"memory: {name}: {grown / 1e6:.0f} MB more than {_since(taken)},"
            f" peak {taken.peak_bytes / 1e6:.0f} MB with its imports",
            flush=True,
        )
    return {
        "meaning": "RSS of a process that loads one side and speaks; bare_worker_bytes: a worker after its imports",
        "batch": BATCH,
        "sides": msgspec.to_builtins(found),
        "bare_worker_bytes": bare,
    }


def _since(taken: Taken) -> str:
    late = ", ".join(taken.imported_late)
    return f"before it imported {late}" if late else "after its imports"


def _measured_apart(name: str, threads: int) -> Taken:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "loadtests.bench.memory", name, str(threads)],
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"memory of {name} cannot be measured: no answer within {DEADLINE_S} s;"
            " run it again when the machine does nothing else"
        ) from error
    if done.returncode != 0:
        reason = done.stderr.decode().strip().splitlines()[-1:] or ["no message"]
        raise ConfigurationError(f"memory of {name} cannot be measured: {reason[0]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Taken)


def _taken(work: Callable[[], object]) -> Taken:
    process = psutil.Process()
    known = _packages()
    before = process.memory_info().rss
    kept = work()
    after = process.memory_info().rss
    del kept
    return Taken(
        before_bytes=before,
        after_bytes=after,
        # The kernel counts the pages of each thread apart and adds them up now and then, the peak's more seldom.
        peak_bytes=max(after, peak_rss_bytes()),
        imported_late=tuple(sorted(_packages() - known)),
    )


def _packages() -> frozenset[str]:
    """Answer what is imported by now, without Python's own small modules."""
    return frozenset(name.partition(".")[0] for name in sys.modules) - sys.stdlib_module_names


def _demo_ours() -> Taken:
    with demo(TRACE) as material:

        def work() -> Ours:
            ours = Ours(material.files, max_batch_frames=material.max_batch_frames)
            ours.speak(material.batch(BATCH, STEPS))
            return ours

        return _taken(work)


def _demo_upstream() -> Taken:
    import_upstream()
    with demo(TRACE) as material:

        def work() -> Upstream:
            upstream = Upstream(material.files)
            upstream.speak(material.batch(BATCH, STEPS))
            return upstream

        return _taken(work)


def _full_size(dtype: str) -> Taken:
    """What a worker takes for a full-size checkpoint whose file is float16, as archives hold it."""
    with tempfile.TemporaryDirectory() as name:
        # Written by another process, whose memory is not counted.
        subprocess.run(
            [sys.executable, "-m", "loadtests.bench.material", name], check=True, cwd=ROOT
        )
        files = full_size_in(Path(name))

        def work() -> F5Engine:
            engine = F5Engine.load(files, dtype=dtype)
            engine.warm_up(steps=1, frames=128)
            return engine

        return _taken(work)


SIDES: Final[Mapping[str, Callable[[], Taken]]] = MappingProxyType(
    {
        "demo, ours": _demo_ours,
        "demo, upstream": _demo_upstream,
        "full size, float16 file computed in float16": partial(_full_size, "float16"),
        "full size, float16 file computed in float32": partial(_full_size, "float32"),
    }
)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[2]))
    print(msgspec.json.encode(SIDES[sys.argv[1]]()).decode())
