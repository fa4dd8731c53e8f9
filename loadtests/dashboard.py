"""Records what a real Prometheus answers to the dashboard's queries, over a run of a load profile.

A whole pod is started, edge and supervisor with it, since some panels are about them. ``make dashboard-picture``
draws what is recorded here.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import requests
import yaml

from f5serve.errors import ConfigurationError
from loadtests.profile import Profile, load_profile
from loadtests.run import OUT, ROOT, STORE, generate
from scripts.dashboard import RECORD, Panel, Recording, Series, asked, read_panels, variables
from scripts.guards import alone
from scripts.package import main as package
from scripts.pod import PREFIX
from scripts.ports import Ports
from scripts.record import circumstances
from scripts.signals import leaving
from scripts.store import require_profile

MONITORING: Final = ROOT / "config" / "monitoring"
STEP_S: Final = 5
LEAD_S: Final = 2 * STEP_S
START_DEADLINE_S: Final = 120.0
STOP_DEADLINE_S: Final = 60.0
QUESTION_DEADLINE_S: Final = 10.0
DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things listen, all on loopback.

    Attributes:
        torchserve: First of TorchServe's five ports.
        edge: Port of the edge.
        metrics: Port that Prometheus asks.
        control: Port of the supervisor.
        prometheus: Port of Prometheus.
    """

    torchserve: int
    edge: int
    metrics: int
    control: int
    prometheus: int

    @classmethod
    def free(cls) -> Addresses:
        """Answer ports that nothing uses at the moment."""
        single = Ports.free()
        return cls(
            torchserve=_free_base(),
            edge=single.inference,
            metrics=single.metrics,
            control=single.management,
            prometheus=single.grpc_inference,
        )


def _free_base() -> int:
    for _ in range(50):
        base = random.randrange(20_000, 30_000, 10)
        with contextlib.suppress(ConfigurationError):
            Ports.from_base(base).require_free()
            return base
    raise ConfigurationError("no five free ports in a row between 20000 and 30000")


def record(profile: Profile, panels: Sequence[Panel], folder: Path) -> Recording:
    """Run a profile against a pod under a Prometheus's eyes.

    Args:
        profile: The load.
        panels: Whose queries are asked at the end.
        folder: For the generator's samples.

    Raises:
        ConfigurationError: If a program is missing, something does not start, or a query is refused.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise ConfigurationError("prometheus is not installed; run make tools")
    at, where = Addresses.free(), circumstances()
    # Short, for TorchServe's sockets are in it.
    with tempfile.TemporaryDirectory(prefix="f5d-") as made:
        run = Path(made)
        with pod(at, run), prometheus(program, at, run) as url:
            begun_s = time.time()
            time.sleep(LEAD_S)
            generate(profile, f"http://127.0.0.1:{at.edge}", folder, 1)
            time.sleep(LEAD_S)
            times = int((time.time() - begun_s) // STEP_S) + 1
            answers = answers_of(url, panels, begun_s, times)
    told = msgspec.to_builtins(profile)
    return Recording(
        circumstances=where,
        load={name: told[name] for name in ("about", "seed", "stages", "mix")},
        step_s=STEP_S,
        load_begins_s=LEAD_S,
        times=times,
        answers=answers,
    )


def _package_demo() -> None:
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ConfigurationError("the demo cannot be packaged; the lines above say why")


@contextlib.contextmanager
def pod(at: Addresses, folder: Path) -> Iterator[None]:
    """Run the demo behind its edge until the block ends.

    Raises:
        ConfigurationError: If it does not become ready; with the end of its output.
    """
    # What the shell says of a pod of its own (keys, TLS, a role) is not meant for this one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment = {
        **inherited,
        "F5SERVE_ADDRESS": "127.0.0.1",
        "F5SERVE_STORE": str(STORE),
        "F5SERVE_RUN": str(folder / "run"),
        "F5SERVE_TORCHSERVE_PORT": str(at.torchserve),
        "F5SERVE_EDGE_PORT": str(at.edge),
        "F5SERVE_METRICS_PORT": str(at.metrics),
        "F5SERVE_CONTROL_PORT": str(at.control),
        "F5SERVE_ACCESS_LOG": str(folder / "access.log"),
        # All callers of a load test have one address: let TorchServe's queues turn them away, not the edge.
        "F5SERVE_RATE": "0",
        "F5SERVE_CONNECTIONS": "0",
        "F5SERVE_DRAIN_DELAY_S": "0",
        "F5SERVE_DRAIN_S": "10",
    }
    command = [sys.executable, "-m", "scripts.supervise"]
    with running(command, folder / "pod.log", environment) as alive:
        _wait(f"http://127.0.0.1:{at.edge}/readyz", alive, folder / "pod.log")
        yield


@contextlib.contextmanager
def prometheus(program: str, at: Addresses, folder: Path) -> Iterator[str]:
    """Run a Prometheus with the repository's rules until the block ends; answer its address.

    Raises:
        ConfigurationError: If it does not become ready; with the end of its output.
    """
    for name in ("objectives.yaml", "rules.yaml"):
        shutil.copy(MONITORING / name, folder / name)
    config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": f"{STEP_S}s", "evaluation_interval": f"{STEP_S}s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{at.metrics}"]}]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [
        program, f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{at.prometheus}", "--log.level=warn",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{at.prometheus}"
    with running(command, folder / "prometheus.log", os.environ) as alive:
        _wait(f"{url}/-/ready", alive, folder / "prometheus.log")
        yield url


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> Iterator[Callable[[], bool]]:
    """Run a program in a process group of its own until the block ends; answer what tells whether it runs."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, start_new_session=True
        ) as process,
    ):  # fmt: skip
        try:
            yield lambda: process.poll() is None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _wait(url: str, alive: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < end and alive():
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=QUESTION_DEADLINE_S).ok:
                return
        time.sleep(0.5)
    tail = log.read_text(encoding="utf-8", errors="replace")[-1000:]
    raise ConfigurationError(f"{url} did not become ready; the end of the output: {tail}")


