"""What is counted of a request and of a batch, and that no text is among it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from f5serve import metrics, torchserve
from f5serve.engine.engine import SynthesisStats
from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ServeError
from f5serve.handler import LanguageWorker, SpeechHandler
from f5serve.metrics import METRICS, Metric
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.routing.backends import MOST_TRIES
from f5serve.settings import RouterSettings
from f5serve.synthesis import Synthesizer
from f5serve.torchserve import Call
from tests.fakes import FakeContext
from tests.unit.routing_support import (
    FakeModel,
    Scripted,
    fake_model,
    problem,
    queue_full,
    settings,
    speech,
    torchserve_error,
)
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, Samples, archive

LONG = "Le train part tôt le matin, et il arrive tard le soir. " * 12


class Notebook:
    """Keeps what is counted."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, tuple[str, ...]]] = []

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        assert metric in METRICS
        assert len(labels) == len(metric.labels)
        self.rows.append((metric.name, value, labels))

    def of(self, metric: Metric) -> list[tuple[float, tuple[str, ...]]]:
        return [(value, labels) for name, value, labels in self.rows if name == metric.name]

    def labels_of(self, metric: Metric) -> list[tuple[str, ...]]:
        return [labels for _, labels in self.of(metric)]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(lambda _: speech(24_000)) as running:
        yield running


def ask(
    speaker: FakeModel, path: str = "", *, change: dict[str, Any] | None = None, **fields: Any
) -> tuple[Answer | StreamedAnswer, Notebook]:
    told: RouterSettings = msgspec.structs.replace(settings(speaker.url), **(change or {}))
    notebook = Notebook()
    call = Call(correlation_id="id-1", path=path, fields=fields or None, from_form=False)
    return Router(told).answer(call, notebook), notebook


def test_a_spoken_text_is_counted_once_with_its_time_and_its_wait(model: FakeModel) -> None:
    _, counted = ask(model, text="Bonjour tout le monde.", language="fr")

    assert counted.of(metrics.REQUESTS) == [(1, ("fr", "f5_fr", "200", "ok"))]
    ((spent, labels),) = counted.of(metrics.REQUEST_SECONDS)
    ((waited, _),) = counted.of(metrics.QUEUE_SECONDS)
    assert labels == ("fr",)
    assert 0.0 <= waited < spent < 10.0
    assert counted.of(metrics.FIRST_AUDIO_SECONDS) == []
    assert counted.of(metrics.BACKEND_RETRIES) == []


def test_what_was_accepted_is_finished_when_it_ends_however_it_does(model: FakeModel) -> None:
    _, spoken = ask(model, text="Bonjour tout le monde.", language="fr")
    model.answer = lambda _: problem(500, "synthesis_failed")
    _, failed = ask(model, text="Bonjour tout le monde.", language="fr")

    for counted in (spoken, failed):
        ((accepted, labels),) = counted.of(metrics.ACCEPTED_SECONDS)
        assert counted.of(metrics.FINISHED_SECONDS) == [(accepted, labels)]
        assert labels == ("fr",)
        assert 0.5 < accepted < 3.0
    assert failed.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "502", "backend_failed")]
    assert failed.of(metrics.REQUEST_SECONDS) == []


def test_a_stream_is_counted_when_it_ends_and_its_first_chunk_when_it_is_there(
    model: FakeModel,
) -> None:
    answer, counted = ask(model, text=LONG, language="fr", stream=True, response_format="pcm")

    assert isinstance(answer, StreamedAnswer)
    assert counted.of(metrics.REQUESTS) == []
    assert counted.of(metrics.FINISHED_SECONDS) == []
    for _ in answer.chunks:
        pass
    assert counted.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "200", "ok")]
    ((first, _),) = counted.of(metrics.FIRST_AUDIO_SECONDS)
    ((whole, _),) = counted.of(metrics.REQUEST_SECONDS)
    assert first < whole


def test_a_short_stream_has_its_first_audio_when_it_has_all(model: FakeModel) -> None:
    _, counted = ask(model, text="Bonjour.", language="fr", stream=True, response_format="pcm")

    assert len(counted.of(metrics.FIRST_AUDIO_SECONDS)) == 1


@pytest.mark.parametrize("path", ["", "v1/audio/speech"], ids=["ours", "events"])
def test_a_stream_that_breaks_off_is_no_success(model: FakeModel, path: str) -> None:
    begun = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if not request["piece"]:
            return speech(24_000)
        begun.wait(5.0)  # an error that is known before anything is sent is an answer of its own
        return problem(500, "synthesis_failed")

    model.answer = answer
    fields: dict[str, Any] = {"text": LONG, "language": "fr", "stream": True}
    if path:
        fields = {"model": "tts-1", "input": LONG, "voice": "anna", "stream_format": "sse"}
    streamed, counted = ask(model, path, change={"max_concurrent_pieces": 1}, **fields)
    begun.set()

    assert isinstance(streamed, StreamedAnswer)
    try:
        for _ in streamed.chunks:
            pass
    except ServeError:
        assert not path
    assert counted.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "200", "backend_failed")]
    assert counted.of(metrics.REQUEST_SECONDS) == []


