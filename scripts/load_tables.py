"""The README's tables of load held and faults survived, made from what the load tests recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.record import commit_and_date

RESULTS: Final = Path("loadtests/results")
REMEDY: Final = {
    RESULTS / "steps.json": "make loadtest PROFILE=steps RECORD=1",
    RESULTS / "recovery.json": "make recovery RECORD=1",
    RESULTS / "bounds.json": "make bounds RECORD=1",
}
MORE: Final = tuple(RESULTS / f"{name}.json" for name in ("soak", "spike", "poisson"))
"""What takes longer to record, each with a row of its own where it has been."""


IMPATIENCE: Final = RESULTS / "impatience.json"


def load_table() -> str:
    """Answer the tables in Markdown, each with what it was measured on."""
    steps, recovery, bounds = (_read(path) for path in REMEDY)
    more = [_more(_read(path), path) for path in MORE if path.is_file()]
    if IMPATIENCE.is_file():
        more.append(_impatient(_read(IMPATIENCE)))
    return "\n".join([*_held(steps), "", *_survived(recovery, bounds, more)])


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


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
        f"bad ones refused, {kept['shed']} shed (told when to come back), {kept['failed']} failed with a named error, "
        f"{_lost(kept)} wrong or lost{_violated(record['violations'])}; what was sent to warm up is counted here and "
        f"in no row. {_draft(record)}"
        f"{_where(record)} ([record]({(RESULTS / 'steps.json').as_posix()}), [how](docs/loadtests.md)).",
    ]


def _draft(record: Mapping[str, Any]) -> str:
    """Why the rates are not those of the table of speed."""
    weights = record["load"]["mix"]["qualities"]
    share = weights.get("draft", 0) / sum(weights.values())
    return (
        f"{share:.0%} of the requests ask for 7 steps (`draft`), so more is spoken here than the same machine could in "
        "16, as in the table of speed. "
        if share
        else ""
    )


def _more(record: Mapping[str, Any], path: Path) -> str:
    """One row for a profile besides the steps; told with where it was measured, for that may be elsewhere."""
    kept, stages = record["conservation"], record["stages"]
    load = " then ".join(_load(stage) for stage in record["load"]["stages"])
    told = [
        f"{kept['spoken']} spoken, {kept['refused']} bad ones refused, {kept['shed']} shed, {kept['failed']} failed "
        f"with a named error, {_lost(kept)} wrong or lost",
        "p95 " + ", ".join(_s(stage["whole"]["p95_s"]) for stage in stages),
    ]
    if record["load"]["limits"].get("max_memory_growth") is not None and "own" in record["memory"]:
        told.append(f"memory {_memory(record['memory']['own'])} after the warm-up")
    found = f"{'; '.join(told)}{_violated(record['violations'])}"
    return f"| {load} | {found} ({_made(record)}, [record]({path.as_posix()})) |"


def _impatient(record: Mapping[str, Any]) -> str:
    """One row for callers who leave, behind the edge and without it."""
    edge, alone = (record["sums"][way] for way in ("edge", "alone"))

    def told(sums: Mapping[str, float]) -> str:
        return (
            f"{60 * sums['spoken'] / sums['seconds']:.0f} texts a minute spoken to somebody, {sums['left']:.0f} left, "
            f"{sums['shed']:.0f} shed, {sums['failed']:.0f} failed"
        )

    return (
        f"| {record['callers']} callers, more than one model can answer in time; each leaves after "
        f"{record['patience_s']:g} s, {record['patience_by_time_alone']:g} times as long as a text takes alone, and "
        f"asks again | behind the edge {told(edge)}; without it, where work for those who have left goes on, "
        f"{told(alone)} ({_made(record)}, [record]({IMPATIENCE.as_posix()})) |"
    )


def _load(stage: Mapping[str, Any]) -> str:
    for_s = stage["seconds"]
    time = f"{for_s / 60:g} min" if for_s >= 120 else f"{for_s:g} s"
    if stage["users"] is not None:
        return f"{stage['users']} callers for {time}"
    return f"{stage['rate_per_s']:g} requests a second for {time} (open loop)"


def _lost(kept: Mapping[str, int]) -> int:
    return kept["wrong"] + kept["broken"] + kept["hung"] + kept["unanswered"]


def _memory(growth: Mapping[str, float]) -> str:
    before, after = growth["before_bytes"] / 1e6, growth["after_bytes"] / 1e6
    if "margin" in growth:
        how = (
            f" \N{PLUS-MINUS SIGN} {growth['margin']:.1%}, by the trend of {growth['looks']} looks"
        )
    else:  # a record of before trends were judged
        how = ", the last fifth of the looks against the first"
    return f"{before:.0f} to {after:.0f} MB ({growth['share']:+.1%}{how})"


def _violated(violations: Sequence[str]) -> str:
    return f"; **limit not kept**: {'; '.join(violations)}" if violations else ""


def _survived(
    recovery: Mapping[str, Any], bounds: Mapping[str, Any], more: Sequence[str]
) -> list[str]:
    held = bounds["held"]
    middle, last = held[len(held) // 2], held[-1]
    outcomes = bounds["outcomes"]
    spoken, refused = (outcomes.get(name, 0) for name in ("spoken", "refused"))
    rss = f"RSS {middle['rss_bytes'] / 1e6:.0f} to {last['rss_bytes'] / 1e6:.0f} MB"
    own = bounds.get("memory", {}).get("own")
    memory = rss if own is None else f"memory besides pages of files {_memory(own)}, {rss}"
    return [
        "| what happens | what was measured |",
        "| --- | --- |",
        f"| a language worker is killed {recovery['kills']} times under load | {recovery['errors']} of "
        f"{recovery['requests']} requests failed; speech again after {recovery['median_s']:.1f} s, at worst "
        f"{recovery['worst_s']:.1f} s ({_made(recovery)}) |",
        f"| {bounds['requests']} requests, {bounds['bad_share']:.0%} of them bad | {spoken} spoken, "
        f"{refused} refused, {bounds['requests'] - spoken - refused} "
        f"otherwise; over the last half: descriptors {middle['descriptors']} to {last['descriptors']}, threads "
        f"{middle['threads']} to {last['threads']}, temporary files {middle['files']} to {last['files']}, "
        f"{memory} in {last['processes']} processes{_violated(bounds['violations'])} ({_made(bounds)}) |",
        *more,
        "",
        f"Measured with the demo models; [the records]({RESULTS.as_posix()}/) hold all numbers. Every fault that is "
        "tried, and the test behind it: [docs/reliability.md](docs/reliability.md).",
    ]


def _made(record: Mapping[str, Any]) -> str:
    told = record["circumstances"]
    return f"{told['cores']} cores of {told['cpu']}, {commit_and_date(told)}"


def _where(record: Mapping[str, Any]) -> str:
    told = record["circumstances"]
    return f"Measured with the demo models on {told['cores']} cores of {told['cpu']}, {commit_and_date(told)}"


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
