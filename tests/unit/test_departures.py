"""Callers who have gone: nothing is begun for them, and what is under way is given up."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from f5serve import torchserve
from f5serve.continuous import ContinuousSpeaker
from f5serve.departures import (
    CALLER_HEADER,
    FOLDER_VARIABLE,
    Departures,
    caller_of,
    departures_of_this_server,
)
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import CallerGoneError
from f5serve.handler import ContinuousWorker, LanguageWorker
from f5serve.poison import PoisonGuard
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.settings import GuardSettings
from f5serve.synthesis import Synthesizer
from f5serve.torchserve import Call
from tests.fakes import FakeContext
from tests.unit.routing_support import FakeModel, Scripted, fake_model, problem, settings, speech
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive
from tests.unit.test_continuous import ScriptedTurns

ANNA, BERT = "a" * 32, "b" * 32
SENTENCE = "The train to the coast leaves early in the morning. "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of those who have gone are."""
    made = tmp_path / "gone"
    made.mkdir()
    return made


@pytest.fixture
def departures(folder: Path) -> Departures:
    return Departures(folder)


def test_who_has_gone_is_known_by_a_file_and_nobody_else_has(
    departures: Departures, folder: Path
) -> None:
    (folder / ANNA).touch()

    assert departures.has_gone(ANNA)
    assert not departures.has_gone(BERT)
    assert not departures.has_gone("")
    assert not Departures().has_gone(ANNA)


def test_of_several_all_must_have_gone(departures: Departures, folder: Path) -> None:
    (folder / ANNA).touch()
    both, unknown, none = departures.of(ANNA, BERT), departures.of(ANNA, ""), departures.of()

    assert (both(), unknown(), none()) == (False, False, False)
    (folder / BERT).touch()
    assert (both(), unknown(), none()) == (True, False, False)


@pytest.mark.parametrize(
    "told", ["", "../../etc/passwd", "A" * 32, "a" * 31, "a" * 33, f"{ANNA}\n"]
)
def test_what_is_no_id_of_an_edge_is_none(told: str) -> None:
    assert caller_of(told) == ""


def test_the_environment_says_where_they_are(folder: Path) -> None:
    (folder / ANNA).touch()

    assert departures_of_this_server({FOLDER_VARIABLE: str(folder)}).has_gone(ANNA)
    assert not departures_of_this_server({FOLDER_VARIABLE: ""}).has_gone(ANNA)


def test_the_id_is_read_from_its_header_and_goes_on_to_the_language_model() -> None:
    headers = {"Content-Type": "application/json", CALLER_HEADER: ANNA}

    call = torchserve.read_call({"body": b"{}"}, FakeContext([headers]), 0)

    assert call.caller == ANNA
    assert call.passed_on == {CALLER_HEADER: ANNA}
    assert Call(correlation_id="x", path="", fields={}, from_form=False).passed_on == {}


# --- the router


def asked(
    model: FakeModel, departures: Departures, caller: str = ANNA, **fields: Any
) -> Answer | StreamedAnswer:
    router = Router(settings(model.url), departures=departures)
    call = Call(correlation_id="id-1", path="", fields=fields, from_form=False, caller=caller)
    return router.answer(call)


@pytest.fixture
def stuck() -> Iterator[FakeModel]:
    """A model that speaks the first pieces of a text, and is not done with the others before the test is."""
    leave = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 1:
            leave.wait(20)
        return speech()

    with fake_model(answer) as model:
        yield model
        leave.set()


def test_nothing_is_begun_for_who_has_gone_while_waiting_for_a_worker(
    departures: Departures, folder: Path
) -> None:
    (folder / ANNA).touch()

    with fake_model(lambda _: speech()) as model:
        gone = asked(model, departures, text="Bonjour.", language="fr")
        here = asked(model, departures, BERT, text="Bonjour.", language="fr")
        without_edge = asked(model, departures, "", text="Bonjour.", language="fr")

    assert isinstance(gone, Answer)
    assert (gone.status, gone.reason) == (499, "caller_gone")
    assert (here.status, without_edge.status, len(model.requests)) == (200, 200, 2)


@pytest.mark.parametrize(
    ("status", "code"),
    [(499, "caller_gone"), (500, "synthesis_failed"), (422, "piece_too_long")],
)
@pytest.mark.parametrize("stream", [True, False])
def test_whatever_a_model_says_of_a_piece_whose_caller_has_gone_it_is_nobodys_error(
    departures: Departures, folder: Path, status: int, code: str, stream: bool
) -> None:
    """Its worker may have seen that before the router looked."""

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] < 2:
            return speech()
        (folder / ANNA).touch()
        return problem(status, code)

    with fake_model(answer) as model:
        told = asked(
            model,
            departures,
            text=SENTENCE * 9,
            language="en",
            stream=stream,
            response_format="pcm",
        )
        if isinstance(told, StreamedAnswer):
            with pytest.raises(CallerGoneError):
                list(told.chunks)
        else:
            assert (told.status, told.reason) == (499, "caller_gone")


