"""Many requests, a fifth of them bad: memory, file descriptors, threads and temporary files must stay flat.

Starts the demo, sends the requests, each as cheap as can be (one sampling step, no guidance), opens every
answer, and looks at the server's processes after every fifty. What they hold is told by kind: the Java process, the
router's workers, the language models'. The exit status is the verdict; numbers go to ``out/loadtests/``.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import requests

from f5serve.errors import ConfigurationError
from loadtests.checks import Finding, Received, judge
from loadtests.profile import Profile, load_profile
from loadtests.run import OUT, RESULTS, Target, target, thinned
from loadtests.watch import Holding, growths, holding
from loadtests.workload import Wish, Workload, read_material
from scripts.record import circumstances, write_record
from scripts.signals import leaving

LOOK_EVERY: Final = 50
"""Requests from one look to the next. At a look none is under way, so what is seen is what is kept."""
LEAST_LOOKS: Final = 20
TOLD: Final = 20
"""Looks that are printed and recorded; growth is judged by all."""
WARM_UP_SHARE: Final = 0.5
"""Memory rightly grows until each of two dozen processes has met every format, voice and language."""
LEAST_FOR_MEMORY: Final = 3_000
"""Requests from which on half of them are warm-up enough: each worker of the router has had a hundred then, and
the model that is asked least sixty."""
PROFILE: Final = "smoke"
"""Whose mix is asked for, made cheap."""
CALLERS: Final = 8
BAD_SHARE: Final = 0.2
GOOD: Final = frozenset({"spoken", "refused"})
TIMEOUT_S: Final = 120.0
MOST_GROWTH: Final = 0.02
"""Of what the processes hold besides pages of files (``watch.Memory``), in the half after the warm-up, by the line
that fits its looks best (``watch.growth``)."""
MOST_MORE: Final = {"descriptors": 40, "threads": 16, "files": 8, "processes": 0}
"""What may come and go at a look: connections of eight callers, and of the routers to the models."""


def cheap(profile: Profile) -> Profile:
    """Answer a profile that asks for short texts, a fifth of the requests bad."""
    mix = msgspec.structs.replace(
        profile.mix, bad_share=BAD_SHARE, longest_s=1.0, openai_share=0.0, qualities={"draft": 1.0}
    )
    return msgspec.structs.replace(profile, mix=mix)


def with_one_step(wish: Wish) -> Wish:
    """Answer the same request at the least cost to the model."""
    if wish.refusal is not None:
        return wish
    fields = msgspec.json.decode(wish.body)
    del fields["quality"]
    body = msgspec.json.encode({**fields, "steps": 1, "cfg_strength": 0})
    return replace(wish, body=body)


def send(url: str, wish: Wish, timeout_s: float = TIMEOUT_S) -> Finding:
    """Send one request and open its answer."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url + wish.path,
                data=wish.body,
                headers={"Content-Type": wish.content_type},
                timeout=timeout_s,
            )
    except requests.RequestException as error:
        return Finding(outcome="broken", reason=f"{type(error).__name__}: {error}"[:200])
    return judge(
        wish, Received(status=answer.status_code, headers=answer.headers, body=answer.content)
    )


