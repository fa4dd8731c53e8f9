"""What becomes of callers who do not wait for long, and ask again: behind the edge and without it, in turn.

Starts a pod of French and the router, with nginx before it. Each caller waits for an answer five times as long as a
text takes alone, closes the connection and asks anew. They are more than the model can answer in that time. Behind the
edge work for those who have left is given up (ADR 0021); TorchServe alone speaks all of it, to nobody.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
import requests

from f5serve.errors import ConfigurationError
from loadtests.bench.material import read_trace
from loadtests.checks import Received, judge
from loadtests.pressure import Callers
from loadtests.run import RESULTS, STORE
from loadtests.workload import Wish
from scripts.edge_process import Edge
from scripts.package import main as package
from scripts.placement import server_options
from scripts.pod import PodSettings
from scripts.ports import Ports
from scripts.record import circumstances, write_record
from scripts.server import TorchServe
from scripts.signals import leaving
from scripts.store import require_profile

ROOT: Final = Path(__file__).resolve().parent.parent
TEXTS: Final = ROOT / "scripts" / "training" / "sentences" / "fr.txt"
"""Fifty sentences of about one length."""
MODELS: Final = ("f5_fr", "tts")
PATH: Final = "/predictions/tts"
FIELDS: Final = {"language": "fr", "steps": 7}
CALLERS: Final = 16
PATIENCE: Final = 5.0
"""As many times as long as a text takes alone: what a machine can do in time is then much the same on each."""
WARM_UP: Final = 8
ROUNDS: Final = 2
SECONDS: Final = 60.0
REST_S: Final = 120.0
"""In which a server must come to rest before the other way is measured."""
CONNECT_S: Final = 5.0

Ending = Literal["spoken", "left", "shed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of the requests of one round, sent one way.

    Attributes:
        way: ``edge`` or ``alone``.
        seconds: How long requests were sent, and waited for.
        asked: Requests.
        spoken: Of these, answered with speech.
        left: Given up by their callers.
        shed: Told to come back later.
        failed: All else.
    """

    way: str
    seconds: float
    asked: int
    spoken: int
    left: int
    shed: int
    failed: int


def ask(url: str, text: str, patience_s: float) -> Ending:
    """Ask once; whoever is told to come back later does so when he is told to, if his patience is so long.

    Returns:
        How it ended.
    """
    body = msgspec.json.encode({"text": text, **FIELDS})
    wish = Wish(
        number=0, kind="whole", path=PATH, body=body, language="fr", explicit=True, text=text
    )
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url + PATH,
                data=body,
                headers={"Content-Type": wish.content_type},
                timeout=(CONNECT_S, patience_s),
            )
    except requests.ReadTimeout:
        return "left"
    except requests.RequestException:
        return "failed"
    received = Received(status=answer.status_code, headers=answer.headers, body=answer.content)
    found = judge(wish, received).outcome
    if found == "shed":
        time.sleep(min(float(answer.headers.get("Retry-After", "1")), patience_s))
    return found if found in {"spoken", "shed"} else "failed"


def part(way: str, url: str, texts: Sequence[str], seconds: float, patience_s: float) -> Part:
    """Let the callers ask for some time; answer what became of that."""
    turns = [itertools.cycle([*texts[place:], *texts[:place]]) for place in range(CALLERS)]
    asks = [functools.partial(_next, url, turn, patience_s) for turn in turns]
    began = time.monotonic()
    with Callers(asks) as callers:
        time.sleep(seconds)
    ends: Counter[Ending] = callers.answers
    return Part(
        way=way,
        seconds=round(time.monotonic() - began, 1),
        asked=ends.total(),
        spoken=ends["spoken"],
        left=ends["left"],
        shed=ends["shed"],
        failed=ends["failed"],
    )


def _next(url: str, turn: Iterator[str], patience_s: float) -> Ending:
    return ask(url, next(turn), patience_s)


@contextmanager
def pod() -> Iterator[tuple[TorchServe, Mapping[str, str]]]:
    """Run a server and an edge before it until the block ends.

    Yields:
        The server, and where to ask, by the way.

    Raises:
        ConfigurationError: If nginx is missing, or the demo cannot be packaged or started.
    """
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ConfigurationError("the demo cannot be packaged; the lines above say why")
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="f5-"))
        ports, more = Ports.free(), Ports.free()
        settings = PodSettings(
            run=folder,
            address="127.0.0.1",
            edge_port=more.inference,
            metrics_port=more.metrics,
            control_port=more.management,
            torchserve_port=ports.inference,
            access_log=f"{folder}/access.log",
            rate=0,
            connections=0,
        )
        options = server_options(settings, MODELS)
        edge = Edge(settings)
        held.callback(edge.stop)
        edge.start()
        server = held.enter_context(TorchServe(options, tell=print))
        yield server, {"edge": f"http://127.0.0.1:{edge.port}", "alone": server.inference_url}


def alone_s(url: str, texts: Sequence[str]) -> float:
    """Answer how long a text takes when nobody else asks, by the median of some, after others to warm up.

    Raises:
        ConfigurationError: If one is not spoken.
    """
    times = []
    for text in texts[: 2 * WARM_UP]:
        began = time.monotonic()
        if ask(url, text, REST_S) != "spoken":
            raise ConfigurationError(f"a text is not spoken even alone: {text}")
        times.append(time.monotonic() - began)
    return statistics.median(times[WARM_UP:])


def measure(rounds: int, seconds: float) -> tuple[float, list[Part]]:
    """Answer for how long callers waited, and what became of their requests, the ways taking turns."""
    texts = read_trace(TEXTS)
    parts = []
    with pod() as (server, urls):
        patience_s = round(PATIENCE * alone_s(urls["alone"], texts), 1)
        for number in range(rounds):
            order = sorted(urls, reverse=number % 2 == 0)
            for way in order:
                parts.append(part(way, urls[way], texts, seconds, patience_s))
                print(f"impatience: {parts[-1]}", flush=True)
                if not server.drain(REST_S):
                    raise ConfigurationError(f"the server did not come to rest in {REST_S:.0f} s")
    return patience_s, parts


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0; 1 if a request failed, or more were spoken without the edge; 2 if it could not be measured.
    """
    parser = argparse.ArgumentParser(prog="impatience", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
    parser.add_argument(
        "--record", action="store_true", help="keep the result in loadtests/results"
    )
    options = parser.parse_args(argv)
    measured = circumstances()
    try:
        patience_s, parts = measure(options.rounds, options.seconds)
    except (ConfigurationError, TimeoutError, OSError) as error:
        print(f"impatience: {error}", file=sys.stderr)
        return 2
    sums = {way: summed(parts, way) for way in ("edge", "alone")}
    result = {
        "callers": CALLERS,
        "patience_s": patience_s,
        "patience_by_time_alone": PATIENCE,
        "rounds": options.rounds,
        "asked": {"texts": TEXTS.relative_to(ROOT).as_posix(), **FIELDS},
        "warm_up": f"{WARM_UP} texts",
        "sums": sums,
        "parts": [asdict(one) for one in parts],
    }
    if options.record:
        write_record(RESULTS / "impatience.json", result, measured=measured)
    print(f"impatience: {sums}")
    return int(any(one.failed for one in parts) or sums["edge"]["spoken"] < sums["alone"]["spoken"])


def summed(parts: Sequence[Part], way: str) -> dict[str, float]:
    """Answer all rounds of one way together."""
    of_it = [asdict(one) for one in parts if one.way == way]
    names = ("seconds", "asked", "spoken", "left", "shed", "failed")
    return {name: round(sum(one[name] for one in of_it), 1) for name in names}


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main())
