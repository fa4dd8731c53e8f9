"""What the server itself costs: the whole way through TorchServe and router, with a model of known cost.

Usage, from the repository's root::

    PYTHONPATH=handlers:. python -m loadtests.bench.overhead [--quick] [--record]

The archive of a language model is packaged with a stub in place of the engine: it waits for a fixed time a batch and
answers two seconds of a tone. All else is what serves: texts are read out, tokens made, voices prepared, answers
encoded. The model is asked directly and through the router, so that the share of each is seen. Added latency is the
time of an answer less the stub's; of several callers it holds the waiting for one another too.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import requests

from f5serve.catalogue import load_catalogue
from f5serve.errors import BackendError, ServeError
from loadtests.bench.band import keep, overhead_ratios
from loadtests.bench.common import RESULTS, options_of
from loadtests.samples import percentile
from scripts.archive import build_archive
from scripts.jobs import model_job, router_job
from scripts.launch import ServerOptions
from scripts.package import CATALOGUE
from scripts.ports import Ports
from scripts.record import circumstances
from scripts.server import TorchServe
from scripts.signals import leaving
from scripts.sources import VOICES, read_voices

ROOT: Final = Path(__file__).resolve().parents[2]
RECORD: Final = RESULTS / "overhead.json"
"""With the kind of the CPU before its suffix."""
MODEL: Final = "f5_fr"
TEXT: Final = "Demain matin, nous irons ensemble au marché pour acheter du pain."
CALLERS: Final = (1, 8, 32)
COSTS_MS: Final = (0, 50)
PLACES: Final = 64
TIMEOUT_S: Final = 60.0
WARM_UP_EACH: Final = 4
"""Requests for each worker of the router before the measurement, either way."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way, cost and number of callers.

    Attributes:
        way: Directly to the model, or through the router.
        cost_ms: What the stub waits a batch.
        callers: That send their next request when they have their answer.
        n: Requests.
        errors: Of them, those without speech.
        added_p50_ms: Latency less the stub's cost, the median.
        added_p95_ms: The same, of 95 in 100.
        requests_per_s: Answered.
    """

    way: str
    cost_ms: int
    callers: int
    n: int
    errors: int
    added_p50_ms: float | None
    added_p95_ms: float | None
    requests_per_s: float


def router_workers() -> int:
    """Answer how many workers the router has, by the catalogue."""
    return load_catalogue(ROOT / CATALOGUE).router.workers


@contextlib.contextmanager
def server(folder: Path, cost_ms: int) -> Iterator[TorchServe]:
    """Serve a stub and a router for it.

    Raises:
        ServeError: If an archive cannot be made or the server cannot be started.
    """
    catalogue = load_catalogue(ROOT / CATALOGUE)
    voices = read_voices(ROOT / VOICES)
    job = model_job(ROOT, catalogue, MODEL, "demo", voices)
    files = {name: path for name, path in job.spec.files.items() if name != "golden.safetensors"}
    batch = int(str(job.spec.model_config["batchSize"]))
    config = {**job.spec.model_config, "jobQueueSize": PLACES - batch}
    handler = Path(__file__).with_name("stub_handler.py")
    store = folder / "store"
    store.mkdir()
    specs = (
        replace(job.spec, handler=handler, files=files, model_config=config),
        router_job(ROOT, catalogue, (MODEL,), "demo", voices).spec,
    )
    for spec in specs:
        workspace = folder / f"workspace-{spec.name}"
        workspace.mkdir()
        build_archive(spec, workspace).rename(store / f"{spec.name}.mar")
    options = ServerOptions(
        store=store,
        models=(MODEL, "tts"),
        ports=Ports.free(),
        logs=folder / "logs",
        environment={"F5SERVE_STUB_COST_MS": str(cost_ms)},
        threads=1,
    )
    with TorchServe(options) as running:
        yield running


def under_load(url: str, way: str, cost_ms: int, callers: int, count: int) -> Row:
    """Let some callers send requests, each over a connection of its own that stays open.

    Raises:
        BackendError: If a connection breaks, or no answer comes in time.
    """

    def one_caller(requests_each: int) -> list[tuple[float, bool]]:
        seen = []
        with requests.Session() as session:
            session.trust_env = False
            for number in range(requests_each):
                body = {"text": TEXT, "language": "fr", "seed": number, "response_format": "wav"}
                started = time.perf_counter()
                answer = session.post(url, json=body, timeout=TIMEOUT_S)
                seen.append((time.perf_counter() - started, answer.status_code == 200))
        return seen

    started = time.perf_counter()
    try:
        with ThreadPoolExecutor(callers) as threads:
            parts = list(threads.map(one_caller, [max(1, count // callers)] * callers))
    except requests.RequestException as error:
        raise BackendError(
            f"no answer by way of the {way} to {callers} callers: {error}"
        ) from error
    span_s = time.perf_counter() - started
    seen = [one for part in parts for one in part]
    added = [1000 * took_s - cost_ms for took_s, good in seen if good]
    return Row(
        way=way,
        cost_ms=cost_ms,
        callers=callers,
        n=len(seen),
        errors=len(seen) - len(added),
        added_p50_ms=_rounded(percentile(added, 50)),
        added_p95_ms=_rounded(percentile(added, 95)),
        requests_per_s=round(len(added) / span_s, 1),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def measure(folder: Path, count: int) -> list[Row]:
    """Measure both ways under every load; the ways take turns."""
    rows = []
    workers = router_workers()
    for cost_ms in COSTS_MS:
        place = folder / f"cost-{cost_ms}"
        place.mkdir()
        with server(place, cost_ms) as running:
            ways = {
                "model": f"{running.inference_url}/predictions/{MODEL}",
                "router": f"{running.inference_url}/predictions/tts",
            }
            for way, url in ways.items():
                # Every worker of the router once, at the least.
                under_load(url, way, cost_ms, workers, WARM_UP_EACH * workers)
            for callers in CALLERS:
                for way, url in ways.items():
                    rows.append(under_load(url, way, cost_ms, callers, count * min(callers, 4)))
                    print(_line(rows[-1]))
    return rows


def _line(row: Row) -> str:
    return (
        f"{row.way:7} cost {row.cost_ms:3} ms  {row.callers:3} callers  n {row.n:4}  errors {row.errors}"
        f"  added p50 {row.added_p50_ms} ms  p95 {row.added_p95_ms} ms  {row.requests_per_s} requests/s"
    )


def load_of() -> dict[str, object]:
    """Answer what a record tells of how it was made."""
    workers = router_workers()
    return {
        "model": MODEL, "text": TEXT, "router_workers": workers, "places": PLACES,
        "warm_up_requests": WARM_UP_EACH * workers, "warm_up": "of each way and cost, from as many callers as workers",
        "seed": "of each caller's requests their number, from 0",
    }  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Measure, print, and record if asked to.

    Returns:
        The exit status: 1, and nothing is recorded, if a request had no answer with speech.
    """
    parser = argparse.ArgumentParser(
        description="What TorchServe and router add to the model's time."
    )
    parser.add_argument("--quick", action="store_true", help="a few requests, to see that it works")
    parser.add_argument(
        "--record", action="store_true", help="write the record of this kind of CPU"
    )
    arguments = options_of(parser, argv)
    begun = circumstances()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(Path(folder), 20 if arguments.quick else 200)
    except ServeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    errors = sum(row.errors for row in rows)
    if errors:
        print(
            f"bench: void: {errors} requests had no speech in their answers (errors, in the lines above);"
            " nothing is recorded",
            file=sys.stderr,
        )
        return 1
    keep(
        RECORD,
        {"load": load_of(), "rows": msgspec.to_builtins(rows)},
        measured=begun,
        recorded=arguments.record,
        compared=not arguments.quick,
        ratios_of=overhead_ratios,
    )
    return 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main(sys.argv[1:]))
