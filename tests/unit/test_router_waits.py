"""What the router waits for, and what it does not: a deadline, and pieces of a text that was refused."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from f5serve.response import Answer
from f5serve.router import Router
from f5serve.torchserve import Call
from tests.unit.routing_support import Scripted, fake_model, problem, problem_of, settings, speech


def test_a_refused_text_does_not_keep_the_next_one_waiting() -> None:
    spoken, leave = threading.Semaphore(0), threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["text"] == "Bonjour.":
            return speech()
        if request["piece"] == 4:  # when all threads of the request have a piece in hand
            for _ in range(3):
                spoken.acquire(timeout=10)
            return problem(422, "bad_reference_audio", "ref_audio")
        spoken.release()
        if request["piece"]:
            leave.wait(10)
        return speech()

    sentence = "The train to the coast leaves early in the morning. "
    with fake_model(answer) as model:
        router = Router(settings(model.url))
        refused, other = (
            router.answer(
                Call(correlation_id="id-1", path="", fields={"text": text}, from_form=False)
            )
            for text in (sentence * 9, "Bonjour.")
        )
        still_asked = not leave.is_set()
        leave.set()

    assert isinstance(refused, Answer)
    assert (refused.status, other.status, still_asked) == (422, 200, True)


def test_the_deadline_is_kept_where_a_model_says_nothing() -> None:
    leave = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"]:
            leave.wait(10)
        return speech()

    sentence = "The train to the coast leaves early in the morning. "
    with fake_model(answer) as model:
        soon = msgspec.structs.replace(settings(model.url), deadline_s=0.5)
        late = Router(soon).answer(
            Call(correlation_id="id-1", path="", fields={"text": sentence * 9}, from_form=False)
        )
        leave.set()

    assert isinstance(late, Answer)
    assert (late.status, problem_of(late)["code"]) == (504, "deadline_exceeded")
