"""Runs a load profile with Locust and judges it: server up, load, server down, table, verdict.

Starts a demo server of its own unless ``--url`` names one. Everything of a run goes to
``out/loadtests/<profile>/``: samples, ``result.json``, ``report.png``, ``report.html``. ``--record``
also puts the result into ``loadtests/results/``. The exit status is the verdict: 0 kept, 1 not kept, 2 if
the run could not be made.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from f5serve.errors import ConfigurationError
from loadtests.profile import Profile, load_profile
from loadtests.report import draw, write_page
from loadtests.samples import read_run
from loadtests.verdict import summarise, table, violations
from loadtests.watch import Holding, Kinds, Watch, growths
from scripts.guards import alone
from scripts.launch import ServerOptions, served_models
from scripts.management import describe_all
from scripts.package import main as package
from scripts.ports import Ports
from scripts.record import circumstances, write_record
from scripts.server import LOGS, TorchServe
from scripts.signals import leaving
from scripts.slo import SLO, read_slo
from scripts.store import require_profile

ROOT: Final = Path(__file__).resolve().parent.parent
STORE: Final = ROOT / "model_store"
OUT: Final = ROOT / "out" / "loadtests"
RESULTS: Final = ROOT / "loadtests" / "results"
SETTING: Final = "setting.json"
PROFILE: Final = "profile.yaml"
SPARE_S: Final = 60.0


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was made; kept beside its samples, which may be judged days and commits later.

    Attributes:
        circumstances: Commit, machine and versions as it began (``scripts.record``).
        url: The server that was asked; empty for the demo.
        generators: Locust processes.
    """

    circumstances: dict[str, Any]
    url: str
    generators: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server under load.

    Attributes:
        url: Where it is.
        server: It itself, if it is ours.
    """

    url: str
    server: TorchServe | None = None

    def kinds(self) -> Kinds:
        """Answer what tells its processes apart."""
        return Kinds(self._workers)

    def _workers(self) -> dict[str, tuple[int, ...]]:
        if self.server is None:
            return {}
        states = describe_all(self.server.management_url, self.server.options.models)
        return {name: state.pids for name, state in states.items()}

    def processes(self) -> list[psutil.Process]:
        """Answer its processes; none are known of a server elsewhere."""
        return [] if self.server is None else self.server.processes()


@contextlib.contextmanager
def target(url: str) -> Iterator[Target]:
    """Answer the server at a URL; without one, the demo on free ports until the block ends.

    Raises:
        ConfigurationError: If the demo cannot be packaged or started, or another run has done so.
    """
    if url:
        yield Target(url=url.rstrip("/"))
        return
    logs = LOGS / "loadtest"
    with alone(logs):
        yield from _demo(logs)


def _demo(logs: Path) -> Iterator[Target]:
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ConfigurationError("the demo cannot be packaged; the lines above say why")
    options = ServerOptions(store=STORE, models=served_models(STORE), ports=Ports.free(), logs=logs)
    with TorchServe(options, tell=print) as server:
        yield Target(url=server.inference_url, server=server)


def generate(profile: Profile, url: str, samples: Path, generators: int) -> None:
    """Run Locust without its page until the profile is over.

    Args:
        profile: What to do.
        url: The server.
        samples: An empty folder for samples; the profile is written there as it is run.
        generators: Processes that share the load; from two on they are workers of a master.

    Raises:
        ConfigurationError: If Locust fails or does not end; a failed request is no failure of Locust's.
    """
    command = [
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py")),
        *("--headless", "--host", url, "--only-summary", "--exit-code-on-error", "0"),
        *("--stop-timeout", f"{math.ceil(profile.deadline_s) + 10}s", "--loglevel", "WARNING"),
    ]
    if generators > 1:
        # A port of its own: another run on this machine would have the usual one.
        port = str(_free_port())
        command += ["--processes", str(generators), "--master-bind-host", "127.0.0.1"]
        command += ["--master-bind-port", port, "--master-port", port]
    told = samples / PROFILE
    told.write_bytes(msgspec.yaml.encode(profile))
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'handlers'}{os.pathsep}{ROOT}",
        "LOADTEST_PROFILE": str(told.absolute()),
        "LOADTEST_SAMPLES": str(samples),
        "LOADTEST_GENERATORS": str(generators),
    }
    limit_s = profile.seconds + profile.deadline_s + SPARE_S
    with subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True) as process:
        try:
            status = process.wait(limit_s)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ConfigurationError(f"Locust has not ended after {limit_s:.0f} s") from error
            raise
    if status:
        raise ConfigurationError(f"Locust ended with status {status}; its own words are above")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def load(profile: Profile, folder: Path, url: str, generators: int) -> Sequence[Holding]:
    """Run a profile from start to end; answer what the server held meanwhile.

    Args:
        profile: What to do.
        folder: For samples; what lies there of a former run is removed.
        url: Of a running server; empty for the demo.
        generators: Locust processes.

    Raises:
        ConfigurationError: If the run cannot be made.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    setting = Setting(circumstances=circumstances(), url=url, generators=generators)
    (folder / SETTING).write_bytes(msgspec.json.encode(setting))
    with target(url) as server, Watch(server.processes, server.kinds()) as watch:
        generate(profile, server.url, folder, generators)
    return watch.seen


