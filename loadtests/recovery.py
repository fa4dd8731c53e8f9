"""How long a killed worker of a language model is missed, and what callers notice: measured, and recorded.

Starts the demo, lets callers ask the router for French without pause, and kills the French worker again and
again. It is back when a request that was sent after the kill is answered with speech.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import psutil

from f5serve.errors import ConfigurationError
from loadtests.bounds import send
from loadtests.pressure import Callers
from loadtests.run import RESULTS, Target, target
from loadtests.samples import Outcome
from loadtests.workload import Wish
from scripts.management import describe
from scripts.record import circumstances, write_record
from scripts.server import TorchServe
from scripts.signals import leaving

PATH: Final = "/predictions/tts"
MODEL: Final = "f5_fr"
FIELDS: Final = {"language": "fr", "steps": 4}
TEXTS: Final = ("Bonjour à tous.", "Merci beaucoup.", "À demain.")
ALLOWED_S: Final = 15.0
TIMEOUT_S: Final = 150.0
CALM_S: Final = 3.0


def speak(url: str, text: str) -> Outcome:
    """Ask the router, open the answer, and tell what it is."""
    body = msgspec.json.encode({"text": text, **FIELDS})
    wish = Wish(
        number=0, kind="whole", path=PATH, body=body, language="fr", explicit=True, text=text
    )
    return send(url, wish, TIMEOUT_S).outcome


def kill_and_wait(server: TorchServe) -> tuple[float, Counter[Outcome]]:
    """Kill the worker; answer the seconds until speech is answered again, and what became of each request till then.

    Raises:
        ConfigurationError: If no worker runs, or none comes back.
    """
    state = describe(server.management_url, MODEL)
    if state is None or not state.pids:
        raise ConfigurationError(f"{MODEL} has no worker to kill. {server.log_tail(MODEL)}")
    psutil.Process(state.pids[0]).kill()
    killed = time.monotonic()
    outcomes = Counter[Outcome]()
    while not outcomes["spoken"]:
        if time.monotonic() - killed > TIMEOUT_S:
            raise ConfigurationError(f"{MODEL} does not come back. {server.log_tail(MODEL)}")
        outcomes[speak(server.inference_url, "Bonsoir.")] += 1
    return time.monotonic() - killed, outcomes


def measure(server: Target, kills: int) -> tuple[list[float], Counter[Outcome]]:
    """Answer the seconds of each recovery, and what became of every request."""
    if server.server is None:
        raise ConfigurationError("only a server of our own may be hurt")
    seconds = []
    asks = [functools.partial(speak, server.url, text) for text in TEXTS]
    outcomes = Counter[Outcome]()
    with Callers(asks) as callers:
        for number in range(1, kills + 1):
            time.sleep(CALM_S)
            recovered_s, asked = kill_and_wait(server.server)
            outcomes += asked
            seconds.append(recovered_s)
            print(f"recovery: {number} of {kills}: {seconds[-1]:.1f} s", flush=True)
        time.sleep(CALM_S)
    return seconds, outcomes + callers.answers


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--record", action="store_true", help="keep the result in loadtests/results"
    )
    options = parser.parse_args(argv)
    measured = circumstances()
    try:
        with target("") as server:
            seconds, outcomes = measure(server, options.kills)
    except (ConfigurationError, TimeoutError, psutil.Error) as error:
        print(f"recovery: {error}", file=sys.stderr)
        return 2
    errors = outcomes.total() - outcomes["spoken"]
    result = {
        "model": MODEL,
        "kills": options.kills,
        "callers": len(TEXTS),
        "seconds": [round(value, 2) for value in seconds],
        "median_s": round(statistics.median(seconds), 2),
        "worst_s": round(max(seconds), 2),
        "requests": outcomes.total(),
        "errors": errors,
        "outcomes": dict(outcomes),
        "asked": {"texts": TEXTS, **FIELDS},
        "calm_s": CALM_S,
    }
    if options.record:
        write_record(RESULTS / "recovery.json", result, measured=measured)
    print(f"recovery: {result}")
    return 1 if errors or max(seconds) > ALLOWED_S else 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main())
