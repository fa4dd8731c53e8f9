"""Memory of the engine's two sides: what is counted, and what is said when nothing is."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from loadtests.bench import memory
from scripts import memory as workers


def never_ends(command: list[str], *, timeout: float, **told: object) -> None:
    raise subprocess.TimeoutExpired(command, timeout)


def test_what_is_imported_while_it_is_measured_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "comes_late.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    late = memory._taken(lambda: __import__("comes_late"))
    never = memory._taken(lambda: __import__("comes_late"))

    assert late.imported_late == ("comes_late",)
    assert never.imported_late == ()


def test_upstream_is_imported_before_anything_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(memory, "import_upstream", lambda: order.append("imported"))
    monkeypatch.setattr(memory, "demo", lambda trace: contextlib.nullcontext())
    monkeypatch.setattr(memory, "_taken", lambda work: order.append("counted"))

    memory._demo_upstream()

    assert order == ["imported", "counted"]


def test_a_side_that_takes_for_ever_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", never_ends)

    with pytest.raises(ConfigurationError, match=r"demo, ours .* no answer within 600 s; run it"):
        memory.memory(1)


def test_a_bare_worker_that_takes_for_ever_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", never_ends)

    with pytest.raises(ConfigurationError, match="router worker: does not import within 120 s"):
        workers.measure(workers.WORKERS[1])