def judge(
    name: str, profile: Profile, folder: Path, held: Sequence[Holding], *, record: bool
) -> int:
    """Add up the samples of a folder, print, draw and record; answer the exit status.

    Raises:
        ConfigurationError: If it is to be recorded, and what was asked is not known to have run on this machine.
    """
    setting = setting_of(folder)
    if record and (setting is None or setting.url):
        raise ConfigurationError(
            "only what asked the demo on this machine is recorded: a record tells commit and machine, and those of "
            "another server are not known; leave out --record"
        )
    run = read_run(folder)
    warm = [look for look in held if look.at_s >= profile.warm_up_s]
    summary = summarise(profile, run, growths(warm))
    wrong = violations(profile.limits, summary)
    result = {
        "profile": name,
        "load": msgspec.to_builtins(profile),
        "locust": version("locust"),
        "url": "" if setting is None else setting.url,
        "generators": None if setting is None else setting.generators,
        "violations": wrong,
        **msgspec.to_builtins(summary),
        "server": [msgspec.to_builtins(look) for look in thinned(held)],
    }
    paths = [folder / "result.json", *([RESULTS / f"{name}.json"] if record else [])]
    for path in paths:
        write_record(path, result, measured=None if setting is None else setting.circumstances)
    draw(profile, run, held, folder / "report.png")
    write_page(folder / "report.html", folder / "report.png", f"loadtest: {name}", summary, wrong)
    print(f"\n{table(summary)}\n\nreport: {folder / 'report.html'}")
    for line in wrong:
        print(f"loadtest: {line}", file=sys.stderr)
    print(f"loadtest: {name}: {'not kept' if wrong else 'kept to every limit'}")
    return 1 if wrong else 0


def setting_of(folder: Path) -> Setting | None:
    """Answer how the samples of a folder were made; None if they were brought together from several machines."""
    path = folder / SETTING
    return msgspec.json.decode(path.read_bytes(), type=Setting) if path.is_file() else None


def thinned(held: Sequence[Holding], most: int = 60) -> Sequence[Holding]:
    """Answer at most so many looks, evenly spread, the last among them: a record is for people to read, too."""
    step = max(1, -(-len(held) // most))
    return held[(len(held) - 1) % step :: step] if held else held


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; answer its exit status."""
    parser = argparse.ArgumentParser(prog="loadtest", description=__doc__)
    parser.add_argument("profile", help="a file in loadtests/profiles, without .yaml")
    parser.add_argument(
        "--url", default="", help="a running server; without it the demo is started"
    )
    parser.add_argument("--minutes", type=float, help="how long; default: as the profile says")
    parser.add_argument("--generators", type=int, default=1, help="Locust processes; default: 1")
    parser.add_argument(
        "--slo", action="store_true", help="hold the run to the objectives of config/slo.yaml too"
    )
    parser.add_argument(
        "--record", action="store_true", help="keep the result in loadtests/results"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    parser.add_argument("--judge", action="store_true", help="only judge samples already there")
    options = parser.parse_args(argv)
    if options.record and options.url:
        parser.error("--record is for the demo on this machine; leave out --url")
    if options.judge and options.minutes is not None:
        parser.error("--minutes tells how long to run, and --judge runs nothing")
    name = Path(options.profile).stem
    folder = options.out / name
    try:
        profile = _profile(options, folder)
        with alone(folder):
            held = [] if options.judge else load(profile, folder, options.url, options.generators)
            return judge(name, profile, folder, held, record=options.record)
    except ConfigurationError as error:
        print(f"loadtest: {error}", file=sys.stderr)
        return 2


def _profile(options: argparse.Namespace, folder: Path) -> Profile:
    """Answer what is to be run; or what was, where its samples are only judged."""
    ran = folder / PROFILE
    again = options.judge and ran.is_file()
    profile = load_profile(str(ran) if again else options.profile)
    if options.minutes is not None:
        profile = profile.lasting(options.minutes)
    return profile.held_to(read_slo(ROOT / SLO)) if options.slo else profile


if __name__ == "__main__":
    with leaving():  # a server must not outlive what it was started for
        sys.exit(main())
