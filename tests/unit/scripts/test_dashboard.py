"""The picture of the dashboard shows the dashboard's own panels, with what one real run recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from matplotlib.figure import Figure

from f5serve.errors import ConfigurationError
from scripts import dashboard_picture
from scripts.dashboard import (
    DASHBOARD,
    PICTURE,
    RECORD,
    Panel,
    Recording,
    Series,
    asked,
    inputs_digest,
    objective_of,
    read_panels,
    read_recording,
    variables,
)
from scripts.dashboard_picture import digest_of, draw, lines_of, silent, written
from scripts.setup import ROOT
from scripts.slo import PREFIX, SLO, Slo, read_slo

RAW: dict[str, Any] = json.loads((ROOT / DASHBOARD).read_text(encoding="utf-8"))
LANGUAGES = {"en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh"}


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def panels() -> tuple[Panel, ...]:
    return read_panels(ROOT / DASHBOARD)


@pytest.fixture(scope="module")
def recording(panels: tuple[Panel, ...]) -> Recording:
    return read_recording(panels, ROOT / RECORD)


@pytest.fixture(scope="module")
def slo() -> Slo:
    return read_slo(ROOT / SLO)


def texts(figure: Figure) -> list[str]:
    """Everything that is written on a picture, legends included."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]
        legend = axes.get_legend()
        found += [text.get_text() for text in legend.get_texts()] if legend is not None else []
    return found


def test_every_query_of_the_dashboard_was_recorded_and_no_other(recording: Recording) -> None:
    queries = {target["expr"] for panel in RAW["panels"] for target in panel.get("targets", ())}

    assert set(recording.answers) == queries


def test_every_series_has_a_value_or_a_gap_for_each_time(recording: Recording) -> None:
    lengths = {len(one.values) for series in recording.answers.values() for one in series}

    assert lengths == {recording.times}


def test_the_recorded_run_spoke_every_language_under_changing_load(recording: Recording) -> None:
    spoken = recording.answers['f5serve:requests:rate5m{Language=~"$language"}']

    seen = {one.labels["Language"] for one in spoken if max(filter(None, one.values), default=0)}
    assert seen >= LANGUAGES
    assert len({stage["users"] for stage in recording.load["stages"]}) > 1
    assert recording.circumstances["commit"]


