"""What CPU this is, and which records of speed hold for one like it."""

from __future__ import annotations

import platform
from pathlib import Path
from types import MappingProxyType
from typing import Final

KINDS: Final = MappingProxyType(
    {
        "amx": "with AMX",
        "avx512": "with AVX-512 and no AMX",
        "avx2": "with AVX2 and no AVX-512",
        "plain": "without AVX2",
    }
)
"""CPUs by the widest units that torch multiplies with, as a reader is told of them; the fastest first.

Between two of a kind ratios of speed hold, and between kinds they need not: one has units for what another computes
step by step.
"""
MAIN_KIND: Final = "amx"
"""The kind of CPU whose records the documentation shows first."""
_FLAGS: Final = (("amx_bf16", "amx"), ("avx512f", "avx512"), ("avx2", "avx2"))
_INFO: Final = Path("/proc/cpuinfo")


def cpu_model(info: Path = _INFO) -> str:
    """Answer the CPU's name.

    Args:
        info: What the kernel tells of it.
    """
    names = _values("model name", info)
    return names[0] if names else platform.processor() or "unknown"


def cpu_kind(info: Path = _INFO) -> str:
    """Answer which of ``KINDS`` this CPU is.

    Args:
        info: What the kernel tells of it.
    """
    flags = {flag for line in _values("flags", info)[:1] for flag in line.split()}
    return next((kind for flag, kind in _FLAGS if flag in flags), "plain")


def of_kind(path: Path, kind: str) -> Path:
    """Answer where the record of one kind of CPU lies: ``serving.json`` becomes ``serving.avx2.json``."""
    return path.with_suffix(f".{kind}{path.suffix}")


def other_kinds(path: Path) -> list[tuple[str, Path]]:
    """Answer the kinds of CPU beside the first that something is recorded on, each with its record.

    Args:
        path: Of the records, without a kind.
    """
    return [
        (kind, of_kind(path, kind))
        for kind in KINDS
        if kind != MAIN_KIND and of_kind(path, kind).is_file()
    ]


def nearest(path: Path, kind: str) -> Path:
    """Answer the record to hold a run against: that of the same kind, or of the one that is most like it."""
    kinds = list(KINDS)
    own = kinds.index(kind)
    by_likeness = sorted(kinds, key=lambda one: (abs(kinds.index(one) - own), -kinds.index(one)))
    there = (of_kind(path, one) for one in by_likeness if of_kind(path, one).is_file())
    return next(there, of_kind(path, kind))


def _values(name: str, info: Path) -> list[str]:
    try:
        lines = info.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == name]
