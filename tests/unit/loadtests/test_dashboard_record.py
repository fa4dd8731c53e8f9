"""What Prometheus answers becomes a recording; a real one takes every query of the dashboard."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from f5serve.errors import ConfigurationError
from loadtests.dashboard import (
    STEP_S,
    Addresses,
    answers_of,
    prometheus,
    running,
    series_of,
    write_recording,
)
from scripts.dashboard import DASHBOARD, Panel, Place, Recording, Series, Target, read_panels
from scripts.setup import ROOT


def test_an_answer_lies_on_the_times_of_the_recording_with_gaps_where_there_is_none() -> None:
    begun_s = 1_700_000_000.25
    result = {
        "metric": {"__name__": "f5serve:rtf", "ModelName": "f5_fi"},
        "values": [
            [begun_s + STEP_S, "0.123456789"],
            [begun_s + 2 * STEP_S, "NaN"],
            [begun_s + 3 * STEP_S, "+Inf"],
            [begun_s + 4 * STEP_S, "20"],
        ],
    }

    assert series_of(result, begun_s, 6) == Series(
        labels={"ModelName": "f5_fi"}, values=(None, 0.1235, None, None, 20.0, None)
    )


@pytest.mark.parametrize("series", [(), (Series(labels={"a": 'b"\n'}, values=(None, 0.5)),)])
def test_what_is_written_is_read_again(series: tuple[Series, ...], tmp_path: Path) -> None:
    recording = Recording(
        circumstances={"commit": "abc"},
        load={"stages": [{"name": "2 callers", "users": 2}]},
        step_s=5,
        load_begins_s=10,
        times=2,
        answers={'a{b=~"$c"}': series, "d": ()},
    )
    path = tmp_path / "new" / "dashboard.json"

    write_recording(recording, path)

    assert msgspec.json.decode(path.read_bytes(), type=Recording) == recording


@pytest.mark.tool("prometheus")
def test_a_real_prometheus_takes_every_query_and_a_wrong_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(ROOT)
    program = shutil.which("prometheus")
    assert program is not None
    panels = read_panels(ROOT / DASHBOARD)
    wrong = Panel(
        kind="stat",
        title="Wrong",
        place=Place(x=0, y=0, w=1, h=1),
        targets=(Target(expr="sum(", legend_format=""),),
    )

    with prometheus(program, Addresses.free(), tmp_path) as url:
        answers = answers_of(url, panels, 1_700_000_000, 3)
        with pytest.raises(ConfigurationError, match=r"refuses sum\("):
            answers_of(url, [wrong], 1_700_000_000, 3)

    assert set(answers) == {target.expr for panel in panels for target in panel.targets}
    (backends,) = answers["count(max by (backend) (f5serve_backend_ready) == 0) or vector(0)"]
    assert backends.values == (0.0, 0.0, 0.0)


def test_a_program_that_does_not_end_by_itself_is_ended_with_the_block(tmp_path: Path) -> None:
    with running(["sleep", "600"], tmp_path / "log", {"PATH": "/usr/bin:/bin"}) as alive:
        assert alive()

    assert not alive()
