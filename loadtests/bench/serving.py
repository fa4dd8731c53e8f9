"""End to end against other ways to serve the same checkpoint, by number of callers.

Usage, from the repository's root, with the development packages installed::

    PYTHONPATH=handlers:. python -m loadtests.bench.serving [--quick] [--record]

The servers, each in processes of its own, with the same weights, steps, reference, texts and lengths of speech:

- ours: TorchServe with the router and one language model; once whole, once streamed;
- status quo: f5-tts as its own functions run it, behind FastAPI, each request in a thread of the pool;
- padded: LitServe with batches of up to eight that are padded without a mask. Its shorter items are wrong.

Callers send their next request when they have their answer. Each server is under load alone, in turn, in every round.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import requests
import soundfile

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError, ServeError
from loadtests.bench.peers.environment import peers_python
from loadtests.bench.schedules import profile_of
from loadtests.samples import percentile
from loadtests.workload import Workload, read_material
from scripts.archive import build_archive
from scripts.jobs import router_job
from scripts.launch import ServerOptions, available_cores
from scripts.package import main as package
from scripts.ports import Ports
from scripts.record import write_record
from scripts.server import TorchServe
from scripts.sources import VOICES, read_voices
from scripts.store import require_profile

ROOT: Final = Path(__file__).resolve().parents[2]
STORE: Final = ROOT / "model_store"
RESULT: Final = ROOT / "loadtests" / "results" / "serving.json"
MODEL: Final = "f5_fr"
CALLERS: Final = (1, 2, 4, 8, 16, 32)
REQUESTS: Final[Mapping[int, int]] = {1: 8, 2: 8, 4: 12, 8: 16, 16: 24, 32: 40}
STEPS: Final = 16
TIMEOUT_S: Final = 300.0
START_S: Final = 120.0
WAV_HEADER_BYTES: Final = 44
OURS, STREAMED, STATUS_QUO, PADDED = "ours", "ours, streamed", "status quo", "padded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One request.

    Attributes:
        text: What is said.
        audio_s: Seconds of speech that ours makes of it; peers are told to speak as long.
    """

    text: str
    audio_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer, times in seconds; ``audio_s`` is 0 where it was an error."""

    first_s: float
    whole_s: float
    audio_s: float
    status: int


class Server:
    """A running server under its name.

    Args:
        name: For tables.
        url: Where requests go.
        pid: The process whose tree serves.
    """

    def __init__(self, name: str, url: str, pid: int) -> None:
        self.name = name
        self._url = url
        self._pid = pid

    def body(self, text: Text) -> dict[str, object]:
        """Answer the request's fields."""
        if self.name in {OURS, STREAMED}:
            streamed = {"stream": True} if self.name == STREAMED else {}
            return {"text": text.text, "language": "fr", "seed": 1, "steps": STEPS, **streamed}
        return {"text": text.text.lower(), "audio_s": text.audio_s, "steps": STEPS}

    def ask(self, text: Text) -> Heard:
        """Send a request and read its answer to the end."""
        started = time.monotonic()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(self._url, json=self.body(text), stream=True, timeout=TIMEOUT_S)
            chunks: list[bytes] = []
            size, first_s = 0, 0.0
            for chunk in answer.iter_content(4096):
                size += len(chunk)
                # The header of a WAV stream comes before any speech.
                if not first_s and size > WAV_HEADER_BYTES:
                    first_s = time.monotonic() - started
                chunks.append(chunk)
        whole_s = time.monotonic() - started
        audio_s = _duration_s(b"".join(chunks)) if answer.status_code == 200 else 0.0
        return Heard(
            first_s=first_s or whole_s, whole_s=whole_s, audio_s=audio_s, status=answer.status_code
        )

    def processes(self) -> list[psutil.Process]:
        """Answer its processes."""
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(self._pid)
            return [leader, *leader.children(recursive=True)]
        return []

    def cpu_s(self) -> float:
        """Answer the CPU seconds that its processes have used."""
        return sum(
            _quietly(lambda p: sum(p.cpu_times()[:2]), process) for process in self.processes()
        )

    def rss_mb(self) -> float:
        """Answer its memory in MB, shared pages counted once a process."""
        return (
            sum(_quietly(lambda p: p.memory_info().rss, process) for process in self.processes())
            / 1e6
        )


def _quietly(look: Any, process: psutil.Process) -> float:  # noqa: ANN401  # a function of a process
    with contextlib.suppress(psutil.Error):
        return float(look(process))
    return 0.0


def _duration_s(body: bytes) -> float:
    """Answer the seconds of speech in a WAV, whose header may leave the length open."""
    samples, rate_hz = soundfile.read(io.BytesIO(body), dtype="int16")
    if not len(samples) or not np.any(samples):
        raise ServeError("an answer holds no sound")
    return len(samples) / float(rate_hz)


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[Server]:
    """Serve the French demo model and a router for it, with the catalogue's own settings."""
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ConfigurationError("the demo cannot be packaged; the lines above say why")
    store, workspace = folder / "store", folder / "workspace"
    store.mkdir()
    workspace.mkdir()
    (store / f"{MODEL}.mar").symlink_to(STORE / f"{MODEL}.mar")
    catalogue = load_catalogue(ROOT / "config" / "catalogue.yaml")
    job = router_job(ROOT, catalogue, (MODEL,), "demo", read_voices(ROOT / VOICES))
    build_archive(job.spec, workspace).rename(store / "tts.mar")
    options = ServerOptions(
        store=store, models=(MODEL, "tts"), ports=Ports.free(), logs=folder / "logs"
    )
    with TorchServe(options) as server:
        yield Server(OURS, f"{server.inference_url}/predictions/tts", server.pid)


