"""What the real server tells a collector: the metrics address, and a real Prometheus that reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from f5serve import metrics
from scripts.ports import Ports
from scripts.slo import ROOT
from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, post

MONITORING = ROOT / "config" / "monitoring"
TEXT = "Aurinko nousee tänään varhain."
LONG = "Juna lähtee aikaisin aamulla, ja se saapuu myöhään illalla perille. " * 4
CAMEL = re.compile("[a-z][A-Z]")  # what promtool takes for it
Samples = list[tuple[str, dict[str, str], float]]


def samples_of(server: Server) -> Samples:
    """Everything on the metrics address."""
    told = requests.get(f"{server.metrics_url}/metrics", timeout=TIMEOUT_S).text
    return [
        (sample.name, dict(sample.labels), sample.value)
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    ]


def total(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value for found, told, value in samples if found == name and labels.items() <= told.items()
    )


def found(program: str) -> str:
    path = shutil.which(program)
    assert path is not None
    return path


@pytest.fixture(scope="module")
def counted(server: Server) -> tuple[Samples, Samples]:
    """The metrics before and after a text, a stream and a refusal."""
    url = f"{server.inference_url}/predictions/tts"
    fields = {"text": TEXT, "language": "fi", "quality": "draft"}
    assert post(url, **fields).status_code == 200  # so that every series is there
    before = samples_of(server)
    assert post(url, **fields).status_code == 200
    streamed = {**fields, "text": LONG, "stream": True, "response_format": "pcm"}
    assert post(url, **streamed).status_code == 200
    assert post(url, text="…").status_code == 422
    time.sleep(0.5)  # lines of the workers' output are on their way
    return before, samples_of(server)


def test_every_request_its_speech_and_its_cost_are_on_the_metrics_address(
    counted: tuple[Samples, Samples],
) -> None:
    before, after = counted

    def grown(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    fine = {"Language": "fi", "Model": "f5_fi", "Code": "200", "Reason": "ok"}
    assert grown("f5serve_requests_total", **fine) == 2
    assert grown("f5serve_requests_total", Language="none", Reason="no_speakable_text") == 1
    assert grown("f5serve_request_seconds_count", Language="fi") == 2
    assert grown("f5serve_first_audio_seconds_count", Language="fi") == 1
    assert grown("f5serve_queue_seconds_count", Language="fi") == 2
    accepted = grown("f5serve_accepted_audio_seconds_total", Language="fi")
    assert accepted == pytest.approx(grown("f5serve_finished_audio_seconds_total", Language="fi"))
    spoken = grown("f5serve_audio_seconds_total", Language="fi", ModelName="f5_fi")
    assert spoken / 3 < accepted < spoken * 3
    assert grown("f5serve_inference_seconds_total", ModelName="f5_fi") > 0
    assert grown("f5serve_batches_total", ModelName="f5_fi") >= 2
    assert grown("f5serve_batch_frames_total", ModelName="f5_fi") > spoken * 90
    assert grown("f5serve_pieces_total", ModelName="f5_fi", Code="200") >= 3


def test_a_histogram_has_the_buckets_that_objectives_are_held_to(
    counted: tuple[Samples, Samples],
) -> None:
    _, after = counted

    ends = {
        labels["le"]
        for name, labels, _ in after
        if name == "f5serve_request_seconds_bucket" and labels["Language"] == "fi"
    }

    assert sorted(map(float, ends)) == [*metrics.BUCKETS, float("inf")]


def test_labels_hold_nothing_of_a_text_and_no_id(counted: tuple[Samples, Samples]) -> None:
    _, after = counted

    ours = [labels for name, labels, _ in after if name.startswith("f5serve_")]
    assert ours
    allowed = {label for metric in metrics.METRICS for label in metric.labels}
    for labels in ours:
        assert labels.keys() <= allowed | {"ModelName", "Level", "Hostname", "le"}
        assert all(len(value) < 64 for value in labels.values())
        assert "Aurinko" not in str(labels)


@pytest.mark.tool("promtool")
def test_promtool_finds_no_fault_with_the_names_of_ours(server: Server) -> None:
    told = requests.get(f"{server.metrics_url}/metrics", timeout=TIMEOUT_S).text
    ours, keep = [], False
    for line in told.splitlines(keepends=True):
        if line.startswith("# HELP"):
            keep = line.split()[2].startswith("f5serve_")
        ours += [line] if keep else []

    checked = subprocess.run(  # noqa: S603
        [found("promtool"), "check", "metrics"],
        input="".join(ours),
        capture_output=True,
        text=True,
        check=False,
    )

    # TorchServe adds the label ModelName to whatever a worker counts.
    faults = [line for line in checked.stderr.splitlines() if "camelCase" not in line]
    assert ours
    assert faults == []
    assert {label for label in re.findall(r"(\w+)=\"", "".join(ours)) if CAMEL.search(label)} == {
        "ModelName"
    }


@pytest.fixture
def prometheus(server: Server, tmp_path: Path) -> Iterator[str]:
    """A real Prometheus with our rules, which looks at the server every second."""
    for name in ("objectives.yaml", "rules.yaml"):
        shutil.copy(MONITORING / name, tmp_path / name)
    target = server.metrics_url.removeprefix("http://")
    config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"] = {}
    config["scrape_configs"][0]["scrape_timeout"] = "1s"
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = Ports.free().inference
    command = [
        found("prometheus"), f"--config.file={tmp_path / 'prometheus.yaml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_S)


def asked(prometheus: str, query: str) -> list[dict[str, object]]:
    try:
        answer = requests.get(
            f"{prometheus}/api/v1/query", params={"query": query}, timeout=TIMEOUT_S
        )
    except requests.ConnectionError:
        return []
    return list(answer.json()["data"]["result"]) if answer.ok else []


@pytest.mark.tool("prometheus")
def test_a_real_prometheus_reads_the_server_and_evaluates_the_rules(
    server: Server, counted: tuple[Samples, Samples], prometheus: str
) -> None:
    wanted = 'f5serve:rtf:ratio_rate5m{ModelName="f5_fi"}'
    url = f"{server.inference_url}/predictions/tts"

    end = time.monotonic() + 30.0
    while not asked(prometheus, wanted) and time.monotonic() < end:
        post(url, text=TEXT, language="fi", quality="draft")
        time.sleep(1.0)

    (rtf,) = asked(prometheus, wanted)
    assert rtf["metric"] == {"__name__": "f5serve:rtf:ratio_rate5m", "ModelName": "f5_fi"}
    assert asked(prometheus, 'f5serve_requests_total{Language="fi",Reason="ok"}')
    rules = requests.get(f"{prometheus}/api/v1/rules", timeout=TIMEOUT_S).json()["data"]["groups"]
    assert {rule["health"] for group in rules for rule in group["rules"]} == {"ok"}
