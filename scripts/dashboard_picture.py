"""Draws ``docs/images/dashboard.png``: the dashboard's own panels, filled with what one run recorded.

``--check`` draws nothing, and fails where the picture is of another dashboard, run or objective.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from f5serve.errors import ConfigurationError
from scripts.dashboard import (
    PICTURE,
    Panel,
    Recording,
    Target,
    inputs_digest,
    objective_of,
    read_panels,
    read_recording,
    silent_targets,
)
from scripts.slo import SLO, Slo, read_slo

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH_IN: Final = 16.0
UNIT_IN: Final = 0.36
HEAD_IN: Final = 0.9
DPI: Final = 80
COLUMNS: Final = 24
# Of the legend: how many characters of names fit beside each other, a mark and a gap counting as five.
LEGEND_CHARACTERS: Final = 92
LEGEND_MARK: Final = 5
PERCENTILE: Final = re.compile(r" p\d+$")
OBJECTIVE_COLOUR: Final = "crimson"
SUFFIXES: Final = {"reqps": " req/s", "s": " s", "none": "", "percentunit": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series as it is drawn.

    Attributes:
        name: In the legend.
        values: By time; NaN where there is none.
        target: Which of the panel's queries, from 0.
        objective: Whether it is a limit to compare with.
    """

    name: str
    values: NDArray[np.float64]
    target: int
    objective: bool


def lines_of(panel: Panel, recording: Recording, slo: Slo) -> Iterator[Line]:
    """Answer a panel's series; objectives as ``config/slo.yaml`` has them now."""
    for number, target in enumerate(panel.targets):
        limit = objective_of(target.expr, slo)
        if limit is not None:
            values = np.full(recording.times, limit)
            yield Line(name=target.named({}), values=values, target=number, objective=True)
            continue
        for one in recording.answers[target.expr]:
            values = np.array([math.nan if v is None else v for v in one.values])
            name = target.named(one.labels)
            yield Line(name=name, values=values, target=number, objective=False)


def draw(panels: Sequence[Panel], recording: Recording, slo: Slo) -> tuple[Figure, dict[str, Axes]]:
    """Draw every panel where Grafana has it.

    Returns:
        The figure, and the axes of each panel by its title.

    Raises:
        ConfigurationError: If a panel has a unit that is not known here.
    """
    units = max(panel.place.y + panel.place.h for panel in panels)
    height_in = units * UNIT_IN + HEAD_IN
    figure = Figure(figsize=(WIDTH_IN, height_in), facecolor="#f4f5f5")
    _head(figure, recording, height_in)
    drawn = {}
    for panel in panels:
        place = panel.place
        left, width = place.x / COLUMNS, place.w / COLUMNS
        bottom = 1 - (HEAD_IN + (place.y + place.h) * UNIT_IN) / height_in
        height = place.h * UNIT_IN / height_in
        if panel.kind == "row":
            figure.text(
                left + 0.006, bottom + height * 0.25, panel.title, fontsize=13, weight="bold"
            )
            continue
        frame = (left + 0.003, bottom + 0.002, width - 0.006, height - 0.004)
        drawn[panel.title] = _panel(figure, panel, frame, recording, slo)
    return figure, drawn


def _head(figure: Figure, recording: Recording, height_in: float) -> None:
    told = recording.circumstances
    stages = ", ".join(
        f"{stage['name']} for {stage['seconds']:g} s" for stage in recording.load["stages"]
    )
    figure.text(0.006, 1 - 0.36 / height_in, "f5serve", fontsize=17, weight="bold")
    figure.text(
        0.006,
        1 - 0.68 / height_in,
        f"Demo checkpoints on {told['cores']} cores of {told['cpu']}, shared with other work. Load: {stages}."
        f" Commit {told['commit']}, {told['date']}.",
        fontsize=10,
        color="#444444",
    )


def _panel(
    figure: Figure,
    panel: Panel,
    frame: tuple[float, float, float, float],
    recording: Recording,
    slo: Slo,
) -> Axes:
    if panel.unit not in SUFFIXES:
        raise ConfigurationError(
            f"panel {panel.title!r}: no suffix for the unit {panel.unit!r}; name it in {Path(__file__).name}"
        )
    left, bottom, width, height = frame
    card = figure.add_axes(frame)
    card.set(xticks=[], yticks=[])
    for spine in card.spines.values():
        spine.set_color("#d8d9da")
    card.set_title(panel.title, fontsize=10, loc="left", x=0.015, y=0.9, pad=0, weight="bold")
    lines = [
        line
        for line in lines_of(panel, recording, slo)
        if line.objective or not np.isnan(line.values).all()
    ]
    if all(line.objective for line in lines):
        card.text(0.5, 0.45, "no data", ha="center", va="center", fontsize=13, color="#888888")
        return card
    if panel.kind == "stat":
        last = lines[0].values[~np.isnan(lines[0].values)][-1]
        card.text(0.5, 0.45, f"{last:g}", ha="center", va="center", fontsize=34, color="#37872d")
        return card
    columns = legend_columns([line.name for line in lines])
    legend_rows = math.ceil(len(lines) / columns)
    foot = 0.16 + 0.055 * legend_rows
    inner = (left + 0.15 * width, bottom + foot * height, 0.82 * width, (0.84 - foot) * height)
    axes = figure.add_axes(inner)
    times = np.arange(recording.times, dtype=np.float64) * recording.step_s
    times -= recording.load_begins_s
    (_stack if panel.stacked else _plot)(axes, times, lines)
    _dress(axes, panel, times)
    begun_s = 0.0
    for stage in recording.load["stages"]:
        axes.axvline(begun_s, color="#b0b0b0", linewidth=0.8, linestyle=(0, (2, 3)), zorder=0)
        begun_s += stage["seconds"]
    handles, names = axes.get_legend_handles_labels()
    card.legend(
        handles, names, loc="lower left", ncols=columns, fontsize=7, frameon=False,
        handlelength=1.1, columnspacing=0.9, labelspacing=0.25, borderaxespad=0.3, handletextpad=0.4,
    )  # fmt: skip
    return card