@contextlib.contextmanager
def peer(name: str, module: str, python: Path, folder: Path) -> Iterator[Server]:
    """Run a peer until the block ends.

    Raises:
        ConfigurationError: If it does not answer in time; its log's end is in the message.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / f"{name.replace(' ', '-')}.log"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'handlers'}{os.pathsep}{ROOT}",
        # As ours, and what every server on few cores should set: threads that wait would spin.
        "OMP_NUM_THREADS": str(available_cores()),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    command = [str(python), "-m", f"loadtests.bench.peers.{module}", "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, cwd=ROOT, start_new_session=True
        ) as process,
    ):
        server = Server(name, f"http://127.0.0.1:{port}/speak", process.pid)
        try:
            _wait(server, process, log)
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if server.ask(Text(text="Bonjour.", audio_s=1.0)).status == 200:
                return
        time.sleep(0.5)
    tail = log.read_text(encoding="utf-8", errors="replace")[-1500:]
    raise ConfigurationError(f"{server.name} does not answer:\n{tail}")


def texts_of(server: Server, count: int, seed: int) -> list[Text]:
    """Draw texts, and ask ours how long each is."""
    workload = Workload(profile_of(seed), read_material())
    drawn = [workload.wish(number).text for number in range(count)]
    return [
        Text(text=text, audio_s=server.ask(Text(text=text, audio_s=0.0)).audio_s) for text in drawn
    ]


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
            "first_audio_p50_s": _rounded(percentile([one.first_s for one in good], 50)),
            **{f"p{share}_s": _rounded(percentile(whole, share)) for share in (50, 95, 99)},
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


def measure(
    servers: Sequence[Server], rounds: int, counts: Mapping[int, int], seed: int
) -> list[dict[str, object]]:
    """Put every server under every load, in turn; answer a row for each."""
    texts = texts_of(servers[0], max(counts.values()), seed)
    for server in servers:
        for text in texts[:2]:
            server.ask(text)
    rows: list[dict[str, object]] = []
    for callers, count in counts.items():
        cells = {server.name: Cell(heard=[]) for server in servers}
        for turn in range(rounds):
            first = turn % len(servers)
            for server in (*servers[first:], *servers[:first]):
                under_load(server, texts[:count], callers, cells[server.name])
        for name, cell in cells.items():
            figures = cell.row()
            rows.append({"callers": callers, "server": name, **figures})
            print(
                f"{callers:3} callers  {name:14} "
                + "  ".join(f"{key} {value}" for key, value in figures.items())
            )
    return rows


def goals(rows: Sequence[Mapping[str, object]]) -> dict[str, float | None]:
    """Answer the ratios that the goals are about, ours over the status quo."""

    def figure(callers: int, server: str, name: str) -> float | None:
        for row in rows:
            if row["callers"] == callers and row["server"] == server:
                value = row[name]
                return float(value) if isinstance(value, int | float) else None
        return None

    def ratio(callers: int, name: str) -> float | None:
        one, other = figure(callers, OURS, name), figure(callers, STATUS_QUO, name)
        return round(one / other, 3) if one and other else None

    return {
        "throughput_at_1": ratio(1, "audio_s_per_s"),
        "throughput_at_16": ratio(16, "audio_s_per_s"),
        "p95_at_8": ratio(8, "p95_s"),
    }


def main(argv: Sequence[str]) -> int:
    """Measure, print, and record if asked to."""
    parser = argparse.ArgumentParser(description="Ours against other ways to serve F5, end to end.")
    parser.add_argument("--quick", action="store_true", help="a few requests, to see that it works")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=12, help="of the texts")
    arguments = parser.parse_args(argv)
    counts = {1: 2, 4: 4} if arguments.quick else dict(REQUESTS)
    rounds = 1 if arguments.quick else arguments.rounds
    try:
        python = peers_python()
        with tempfile.TemporaryDirectory() as told, contextlib.ExitStack() as stack:
            folder = Path(told)
            whole = stack.enter_context(ours(folder))
            streamed = Server(STREAMED, whole._url, whole._pid)
            others = [
                stack.enter_context(peer(name, module, python, folder))
                for name, module in ((STATUS_QUO, "status_quo"), (PADDED, "padded"))
            ]
            rows = measure([whole, streamed, *others], rounds, counts, arguments.seed)
    except ServeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    told_goals = goals(rows)
    print(
        "ours over status quo: "
        + "  ".join(f"{name} {value}" for name, value in told_goals.items())
    )
    if arguments.record:
        load = {
            "model": MODEL, "steps": STEPS, "seed": arguments.seed, "rounds": rounds, "warm_up_requests": 2,
            "requests": {str(callers): count for callers, count in counts.items()}, "client": "threads, same machine",
        }  # fmt: skip
        write_record(RESULT, {"load": load, "ours_over_status_quo": told_goals, "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
