"""The fake context behaves like TorchServe's own, and the protocol asks for nothing it lacks."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml
from ts.context import Context as RealContext
from ts.context import RequestProcessor
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from ts.protocol.otf_message_handler import create_predict_response

from f5serve import torchserve
from f5serve.metrics import METRICS, Metric
from f5serve.response import Answer
from tests.fakes import FakeContext, FakeMetrics

# How org.pytorch.serve.metrics.Metric of version 0.12 takes a line apart.
FRONTEND_LINE = r"\s*([\w\s]+)\.([\w\s]+):([0-9\-,.e]+)\|#([^|]*)(\|#type:([^|,]+))?\|#hostname:([^,]+),([^,]+)(,(.*))?"
METHODS = (
    "get_request_id",
    "get_all_request_header",
    "set_response_status",
    "set_response_content_type",
    "set_response_header",
)


def real_context(headers: dict[str, str]) -> RealContext:
    context = RealContext("m", "/m", {}, 1, None, "0.12", model_yaml_config={"handler": {}})
    context.request_processor = [RequestProcessor(headers)]
    context.request_ids = {0: "request-0"}
    return context


@pytest.mark.parametrize("name", METHODS)
def test_the_fake_takes_the_arguments_of_the_real_method(name: str) -> None:
    real = list(inspect.signature(getattr(RealContext, name)).parameters)
    fake = list(inspect.signature(getattr(FakeContext, name)).parameters)

    assert fake == real


def test_the_fake_names_the_requests_as_the_real_one_does() -> None:
    assert FakeContext().request_ids == real_context({}).request_ids


def test_the_real_context_tells_the_name_of_the_model_as_the_fake_does() -> None:
    assert real_context({}).model_name == "m"
    assert isinstance(FakeContext().model_name, str)


@pytest.mark.parametrize("name", ["add_counter", "add_metric"])
def test_the_fake_metrics_take_the_arguments_of_the_real_ones(name: str) -> None:
    real = list(inspect.signature(getattr(MetricsCacheYamlImpl, name)).parameters)

    assert list(inspect.signature(getattr(FakeMetrics, name)).parameters) == real


def test_what_the_workers_count_is_declared_with_its_labels_and_nothing_else_is() -> None:
    document = yaml.safe_load(Path("config/metrics.yaml").read_text(encoding="utf-8"))

    assert {
        (metric.kind, metric.name, (*metric.labels, "ModelName", "Level")) for metric in METRICS
    } == {
        (kind, row["name"], tuple(row["dimensions"]))
        for kind in ("counter", "histogram")
        for row in document["model_metrics"][kind]
    }


# TorchServe leaves the file of its metrics open.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("metric", METRICS, ids=[metric.name for metric in METRICS])
def test_what_is_counted_is_written_as_torchserves_frontend_reads_it(
    metric: Metric, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    cache = MetricsCacheYamlImpl("config/metrics.yaml")
    cache.initialize_cache()
    cache.set_request_ids({0: "request-0"})
    cache.model_name = "tts"
    context = real_context({})
    context.metrics = cache
    labels = [f"a|#{index}, b:c" for index in range(len(metric.labels))]

    with caplog.at_level("INFO"):
        torchserve.Recorder(context).record(metric, 0.0000012, *labels)

    written = capfd.readouterr().out + caplog.text
    found = re.search(r"\[METRICS\]" + FRONTEND_LINE, written)
    assert found, written
    assert (found[1], found[6]) == (metric.name, metric.kind.upper())
    assert float(found[3]) == 0.000001
    told = [f"{label}:a__{index}__b_c" for index, label in enumerate(metric.labels)]
    assert found[4].split(",") == [*told, "ModelName:tts", "Level:Model"]
    assert "Failed to update" not in written


def test_the_real_context_carries_what_an_answer_sets() -> None:
    context = real_context({"Content-Type": "application/json"})
    answer = Answer(status=422, body=b"{}", content_type="application/json", headers={"X-A": "b"})

    bodies = torchserve.write_answers([answer], context)

    status, _ = context.get_response_status(0)
    assert bodies == [b"{}"]
    assert status == 422
    assert context.get_response_headers(0) == {"content-type": "application/json", "X-A": "b"}


def test_a_call_is_read_from_the_real_context() -> None:
    context = real_context({"content-type": "application/json", "X-REQUEST-ID": "mine"})

    (call,) = torchserve.read_calls([{"body": bytearray(b'{"text": "a"}')}], context)

    assert call.correlation_id == "mine"
    assert call.fields == {"text": "a"}


def test_under_continuous_batching_only_the_finished_requests_are_in_the_reply() -> None:
    context = RealContext("m", "/m", {}, 3, None, "0.12", model_yaml_config={"handler": {}})
    context.request_processor = [RequestProcessor({}) for _ in range(3)]
    context.request_ids = {index: f"request-{index}" for index in range(3)}
    answer = Answer(status=422, content_type="text/plain", body=b"no", headers={"X-Seed": "7"})

    bodies = torchserve.write_finished({1: answer}, 3, context)
    reply = bytes(create_predict_response(bodies, context.request_ids, "ok", 200, context))

    assert len(bodies) == 3, "TorchServe takes a list of another length for a failure"
    assert b"request-1" in reply
    assert b"X-Seed" in reply
    assert b"request-0" not in reply
    assert b"request-2" not in reply
