"""Commands that are told to end, or lose their terminal, clear up; one under nohup goes on."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts import serve
from scripts.launch import ServerOptions
from scripts.ports import Ports
from scripts.signals import handled, leaving


@contextmanager
def not_ignored(number: signal.Signals) -> Iterator[None]:
    """Whoever runs the tests may have had a signal ignored."""
    former = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, former)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_is_then_as_before(number: signal.Signals) -> None:
    with not_ignored(number):
        with pytest.raises(SystemExit) as ended, leaving():
            os.kill(os.getpid(), number)

        assert ended.value.code == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL


def test_a_second_signal_does_not_cut_the_clearing_up_off() -> None:
    cleared: list[bool] = []

    def told_twice() -> None:
        with leaving():
            try:
                os.kill(os.getpid(), signal.SIGHUP)
            finally:
                os.kill(os.getpid(), signal.SIGHUP)
                os.kill(os.getpid(), signal.SIGTERM)
                cleared.append(True)

    with not_ignored(signal.SIGHUP), pytest.raises(SystemExit):
        told_twice()

    assert cleared == [True]


def test_a_second_signal_does_not_cut_it_off_after_an_inner_block_either() -> None:
    cleared: list[bool] = []

    def told_twice() -> None:
        with leaving():
            try:
                with leaving():
                    os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                cleared.append(True)

    with not_ignored(signal.SIGTERM):
        with pytest.raises(SystemExit):
            told_twice()

        assert cleared == [True]
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_inner_block_that_ends_by_itself_leaves_the_outer_one_as_it_was() -> None:
    def told() -> None:
        with leaving():
            with leaving():
                pass
            os.kill(os.getpid(), signal.SIGTERM)

    with not_ignored(signal.SIGTERM), pytest.raises(SystemExit):
        told()


def test_a_hangup_that_is_ignored_stays_so() -> None:
    noted: list[int] = []
    with not_ignored(signal.SIGHUP):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

        with handled(lambda number, _: noted.append(number), signal.SIGHUP):
            os.kill(os.getpid(), signal.SIGHUP)

    assert noted == []


class Terminal(io.StringIO):
    """A terminal that can be closed."""

    is_closed = False

    def write(self, text: str) -> int:
        if self.is_closed:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().write(text)


class Server:
    """TorchServe, as far as ``serve`` asks for it; its terminal is closed once it is ready."""

    inference_url = "http://127.0.0.1:9080"

    def __init__(self, terminal: Terminal) -> None:
        self.steps: list[str] = []
        self._terminal = terminal

    def start(self) -> None:
        self.steps.append("started")

    def wait_ready(self, **_: object) -> None:
        self.steps.append("ready")

    def memory(self) -> str:
        return "little"

    def is_running(self) -> bool:
        if not self._terminal.is_closed:
            self._terminal.is_closed = True
            for _ in range(2):  # the kernel's and the shell's
                os.kill(os.getpid(), signal.SIGHUP)
        return True

    def drain(self, _deadline_s: float, hurry: Callable[[], bool]) -> None:
        self.steps.append("cut off" if hurry() else "drained")

    def stop(self, **_: object) -> None:
        self.steps.append("stopped")


def test_a_server_whose_terminal_is_closed_finishes_its_work_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    server = Server(terminal)
    options = ServerOptions(store=tmp_path, models=("tts",), ports=Ports.from_base(9080), logs=tmp_path)  # fmt: skip
    monkeypatch.setattr(serve, "TorchServe", lambda *_: server)
    monkeypatch.setattr(sys, "stdout", terminal)

    with not_ignored(signal.SIGHUP):
        status = serve.serve(options)

    assert status == 0
    assert server.steps == ["started", "ready", "drained", "stopped"]