def answers_of(
    url: str, panels: Sequence[Panel], begun_s: float, times: int
) -> dict[str, tuple[Series, ...]]:
    """Ask a Prometheus every query of the dashboard.

    Raises:
        ConfigurationError: If it refuses one.
    """
    chosen = variables()
    found = {}
    for expression in dict.fromkeys(target.expr for panel in panels for target in panel.targets):
        query: dict[str, str | float] = {
            "query": asked(expression, chosen),
            "start": begun_s,
            "end": begun_s + (times - 1) * STEP_S,
            "step": STEP_S,
        }
        answer = requests.get(
            f"{url}/api/v1/query_range", params=query, timeout=QUESTION_DEADLINE_S
        )
        if not answer.ok:
            raise ConfigurationError(f"Prometheus refuses {expression}: {answer.text[:300]}")
        result = answer.json()["data"]["result"]
        found[expression] = tuple(series_of(one, begun_s, times) for one in result)
    return found


def series_of(result: dict[str, Any], begun_s: float, times: int) -> Series:
    """Answer one series of Prometheus's answer, on the times of the recording."""
    values: list[float | None] = [None] * times
    for at_s, text in result["values"]:
        value = float(text)
        # What is divided by nothing is NaN, which JSON has not.
        if math.isfinite(value):
            values[round((at_s - begun_s) / STEP_S)] = float(f"{value:.{DIGITS}g}")
    labels = {name: text for name, text in result["metric"].items() if name != "__name__"}
    return Series(labels=labels, values=tuple(values))


def write_recording(recording: Recording, path: Path) -> None:
    """Write a recording, a line for each series."""
    document = msgspec.to_builtins(recording)
    answers = document.pop("answers")
    text = msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
    blocks = []
    for expression, series in answers.items():
        rows = ",\n   ".join(msgspec.json.encode(one).decode() for one in series)
        blocks.append(f"  {msgspec.json.encode(expression).decode()}: [\n   {rows}]")
    body = ",\n".join(blocks)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text.rstrip()[:-2]},\n "answers": {{\n{body}\n }}\n}}\n', encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="dashboard", description=__doc__)
    parser.add_argument("--profile", default="dashboard", help="a file in loadtests/profiles")
    parser.add_argument("--out", type=Path, default=ROOT / RECORD, help="default: %(default)s")
    options = parser.parse_args(argv)
    folder = OUT / "dashboard"
    try:
        profile = load_profile(options.profile)
        _package_demo()
        with alone(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            recording = record(profile, read_panels(), folder)
    except ConfigurationError as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 2
    write_recording(recording, options.out)
    print(f"dashboard: {options.out}  {len(recording.answers)} queries, {recording.times} times")
    return 0


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main())
