"""``make bench-overhead``: the stub of a model that it serves, in the real handler, and what it makes of errors."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import msgspec
import pytest

from f5serve import handler
from f5serve.errors import BackendError
from loadtests.bench.overhead import load_of, router_workers, under_load
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


def test_a_server_that_nobody_reaches_is_told_of() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, and nobody listens

        with pytest.raises(BackendError, match="no answer by way of the router to 2 callers"):
            under_load(f"http://127.0.0.1:{held.getsockname()[1]}/", "router", 0, 2, 4)


def test_a_record_tells_the_seeds_and_how_the_server_was_warmed_up() -> None:
    load = load_of()

    assert load["warm_up_requests"] == 4 * router_workers()
    assert "from 0" in str(load["seed"])
