"""The fake context behaves like TorchServe's own, and the protocol asks for nothing it lacks."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import yaml
from ts.context import Context as RealContext
from ts.context import RequestProcessor
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl

from f5serve import torchserve
from f5serve.handler import GUARD_RETRIES
from f5serve.response import Answer
from f5serve.router import RESOLUTIONS
from tests.fakes import FakeContext, FakeMetrics

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


def test_the_fake_counter_takes_the_arguments_of_the_real_one() -> None:
    real = list(inspect.signature(MetricsCacheYamlImpl.add_counter).parameters)

    assert list(inspect.signature(FakeMetrics.add_counter).parameters) == real


# TorchServe leaves the file of its metrics open.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        (RESOLUTIONS, {"Language": "fr", "Source": "detected"}),
        (GUARD_RETRIES, {"Reason": "silence", "Outcome": "mended"}),
    ],
)
def test_what_is_counted_is_written_with_the_labels_that_are_declared(
    name: str,
    labels: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache = MetricsCacheYamlImpl("config/metrics.yaml")
    cache.initialize_cache()
    cache.set_request_ids({0: "request-0"})
    cache.model_name = "tts"
    context = real_context({})
    context.metrics = cache

    with caplog.at_level("INFO"):
        torchserve.count(context, name, labels)

    written = capfd.readouterr().out + caplog.text
    declared = yaml.safe_load(Path("config/metrics.yaml").read_text(encoding="utf-8"))
    (counter,) = (row for row in declared["model_metrics"]["counter"] if row["name"] == name)
    assert counter["dimensions"] == [*labels, "ModelName", "Level"]
    told = ",".join(f"{label}:{value}" for label, value in labels.items())
    assert f"{told},ModelName:tts,Level:Model" in written


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
