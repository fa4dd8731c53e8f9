"""What workers log: whole lines of JSON, the same facts on every path, and nothing that was sent."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f5serve import log, torchserve
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError, ValueRefusedError
from f5serve.handler import ContinuousWorker, LanguageWorker
from f5serve.response import StreamedAnswer
from f5serve.router import Router
from f5serve.synthesis import Synthesizer
from f5serve.torchserve import Call
from tests.fakes import FakeContext
from tests.unit.log_support import logged
from tests.unit.routing_support import FakeModel, fake_model, noise, problem, settings
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive
from tests.unit.test_continuous import ScriptedTurns, speaker_of

JSON = {"Content-Type": "application/json"}
CANARY = "Zwetschgenkuchen"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ours = logging.getLogger("f5serve.tests")


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(noise) as running:
        yield running


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The output of a process that TorchServe's code has set up as it does a worker, and that has begun as ours."""
    root = logging.getLogger()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.INFO)
    with contextlib.redirect_stdout(written):
        log.begin("f5_fr", {})
    yield written
    root.removeHandler(handler)


def line_of(error: Exception, *, texts: bool = False) -> dict[str, Any]:
    told = (type(error), error, error.__traceback__)
    record = ours.makeRecord("f5serve", logging.ERROR, "", 0, "failed", (), told)
    line: dict[str, Any] = json.loads(log.JsonLines("f5_fr", texts=texts).format(record))
    return line


def test_a_line_begins_with_its_time_and_holds_the_fields_that_are_known(
    output: io.StringIO,
) -> None:
    ours.warning("piece", extra=log.told(request_id="id-1", piece=0, status=None))

    (text,) = output.getvalue().splitlines()
    line = json.loads(text)
    assert text.startswith('{"time":"2')
    assert (line["level"], line["worker"], line["message"]) == ("WARNING", "f5_fr", "piece")
    assert (line["request_id"], line["piece"]) == ("id-1", 0)
    assert "status" not in line


@pytest.mark.parametrize("breaking", ["\n", "\r\n", "\x85", "\u2028", "\u2029", "\ud800", "\x00"])
def test_whatever_is_logged_is_one_line_for_torchserves_reader_too(
    output: io.StringIO, breaking: str
) -> None:
    ours.info("piece", extra=log.told(text=f"a{breaking}b"))

    text = output.getvalue()
    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["text"] == f"a{breaking}b"


def test_what_torchserves_code_and_libraries_log_has_the_same_form_and_its_metrics_their_own(
    output: io.StringIO,
) -> None:
    metric = "[METRICS]Requests.Count:1|#Language:fr|#type:COUNTER|#hostname:here,1"
    logging.getLogger("ts.metrics.caching_metric").info(metric)
    logging.getLogger("a.library").warning("%s\nand more", metric)

    first, second, *more = output.getvalue().splitlines()
    assert (first, more) == (metric, [])
    assert json.loads(second)["logger"] == "a.library"
    assert json.loads(second)["message"] == f"{metric}\nand more"


def test_an_error_is_one_line_with_its_kind_and_place_and_without_its_words() -> None:
    with pytest.raises(ValueError, match=CANARY) as caught:
        raise ValueError(f"cannot read {CANARY!r}")

    line = line_of(caught.value)
    assert (line["error"], line["message"]) == ("ValueError", "failed")
    assert line["trace"][-1].endswith(
        " test_an_error_is_one_line_with_its_kind_and_place_and_without_its_words"
    )
    assert CANARY not in str(line)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no kernel image"), OSError("disk full"), ConfigurationError("no such file")],
)
def test_what_an_error_says_of_the_machine_is_told(error: Exception) -> None:
    assert line_of(error)["error_detail"] == str(error)


