"""Rules, alerts, dashboard and runbook fit the metrics, the objectives and each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from f5serve.errors import ConfigurationError
from f5serve.metrics import METRICS
from scripts.probe import PodCollector
from scripts.readiness import Hosted, ModelReport, Monitor
from scripts.slo import OBJECTIVES, PREFIX, ROOT, SLO, Slo, objectives, read_slo

MONITORING = ROOT / "config" / "monitoring"
RULES = MONITORING / "rules.yaml"
RULE_TESTS = MONITORING / "rules.test.yaml"
NOT_NAMES = frozenset({"and", "or", "unless"})


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def panels() -> list[dict[str, Any]]:
    document = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return list(document["panels"])


class NoProbe:
    """Is never asked: only the names of the gauges are of interest."""

    def describe(self, model: str) -> None:
        raise AssertionError

    def warm_up(self, model: str) -> str | None:
        raise AssertionError

    def healthy(self) -> bool | None:
        raise AssertionError

    def reachable(self, backend: str) -> bool:
        raise AssertionError


@cache
def known() -> dict[str, set[str]]:
    """Every series that there is, with its labels: counted by workers, TorchServe, supervisor, or recorded."""
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for metric in METRICS:
        labels = {*metric.labels, "ModelName", "Level", "Hostname"}
        ends = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        found |= {f"{metric.name}{end}": labels | {"le"} for end in ends}
    declared = yaml.safe_load((ROOT / "config/metrics.yaml").read_text(encoding="utf-8"))
    for row in declared["ts_metrics"]["counter"]:
        found[row["name"]] = {"job", *row["dimensions"]}
    monitor = Monitor(NoProbe(), Hosted(served=("f5_fr",), backends=("http://a",)))
    assert isinstance(monitor.report().models["f5_fr"], ModelReport)
    for family in PodCollector(monitor, lambda: False, lambda: 0).collect():
        labels = {label for sample in family.samples for label in sample.labels}
        found[family.name] = {"instance", *labels}
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = set(re.findall(r"\w+", _first_by(rule["expr"])))
    return found | {f"{PREFIX}{name}": set() for name in Slo.__struct_fields__}


def _first_by(expression: str) -> str:
    found = re.search(r"by \(([^)]*)\)", expression)
    return found[1] if found else ""


def series_of(expression: str) -> list[tuple[str, set[str]]]:
    """Names in an expression, each with the labels it is asked for."""
    plain = re.sub(r'(?<!~)(?<!=)"[^"{}]*"', "", expression)  # what label_replace is told
    grouped = re.sub(r"\b(by|on) \([^)]*\)", "", plain)
    ranged = re.sub(r"\[\w+\]", "", grouped)
    found = re.findall(r"\b([a-zA-Z_][\w:]*)(?![\w:])(?!\s*\()(?:\{([^}]*)\})?", ranged)
    return [
        (name, set(re.findall(r"(\w+)\s*[=!]~?", labels)))
        for name, labels in found
        if name not in NOT_NAMES
    ]


def require_known(expression: str) -> None:
    there = known()
    named = series_of(expression)
    assert named, expression
    for name, labels in named:
        assert name in there, f"{name} in {expression}"
        assert labels <= there[name], f"{labels} of {name} in {expression}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_series_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    require_known(rule["expr"])


def test_a_name_or_a_label_that_nobody_counts_is_found() -> None:
    for wrong in ("rate(f5serve_request_total[5m])", 'f5serve_requests_total{Text="a"}'):
        with pytest.raises(AssertionError, match="f5serve_request"):
            require_known(wrong)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_has_a_section_of_the_runbook_a_severity_and_a_test(name: str) -> None:
    alert = ALERTS[name]
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (F5Serve\w+)\n(.*?)(?=^## |\Z)", runbook, re.M | re.S))

    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["labels"]["severity"] in {"critical", "warning"}
    for part in ("**Symptom.**", "**Look at.**", "**Do.**"):
        assert part in sections[name], f"{name} has no {part}"
    tests = RULE_TESTS.read_text(encoding="utf-8")
    assert re.search(rf"alertname=\"{name}\"}}', value: \d", tests), f"{name} never fires in a test"


def test_the_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^## (F5Serve\w+)$", runbook, re.M)) == set(ALERTS)


@pytest.mark.tool("promtool")
@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", "objectives.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", "rules.test.yaml"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_promtool_finds_no_fault(command: tuple[str, ...]) -> None:
    program = shutil.which("promtool")
    assert program is not None

    told = subprocess.run(  # noqa: S603
        [program, *command],
        cwd=MONITORING,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr


def test_the_objectives_are_those_of_the_slo_and_each_is_compared_with() -> None:
    written = (ROOT / OBJECTIVES).read_text(encoding="utf-8")
    compared = {
        name
        for alert in ALERTS.values()
        for name, _ in series_of(alert["expr"])
        if name.startswith(PREFIX)
    }

    assert written == objectives(read_slo(ROOT / SLO)), "run: make objectives"
    assert compared == {f"{PREFIX}{name}" for name in Slo.__struct_fields__}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"request_p95_s": 3.0}, "end of a bucket"),
        ({"request_p95_s": 10.0}, "end of a bucket"),
        ({"availability": 1.0}, "availability"),
        ({"shed_share": "few"}, "shed_share"),
        ({"speed": 1.0}, "speed"),
    ],
    ids=["between", "last", "perfect", "word", "unknown"],
)
def test_objectives_that_cannot_be_held_to_are_refused(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = tmp_path / "slo.yaml"
    good = yaml.safe_load((ROOT / SLO).read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**good, **change}), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=told):
        read_slo(path)


def test_every_panel_has_a_title_a_description_and_a_unit() -> None:
    rows = [panel["title"] for panel in panels() if panel["type"] == "row"]
    charts = [panel for panel in panels() if panel["type"] != "row"]

    assert rows == ["Traffic", "Latency", "Quality", "Models", "Edge and pods"]
    for panel in charts:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    "panel",
    [panel for panel in panels() if panel["type"] != "row"],
    ids=lambda panel: str(panel["title"]),
)
def test_a_panel_asks_for_series_and_labels_that_there_are(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        require_known(target["expr"])
        shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        (name, _), *_ = series_of(target["expr"])
        assert shown <= known()[name], f"{shown} of {name}"


def test_every_metric_of_ours_is_shown_or_recorded() -> None:
    asked = {
        name
        for expression in (
            *(rule["expr"] for rule in rules()),
            *(target["expr"] for panel in panels() for target in panel.get("targets", ())),
        )
        for name, _ in series_of(expression)
    }

    for metric in METRICS:
        name = metric.name + ("_bucket" if metric.kind == "histogram" else "")
        assert name in asked, f"nobody looks at {name}"
    documented = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    for name in {metric.name for metric in METRICS} | {
        rule["record"] for rule in rules() if "record" in rule
    }:
        assert f"`{name}" in documented, f"docs/observability.md does not tell {name}"
