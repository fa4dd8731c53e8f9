"""The edge tells of callers who have gone, of nobody else, and a pod stops working for them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from f5serve.departures import CALLER_HEADER
from scripts.edge import departures_folder
from tests.edge.edges import TIMEOUT_S, RunningEdge, leave_after, wait_for
from tests.edge.pods import Pod, french_pod, told
from tests.server.listening import heard

SENTENCE = "Demain matin, nous irons ensemble au marché. "
QUIET_S = 1.0


def who_has_gone(edge: RunningEdge) -> set[str]:
    return {path.name for path in departures_folder(edge.settings).iterdir()}


def caller_of(edge: RunningEdge) -> str:
    """Answer the id that the edge gave the last request that it let through."""
    return edge.backend.seen[-1].headers[CALLER_HEADER.lower()]


def test_the_id_is_the_edges_own_whatever_a_caller_says(edge: RunningEdge) -> None:
    mine = {"X-Request-Id": "mine", CALLER_HEADER: "0" * 32}

    edge.speak("Bonjour.", headers=mine)
    first = caller_of(edge)
    edge.speak("Bonjour.", headers=mine)

    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first not in {"0" * 32, caller_of(edge)}


@pytest.mark.parametrize("text", ["wait 3", "stream"])
def test_who_leaves_before_the_answer_is_whole_has_gone(edge: RunningEdge, text: str) -> None:
    before = who_has_gone(edge)

    leave_after(edge.edge.port, {"text": text}, lambda: bool(edge.backend.seen))

    wait_for(lambda: who_has_gone(edge) - before == {caller_of(edge)})


@pytest.mark.parametrize(
    "text", ["Bonjour.", "refused by a handler", "queue full", "raised", "too large"]
)
def test_who_has_an_answer_has_not(edge: RunningEdge, text: str) -> None:
    before = who_has_gone(edge)

    edge.speak(text)
    edge.ask("GET", "/nowhere")
    edge.ask("GET", "/readyz")
    edge.ask("GET", "/v1/models")

    time.sleep(QUIET_S)
    assert who_has_gone(edge) == before


def test_new_keys_change_nothing_about_it(edge: RunningEdge) -> None:
    assert edge.edge.reload()
    edge.speak("Bonjour.")
    before = who_has_gone(edge)
    edge.backend.seen.clear()

    leave_after(edge.edge.port, {"text": "wait 3"}, lambda: bool(edge.backend.seen))

    wait_for(lambda: who_has_gone(edge) - before == {caller_of(edge)})


# --- a pod


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod of the router and one language."""
    with french_pod(tmp_path_factory.mktemp("f")) as running:
        yield running


def leave(running: Pod, name: str, **fields: Any) -> None:
    """Ask for a minute's work, and leave after a second of it."""
    begun = time.monotonic()
    leave_after(
        int(running.environment["F5SERVE_EDGE_PORT"]),
        {"text": SENTENCE * 40, "language": "fr", "steps": 32, **fields},
        lambda: time.monotonic() > begun + 1.0,
        **{"X-Request-Id": name},
    )


@pytest.mark.server
def test_a_pod_stops_working_for_who_has_gone_and_for_nobody_else_of_that_name(french: Pod) -> None:
    leave(french, "same")
    namesake = requests.post(
        f"{french.url}/predictions/tts",
        json={"text": SENTENCE, "language": "fr", "steps": 4},
        headers={"X-Request-Id": "same"},
        timeout=TIMEOUT_S,
    )
    wait_for(lambda: len(told(french, "request", "same")) == 2)

    heard(namesake)
    left, stayed = told(french, "request", "same")
    assert (left["status"], left["reason"]) == (499, "caller_gone")
    assert (stayed["status"], stayed["reason"]) == (200, "ok")
    assert left["seconds"] < 5.0  # all of it would take a minute
    pieces = [line for line in told(french, "piece", "same") if line["status"] == 499]
    assert pieces  # were under way, and were given up
    assert len(told(french, "piece", "same")) < left["pieces"] / 2


@pytest.mark.server
def test_a_stream_that_is_left_ends_without_an_error_of_anybodys(french: Pod) -> None:
    with requests.post(
        f"{french.url}/predictions/tts",
        json={"text": SENTENCE * 40, "language": "fr", "steps": 7, "stream": True},
        headers={"X-Request-Id": "heard"},
        stream=True,
        timeout=TIMEOUT_S,
    ) as answer:
        assert next(answer.iter_content(1024))
    wait_for(lambda: bool(told(french, "request", "heard")))

    (left,) = told(french, "request", "heard")
    assert (left["status"], left["reason"], left["level"]) == (200, "caller_gone", "INFO")
    assert left["streamed"]
    logs = french.folder / "logs"
    written = "".join(path.read_text(encoding="utf-8") for path in sorted(logs.glob("*.log")))
    assert "Traceback" not in written
    assert "Invoking custom service failed" not in written