def test_where_texts_are_read_no_error_is_trusted_with_its_words() -> None:
    program = compile(f"raise RuntimeError({CANARY!r})", "/a/f5serve/text/spoken/xx.py", "exec")
    with pytest.raises(RuntimeError) as caught:
        exec(program)  # noqa: S102  # our own program, under another file's name

    line = line_of(caught.value)
    assert line["error"] == "RuntimeError"
    assert CANARY not in str(line)


def test_with_texts_allowed_every_error_is_told_with_its_words() -> None:
    assert CANARY in line_of(ValueRefusedError(CANARY), texts=True)["error_detail"]


def test_a_process_that_begins_twice_logs_each_line_once(output: io.StringIO) -> None:
    with contextlib.redirect_stdout(output):
        log.begin("f5_fr", {})

    ours.info("once")

    assert len(output.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("1", True), ("true", True), ("0", False), ("", False), ("no", False), (None, False)],
)
def test_texts_are_logged_only_where_that_is_asked_for(told: str | None, wanted: bool) -> None:
    assert log.texts_wanted({} if told is None else {log.LOG_TEXTS: told}) is wanted


def worker_of(folder: Path, *, log_texts: bool = False) -> LanguageWorker:
    told = archive(folder)
    synthesizer = Synthesizer(RecordingEngine(), Vocabulary(ALPHABET), told, folder)
    return LanguageWorker(told, synthesizer, log_texts=log_texts)


def rows(*texts: str) -> list[dict[str, bytes]]:
    return [
        {"body": json.dumps({"text": text, "piece": place}).encode()}
        for place, text in enumerate(texts)
    ]


def headers(*ids: str) -> list[dict[str, str]]:
    return [{**JSON, "X-Request-Id": name, "traceparent": TRACE} for name in ids]


