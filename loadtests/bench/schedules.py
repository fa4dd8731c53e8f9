"""Which way of scheduling one model's requests answers soonest: batches, one by one, or step by step.

Usage, from the repository's root::

    PYTHONPATH=handlers:. python -m loadtests.bench.schedules [--quick] [--record]

Three servers with the same checkpoint differ in how TorchServe and the worker schedule, and in nothing else. They run
side by side, one under load at a time, in turn: the same requests arrive at each, first at moments drawn beforehand
(open loop, as a share of what one worker can do), then from callers that wait. Times count from when a request was
due. Every answer is checked as in a load test.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec
import requests
import yaml

from f5serve.errors import BackendError, ServeError
from loadtests.bench.band import keep, schedule_ratios
from loadtests.bench.common import RESULTS, options_of
from loadtests.checks import Received, judge
from loadtests.profile import Mix, Profile, load_profile
from loadtests.samples import percentile
from loadtests.workload import Wish, Workload, expected_s, read_material
from scripts.archive import MODEL_CONFIG, dump_yaml, rewrite_with
from scripts.launch import ServerOptions
from scripts.package import main as package
from scripts.ports import Ports
from scripts.record import circumstances
from scripts.server import TorchServe
from scripts.signals import leaving
from scripts.store import require_profile

ROOT: Final = Path(__file__).resolve().parent.parent.parent
STORE: Final = ROOT / "model_store"
RECORD: Final = RESULTS / "schedules.json"
"""With the kind of the CPU before its suffix."""
MODEL: Final = "f5_fr"
PLACES: Final = 40
"""Requests that fit into a server, under way and queued, so that none is refused."""
SHORT_S: Final = 2.5
TIMEOUT_S: Final = 300.0

BATCHES: Final = "batches of 4"
SCHEDULES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        BATCHES: {"batchSize": 4, "maxBatchDelay": 20},
        "one by one": {"batchSize": 1, "maxBatchDelay": 1},
        "step by step": {
            "batchSize": 16,
            "maxBatchDelay": 1,
            "continuousBatching": True,
            "handler": {"continuous": {"turn_ms": 100, "patience_s": 10.0}},
        },
    }
)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How requests arrive.

    Attributes:
        name: For tables.
        share: Arrivals as a share of what one worker can do; None for callers that wait.
        callers: Callers that wait for their answers.
    """

    name: str
    share: float | None = None
    callers: int = 1


LOADS: Final = (
    Load(name="half loaded", share=0.5),
    Load(name="nearly full", share=0.85),
    Load(name="8 callers", callers=8),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One answer.

    Attributes:
        waited_s: From when the request was due until its answer was there.
        audio_s: Speech in it.
        ended_s: When it was there, from the start of its load.
    """

    waited_s: float
    audio_s: float
    ended_s: float


def profile_of(seed: int) -> Profile:
    """Answer what is asked for: French of every length, mostly quick drafts."""
    told = load_profile("single_model")
    fields = {name: getattr(told.mix, name) for name in Mix.__struct_fields__}
    mix = Mix(
        **{**fields, "qualities": {"draft": 3, "standard": 1}, "bad_share": 0.0, "longest_s": 7}
    )
    return msgspec.structs.replace(told, mix=mix, seed=seed, model=MODEL)


def arrivals(count: int, rate_per_s: float, seed: int) -> list[float]:
    """Draw moments at which requests arrive that know nothing of one another, in seconds."""
    chance = random.Random(seed)
    moments, now = [], 0.0
    for _ in range(count):
        now += chance.expovariate(rate_per_s)
        moments.append(now)
    return moments


def ask(url: str, wish: Wish) -> float:
    """Send a request; answer the seconds of speech.

    Raises:
        ServeError: If there is no answer, or it is not what a load test takes for good.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                url + wish.path,
                data=wish.body,
                headers={"Content-Type": wish.content_type},
                timeout=TIMEOUT_S,
            )
        except requests.RequestException as error:
            raise BackendError(f"request {wish.number}: no answer: {error}") from error
    received = Received(status=answer.status_code, headers=answer.headers, body=answer.content)
    finding = judge(wish, received)
    if finding.outcome != "spoken":
        raise ServeError(f"request {wish.number}: {finding.outcome}, {finding.reason}")
    return finding.audio_s


def under_load(
    speak: Callable[[Wish], float], wishes: Sequence[Wish], load: Load, rate_per_s: float, seed: int
) -> list[Timing]:
    """Send requests as a load says.

    Args:
        speak: Sends one and answers the seconds of speech.
        wishes: In the order of their arrival.
        load: How they arrive.
        rate_per_s: What one worker can do.
        seed: Of the moments.

    Returns:
        One timing a request, in the order of arrival.
    """
    started = time.monotonic()

    def timed(wish: Wish, due_s: float) -> Timing:
        audio_s = speak(wish)
        ended_s = time.monotonic() - started
        return Timing(waited_s=ended_s - due_s, audio_s=audio_s, ended_s=ended_s)

    if load.share is None:
        with ThreadPoolExecutor(load.callers) as threads:
            return list(threads.map(lambda wish: timed(wish, time.monotonic() - started), wishes))
    futures = []
    with ThreadPoolExecutor(len(wishes)) as threads:
        moments = arrivals(len(wishes), load.share * rate_per_s, seed)
        for wish, due_s in zip(wishes, moments, strict=True):
            time.sleep(max(0.0, started + due_s - time.monotonic()))
            futures.append(threads.submit(timed, wish, due_s))
    return [future.result() for future in futures]


