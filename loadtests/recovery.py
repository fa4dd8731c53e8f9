"""How long a killed worker of a language model is missed, and what callers notice: measured, and recorded.

Starts the demo, lets callers ask the router for French without pause, and kills the French worker again and
again. It is back when a request that was sent after the kill is answered with speech.
"""

from __future__ import annotations

import argparse
import functools
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import psutil
import requests

from f5serve.errors import ConfigurationError
from loadtests.pressure import Callers
from loadtests.run import RESULTS, Target, target
from scripts.management import describe
from scripts.record import write_record
from scripts.server import TorchServe

MODEL: Final = "f5_fr"
FIELDS: Final = {"language": "fr", "steps": 4}
TEXTS: Final = ("Bonjour à tous.", "Merci beaucoup.", "À demain.")
ALLOWED_S: Final = 15.0
TIMEOUT_S: Final = 150.0
CALM_S: Final = 3.0


def speak(url: str, text: str) -> int:
    """Ask the router; answer the status, 0 if the connection broke."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.post(
                f"{url}/predictions/tts", json={"text": text, **FIELDS}, timeout=TIMEOUT_S
            ).status_code
        except requests.RequestException:
            return 0


def kill_and_wait(server: TorchServe) -> float:
    """Kill the worker; answer the seconds until speech is answered again.

    Raises:
        ConfigurationError: If no worker runs, or none comes back.
    """
    state = describe(server.management_url, MODEL)
    if state is None or not state.pids:
        raise ConfigurationError(f"{MODEL} has no worker to kill. {server.log_tail(MODEL)}")
    psutil.Process(state.pids[0]).kill()
    killed = time.monotonic()
    while speak(server.inference_url, "Bonsoir.") != requests.codes.ok:
        if time.monotonic() - killed > TIMEOUT_S:
            raise ConfigurationError(f"{MODEL} does not come back. {server.log_tail(MODEL)}")
    return time.monotonic() - killed


def measure(server: Target, kills: int) -> tuple[list[float], Counter[int]]:
    """Answer the seconds of each recovery, and the statuses that callers saw."""
    if server.server is None:
        raise ConfigurationError("only a server of our own may be hurt")
    seconds = []
    asks = [functools.partial(speak, server.url, text) for text in TEXTS]
    with Callers(asks) as callers:
        for number in range(1, kills + 1):
            time.sleep(CALM_S)
            seconds.append(kill_and_wait(server.server))
            print(f"recovery: {number} of {kills}: {seconds[-1]:.1f} s", flush=True)
        time.sleep(CALM_S)
    return seconds, callers.statuses


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--record", action="store_true", help="keep the result in loadtests/results"
    )
    options = parser.parse_args(argv)
    # A server must not outlive a command that is told to stop; SystemExit leaves through its context manager.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with target("") as server:
            seconds, statuses = measure(server, options.kills)
    except ConfigurationError as error:
        print(f"recovery: {error}", file=sys.stderr)
        return 2
    errors = sum(count for status, count in statuses.items() if status != requests.codes.ok)
    result = {
        "model": MODEL,
        "kills": options.kills,
        "callers": len(TEXTS),
        "seconds": [round(value, 2) for value in seconds],
        "median_s": round(statistics.median(seconds), 2),
        "worst_s": round(max(seconds), 2),
        "requests": sum(statuses.values()),
        "errors": errors,
    }
    if options.record:
        write_record(RESULTS / "recovery.json", result)
    print(f"recovery: {result}")
    return 1 if errors or max(seconds) > ALLOWED_S else 0


if __name__ == "__main__":
    sys.exit(main())
