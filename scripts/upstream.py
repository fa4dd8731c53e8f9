"""Holds an archive of the full profile against upstream's own packages before it may be served.

The same checkpoint, voice, tokens and noise through f5-tts and through the engine of the archive, both in
float32: the mels must agree. A comparison is kept in the lock with a digest of all that it depends on, and
repeated when that changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from f5serve.errors import ConfigurationError
from scripts.archive import file_digest
from scripts.lock import Switches, Verification

MEL_LIMIT: Final = 1e-3
CLEARLY: Final = 1.1
"""A loss this many times another is clearly the worse one."""
DEADLINE_S: Final = 1800
PACKAGES: Final = {"f5_tts": "f5-tts", "vocos": "vocos", "torch": "torch"}
_SCRIPT: Final = Path(__file__).with_name("upstream_check.py")
_MAKERS: Final = ("upstream_check.py", "switches.py", "published.py")
# The parts of an archive that a comparison depends on, the checkpoint among them.
_DECIDING: Final = (
    "f5serve/engine/",
    "f5serve/text/",
    "f5serve/references.py",
    "model-config.yaml",
    "model.safetensors",
    "vocab.txt",
    "vocoder.safetensors",
    "voices/",
)


class Comparison(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the comparison's own process found; see ``scripts.lock`` for the figures."""

    language: str
    frames: int
    steps: int
    seed: int
    mel_rel_l2: float
    wave_rel_l2: float
    rounding_mel_rel_l2: float
    pinned_loss: float
    other_loss: float
    trivial_loss: float


def require_packages() -> None:
    """Refuse to begin without the packages to compare with.

    Raises:
        ConfigurationError: If one is not installed; tells the remedy.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"archives of the full profile are compared with {', '.join(PACKAGES[name] for name in missing)}"
            " before they are served, which is not installed: make setup-dev."
            " Or package on another machine, copy the model store, and serve it with"
            " PYTHONPATH=handlers:. .venv/bin/python -m scripts.serve"
        )


def comparison_key(members: Mapping[str, str], original_sha256: str) -> str:
    """Answer a digest of all that a comparison depends on.

    Args:
        members: The sha256 of each of the archive's files, by name.
        original_sha256: Digest of the checkpoint that it was made from.
    """
    content = {
        "members": {name: digest for name, digest in members.items() if name.startswith(_DECIDING)},
        "original": original_sha256,
        "versions": versions(),
        "makers": {name: file_digest(Path(__file__).with_name(name)) for name in _MAKERS},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Answer the versions of the packages compared with."""
    return {package: version(package) for package in PACKAGES.values()}


def verify_upstream(name: str, folder: Path, original: Path, key: str) -> Verification:
    """Compare an unpacked archive with upstream.

    Args:
        name: The model's name.
        folder: The unpacked archive.
        original: The checkpoint that it was made from.
        key: What ``comparison_key`` answers for it.

    Returns:
        The figures.

    Raises:
        ConfigurationError: If mel or samples are too far from upstream's, the pinned switches are clearly
            the wrong ones, or the comparison cannot be made.
    """
    found = _compared(name, folder, original)
    for what, distance in (("mel", found.mel_rel_l2), ("waveform", found.wave_rel_l2)):
        if not distance <= MEL_LIMIT:
            raise ConfigurationError(
                f"{name}: the engine's {what} is {distance:.2e} away from upstream's (relative L2);"
                f" {MEL_LIMIT:g} is allowed. This archive must not be served: the engine and"
                f" f5-tts {versions()['f5-tts']} read the checkpoint differently. Compare: make parity"
            )
    return Verification(
        key=key,
        versions=versions(),
        language=found.language,
        frames=found.frames,
        steps=found.steps,
        seed=found.seed,
        mel_rel_l2=_digits(found.mel_rel_l2),
        wave_rel_l2=_digits(found.wave_rel_l2),
        rounding_mel_rel_l2=_digits(found.rounding_mel_rel_l2),
        switches=judge(found.pinned_loss, found.other_loss, found.trivial_loss, name),
    )


def judge(pinned: float, other: float, trivial: float, name: str) -> Switches:
    """Decide what the losses tell.

    Args:
        pinned: Loss with the pinned switches.
        other: Loss with the other generation's.
        trivial: Loss of a guess from mean and spread.
        name: The model's name, for the message.

    Raises:
        ConfigurationError: If the other switches predict speech, and clearly better than the pinned ones.
    """
    tells = min(pinned, other) < trivial
    if tells and pinned >= CLEARLY * other:
        raise ConfigurationError(
            f"{name}: the pinned architecture predicts its reference voice with a loss of {pinned:.3g}, the"
            f" other generation's switches (v0 for v1, v1 for v0) with {other:.3g}: it would speak noise."
            " Pin the other architecture in config/catalogue.yaml"
        )
    return Switches(
        pinned_loss=_digits(pinned),
        other_loss=_digits(other),
        trivial_loss=_digits(trivial),
        verdict="confirmed" if tells and other >= CLEARLY * pinned else "untold",
    )


def remark(name: str, switches: Switches) -> str | None:
    """Answer a warning where the switches could not be confirmed."""
    if switches.verdict == "confirmed":
        return None
    return (
        f"{name}: whether the checkpoint is v0 or v1 cannot be told from what it predicts (loss"
        f" {switches.pinned_loss:g} as pinned, {switches.other_loss:g} as the other, {switches.trivial_loss:g}"
        " for a guess); listen to it before serving it"
    )


def _compared(name: str, folder: Path, original: Path) -> Comparison:
    command = [sys.executable, "-I", "-B", str(_SCRIPT), str(folder), str(original.absolute())]
    # Nothing is fetched for a comparison, whatever the package tries at import.
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"{name}: the comparison with upstream took more than {DEADLINE_S} s"
        ) from error
    if done.returncode != 0:
        reason = "\n  ".join(done.stderr.strip().splitlines()[-6:])
        raise ConfigurationError(
            f"{name}: the comparison with upstream failed (exit status {done.returncode};"
            f" -9 is want of memory):\n  {reason}"
        )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Comparison)


def _digits(value: float) -> float:
    """Keep what is worth keeping; the further digits depend on the processor."""
    return float(f"{value:.2e}")
