"""Print how far the engine's mels lie from upstream's, case by case.

Usage, from the repository's root, with the development packages installed::

    PYTHONPATH=handlers:. .venv/bin/python -m scripts.parity [--only v1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

MAX_RELATIVE_L2 = 1e-3


def main(argv: Sequence[str]) -> int:
    """Measure and print.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        0 if every case lies within the bound, 1 otherwise.
    """
    parser = argparse.ArgumentParser(
        description="Relative L2 of the engine's mel against upstream's, in float32."
    )
    parser.add_argument(
        "--only", default="", help="an architecture, such as v1; all of them by default"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    from tests.parity.cases import CASES, measure  # takes seconds, and --help needs none of it

    chosen = [case for case in CASES if arguments.only in {"", case.architecture}]
    if not chosen:
        parser.error(
            f"no case of {arguments.only!r}; known are {sorted({case.architecture for case in CASES})}"
        )
    print(
        f"{'config':12} {'cfg':>4} {'sway':>5} {'steps':>5} {'frames':>6} {'tokens':>6} {'rel. L2':>9}"
    )
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            distance = measure(case, Path(folder))
            worst = max(worst, distance)
            print(
                f"{case.architecture:12} {case.cfg_strength:4g} {case.sway!s:>5} {case.steps:5d}"
                f" {case.frames:6d} {case.tokens:6d} {distance:9.1e}"
            )
    print(f"worst {worst:.1e}, bound {MAX_RELATIVE_L2:.0e}")
    return 0 if worst < MAX_RELATIVE_L2 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