def legend_columns(names: Sequence[str]) -> int:
    """Answer how many columns of a legend fit beside each other, all as wide as the longest name."""
    return max(1, LEGEND_CHARACTERS // (max(map(len, names)) + LEGEND_MARK))


def _plot(axes: Axes, times: NDArray[np.float64], lines: Sequence[Line]) -> None:
    colours = _colours(lines)
    many = len({line.target for line in lines if not line.objective}) > 1
    for line in lines:
        if line.objective:
            axes.plot(
                times, line.values, "--", color=OBJECTIVE_COLOUR, linewidth=1.4, label=line.name
            )
            continue
        first_of_many = many and line.target == 0 and PERCENTILE.search(line.name)
        axes.plot(
            times, line.values, ":" if first_of_many else "-", color=colours[line.name],
            linewidth=1.3, label=line.name,
        )  # fmt: skip


def _stack(axes: Axes, times: NDArray[np.float64], lines: Sequence[Line]) -> None:
    colours = _colours(lines)
    base = np.zeros(len(times))
    for line in lines:
        top = base + np.nan_to_num(line.values)
        colour = colours[line.name]
        axes.fill_between(times, base, top, alpha=0.3, color=colour, linewidth=0)
        axes.plot(times, top, color=colour, linewidth=1.2, label=line.name)
        base = top


def _colours(lines: Sequence[Line]) -> dict[str, tuple[float, float, float, float]]:
    """One colour for each series; p50 and p95 of one language share theirs."""
    palette = mpl.colormaps["tab10"]
    stems = {line.name: PERCENTILE.sub("", line.name) for line in lines}
    order = list(dict.fromkeys(stems.values()))
    return {name: palette(order.index(stem) % 10) for name, stem in stems.items()}


def _dress(axes: Axes, panel: Panel, times: NDArray[np.float64]) -> None:
    axes.set_facecolor("white")
    axes.grid(color="#e3e4e5", linewidth=0.6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(labelsize=8, length=0, colors="#555555")
    axes.set_xlim(times[0], times[-1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, panel.unit)))
    low, high = axes.get_ylim()
    # A line at zero is no reason for an axis of a millionth.
    axes.set_ylim(
        panel.least if panel.least is not None else low,
        panel.most if panel.most is not None else max(high, 0.01 if high < 0.001 else high),
    )


def written(value: float, unit: str) -> str:
    """Answer a value with its unit as the dashboard shows it."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    return f"{value:.3g}{SUFFIXES[unit]}"


def digest_of(path: Path) -> str:
    """Answer of which inputs a picture was drawn; empty where it is missing or does not tell."""
    try:
        with Image.open(path) as picture:
            return str(picture.info.get("f5serve", ""))
    except OSError:
        return ""


def silent(panels: Sequence[Panel], recording: Recording) -> Iterator[tuple[Panel, Target]]:
    """Answer the queries that returned nothing, with their panels."""
    for panel in panels:
        for target in silent_targets(panel, recording):
            yield panel, target


def _checked(path: Path, digest: str) -> int:
    if digest_of(path) == digest:
        return 0
    print(f"dashboard: {path} is stale; run make dashboard-picture", file=sys.stderr)
    return 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="dashboard_picture", description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing; fail where it is stale")
    parser.add_argument("--out", type=Path, default=PICTURE, help="the picture")
    options = parser.parse_args(argv)
    try:
        panels, slo = read_panels(), read_slo(SLO)
        recording = read_recording(panels)
        digest = inputs_digest(panels, recording, slo)
        if options.check:
            return _checked(options.out, digest)
        figure, drawn = draw(panels, recording, slo)
    except ConfigurationError as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=DPI, metadata={"f5serve": digest})
    for panel, target in silent(panels, recording):
        print(f"dashboard: no data: {panel.title}: {target.expr}")
    print(f"dashboard: {options.out}  {len(drawn)} panels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
