"""A load test or benchmark that is told to end leaves by its context managers, which stop the servers."""

from __future__ import annotations

import os
import runpy
import signal
import sys
from types import FrameType
from typing import NoReturn

import pytest

FIRST_STEP = {
    "loadtests.bench.overhead": "scripts.record.circumstances",
    "loadtests.bench.schedules": "scripts.record.circumstances",
    "loadtests.bench.serving": "scripts.record.circumstances",
    "loadtests.bounds": "scripts.record.circumstances",
    "loadtests.impatience": "scripts.record.circumstances",
    "loadtests.recovery": "scripts.record.circumstances",
    "loadtests.dashboard": "loadtests.profile.load_profile",
    "loadtests.run": "loadtests.profile.load_profile",
}
"""What each does first, in the midst of which it is told to end."""
ARGUMENTS = {"loadtests.run": ("steps",)}


def killed(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise AssertionError(f"signal {number} ended it as it stood")


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", FIRST_STEP)
def test_it_ends_as_by_an_error_of_its_own(
    command: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FIRST_STEP[command], lambda *_: os.kill(os.getpid(), number))
    monkeypatch.setattr(sys, "argv", [command, *ARGUMENTS.get(command, ())])
    former = signal.signal(number, killed)
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(command, run_name="__main__")
        assert signal.getsignal(number) is killed
    finally:
        signal.signal(number, former)

    assert ended.value.code == 128 + number
