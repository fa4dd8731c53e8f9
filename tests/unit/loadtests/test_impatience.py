"""Callers who leave: what is told of one request, and of all of a way."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from f5serve.encoding import encode
from f5serve.errors import ConfigurationError, OverloadedError
from f5serve.response import problem_answer
from loadtests.bench.material import read_trace
from loadtests.impatience import TEXTS, Part, alone_s, ask, summed
from loadtests.run import ROOT
from tests.unit.routing_support import Scripted, fake_model, problem

TEXT = "Demain matin, nous irons ensemble au marché."
SECONDS = 2.5


def spoken() -> Scripted:
    tone = 0.1 * np.sin(np.arange(int(24_000 * SECONDS)) * 0.05).astype(np.float32)
    headers = {
        "Content-Type": "audio/wav",
        "X-Audio-Seconds": f"{SECONDS:.3f}",
        "X-Language": "fr",
        "X-Model": "f5_fr",
    }
    return 200, headers, encode(tone, "wav")


def asked(answer: Scripted, *, after_s: float = 0.0, patience_s: float = 5.0) -> tuple[str, float]:
    def scripted(request: dict[str, Any]) -> Scripted:
        assert (request["text"], request["language"]) == (TEXT, "fr")
        time.sleep(after_s)
        return answer

    with fake_model(scripted) as model:
        began = time.monotonic()
        ending = ask(model.url.removesuffix("/predictions/f5_fr"), TEXT, patience_s)
    return ending, time.monotonic() - began


def test_an_answer_in_time_is_spoken_and_a_late_one_is_left() -> None:
    assert asked(spoken())[0] == "spoken"
    assert asked(spoken(), after_s=1.0, patience_s=0.3)[0] == "left"


def test_who_is_told_when_to_come_back_waits_so_long_but_not_longer_than_his_patience() -> None:
    told = problem_answer(OverloadedError("full", retry_after_s=60), "id-1", {})
    refusal = told.status, {**told.headers, "Content-Type": told.content_type}, told.body

    ending, took_s = asked(refusal, patience_s=0.5)

    assert ending == "shed"
    assert 0.5 <= took_s < 5.0


@pytest.mark.parametrize(
    "answer", [problem(500, "internal_error"), (200, {"Content-Type": "audio/wav"}, b"RIFF")]
)
def test_all_else_is_a_failure(answer: Scripted) -> None:
    assert asked(answer)[0] == "failed"


def test_a_server_that_is_not_there_is_a_failure_and_ends_the_measurement_of_a_text_alone() -> None:
    nowhere = "http://127.0.0.1:9"

    assert ask(nowhere, TEXT, 1.0) == "failed"
    with pytest.raises(ConfigurationError, match="not spoken even alone: Demain"):
        alone_s(nowhere, [TEXT])


def test_rounds_of_one_way_are_put_together() -> None:
    def part(way: str, spoken: int) -> Part:
        return Part(
            way=way, seconds=60.5, asked=spoken + 3, spoken=spoken, left=2, shed=1, failed=0
        )

    sums = summed([part("edge", 5), part("alone", 1), part("edge", 7)], "edge")

    assert json.loads(json.dumps(sums)) == {
        "seconds": 121.0, "asked": 18, "spoken": 12, "left": 4, "shed": 2, "failed": 0
    }  # fmt: skip


def test_the_texts_are_of_about_one_length() -> None:
    lengths = [len(text) for text in read_trace(ROOT / TEXTS)]

    assert len(lengths) >= 50
    assert max(lengths) < 3 * min(lengths)