def test_a_stream_that_nobody_takes_to_its_end_is_closed_too(model: FakeModel) -> None:
    answer, counted = ask(model, text=LONG, language="fr", stream=True, response_format="pcm")

    assert isinstance(answer, StreamedAnswer)
    chunks = iter(answer.chunks)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert counted.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "200", "aborted")]
    assert len(counted.of(metrics.FINISHED_SECONDS)) == 1


def test_a_refused_request_is_counted_by_its_reason_without_a_language(model: FakeModel) -> None:
    _, counted = ask(model, text="")
    _, openai = ask(model, "v1/audio/speech", model="tts-1", input="", voice="anna")

    assert counted.of(metrics.REQUESTS) == [(1, ("none", "none", "422", "no_speakable_text"))]
    assert openai.labels_of(metrics.REQUESTS)[0][:2] == ("none", "none")
    assert openai.labels_of(metrics.REQUESTS)[0][2].startswith("4")


@pytest.mark.parametrize("path", ["status", "playground", "v1/models"])
def test_what_is_only_shown_is_no_request_for_speech(model: FakeModel, path: str) -> None:
    answer, counted = ask(model, path)

    assert answer.status == 200
    assert counted.rows == []


def test_tries_that_a_server_did_not_answer_are_counted_by_why(model: FakeModel) -> None:
    answers = iter([torchserve_error(500), queue_full(), queue_full(), speech()])
    model.answer = lambda _: next(answers)

    _, counted = ask(
        model, change={"max_refused_s": 5.0, "workers": 4}, text="Bonjour.", language="fr"
    )

    assert sorted(counted.of(metrics.BACKEND_RETRIES)) == [
        (1, ("f5_fr", "lost")),
        (2, ("f5_fr", "full")),
    ]
    assert counted.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "200", "ok")]


def test_a_server_that_is_not_there_is_counted_as_unreached(model: FakeModel) -> None:
    model.answer = lambda _: None

    _, counted = ask(model, text="Bonjour.", language="fr")

    assert counted.of(metrics.BACKEND_RETRIES) == [(MOST_TRIES, ("f5_fr", "unreached"))]


def test_a_shed_request_has_its_language_and_its_reason(model: FakeModel) -> None:
    model.answer = lambda _: queue_full()

    _, counted = ask(model, change={"max_refused_s": 0.1}, text="Bonjour.", language="fr")

    assert counted.labels_of(metrics.REQUESTS) == [("fr", "f5_fr", "503", "overloaded")]


class CostlyEngine(RecordingEngine):
    """Tells of frames and of a batch that had to be cut."""

    def synthesize(
        self,
        items: Sequence[SampleItem],
        unwanted: Callable[[], bool] = lambda: False,
    ) -> tuple[list[Samples | ServeError], SynthesisStats]:
        waves, _ = super().synthesize(items, unwanted)
        return waves, SynthesisStats(frames=300, padded_frames=400, batches=2, retries=1)


def handled(engine: RecordingEngine, folder: Path, *bodies: dict[str, Any]) -> FakeContext:
    """Answer a batch with a worker that has warmed up."""
    told = archive(folder)
    synthesizer = Synthesizer(engine, Vocabulary(ALPHABET), told, folder)
    synthesizer.warm_up()
    handler = SpeechHandler()
    handler._worker = LanguageWorker(told, synthesizer)
    context = FakeContext([{"Content-Type": "application/json"}] * len(bodies))
    handler.handle([{"body": json.dumps(body).encode()} for body in bodies], context)
    return context


def test_a_batch_is_counted_with_its_speech_its_cost_and_its_padding(tmp_path: Path) -> None:
    text = {"text": "merci beaucoup"}
    counted = handled(CostlyEngine(), tmp_path, text, {"text": "?"}, text).metrics

    assert counted.named("f5serve_pieces_total") == [
        ({"Code": "200", "Reason": "ok"}, 2),
        ({"Code": "422", "Reason": "no_speakable_text"}, 1),
    ]
    ((labels, seconds),) = counted.named("f5serve_audio_seconds_total")
    assert labels == {"Language": "fr"}
    assert seconds > 0.5
    ((_, inference_s),) = counted.named("f5serve_inference_seconds_total")
    assert inference_s >= 0.0
    expected = {"batches": 2, "batch_frames": 300, "padding_frames": 100, "batches_cut": 1}
    for name, value in expected.items():
        assert counted.named(f"f5serve_{name}_total") == [({}, value)], name


def test_a_batch_that_never_reached_the_model_costs_nothing(tmp_path: Path) -> None:
    counted = handled(CostlyEngine(), tmp_path, {"text": "?"}).metrics

    assert {name for name, _ in counted.counted} >= {"f5serve_pieces_total"}
    assert counted.named("f5serve_audio_seconds_total") == []


def test_tracing_headers_reach_the_language_model_and_a_damaged_one_does_not(
    model: FakeModel,
) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {
        "Content-Type": "application/json", "TraceParent": parent, "baggage": "a=1, b=2", "tracestate": "a\r\nX-B: c",
    }  # fmt: skip
    body = b'{"text": "Bonjour.", "language": "fr"}'
    (call,) = torchserve.read_calls([{"body": body}], FakeContext([headers]))

    assert Router(settings(model.url)).answer(call).status == 200
    assert model.traces == [{"traceparent": parent, "baggage": "a=1, b=2"}]
