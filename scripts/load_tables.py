"""The README's tables of load held and faults survived, made from what the load tests recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path("loadtests/results")
REMEDY: Final = {
    RESULTS / "steps.json": "make loadtest PROFILE=steps RECORD=1",
    RESULTS / "recovery.json": "make recovery RECORD=1",
    RESULTS / "bounds.json": "make bounds RECORD=1",
}


def load_table() -> str:
    """Answer the tables in Markdown, each with what it was measured on."""
    steps, recovery, bounds = (json.loads(path.read_text(encoding="utf-8")) for path in REMEDY)
    return "\n".join([*_held(steps), "", *_survived(recovery, bounds)])


def _held(record: Mapping[str, Any]) -> list[str]:
    """One row a step: how much speech came of how many callers."""
    kept = record["conservation"]
    rows = [
        f"| {part['name']} | {part['spoken']} | {part['shed']} | {part['speech_s_per_s']:.2f} "
        f"| {_s(part['whole']['p50_s'])} | {_s(part['whole']['p95_s'])} |"
        for part in record["stages"]
    ]
    return [
        "| load | spoken | shed | seconds of speech a second | p50 | p95 |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"{kept['sent']} requests in all, every one accounted for: {kept['spoken']} spoken, {kept['refused']} "
        f"bad ones refused, {kept['shed']} shed, {kept['failed']} failed with a named error, "
        f"{kept['wrong'] + kept['broken'] + kept['hung'] + kept['unanswered']} wrong or lost. "
        f"{_where(record)} ([record]({(RESULTS / 'steps.json').as_posix()}), [how](docs/loadtests.md)).",
    ]


def _survived(recovery: Mapping[str, Any], bounds: Mapping[str, Any]) -> list[str]:
    held = bounds["held"]
    middle, last = held[len(held) // 2], held[-1]
    outcomes = bounds["outcomes"]
    spoken, refused = (outcomes.get(name, 0) for name in ("spoken", "refused"))
    return [
        "| what happens | what was measured |",
        "| --- | --- |",
        f"| a language worker is killed {recovery['kills']} times under load | {recovery['errors']} of "
        f"{recovery['requests']} requests failed; speech again after {recovery['median_s']:.1f} s, at worst "
        f"{recovery['worst_s']:.1f} s |",
        f"| {bounds['requests']} requests, {bounds['bad_share']:.0%} of them bad | {spoken} spoken, "
        f"{refused} refused, {bounds['requests'] - spoken - refused} "
        f"otherwise; over the last half: descriptors {middle['descriptors']} to {last['descriptors']}, threads "
        f"{middle['threads']} to {last['threads']}, temporary files {middle['files']} to {last['files']}, RSS "
        f"{middle['rss_bytes'] / 1e6:.0f} to {last['rss_bytes'] / 1e6:.0f} MB in {last['processes']} processes |",
        "",
        f"{_where(recovery)} ([records]({RESULTS.as_posix()}/)). Every fault that is tried, and the test behind it: "
        "[docs/reliability.md](docs/reliability.md).",
    ]


def _where(record: Mapping[str, Any]) -> str:
    told = record["circumstances"]
    return (
        f"Measured with the demo models on {told['cores']} cores of {told['cpu']}, shared with other work, "
        f"commit {told['commit']}, {told['date']}"
    )


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
