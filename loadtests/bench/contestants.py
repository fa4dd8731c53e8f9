"""The servers that ``loadtests.bench.serving`` compares: started, asked, and looked at."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import requests
import soundfile
from numpy.typing import NDArray

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError, ServeError
from scripts.archive import build_archive
from scripts.jobs import router_job
from scripts.launch import ServerOptions, available_cores
from scripts.package import main as package
from scripts.ports import Ports
from scripts.server import TorchServe
from scripts.sources import VOICES, read_voices
from scripts.store import require_profile

ROOT: Final = Path(__file__).resolve().parents[2]
STORE: Final = ROOT / "model_store"
MODEL: Final = "f5_fr"
LANGUAGE: Final = "fr"
STEPS: Final = 16
TIMEOUT_S: Final = 300.0
START_S: Final = 120.0
RATE_HZ: Final = 24_000
WAV_HEADER_BYTES: Final = 44
CUT_OFF: Final = 0
OURS: Final = "ours"
STREAMED: Final = "ours, streamed"
HALF: Final = "ours, bfloat16"
STATUS_QUO: Final = "status quo"
PADDED: Final = "padded"
OUR_NAMES: Final = frozenset({OURS, STREAMED, HALF})
OUR_TOLERANCE_S: Final = 0.02
"""Ours says a text with the same seed equally long each time, streamed or not: not two frames of 11 ms apart."""
PEERS_TOLERANCE_S: Final = 0.06
"""Peers are told the length in seconds, and round it to frames, each in its own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One request.

    Attributes:
        text: What is said.
        audio_s: Seconds of speech that ours makes of it; peers are told to speak as long. 0 where ours was not
            asked yet: any length is then right.
    """

    text: str
    audio_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer, times in seconds.

    Attributes:
        first_s: Until the first speech, of the first time it was asked for.
        whole_s: Until the last byte, likewise.
        audio_s: Length of the speech; 0 where it was an error.
        status: Of the last answer; 0 where the connection ended before it was whole.
        turned_away: How often the server said to come back later, before that.
        samples: The speech, full scale 1; empty unless it was to be kept.
    """

    first_s: float
    whole_s: float
    audio_s: float
    status: int
    turned_away: int = 0
    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer as it came.

    Attributes:
        status: Its status; 0 where the connection ended before it was whole.
        body: Its bytes.
        first_s: Until speech began; 0 where none did.
        later_s: When to come back, if the server asks for that.
        language: What it says its language is, if it does.
    """

    status: int
    body: bytes = b""
    first_s: float = 0.0
    later_s: float | None = None
    language: str | None = None


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

    def named(self, name: str) -> Server:
        """Answer the same server under another name."""
        return Server(name, self._url, self._pid)

    def body(self, text: Text) -> dict[str, object]:
        """Answer the request's fields."""
        if self.name in OUR_NAMES:
            streamed = {"stream": True} if self.name == STREAMED else {}
            return {"text": text.text, "language": LANGUAGE, "seed": 1, "steps": STEPS, **streamed}
        return {"text": text.text.lower(), "audio_s": text.audio_s, "steps": STEPS, "seed": 1}

    def ask(self, text: Text, *, keep: bool = False) -> Heard:
        """Send a request, again if the server says so, and read its answer to the end.

        A connection that ends before that is an error of the server's, as any other.

        Args:
            text: What to say.
            keep: Whether the speech itself is wanted.

        Raises:
            ServeError: If it answers something else than the speech that was asked for, and calls it success: no
                figure is worth anything then.
        """
        started = time.monotonic()
        turned_away = 0
        while True:
            sent = time.monotonic()
            try:
                answer = self._answer(text)
            except requests.RequestException:
                answer = _Answer(status=CUT_OFF)
            if answer.later_s is None or sent - started > TIMEOUT_S:
                break
            turned_away += 1
            time.sleep(answer.later_s)
        ended = time.monotonic()
        samples = np.zeros(0, dtype=np.float32)
        if answer.status == 200:
            samples = self._speech(text, answer)
        return Heard(
            first_s=sent - started + (answer.first_s or ended - sent),
            whole_s=ended - started,
            audio_s=len(samples) / RATE_HZ,
            status=answer.status,
            turned_away=turned_away,
            samples=samples if keep else np.zeros(0, dtype=np.float32),
        )

    def _answer(self, text: Text) -> _Answer:
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
        later = answer.headers.get("Retry-After") if answer.status_code in {429, 503} else None
        return _Answer(
            status=answer.status_code,
            body=b"".join(chunks),
            first_s=first_s,
            later_s=None if later is None else float(later),
            language=answer.headers.get("X-Language"),
        )

    def _speech(self, text: Text, answer: _Answer) -> NDArray[np.float32]:
        """Open an answer, and hold it against what was asked for."""
        is_ours = self.name in OUR_NAMES
        try:
            samples = _samples(answer.body)
        except ServeError as error:
            raise ServeError(f"{self.name}, asked for {text.text!r}: {error.detail}") from error
        audio_s = len(samples) / RATE_HZ
        tolerance_s = OUR_TOLERANCE_S if is_ours else PEERS_TOLERANCE_S
        if text.audio_s and abs(audio_s - text.audio_s) > tolerance_s:
            raise ServeError(
                f"{self.name}, asked for {text.text!r}: {audio_s:.2f} s of speech in place of {text.audio_s:.2f} s;"
                " the servers do not speak equally long"
            )
        if is_ours and answer.language != LANGUAGE:
            raise ServeError(
                f"{self.name}, asked for {text.text!r}: X-Language is {answer.language!r} in place of {LANGUAGE!r}"
            )
        return samples

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


def _samples(body: bytes) -> NDArray[np.float32]:
    """Read a WAV, whose header may leave the length open."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(body), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ServeError(f"the answer is no WAV: {error}") from error
    if not len(samples) or not np.any(samples):
        raise ServeError("the answer holds no sound")
    if rate_hz != RATE_HZ:
        raise ServeError(f"the answer has {rate_hz} Hz in place of {RATE_HZ}")
    return np.asarray(samples, dtype=np.float32)


@contextlib.contextmanager
def ours(folder: Path, *, dtype: str = "") -> Iterator[Server]:
    """Serve the French demo model and a router for it as the catalogue has them, with a worker a core.

    Args:
        folder: For what the server writes.
        dtype: Precision, if it is another than the catalogue's.
    """
    require_profile(STORE, "demo")
    if package(["--profile", "demo"]):
        raise ConfigurationError("the demo cannot be packaged; the lines above say why")
    store, workspace = folder / "store", folder / "workspace"
    store.mkdir(parents=True)
    workspace.mkdir()
    (store / f"{MODEL}.mar").symlink_to(STORE / f"{MODEL}.mar")
    catalogue = load_catalogue(ROOT / "config" / "catalogue.yaml")
    job = router_job(ROOT, catalogue, (MODEL,), "demo", read_voices(ROOT / VOICES))
    build_archive(job.spec, workspace).rename(store / "tts.mar")
    options = ServerOptions(
        store=store,
        models=(MODEL, "tts"),
        ports=Ports.free(),
        logs=folder / "logs",
        workers=available_cores(),
        dtype=dtype,
    )
    with TorchServe(options) as server:
        yield Server(HALF if dtype else OURS, f"{server.inference_url}/predictions/tts", server.pid)


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
        if server.ask(Text(text="Bonjour.", audio_s=1.0)).status == 200:
            return
        time.sleep(0.5)
    tail = log.read_text(encoding="utf-8", errors="replace")[-1500:]
    raise ConfigurationError(f"{server.name} does not answer:\n{tail}")