def whole_lines(worker: LanguageWorker, caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    context = FakeContext(headers("spoken", "refused"))
    worker.answers(torchserve.read_calls(rows("merci", "?"), context))
    lines = logged(caplog, "piece")
    caplog.clear()
    return lines


def continuous_lines(
    worker: LanguageWorker, folder: Path, caplog: pytest.LogCaptureFixture
) -> list[dict[str, Any]]:
    """Under step-level batching the refused one is answered first, and the other in a later turn."""
    continuous = ContinuousWorker(worker, speaker_of(ScriptedTurns(), folder))
    continuous.turn(rows("merci", "?"), FakeContext(headers("spoken", "refused")))
    assert [line["request_id"] for line in logged(caplog, "piece")] == ["refused"]
    continuous.turn(rows("merci"), FakeContext(headers("spoken")))
    lines = logged(caplog, "piece")
    caplog.clear()
    return sorted(lines, key=lambda line: str(line["request_id"]), reverse=True)


def test_whole_and_continuous_batches_log_the_same_facts_of_a_piece(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    whole = whole_lines(worker_of(tmp_path), caplog)
    continuous = continuous_lines(worker_of(tmp_path), tmp_path, caplog)

    for spoken, refused in (whole, continuous):
        assert (spoken["request_id"], spoken["status"], spoken["reason"]) == ("spoken", 200, "ok")
        assert (spoken["language"], spoken["model"], spoken["piece"]) == ("fr", "f5_fr", 0)
        assert spoken["audio_s"] > 0
        assert spoken["batch_pieces"] == 1
        assert (refused["request_id"], refused["status"]) == ("refused", 422)
        assert (refused["piece"], refused["level"]) == (1, "INFO")
        for line in (spoken, refused):
            assert line["trace_id"] == TRACE.split("-")[1]
            assert 0 <= line["encoded_s"] <= line["spoken_s"] + 10
    assert [line.keys() for line in whole] == [line.keys() for line in continuous]


@pytest.mark.parametrize("path", ["whole", "continuous"])
@pytest.mark.parametrize("allowed", [False, True])
def test_a_model_logs_texts_only_where_that_is_allowed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, allowed: bool
) -> None:
    caplog.set_level("INFO")
    worker = worker_of(tmp_path, log_texts=allowed)

    lines = (
        whole_lines(worker, caplog)
        if path == "whole"
        else continuous_lines(worker, tmp_path, caplog)
    )

    assert [line.get("text") for line in lines] == (["merci", "?"] if allowed else [None, None])


def ask(model: FakeModel, path: str = "", /, *, log_texts: bool = False, **fields: Any) -> None:
    call = Call(
        correlation_id="id-1",
        path=path,
        fields=fields,
        from_form=False,
        trace={"traceparent": TRACE},
    )
    answer = Router(settings(model.url), log_texts=log_texts).answer(call)
    if isinstance(answer, StreamedAnswer):
        assert all(answer.chunks)


def test_the_router_logs_one_line_for_a_request_with_what_took_how_long(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    ask(model, text=f"Bonjour {CANARY}. " * 12, language="fr")

    (line,) = logged(caplog)
    assert (line["message"], line["level"], line["request_id"]) == ("request", "INFO", "id-1")
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (line["language"], line["model"], line["status"]) == ("fr", "f5_fr", 200)
    assert (line["reason"], line["streamed"]) == ("ok", False)
    assert line["pieces"] == len(model.requests) > 1
    assert 0 < line["planned_s"] < line["seconds"]
    assert line["audio_s"] > line["pieces"] * 0.9
    assert line["inference_s"] == 0.005
    assert line["queue_s"] >= 0
    assert "first_audio_s" not in line


def test_of_a_stream_the_line_comes_at_its_end_and_tells_when_it_began(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    ask(model, text="Bonjour à tous. " * 12, language="fr", stream=True, response_format="pcm")

    (line,) = logged(caplog, "request")
    assert line["streamed"] is True
    assert 0 < line["first_audio_s"] <= line["seconds"]


def test_a_stream_of_one_piece_begins_when_it_is_all_there(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    ask(model, text="Bonjour.", language="fr", stream=True, response_format="pcm")

    (line,) = logged(caplog, "request")
    assert line["first_audio_s"] == line["seconds"] > 0


def test_what_is_refused_is_information_and_what_fails_is_a_warning(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    ask(model, text="…")
    model.answer = lambda _: problem(500, "synthesis_failed")
    ask(model, text="Bonjour.", language="fr")

    refused, failed = logged(caplog, "request")
    assert (refused["level"], refused["status"]) == ("INFO", 422)
    assert (refused["reason"], refused["language"]) == ("no_speakable_text", "none")
    assert (failed["level"], failed["status"]) == ("WARNING", 502)
    (cause,) = logged(caplog, "model failed")
    assert (cause["request_id"], cause["status"]) == ("id-1", 500)


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("", {"text": CANARY, "language": "fr"}),
        ("", {"text": CANARY, "language": CANARY, "voice": CANARY}),
        ("", {"text": CANARY, "ref_text": CANARY, "ref_audio": CANARY}),
        ("v1/audio/speech", {"input": CANARY, "model": CANARY, "voice": "anna"}),
    ],
    ids=["spoken", "refused", "clip", "openai"],
)
def test_the_router_logs_texts_only_where_that_is_allowed(
    model: FakeModel,
    caplog: pytest.LogCaptureFixture,
    path: str,
    fields: dict[str, str],
    allowed: bool,
) -> None:
    caplog.set_level("INFO")

    ask(model, path, log_texts=allowed, **fields)

    (line,) = logged(caplog, "request")
    assert line.get("text") == (CANARY if allowed else None)
    assert CANARY not in str([{**line, "text": None} for line in logged(caplog)])


@pytest.mark.parametrize(
    "traceparent",
    ["", "00-xyz-1-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", TRACE.upper()],
)
def test_a_trace_without_a_valid_id_is_left_out(traceparent: str) -> None:
    trace = {"traceparent": traceparent}
    call = Call(correlation_id="id", path="", fields=None, from_form=False, trace=trace)

    assert call.trace_id is None
