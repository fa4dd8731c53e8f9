"""Clips with bytes changed at random: speech or a refusal, never a crash, a fault of ours, or much memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests import fuzz
from loadtests.fuzz import Told, decode_mutants
from loadtests.mutants import FORMS, mutant, whole_clip

MUTANTS = 400
SEED = 1

linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="memory is measured as Linux tells it"
)


@linux_only
@pytest.mark.parametrize(("kind", "subtype"), FORMS)
def test_a_clip_with_changed_bytes_is_spoken_or_refused_in_little_memory(
    kind: str, subtype: str
) -> None:
    told = decode_mutants(kind, subtype, seed=SEED, count=MUTANTS)

    assert isinstance(told, Told), told
    assert told.decoded + told.refused == MUTANTS
    assert told.refused > MUTANTS / 20
    assert told.faults() == []


@linux_only
def test_a_decoder_that_fails_is_found_and_the_clip_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Before any other module the child imports this one, and with it a decoder that has faults.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "from f5serve import audio\n"
        "seen = []\n"
        "def decode(data, **_):\n"
        "    seen.append(data)\n"
        "    if len(seen) == 4:\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    raise audio.ValueRefusedError('no')\n"
        "def first(data, **_):\n"
        "    audio.decode_reference = sys.modules['__main__'].decode_reference = decode\n"
        "audio.decode_reference = first\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(fuzz, "OUT", tmp_path / "out")
    monkeypatch.setattr(fuzz, "FORMS", FORMS[:1])
    run = subprocess.run

    def with_faults(command: list[str], *, env: dict[str, str], **options: Any) -> Any:
        return run(command, env={**env, "PYTHONPATH": f"{env['PYTHONPATH']}:{tmp_path}"}, **options)

    monkeypatch.setattr(subprocess, "run", with_faults)

    status = fuzz.main(["--seconds", "20", "--seed", "5"])

    assert status == 1
    assert "status -11" in capsys.readouterr().err
    (kept,) = (tmp_path / "out").iterdir()
    assert kept.read_bytes() == mutant(whole_clip(*FORMS[0]), 5, 3)


def test_too_much_memory_and_too_much_time_are_told() -> None:
    good = Told(decoded=1, refused=1, slowest_s=0.1, grown_bytes=1_000_000)
    assert good.faults() == []
    slow = Told(decoded=1, refused=1, slowest_s=3.0, grown_bytes=300_000_000)
    assert slow.faults() == ["memory grew by 300 MB", "one clip took 3.0 s of processor time"]
