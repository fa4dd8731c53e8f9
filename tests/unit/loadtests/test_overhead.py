"""The stub of a model that ``make bench-overhead`` serves, in the real handler."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from f5serve import handler
from loadtests.bench.stub_handler import StubHandler
from tests.fakes import FakeContext
from tests.unit.synthesis_support import ALPHABET, archive


def test_the_handler_starts_with_the_stub_and_answers_speech(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F5SERVE_STUB_COST_MS", "0")
    monkeypatch.setattr(handler, "load_engine", handler.load_engine)  # the stub replaces it
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in ALPHABET), "utf-8")
    context = FakeContext(
        config={"handler": msgspec.to_builtins(archive(tmp_path))},
        properties={"model_dir": str(tmp_path), "gpu_id": None},
    )
    stub = StubHandler()

    stub.initialize(context)
    (sent,) = stub.handle([{"body": json.dumps({"text": "merci"}).encode()}], context)

    assert context.statuses[0] == 200, sent[:300]
    assert len(sent) > 40_000
