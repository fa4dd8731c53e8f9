"""Tables of ``docs/performance.md`` about the server as a whole, made from what the benchmarks recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scripts.bench_tables import NOT_RECORDED, read_result, where_measured
from scripts.cpu import MAIN_KIND, of_kind

SERVING: Final = Path("loadtests/results/serving.json")
PICTURE: Final = Path("docs/images/serving.png")
OVERHEAD: Final = Path("loadtests/results/overhead.json")
SCHEDULES: Final = Path("loadtests/results/schedules.json")
"""Each with the kind of the CPU before its suffix."""
OURS, STATUS_QUO = "ours", "status quo"


def serving_table(told: Path = SERVING, kind: str = MAIN_KIND) -> str:
    """Answer the comparison with other servers in Markdown.

    Args:
        told: The record, without the kind of CPU in its name.
        kind: Of the CPU that it was made on.
    """
    path = of_kind(told, kind)
    record = read_result(path)
    if record is None:
        return NOT_RECORDED.format(command="make bench-serving RECORD=1")
    load = record["load"]
    return "\n".join(
        [
            "| callers | server | n | errors | turned away | first audio, p50 | p50 | p95 | audio s / s "
            "| CPU s / audio s | peak RSS |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(_serving_row(row) for row in record["rows"]),
            "",
            f"{_by_status_quo(record['over_status_quo'])} Demo model `{load['model']}`, ours with "
            f"{load['workers']} workers, {load['steps']} steps, texts of seed {load['seed']}, {load['rounds']} rounds "
            f"in which the servers take turns. {_warmed(load, record['in_company'])} Client on the same machine"
            f"{_versions(record)}, {where_measured(record)}. [Record](../{path.as_posix()}).",
            "",
            _in_company(record["in_company"]),
            "",
            f"![seconds of speech a second, and p95, by callers](images/{of_kind(PICTURE, kind).name})",
        ]
    )


def overhead_table(told: Path = OVERHEAD, kind: str = MAIN_KIND) -> str:
    """Answer what the server itself costs in Markdown.

    Args:
        told: The record, without the kind of CPU in its name.
        kind: Of the CPU that it was made on.
    """
    path = of_kind(told, kind)
    record = read_result(path)
    if record is None:
        return NOT_RECORDED.format(command="make bench-overhead RECORD=1")
    return "\n".join(
        [
            "| asked | model's own time a batch | callers | n | errors | added, p50 | added, p95 | requests/s |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *(
                f"| {row['way']} | {row['cost_ms']} ms | {row['callers']} | {row['n']} | {row['errors']} "
                f"| {_ms(row['added_p50_ms'])} | {_ms(row['added_p95_ms'])} | {row['requests_per_s']:.0f} |"
                for row in record["rows"]
            ),
            "",
            f"Added: the time of an answer less the model's own, so of several callers with the waiting for one "
            f"another; {where_measured(record)}. [Record](../{path.as_posix()}).",
        ]
    )


def schedules_table(told: Path = SCHEDULES, kind: str = MAIN_KIND) -> str:
    """Answer the comparison of schedules in Markdown.

    Args:
        told: The record, without the kind of CPU in its name.
        kind: Of the CPU that it was made on.
    """
    path = of_kind(told, kind)
    record = read_result(path)
    if record is None:
        return NOT_RECORDED.format(command="make bench-schedules RECORD=1")
    load = record["load"]
    return "\n".join(
        [
            "| load | schedule | n | mean | p50 | p95 | p99 | short texts: p50 | p95 | audio s / s |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(_schedule_row(row) for row in record["rows"]),
            "",
            f"One model, asked directly; one worker speaks {record['one_worker_requests_per_s']:.2f} such requests a "
            f"second, and the first two loads are half and 85 % of that, at moments drawn beforehand. Short texts last "
            f"{load['short_means_s']:g} s at most. {load['rounds']} rounds in which the schedules take turns, "
            f"{where_measured(record)}. [Record](../{path.as_posix()}).",
        ]
    )


def _serving_row(row: Mapping[str, Any]) -> str:
    return (
        f"| {row['callers']} | {row['server']} | {row['n']} | {row['errors']} | {row['turned_away']} "
        f"| {_s(row['first_audio_p50_s'])} | {_s(row['p50_s'])} | {_s(row['p95_s'])} | {_number(row['audio_s_per_s'])} "
        f"| {_number(row['cpu_s_per_audio_s'])} | {row['peak_rss_mb']} MB |"
    )


def _by_status_quo(ratios_of: Mapping[str, Mapping[str, float | None]]) -> str:
    return " ".join(
        f"*{server}* beside the status quo: {_times(ratios['throughput_at_1'])} the throughput with one caller, "
        f"{_times(ratios['throughput_at_16'])} with sixteen; the p95 with eight callers is "
        f"{_share(ratios['p95_at_8'])} of its."
        for server, ratios in ratios_of.items()
    )


def _warmed(load: Mapping[str, Any], company: Mapping[str, Any]) -> str:
    """Answer what the servers had said before they were timed; older records have another field for it."""
    if "warm_up_texts" in load:
        return (
            f"Before that each server said each of the {load['warm_up_texts']} texts; what was asked for their lengths "
            "and for the comparison below comes on top."
            f"{_woken(load)}"
        )
    texts = max(figures["texts"] for figures in company.values())
    return (
        f"Before that each server had {load['warm_up_requests']} requests to warm up; ours had in addition said every "
        f"text, to tell its length, and each but the status quo {texts} texts twice, for the comparison below."
    )


def _woken(load: Mapping[str, Any]) -> str:
    if "woken_by" not in load:
        return ""
    return (
        f" Before each load the server was asked for {load['woken_by']} texts at once, untimed: it had rested while "
        "the others had their turn, and a system may take the pages of what rests."
    )


def _versions(record: Mapping[str, Any]) -> str:
    return "".join(f", {name} {version}" for name, version in record.get("versions", {}).items())


def _in_company(found: Mapping[str, Any]) -> str:
    told = "; ".join(
        f"*{server}* {figures['median']:.1e}, and {figures['worst']:.1e} for the worst"
        for server, figures in found.items()
    )
    texts = max(figures["texts"] for figures in found.values())
    return (
        f"{texts} texts asked for at once, each held against the answer to it alone, same seed (relative L2 of "
        f"log-mels): {told}. The status quo makes no batches, and takes no seed."
    )


def _schedule_row(row: Mapping[str, Any]) -> str:
    times = ("mean_s", "p50_s", "p95_s", "p99_s", "short_p50_s", "short_p95_s")
    return (
        f"| {row['load']} | {row['schedule']} | {row['n']} | "
        + " | ".join(_s(row[name]) for name in times)
        + f" | {row['audio_s_per_s']:.2f} |"
    )


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} times"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