def test_every_panel_is_drawn_once_and_every_heading_written(
    panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    figure, drawn = draw(panels, recording, slo)

    charts = [panel["title"] for panel in RAW["panels"] if panel["type"] != "row"]
    rows = [panel["title"] for panel in RAW["panels"] if panel["type"] == "row"]
    told = texts(figure)
    assert list(drawn) == charts
    assert all(told.count(title) == 1 for title in charts)
    assert set(rows) <= {text.get_text() for text in figure.texts}


def test_no_panel_lies_on_another_and_none_leaves_the_picture(
    panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    _, drawn = draw(panels, recording, slo)

    frames = [axes.get_position() for axes in drawn.values()]
    for number, one in enumerate(frames):
        assert one.x0 >= 0
        assert one.y0 >= 0
        assert one.x1 <= 1
        assert one.y1 <= 1
        assert not any(one.overlaps(other) for other in frames[number + 1 :])


def test_every_series_that_was_recorded_is_in_its_panels_legend(
    panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    _, drawn = draw(panels, recording, slo)

    for panel in panels:
        empty = [text.get_text() for text in drawn[panel.title].texts] if panel.targets else []
        if panel.kind != "timeseries" or empty == ["no data"]:
            continue
        legend = drawn[panel.title].get_legend()
        assert legend is not None, panel.title
        shown = {text.get_text() for text in legend.get_texts()}
        wanted = {
            target.named(one.labels)
            for target in panel.targets
            for one in recording.answers[target.expr]
            if set(one.values) != {None}
        }
        assert shown == wanted, panel.title


def test_a_panel_whose_queries_returned_nothing_says_so_and_is_listed(
    panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    rtf = next(panel for panel in panels if panel.title == "RTF")
    answers = {**recording.answers, rtf.targets[0].expr: ()}
    without = msgspec.structs.replace(recording, answers=answers)

    figure, drawn = draw(panels, without, slo)

    assert [text.get_text() for text in drawn["RTF"].texts] == ["no data"]
    assert "RTF" in texts(figure)
    assert (rtf, rtf.targets[0]) in list(silent(panels, without))


def test_the_command_lists_what_returned_nothing(
    panels: tuple[Panel, ...],
    recording: Recording,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    picture = tmp_path / "new" / "picture.png"

    assert dashboard_picture.main(["--out", str(picture)]) == 0

    listed = capsys.readouterr().out
    for panel, target in silent(panels, recording):
        assert f"no data: {panel.title}: {target.expr}" in listed
    assert listed.count("no data") == len(list(silent(panels, recording)))
    assert dashboard_picture.main(["--check", "--out", str(picture)]) == 0


def test_objectives_are_drawn_as_the_slo_has_them(
    panels: tuple[Panel, ...], recording: Recording
) -> None:
    document = yaml.safe_load((ROOT / SLO).read_text(encoding="utf-8"))
    slo = msgspec.convert({**document, "rtf": 0.75, "availability": 0.9}, Slo)
    limits = {
        panel.title: line.values[0]
        for panel in panels
        for line in lines_of(panel, recording, slo)
        if line.objective
    }

    asked_for = {
        panel.title for panel in panels if any(PREFIX in target.expr for target in panel.targets)
    }
    assert set(limits) == asked_for
    assert limits["RTF"] == 0.75
    assert limits["Failed"] == pytest.approx(0.1)
    assert limits["Waiting"] == document["queue_p95_s"]
    assert objective_of("f5serve:objective:rtf * 2", slo) is None


def test_the_committed_picture_is_of_this_dashboard_run_and_objectives() -> None:
    assert dashboard_picture.main(["--check"]) == 0, "run: make dashboard-picture"


@pytest.mark.parametrize(
    "change",
    [
        lambda one: msgspec.structs.replace(one, title="Another"),
        lambda one: msgspec.structs.replace(one, unit="s"),
        lambda one: msgspec.structs.replace(one, stacked=not one.stacked),
    ],
    ids=["title", "unit", "stacking"],
)
def test_a_picture_of_another_dashboard_is_stale(
    change: Callable[[Panel], Panel], panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    changed = (panels[0], change(panels[1]), *panels[2:])

    assert digest_of(ROOT / PICTURE) == inputs_digest(panels, recording, slo)
    assert digest_of(ROOT / PICTURE) != inputs_digest(changed, recording, slo)


def test_a_query_that_was_not_recorded_is_told_with_the_remedy(
    panels: tuple[Panel, ...],
) -> None:
    target = msgspec.structs.replace(panels[1].targets[0], expr="f5serve:new")
    changed = (msgspec.structs.replace(panels[1], targets=(target,)),)

    with pytest.raises(
        ConfigurationError, match="no answer to f5serve:new; run make dashboard-rec"
    ):
        read_recording(changed, ROOT / RECORD)


@pytest.mark.parametrize("content", [None, "{", '{"times": 1}'], ids=["missing", "cut", "other"])
def test_a_recording_that_cannot_be_read_is_told_with_the_remedy(
    content: str | None, panels: tuple[Panel, ...], tmp_path: Path
) -> None:
    path = tmp_path / "dashboard.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="run make dashboard-record"):
        read_recording(panels, path)


def test_a_panel_of_a_kind_that_is_not_drawn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    first, *others = (panel for panel in RAW["panels"] if panel["type"] != "row")
    path.write_text(json.dumps({"panels": [{**first, "type": "gauge"}, *others]}), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"dashboard\.json: .*'gauge'"):
        read_panels(path)


def test_a_unit_that_is_not_known_is_refused_with_its_panel(
    panels: tuple[Panel, ...], recording: Recording, slo: Slo
) -> None:
    changed = (msgspec.structs.replace(panels[1], unit="furlongs"),)

    with pytest.raises(ConfigurationError, match=r"'Requests'.*furlongs"):
        draw(changed, recording, slo)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, "percentunit", "25 %"),
        (1.5, "s", "1.5 s"),
        (0.2, "reqps", "0.2 req/s"),
        (3, "none", "3"),
    ],
)
def test_a_value_is_written_with_the_panels_unit(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


def test_gaps_stay_gaps(panels: tuple[Panel, ...], recording: Recording, slo: Slo) -> None:
    (target,) = panels[1].targets
    series = Series(labels={"Language": "fi"}, values=(None, 2.0))
    short = msgspec.structs.replace(recording, times=2, answers={target.expr: (series,)})

    (line,) = lines_of(panels[1], short, slo)

    assert line.name == "fi"
    assert str(line.values.tolist()) == "[nan, 2.0]"


def test_a_query_is_asked_as_grafana_asks_it_where_everything_is_chosen() -> None:
    chosen = variables(ROOT / DASHBOARD)

    assert asked('a{Language=~"$language",ModelName=~"$model"}', chosen) == (
        'a{Language=~".*",ModelName=~".*"}'
    )
