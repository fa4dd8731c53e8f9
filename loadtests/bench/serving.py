"""End to end against other ways to serve the same checkpoint, by number of callers.

Usage, from the repository's root, with the development packages installed::

    PYTHONPATH=handlers:. python -m loadtests.bench.serving [--quick] [--record]

The servers, each in processes of its own, with the same weights, steps, reference, texts and lengths of speech:

- ours: TorchServe with the router and one language model, a worker a core; once whole, once streamed, and once
  computed in bfloat16 where the CPU has units for it;
- status quo: f5-tts as its own functions run it, behind FastAPI, one process, each request in a thread of the pool;
- padded: LitServe with batches of up to eight that are padded without a mask. Its shorter items are wrong.

Callers send their next request when they have their answer. Each server is under load alone, in turn, in every round.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from f5serve.engine.precision import has_bfloat16_units
from f5serve.errors import ServeError
from loadtests.bench.band import keep, serving_ratios
from loadtests.bench.cells import HALF_MEL_LIMIT, MEL_LIMIT, within_limit
from loadtests.bench.common import RESULTS, options_of
from loadtests.bench.company import COMPANIONS, in_company
from loadtests.bench.contestants import (
    HALF,
    MODEL,
    OUR_NAMES,
    OURS,
    PADDED,
    STATUS_QUO,
    STEPS,
    STREAMED,
    Heard,
    Server,
    Text,
    ours,
    peer,
)
from loadtests.bench.peers.environment import peers_python, versions
from loadtests.bench.schedules import profile_of
from loadtests.samples import percentile
from loadtests.workload import Workload, read_material
from scripts.cpu import cpu_kind, of_kind
from scripts.launch import available_cores
from scripts.record import circumstances
from scripts.signals import leaving

RECORD: Final = RESULTS / "serving.json"
PICTURE: Final = Path("docs/images/serving.png")
"""Each with the kind of the CPU before its suffix."""

CALLERS: Final = (1, 2, 4, 8, 16, 32)
REQUESTS: Final[Mapping[int, int]] = {1: 8, 2: 8, 4: 12, 8: 16, 16: 24, 32: 40}
WOKEN_BY: Final = 4
"""Requests at once before each load. A server rests while the others have their turn, for minutes, and meanwhile a
system may take its pages: what is measured is a server at work, and not how it comes back to it."""


def texts_of(server: Server, count: int, seed: int) -> list[Text]:
    """Draw texts, and ask ours how long each is."""
    workload = Workload(profile_of(seed), read_material())
    drawn = [workload.wish(number).text for number in range(count)]
    texts = []
    for text in drawn:
        heard = server.ask(Text(text=text, audio_s=0.0))
        if not heard.audio_s:
            raise ServeError(
                f"ours answered {heard.status} to {text!r}: there is no length to ask for"
            )
        texts.append(Text(text=text, audio_s=heard.audio_s))
    return texts


@dataclass(slots=True, kw_only=True)
class Cell:
    """One server under one load, over all rounds."""

    heard: list[Heard]
    span_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0

    def row(self) -> dict[str, float | int | None]:
        """Answer what a table shows; times of answers with speech only."""
        good = [one for one in self.heard if one.status == 200]
        audio_s = sum(one.audio_s for one in good)
        whole = [one.whole_s for one in good]
        return {
            "n": len(self.heard),
            "errors": len(self.heard) - len(good),
            "turned_away": sum(one.turned_away for one in self.heard),
            "first_audio_p50_s": _rounded(percentile([one.first_s for one in good], 50)),
            **{f"p{share}_s": _rounded(percentile(whole, share)) for share in (50, 95)},
            "audio_s_per_s": _rounded(audio_s / self.span_s),
            "cpu_s_per_audio_s": _rounded(self.cpu_s / audio_s if audio_s else None),
            "peak_rss_mb": round(self.peak_mb),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def under_load(server: Server, texts: Sequence[Text], callers: int, cell: Cell) -> None:
    """Let some callers send texts, and add what they hear to a cell."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            cell.peak_mb = max(cell.peak_mb, server.rss_mb())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cpu_s, started = server.cpu_s(), time.monotonic()
    try:
        with ThreadPoolExecutor(callers) as threads:
            cell.heard += threads.map(server.ask, texts)
    finally:
        over.set()
        watcher.join()
    cell.span_s += time.monotonic() - started
    cell.cpu_s += server.cpu_s() - cpu_s