def run(server: Target, count: int) -> tuple[Counter[str], Counter[str], list[Holding]]:
    """Send so many requests; answer what came of them, what was wrong, and what the server held."""
    workload = Workload(cheap(load_profile(PROFILE)), read_material())
    outcomes, reasons, held = Counter[str](), Counter[str](), []
    kinds = server.kinds()
    started = time.monotonic()
    pieces = looks(count)
    with ThreadPoolExecutor(CALLERS) as threads:
        for numbers in parts(count, pieces):
            wishes = (with_one_step(workload.wish(number)) for number in numbers)
            for finding in threads.map(lambda wish: send(server.url, wish), wishes):
                outcomes[finding.outcome] += 1
                if finding.reason:
                    reasons[f"{finding.outcome}: {finding.reason}"] += 1
            at_s = time.monotonic() - started
            held.append(holding(server.processes(), kinds, temporary_of(server), at_s))
            if len(held) % (pieces // TOLD) == 0:
                print(f"bounds: {sum(outcomes.values())} of {count}: {told(held[-1])}", flush=True)
    return outcomes, reasons, held


def looks(count: int) -> int:
    """Answer how often to look during so many requests."""
    return max(LEAST_LOOKS, count // LOOK_EVERY)


def parts(count: int, pieces: int) -> Iterator[range]:
    """Cut the numbers up to a count into pieces of about the same size."""
    borders = [count * place // pieces for place in range(pieces + 1)]
    return (range(start, end) for start, end in itertools.pairwise(borders))


def temporary_of(server: Target) -> Path | None:
    """Answer the temporary folder of a server of ours."""
    return None if server.server is None else server.server.temporary


def told(look: Holding) -> str:
    """Put a look into a line."""
    return (
        f"{look.own_bytes / 1e6:.0f} MB of their own "
        f"({', '.join(f'{name} {kind.own_bytes / 1e6:.0f}' for name, kind in look.kinds.items())}), "
        f"RSS {look.rss_bytes / 1e6:.0f} MB in {look.processes} processes, {look.descriptors} descriptors, "
        f"{look.threads} threads, {look.files} files"
    )


def warmed(held: Sequence[Holding]) -> Sequence[Holding]:
    """Answer the looks after the warm-up."""
    return held[int(len(held) * WARM_UP_SHARE) :]


def violations(outcomes: Counter[str], held: Sequence[Holding]) -> list[str]:
    """Answer what is not as it should be: something lost, or something that grows."""
    # Eight callers are not too many for it: whoever is turned away or fails here is a fault.
    wrong = [f"{outcomes[name]} {name}" for name in sorted(outcomes) if name not in GOOD]
    warm = warmed(held)
    first, last = warm[0], warm[-1]
    own = growths(warm)["own"]
    if sum(outcomes.values()) >= LEAST_FOR_MEMORY and own.share > MOST_GROWTH:
        wrong.append(f"memory grew from {own}; {MOST_GROWTH:.0%} is allowed")
    for name, more in MOST_MORE.items():
        before, after = getattr(first, name), getattr(last, name)
        if after > before + more:
            wrong.append(f"{name}: {before} before, {after} after; {more} more are allowed")
    return wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="bounds", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument(
        "--record", action="store_true", help="keep the result in loadtests/results"
    )
    options = parser.parse_args(argv)
    measured = circumstances()
    try:
        with target("") as server:
            outcomes, reasons, held = run(server, options.requests)
    except ConfigurationError as error:
        print(f"bounds: {error}", file=sys.stderr)
        return 2
    wrong, memory = violations(outcomes, held), growths(warmed(held))
    result = {
        "requests": options.requests,
        "load": msgspec.to_builtins(cheap(load_profile(PROFILE))),
        "warm_up_share": WARM_UP_SHARE,
        "bad_share": BAD_SHARE,
        "callers": CALLERS,
        "outcomes": dict(outcomes),
        "reasons": dict(reasons.most_common(20)),
        "violations": wrong,
        "memory": msgspec.to_builtins(memory),
        "held": [msgspec.to_builtins(look) for look in thinned(held, TOLD)],
    }
    for path in (OUT / "bounds.json", *([RESULTS / "bounds.json"] if options.record else [])):
        write_record(path, result, measured=measured)
    print(f"bounds: {dict(outcomes)}")
    for name, growth in memory.items():
        print(f"bounds: after the warm-up, memory, {name}: {growth}")
    if options.requests < LEAST_FOR_MEMORY:
        print(f"bounds: memory is told and not judged: that takes {LEAST_FOR_MEMORY} requests")
    for line in (*wrong, *(f"{count} x {reason}" for reason, count in reasons.most_common(20))):
        print(f"bounds: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main())
