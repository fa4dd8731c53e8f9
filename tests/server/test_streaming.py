"""Streams through a real TorchServe: one router worker, and models that do what a test tells them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.server.harness import RoutedServer
from tests.server.listening import TIMEOUT_S, post, refused
from tests.unit.routing_support import Scripted, noise, problem

pytestmark = pytest.mark.server

LONG = "The train to the coast leaves early in the morning. " * 8
WAIT_S = 30.0


def begin(routed: RoutedServer, **fields: Any) -> requests.Response:
    """Ask for a stream; answered as soon as it begins."""
    fields = {"text": LONG, "seed": 1, "stream": True, **fields}
    return requests.post(routed.url, json=fields, stream=True, timeout=TIMEOUT_S)


class Gate:
    """Speaks the first piece; the others wait until it is opened, and are then answered as told."""

    def __init__(self, after: Scripted | None = None) -> None:
        self.opened = threading.Event()
        self.spoken: list[int] = []
        self._after = after

    def __call__(self, request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            self.opened.wait(WAIT_S)
        self.spoken.append(request["piece"])
        return noise(request) if request["piece"] == 0 or self._after is None else self._after


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("opus", "audio/ogg"), ("pcm", "audio/pcm")],
)
def test_the_first_chunk_arrives_before_the_second_piece_is_spoken(
    routed: RoutedServer, name: str, content_type: str
) -> None:
    gate = Gate()
    routed.model.answer = gate

    with begin(routed, response_format=name) as answer:
        chunks = answer.iter_content(chunk_size=None)
        first = next(chunks)
        before = list(gate.spoken)
        gate.opened.set()
        rest = b"".join(chunks)

    assert (answer.status_code, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    assert answer.headers["Content-Type"].startswith(content_type)
    assert (answer.headers["X-Language"], answer.headers["X-Seed"]) == ("en", "1")
    assert answer.headers["X-Model-Licence"] == "MIT"
    assert "X-Audio-Seconds" not in answer.headers
    assert before == [0]
    assert first
    assert rest
    assert len(gate.spoken) == int(answer.headers["X-Pieces"])


def test_a_stream_holds_what_a_whole_answer_holds(routed: RoutedServer) -> None:
    with begin(routed, response_format="pcm") as answer:
        streamed = answer.content

    whole = post(routed.url, text=LONG, seed=1, response_format="pcm")
    assert len(streamed) > 48_000
    assert streamed == whole.content
    assert "Transfer-Encoding" not in whole.headers


def test_a_text_of_one_piece_comes_whole_and_ends(routed: RoutedServer) -> None:
    with begin(routed, text="The train leaves.") as answer:
        body = answer.content

    assert int(answer.headers["Content-Length"]) == len(body)
    assert "ts_stream_next" not in answer.headers
    assert body[:4] == b"RIFF"


def test_an_error_before_the_first_chunk_is_a_problem_document(routed: RoutedServer) -> None:
    routed.model.answer = lambda _: problem(422, "unknown_characters", "text")

    with begin(routed) as answer:
        assert refused(answer, 422)["code"] == "unknown_characters"


def test_a_model_that_fails_on_the_way_breaks_the_body_off_and_the_next_request_is_served(
    routed: RoutedServer,
) -> None:
    gate = Gate(after=problem(500, "synthesis_failed"))
    routed.model.answer = gate

    with begin(routed, response_format="pcm") as answer:
        chunks = answer.iter_content(chunk_size=None)
        assert next(chunks)
        gate.opened.set()
        with pytest.raises(requests.RequestException):
            list(chunks)

    routed.model.answer = noise
    assert post(routed.url, text=LONG).status_code == 200


def test_a_caller_who_goes_away_leaves_the_worker_free_for_the_next(routed: RoutedServer) -> None:
    gate = Gate()
    routed.model.answer = gate
    with begin(routed) as answer:
        assert next(answer.iter_content(chunk_size=None))
    # The connection is closed now, in the middle of the body.
    gate.opened.set()

    routed.model.answer = noise
    assert post(routed.url, text=LONG).status_code == 200  # by the only worker there is