def row(timings: Sequence[Timing], wishes: Sequence[Wish]) -> dict[str, float | int | None]:
    """Answer what a table shows of some timings, times in seconds."""
    waited = [timing.waited_s for timing in timings]
    short = [
        timing.waited_s
        for timing, wish in zip(timings, wishes, strict=True)
        if expected_s(wish.text) <= SHORT_S
    ]
    return {
        "n": len(waited),
        "mean_s": _rounded(sum(waited) / len(waited)),
        **{f"p{share}_s": _rounded(percentile(waited, share)) for share in (50, 95, 99)},
        "short_n": len(short),
        "short_p50_s": _rounded(percentile(short, 50)),
        "short_p95_s": _rounded(percentile(short, 95)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """Start a server for each schedule; answer their addresses until the block ends.

    Raises:
        ConfigurationError: If the demo cannot be packaged or a server cannot be started.
    """
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ServeError("the demo cannot be packaged; the lines above say why")
    with contextlib.ExitStack() as stack:
        urls = {}
        for number, (name, changes) in enumerate(SCHEDULES.items()):
            store = folder / f"store-{number}"
            store.mkdir()
            _write_archive(STORE / f"{MODEL}.mar", store, changes)
            options = ServerOptions(
                store=store, models=(MODEL,), ports=Ports.free(), logs=folder / f"logs-{number}", threads=1
            )  # fmt: skip
            urls[name] = stack.enter_context(TorchServe(options)).inference_url
        yield urls


def _write_archive(archive: Path, store: Path, changes: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(archive) as content:
        config: dict[str, Any] = yaml.safe_load(content.read(MODEL_CONFIG))
    config.pop("continuousBatching", None)
    handler = {**config["handler"], "continuous": None, **changes.get("handler", {})}
    queue = PLACES - int(changes["batchSize"])
    config = {**config, **changes, "jobQueueSize": queue, "handler": handler}
    rewrite_with(archive, store / archive.name, {MODEL_CONFIG: dump_yaml(config)})


def measure(urls: Mapping[str, str], *, count: int, rounds: int, seed: int) -> dict[str, object]:
    """Put each server under each load, in turn.

    Args:
        urls: By schedule.
        count: Requests of one round.
        rounds: How often each is put under each load.
        seed: Of requests and moments.

    Returns:
        The record: load shapes, the rate of one worker, and a row for each load and schedule.
    """
    workload = Workload(profile_of(seed), read_material())
    wishes = [workload.wish(number) for number in range(count * rounds)]
    for url in urls.values():
        for wish in wishes[:4]:
            ask(url, wish)
    alone = list(urls.values())[1]
    started = time.monotonic()
    for wish in wishes[:count]:
        ask(alone, wish)
    rate_per_s = count / (time.monotonic() - started)
    print(f"one worker speaks {rate_per_s:.2f} such requests a second")
    found: list[dict[str, object]] = []
    for load in LOADS:
        timings: dict[str, list[Timing]] = {name: [] for name in urls}
        spans = dict.fromkeys(urls, 0.0)
        for turn in range(rounds):
            part = wishes[turn * count : (turn + 1) * count]
            # Each schedule is first in its turn: the machine may get slower as it warms.
            names = list(urls)[turn % len(urls) :] + list(urls)[: turn % len(urls)]
            for name in names:
                done = under_load(partial(ask, urls[name]), part, load, rate_per_s, seed + turn)
                timings[name] += done
                spans[name] += max(timing.ended_s for timing in done)
        for name in urls:
            speech_s = sum(timing.audio_s for timing in timings[name])
            figures = row(timings[name], wishes[: count * rounds])
            found.append({
                "load": load.name, "schedule": name, **figures,
                "audio_s_per_s": round(speech_s / spans[name], 3),
            })  # fmt: skip
            print(f"{load.name:14} {name:14} {_line(figures)}")
    return {
        "load": {
            "model": MODEL, "seed": seed, "requests_a_round": count, "rounds": rounds, "warm_up_requests": 4,
            "threads_a_worker": 1, "qualities": {"draft": 3, "standard": 1}, "short_means_s": SHORT_S,
            "loads": msgspec.to_builtins(LOADS), "schedules": msgspec.to_builtins(dict(SCHEDULES)),
        },
        "one_worker_requests_per_s": round(rate_per_s, 3),
        "rows": found,
    }  # fmt: skip


def _line(figures: Mapping[str, float | int | None]) -> str:
    shown = ("mean_s", "p50_s", "p95_s", "p99_s", "short_p50_s", "short_p95_s")
    return "  ".join(
        f"{name[:-2]} {'-' if (figure := figures[name]) is None else f'{figure:.2f} s'}"
        for name in shown
    )


def main(argv: Sequence[str]) -> int:
    """Measure, print, and record if asked to.

    Returns:
        The exit status: 1, and nothing is recorded, if a request was not answered well.
    """
    parser = argparse.ArgumentParser(description="Latency of three ways to schedule one model.")
    parser.add_argument("--quick", action="store_true", help="a few requests, to see that it works")
    parser.add_argument(
        "--record", action="store_true", help="write the record of this kind of CPU"
    )
    parser.add_argument("--seed", type=int, default=11, help="of requests and moments")
    arguments = options_of(parser, argv)
    begun = circumstances()
    count, rounds = (8, 1) if arguments.quick else (40, 3)
    try:
        with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as urls:
            result = measure(urls, count=count, rounds=rounds, seed=arguments.seed)
    except ServeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    keep(
        RECORD,
        result,
        measured=begun,
        recorded=arguments.record,
        compared=not arguments.quick,
        ratios_of=partial(schedule_ratios, usual=BATCHES),
    )
    return 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main(sys.argv[1:]))