def test_a_model_that_gives_up_a_piece_whose_caller_is_still_there_is_asked_again(
    departures: Departures,
) -> None:
    script = iter([problem(499, "caller_gone"), speech()])
    with fake_model(lambda _: next(script)) as model:
        answer = asked(model, departures, text="Bonjour.", language="fr")

    assert (answer.status if isinstance(answer, Answer) else 0, len(model.requests)) == (200, 2)


def test_the_models_are_told_for_whom_they_speak(departures: Departures) -> None:
    with fake_model(lambda _: speech()) as model:
        asked(model, departures, text="Bonjour.", language="fr")

    assert model.callers == [ANNA]


def test_a_worker_of_the_router_is_free_soon_after_its_caller_has_gone_and_asks_for_no_more_pieces(
    departures: Departures, folder: Path, stuck: FakeModel
) -> None:
    leaving = threading.Timer(0.5, (folder / ANNA).touch)
    leaving.start()
    begun = time.monotonic()

    gone = asked(stuck, departures, text=SENTENCE * 30, language="en")

    assert isinstance(gone, Answer)
    assert gone.reason == "caller_gone"
    assert 0.5 <= time.monotonic() - begun < 5.0  # the model would take twenty seconds
    at_once = len(stuck.requests)
    assert at_once < 10  # of about thirty
    time.sleep(0.5)
    assert len(stuck.requests) == at_once


def test_a_stream_ends_when_its_caller_has_gone_and_the_log_does_not_warn(
    departures: Departures, folder: Path, stuck: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = asked(
        stuck, departures, text=SENTENCE * 6, language="en", stream=True, response_format="pcm"
    )
    assert isinstance(answer, StreamedAnswer)
    assert next(answer.chunks)
    (folder / ANNA).touch()

    with pytest.raises(CallerGoneError):
        list(answer.chunks)

    (line,) = [record for record in caplog.records if record.message == "request"]
    assert line.levelno == logging.INFO
    assert "caller_gone" in str(line.__dict__)


# --- a language model


def calls_of(context: FakeContext, *texts: str) -> list[Call]:
    rows = [{"body": json.dumps({"text": text}).encode()} for text in texts]
    return torchserve.read_calls(rows, context)


def context_of(*callers: str) -> FakeContext:
    kind = {"Content-Type": "application/json"}
    return FakeContext([{**kind, CALLER_HEADER: caller} for caller in callers])


def worker_of(engine: RecordingEngine, folder: Path, departures: Departures) -> LanguageWorker:
    told = archive(folder)
    synthesizer = Synthesizer(engine, Vocabulary(ALPHABET), told, folder)
    return LanguageWorker(told, synthesizer, departures=departures)


def test_of_a_batch_those_are_spoken_whose_callers_are_still_there(
    departures: Departures, folder: Path, tmp_path: Path
) -> None:
    (folder / ANNA).touch()
    engine = RecordingEngine()
    context = context_of(ANNA, BERT, "")

    answers = worker_of(engine, tmp_path, departures).answers(
        calls_of(context, "merci", "oui", "non")
    )
    torchserve.write_answers(answers, context)

    assert [context.statuses[index] for index in range(3)] == [499, 200, 200]
    assert [len(batch) for batch in engine.batches] == [2]


class Leaving(RecordingEngine):
    """Its callers go while it speaks."""

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self.leave = leave

    def synthesize(self, items: Any, unwanted: Callable[[], bool] = lambda: False) -> Any:
        self.leave()
        return super().synthesize(items, unwanted)


@pytest.mark.parametrize("left_there", [0, 1])
def test_a_batch_is_given_up_once_nobody_waits_for_any_of_it(
    left_there: int, departures: Departures, folder: Path, tmp_path: Path
) -> None:
    def leave() -> None:
        for caller in (ANNA, BERT)[left_there:]:
            (folder / caller).touch()

    answers = worker_of(Leaving(leave), tmp_path, departures).answers(
        calls_of(context_of(ANNA, BERT), "merci", "oui")
    )

    assert [answer.status for answer in answers] == ([200, 200] if left_there else [499, 499])


def test_step_by_step_a_piece_is_given_up_between_two_turns(
    departures: Departures, folder: Path, tmp_path: Path
) -> None:
    turns = ScriptedTurns()
    worker = worker_of(RecordingEngine(), tmp_path, departures)
    speaker = ContinuousSpeaker(
        Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), archive(tmp_path), tmp_path),
        turns,
        PoisonGuard(),
        GuardSettings(),
    )
    continuous = ContinuousWorker(worker, speaker)
    rows = [{"body": json.dumps({"text": text}).encode()} for text in ("merci", "oui", "bonjour")]

    def turn(*keys: str) -> dict[str, int]:
        context = context_of(*({"1": BERT, "2": ANNA, "3": BERT}[key] for key in keys))
        context.request_ids = dict(enumerate(keys))
        continuous.turn([rows[int(key) - 1] for key in keys], context)
        return {keys[place]: context.statuses[place] for place in context.request_ids}

    assert turn("1", "2", "3") == {"1": 200}
    (folder / ANNA).touch()
    assert turn("2", "3") == {"2": 499, "3": 200}
    assert turns.waiting == {}