def warm_up(server: Server, texts: Sequence[Text], at_once: int = 1) -> None:
    """Let a server say every text once: nobody is to meet one for the first time while it is timed.

    Args:
        server: Which.
        texts: What it says.
        at_once: How many of them it is asked for at the same time.

    Raises:
        ServeError: If it fails, for it is not warm then.
    """
    with ThreadPoolExecutor(at_once) as threads:
        answers = list(threads.map(server.ask, texts))
    for text, answer in zip(texts, answers, strict=True):
        if answer.status != 200:
            raise ServeError(
                f"{server.name} answered {answer.status} to {text.text!r}, without any load:"
                " there is nothing to compare"
            )


def measure(
    servers: Sequence[Server], rounds: int, counts: Mapping[int, int], seed: int
) -> list[dict[str, object]]:
    """Put every server under every load, in turn; answer a row for each.

    Raises:
        ServeError: If a server does not answer as it should, or fails before there is any load.
    """
    texts = texts_of(servers[0], max(counts.values()), seed)
    for server in servers:
        warm_up(server, texts)
    rows: list[dict[str, object]] = []
    for callers, count in counts.items():
        cells = {server.name: Cell(heard=[]) for server in servers}
        for turn in range(rounds):
            first = turn % len(servers)
            for server in (*servers[first:], *servers[:first]):
                warm_up(server, texts[:WOKEN_BY], at_once=WOKEN_BY)
                under_load(server, texts[:count], callers, cells[server.name])
        for name, cell in cells.items():
            figures = cell.row()
            rows.append({"callers": callers, "server": name, **figures})
            print(
                f"{callers:3} callers  {name:14} "
                + "  ".join(f"{key} {value}" for key, value in figures.items())
            )
    return rows


def goals(rows: Sequence[Mapping[str, object]], ours_is: str = OURS) -> dict[str, float | None]:
    """Answer the ratios that the goals are about, ours over the status quo; none where either had an error.

    Args:
        rows: What was measured.
        ours_is: Which of ours is meant.
    """

    def figure(callers: int, server: str, name: str) -> float | None:
        for row in rows:
            if row["callers"] == callers and row["server"] == server and not row["errors"]:
                value = row[name]
                return float(value) if isinstance(value, int | float) else None
        return None

    def ratio(callers: int, name: str) -> float | None:
        one, other = figure(callers, ours_is, name), figure(callers, STATUS_QUO, name)
        return round(one / other, 3) if one and other else None

    return {
        "throughput_at_1": ratio(1, "audio_s_per_s"),
        "throughput_at_16": ratio(16, "audio_s_per_s"),
        "p95_at_8": ratio(8, "p95_s"),
    }


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw throughput and p95 by callers, a line for each server."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, name, label in zip(
        figure.subplots(1, 2),
        ("audio_s_per_s", "p95_s"),
        ("seconds of speech a second", "seconds until 95 in 100 answers are whole"),
        strict=True,
    ):
        for server in dict.fromkeys(row["server"] for row in rows):
            own = [row for row in rows if row["server"] == server and row[name] is not None]
            axes.plot(
                [row["callers"] for row in own], [row[name] for row in own], "o-", label=server
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({row["callers"] for row in rows}))
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("callers")
        axes.set_ylabel(label)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def load_of(seed: int, rounds: int, counts: Mapping[int, int]) -> dict[str, object]:
    """Answer what a record tells of how it was made."""
    return {
        "model": MODEL, "steps": STEPS, "seed": seed, "rounds": rounds, "warm_up_texts": max(counts.values()),
        "woken_by": WOKEN_BY,
        "requests": {str(callers): count for callers, count in counts.items()}, "client": "threads, same machine",
        "workers": available_cores(), "status_quo": "one process, a thread a request",
    }  # fmt: skip


