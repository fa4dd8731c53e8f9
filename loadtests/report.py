"""A run as a picture and as a page of HTML: for people; the verdict comes from the numbers."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from loadtests.profile import Profile
from loadtests.samples import Outcome, Run
from loadtests.verdict import Summary, table
from loadtests.watch import Holding

COLOURS: Final[dict[Outcome, str]] = {
    "spoken": "tab:blue",
    "refused": "tab:gray",
    "shed": "tab:orange",
    "failed": "tab:red",
    "wrong": "black",
    "broken": "black",
    "hung": "black",
}


def draw(profile: Profile, run: Run, held: Sequence[Holding], path: Path) -> None:
    """Draw every answer's time over the run, and the server's memory below."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    FigureCanvasAgg(figure)
    times, memory = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    for outcome, colour in COLOURS.items():
        own = [sample for sample in run.samples if sample.outcome == outcome]
        if own:
            times.scatter(
                [sample.due_s for sample in own],
                [sample.elapsed_s for sample in own],
                s=8,
                color=colour,
                label=f"{outcome} ({len(own)})",
            )
    begun_s = 0.0
    for stage in profile.stages:
        times.axvline(begun_s, color="lightgray", linewidth=1)
        times.text(
            begun_s, 1.0, f" {stage.name}", transform=times.get_xaxis_transform(), va="top", size=8
        )
        begun_s += stage.seconds
    times.set_ylabel("seconds until the whole answer")
    times.legend(loc="upper right", fontsize=8)
    memory.plot([look.at_s for look in held], [look.rss_bytes / 1e6 for look in held])
    memory.set_ylabel("server RSS, MB")
    memory.set_xlabel("seconds in the run")
    figure.savefig(path, dpi=110)


def write_page(
    path: Path, picture: Path, title: str, summary: Summary, wrong: Sequence[str]
) -> None:
    """Write a page that holds picture, table and verdict, and needs nothing else."""
    image = base64.b64encode(picture.read_bytes()).decode("ascii")
    verdict = "kept to every limit" if not wrong else "; ".join(wrong)
    path.write_text(
        f"<!doctype html><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<h1>{html.escape(title)}</h1><p><b>{html.escape(verdict)}</b></p>"
        f"<pre>{html.escape(table(summary))}</pre>"
        f"<img alt='answers over time' src='data:image/png;base64,{image}'>\n",
        encoding="utf-8",
    )
