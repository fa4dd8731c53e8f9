"""The panels of ``config/monitoring/dashboard.json``, and what a Prometheus answered to their queries."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from f5serve.errors import ConfigurationError
from scripts.slo import PREFIX, Slo

DASHBOARD: Final = Path("config/monitoring/dashboard.json")
RECORD: Final = Path("loadtests/results/dashboard.json")
PICTURE: Final = Path("docs/images/dashboard.png")
_OBJECTIVE: Final = re.compile(rf"(1 - )?{PREFIX}(\w+)")


class Place(Struct, frozen=True, kw_only=True):
    """Where a panel is, in units of Grafana's grid: 24 to a line, ``y`` downwards."""

    x: int
    y: int
    w: int
    h: int


class Target(Struct, frozen=True, kw_only=True, rename="camel"):
    """One query of a panel.

    Attributes:
        expr: In PromQL, with the dashboard's variables.
        legend_format: Name of a series, labels in double braces.
    """

    expr: str
    legend_format: str

    def named(self, labels: dict[str, str]) -> str:
        """Answer the name of one of its series."""
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), self.legend_format)


class Panel(Struct, frozen=True, kw_only=True):
    """What of a panel is drawn.

    Attributes:
        kind: ``row`` is a heading, ``stat`` the last value, written out.
        unit: Grafana's name of it.
        least: Lower end of the axis; None where it follows the data.
        most: Upper end, likewise.
        stacked: Whether series stand on each other.
    """

    kind: Literal["row", "timeseries", "stat"]
    title: str
    place: Place
    targets: tuple[Target, ...] = ()
    unit: str = "none"
    least: float | None = None
    most: float | None = None
    stacked: bool = False


class Series(Struct, frozen=True, kw_only=True):
    """One series of an answer: a value for each time of the recording, None where there was none."""

    labels: dict[str, str]
    values: tuple[float | None, ...]


class Recording(Struct, frozen=True, kw_only=True):
    """What a Prometheus answered over one run.

    Attributes:
        circumstances: Commit, machine, versions.
        load: The profile that was run.
        step_s: Between two times.
        load_begins_s: When the load began, seconds after the first time.
        times: How many.
        answers: By query, as it stands in the dashboard.
    """

    circumstances: dict[str, Any]
    load: dict[str, Any]
    step_s: float
    load_begins_s: float
    times: int
    answers: dict[str, tuple[Series, ...]]


def read_panels(path: Path = DASHBOARD) -> tuple[Panel, ...]:
    """Read the dashboard.

    Raises:
        ConfigurationError: If it cannot be read, or has a panel of a kind that is not known.
    """
    try:
        return tuple(_panel(raw) for raw in json.loads(path.read_text(encoding="utf-8"))["panels"])
    except (OSError, ValueError, KeyError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _panel(raw: dict[str, Any]) -> Panel:
    defaults = raw.get("fieldConfig", {}).get("defaults", {})
    stacking = defaults.get("custom", {}).get("stacking", {})
    told = {
        "kind": raw["type"],
        "title": raw["title"],
        "place": raw["gridPos"],
        "targets": raw.get("targets", ()),
        "unit": defaults.get("unit", "none"),
        "least": defaults.get("min"),
        "most": defaults.get("max"),
        "stacked": stacking.get("mode") == "normal",
    }
    return msgspec.convert(told, Panel)


def variables(path: Path = DASHBOARD) -> dict[str, str]:
    """Answer what Grafana puts in for each variable where everything is chosen."""
    listed = json.loads(path.read_text(encoding="utf-8"))["templating"]["list"]
    return {one["name"]: one["allValue"] for one in listed if "allValue" in one}


def asked(expression: str, chosen: dict[str, str]) -> str:
    """Answer a query as Grafana would send it."""
    return re.sub(r"\$(\w+)", lambda found: chosen[found[1]], expression)


def read_recording(panels: tuple[Panel, ...], path: Path = RECORD) -> Recording:
    """Read what was recorded.

    Raises:
        ConfigurationError: If the file is missing or wrong, or a query of the dashboard is not in it.
    """
    try:
        recording = msgspec.json.decode(path.read_bytes(), type=Recording)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{path}: {error}; run make dashboard-record") from error
    lacking = {target.expr for panel in panels for target in panel.targets} - set(recording.answers)
    if lacking:
        raise ConfigurationError(
            f"{path} has no answer to {', '.join(sorted(lacking))}; run make dashboard-record"
        )
    return recording


def objective_of(expression: str, slo: Slo) -> float | None:
    """Answer the objective that a query draws as a line; None where it asks for something else."""
    found = _OBJECTIVE.fullmatch(expression)
    if found is None:
        return None
    value = float(getattr(slo, found[2]))
    return 1 - value if found[1] else value


def silent_targets(panel: Panel, recording: Recording) -> tuple[Target, ...]:
    """Answer the queries of a panel that gave no value at any time."""
    return tuple(
        target
        for target in panel.targets
        if not any(
            value is not None for one in recording.answers[target.expr] for value in one.values
        )
    )


def inputs_digest(panels: tuple[Panel, ...], recording: Recording, slo: Slo) -> str:
    """Answer a digest of all that decides how the picture looks."""
    content = msgspec.json.encode([panels, recording, slo], order="sorted")
    return hashlib.sha256(content).hexdigest()
