"""What a model finds too long for one piece is cut again and spoken, not refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.response import StreamedAnswer
from f5serve.router import Router
from f5serve.routing.plan import Piece
from f5serve.routing.speaking import MOST_CUTS, cut_again
from f5serve.text.clean import is_speakable
from f5serve.torchserve import Call
from tests.unit.routing_support import (
    FakeModel,
    Scripted,
    fake_model,
    problem,
    problem_of,
    settings,
    speech,
)
from tests.unit.test_router import ask


def at_most(letters: int) -> Any:
    """A model that finds more letters than these too long, and speaks a thousand samples a letter."""

    def answer(request: dict[str, Any]) -> Scripted:
        text = request["text"]
        if len(text) > letters:
            return problem(422, "piece_too_long", "text")
        status, headers, _ = speech()
        body = np.full(1_000 * len(text), 0.1, dtype="<f4").tobytes()
        return status, {**headers, "X-Unknown-Characters": "1"}, body

    return answer


def texts(model: FakeModel) -> list[str]:
    return [request["text"] for request in model.requests]


def piece(text: str, language: str = "fr") -> Piece:
    return Piece(index=3, segment=1, language=language, text=text, pause_s=0.2)


def test_a_piece_that_is_too_long_for_its_voice_is_spoken_in_parts_and_in_order() -> None:
    with fake_model(at_most(24)) as model:
        answer = ask(
            model, text="La voix est lente. Elle met du temps, bien du temps.", language="fr"
        )

    assert answer.status == 200
    assert [text for text in texts(model) if len(text) <= 24] == [
        "La voix est lente.", "Elle met du temps,", "bien du temps.",
    ]  # fmt: skip
    told = answer.headers
    assert (told["X-Pieces"], told["X-Unknown-Characters"]) == ("1", "3")
    # 50 letters, a full stop's pause, a comma's.
    assert float(told["X-Audio-Seconds"]) == pytest.approx(50_000 / 24_000 + 0.20 + 0.08, abs=0.01)


def test_the_parts_keep_the_seed_and_place_of_their_piece() -> None:
    with fake_model(at_most(24)) as model:
        ask(model, text="La voix est lente. Elle met du temps.", language="fr", seed=5)

    assert {(request["seed"], request["piece"]) for request in model.requests} == {(5, 0)}


def test_a_whole_answer_and_a_stream_hold_the_same_samples_where_pieces_are_cut_again() -> None:
    text = "La voix est lente. Elle met du temps, bien du temps. " * 4
    with fake_model(at_most(24)) as model:
        whole = ask(model, text=text, language="fr", response_format="pcm", seed=1)
        fields = {
            "text": text,
            "language": "fr",
            "response_format": "pcm",
            "seed": 1,
            "stream": True,
        }
        streamed = Router(settings(model.url)).answer(
            Call(correlation_id="id-1", path="", fields=fields, from_form=False)
        )
        assert isinstance(streamed, StreamedAnswer)
        assert b"".join(streamed.chunks) == whole.body


def test_a_model_that_finds_everything_too_long_is_not_asked_for_ever() -> None:
    with fake_model(at_most(0)) as model:
        answer = ask(model, text="Un, deux, trois, quatre, cinq, six.", language="fr")

    assert (answer.status, problem_of(answer)["code"]) == (422, "piece_too_long")
    assert len(model.requests) <= MOST_CUTS + 1


def test_another_refusal_is_the_caller_s_at_once() -> None:
    with fake_model(lambda _: problem(422, "unknown_characters", "text")) as model:
        answer = ask(model, text="Un, deux, trois.", language="fr")

    assert (answer.status, len(model.requests)) == (422, 1)
    assert json.loads(answer.body)["field"] == "text"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("WWW WWW WWW WWW", ["WWW WWW", "WWW WWW"]),
        ("ー" * 8, ["ーーーー", "ーーーー"]),
        ("e\u0301" * 3, ["e\u0301", "e\u0301e\u0301"]),
        ("a", ["a"]),
        ("a!!!!!!!", ["a!!!!!!!"]),
    ],
    ids=["words", "one long vowel", "never before an accent", "one letter", "nothing left to say"],
)  # fmt: skip
def test_where_a_piece_is_cut(text: str, parts: list[str]) -> None:
    assert [part.text for part in cut_again(piece(text))] == parts


@given(st.text(alphabet="aW1ー々न\u094d\u0301 .,!\u3000漢é", min_size=1, max_size=60))
def test_parts_hold_the_whole_text_are_shorter_and_each_has_something_to_say(text: str) -> None:
    whole = piece(text.strip())
    if not is_speakable(whole.text):
        return

    parts = cut_again(whole)

    assert "".join("".join(part.text.split()) for part in parts) == "".join(whole.text.split())
    assert parts[-1].pause_s == whole.pause_s
    if len(parts) > 1:
        assert all(len(part.text) < len(whole.text) for part in parts)
        assert all(is_speakable(part.text) for part in parts)


def test_samples_of_parts_fit_each_other() -> None:
    with fake_model(at_most(24)) as model:
        answer = ask(
            model,
            text="La voix est lente. Elle met du temps.",
            language="fr",
            response_format="pcm",
        )

    samples = np.frombuffer(answer.body, dtype="<i2") / 32_768
    assert samples.min() == 0.0
    # Faded out and in around the pause: nothing jumps by more than a fade's step.
    assert np.abs(np.diff(samples)).max() < 0.02