def void_because(
    company: Mapping[str, Mapping[str, Any]], rows: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Answer why a run counts for nothing; nothing if it counts.

    Ours has to say in company what it says alone, as far as its precision goes, and to answer every request. What
    peers do wrong is what a record is to show.

    Args:
        company: What ``in_company`` found, by server.
        rows: What was measured, if it was by then.
    """
    limits = {OURS: MEL_LIMIT, HALF: HALF_MEL_LIMIT}
    apart = [
        f"{name} in company is {company[name]['worst']:.1e} from what it says alone, and {limit:g} is the limit"
        for name, limit in limits.items()
        if name in company and not within_limit(company[name]["worst"], limit=limit)
    ]
    failed = [
        f"{row['server']} failed {row['errors']} of {row['n']} requests with {row['callers']} callers"
        for row in rows
        if row["server"] in OUR_NAMES and row["errors"]
    ]
    return [*apart, *failed]


def _refuse(reasons: Sequence[str]) -> None:
    if reasons:
        raise ServeError(f"void: {'; '.join(reasons)}; nothing is recorded")


def compare(
    python: Path, rounds: int, counts: Mapping[int, int], seed: int
) -> tuple[dict[str, Mapping[str, Any]], list[dict[str, object]]]:
    """Start every server, ask it in company, and put it under every load.

    Args:
        python: The peers' interpreter.
        rounds: How often each server is put under each load.
        counts: Requests of a round, by callers.
        seed: Of the texts.

    Returns:
        What was found in company, by server, and a row for each server and load.

    Raises:
        ServeError: If a server cannot be started, does not answer as it should, or the run is void.
    """
    with tempfile.TemporaryDirectory() as told, contextlib.ExitStack() as stack:
        folder = Path(told)
        whole = stack.enter_context(ours(folder))
        half = [
            stack.enter_context(ours(folder / "half", dtype="bfloat16"))
            for _ in range(has_bfloat16_units(torch.device("cpu")))
        ]
        others = [
            stack.enter_context(peer(name, module, python, folder))
            for name, module in ((STATUS_QUO, "status_quo"), (PADDED, "padded"))
        ]
        texts = texts_of(whole, COMPANIONS, seed)
        company: dict[str, Mapping[str, Any]] = {
            one.name: in_company(one, texts) for one in (whole, *half, others[-1])
        }
        print(f"in company, against alone, relative L2 of mels: {company}")
        _refuse(void_because(company))  # before the minutes that the loads take
        rows = measure([whole, whole.named(STREAMED), *half, *others], rounds, counts, seed)
    _refuse(void_because(company, rows))
    return company, rows


def main(argv: Sequence[str]) -> int:
    """Measure, print, and record if asked to.

    Returns:
        The exit status: 1, and nothing is recorded, if the run could not be made or is void.
    """
    parser = argparse.ArgumentParser(description="Ours against other ways to serve F5, end to end.")
    parser.add_argument("--quick", action="store_true", help="a few requests, to see that it works")
    parser.add_argument(
        "--record", action="store_true", help="write the record of this kind of CPU"
    )
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=12, help="of the texts")
    arguments = options_of(parser, argv)
    begun = circumstances()
    counts = {1: 2, 4: 4} if arguments.quick else dict(REQUESTS)
    rounds = 1 if arguments.quick else arguments.rounds
    try:
        python = peers_python()
        packages = versions(python)
        company, rows = compare(python, rounds, counts, arguments.seed)
    except (ServeError, requests.RequestException) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    told_goals = {one: goals(rows, one) for one in (OURS, HALF) if one in company}
    for one, ratios in told_goals.items():
        told_ratios = "  ".join(f"{name} {value}" for name, value in ratios.items())
        print(f"{one} over {STATUS_QUO}: {told_ratios}")
    record = {
        "load": load_of(arguments.seed, rounds, counts), "versions": packages,
        "over_status_quo": told_goals, "in_company": company, "rows": rows,
    }  # fmt: skip
    keep(
        RECORD,
        record,
        measured=begun,
        recorded=arguments.record,
        compared=not arguments.quick,
        ratios_of=partial(serving_ratios, status_quo=STATUS_QUO),
    )
    if arguments.record:
        draw(rows, of_kind(PICTURE, cpu_kind()))
    return 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main(sys.argv[1:]))
