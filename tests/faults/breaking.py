"""A language model that breaks on demand, and ways to hurt a server from outside."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

from loadtests.pressure import Callers
from scripts.archive import MODEL_CONFIG, dump_yaml, rewrite_with
from scripts.management import describe
from scripts.server import TorchServe

GATHERING = "f5_fi"
GATHERING_S = 4.0
"""How long TorchServe waits for more Finnish pieces to fill a batch."""
GOOD_MODELS = ("tts", "hasty", "f5_fr", "f5_es", GATHERING)
BROKEN = "f5_it"
HASTY_S = 6.0
"""Deadline of the second router."""
RESPONSE_TIMEOUT_S = 30
"""After which TorchServe ends a worker of the French model that does not answer."""
PATIENT_S = 4.0
ANSWER_DEADLINE_S = 150.0
START_DEADLINE_S = 240.0
OUT_OF_MEMORY_SEED = 507
LOST_SEED = 70
RECOVERY_S = 60.0
"""Generous, for a machine that has other things to do; the record of ``make recovery`` tells what it takes."""

LOST_ONCE = "where/the/device/was/lost/once"
"""Stands for a path that the handler's archive gets when it is built."""

# The real handler with the real model. What a text or a seed asks for happens where it would: in the engine
# or in the process.
HANDLER = f'''
"""A language model that breaks on demand."""
import os
import signal
import time
from pathlib import Path

import torch

from f5serve import synthesis
from f5serve.engine import engine
from f5serve.errors import DeviceLostError
from f5serve.handler import SpeechHandler

speak_really = synthesis.Synthesizer.speak
sample_really = engine.sample


def speak(self, requests, **options):
    told = " ".join(getattr(request, "text", "") for request in requests).lower()
    if "meurs" in told:
        os.kill(os.getpid(), signal.SIGKILL)
    if "vacille" in told:
        raise ValueError(told)
    if "dors" in told:
        time.sleep(600)
    if "patience" in told:
        time.sleep({PATIENT_S})
    return speak_really(self, requests, **options)


def sample(model, items, *further):
    if any(item.seed == {OUT_OF_MEMORY_SEED} for item in items):
        raise torch.OutOfMemoryError("out of memory: asked for by a test")
    if any(item.seed == {LOST_SEED} for item in items) and not Path("{LOST_ONCE}").exists():
        raise RuntimeError("CUDA error: device-side assert triggered: asked for by a test")
    return sample_really(model, items, *further)


def require_alive(device):
    """As on a card, after that error; the next worker finds it well."""
    try:
        Path("{LOST_ONCE}").touch(exist_ok=False)
    except FileExistsError:
        return
    raise DeviceLostError("cuda:0 answers no more: asked for by a test")


synthesis.Synthesizer.speak = speak
engine.require_alive = require_alive
engine.sample = sample


class F5Handler(SpeechHandler):
    """The same class as in the real archive."""
'''


def breakable_archive(archive: Path, folder: Path) -> Path:
    """Copy a language model's archive, with a handler that breaks on demand."""
    target = folder / archive.name
    changes = {"responseTimeout": RESPONSE_TIMEOUT_S, "jobQueueSize": 16, "maxBatchDelay": 200}
    config = {**_config(archive), **changes}
    handler = HANDLER.replace(LOST_ONCE, str(folder / "lost_once"))
    rewrite_with(archive, target, {"f5_handler.py": handler, MODEL_CONFIG: dump_yaml(config)})
    return target


def renamed_router(archive: Path, target: Path, *, deadline_s: float) -> Path:
    """Copy the router under another name, with another deadline."""
    config = {**_config(archive), "minWorkers": 2, "maxWorkers": 2}
    config["handler"] = {**config["handler"], "deadline_s": deadline_s}
    rewrite_with(archive, target, {MODEL_CONFIG: dump_yaml(config)})
    return target


def _config(archive: Path) -> dict[str, Any]:
    with zipfile.ZipFile(archive) as content:
        config: dict[str, Any] = yaml.safe_load(content.read(MODEL_CONFIG))
    return config


def ask(
    server: TorchServe, text: str, model: str = "tts", /, **fields: object
) -> requests.Response:
    """Ask a router or a model, with few steps."""
    return requests.post(
        f"{server.inference_url}/predictions/{model}",
        json={"text": text, "steps": 4, **fields},
        timeout=ANSWER_DEADLINE_S,
    )


def french(server: TorchServe, text: str, **fields: object) -> requests.Response:
    """Ask the router for French."""
    return ask(server, text, language="fr", **fields)


def spanish(server: TorchServe) -> requests.Response:
    """Ask the router for Spanish."""
    return ask(server, "Buenos días a todos.", language="es")


@contextmanager
def at_once(server: TorchServe, *texts: str) -> Iterator[list[Future[requests.Response]]]:
    """Ask the router for several French texts at the same time."""
    with ThreadPoolExecutor(len(texts)) as threads:
        yield [threads.submit(french, server, text) for text in texts]


def worker_pids(server: TorchServe, model: str) -> tuple[int, ...]:
    """Answer the processes of a model's workers."""
    state = describe(server.management_url, model)
    assert state is not None
    return state.pids


def wait_ready(server: TorchServe, *models: str, deadline_s: float = START_DEADLINE_S) -> float:
    """Wait until every worker of some models is ready; answer the seconds that took."""
    started = time.monotonic()
    for name in models:
        while (state := describe(server.management_url, name)) is None or not state.is_ready:
            assert server.is_running(), server.log_tail(name)
            assert time.monotonic() - started < deadline_s, server.log_tail(name)
            time.sleep(0.2)
    return time.monotonic() - started


def kill_workers(server: TorchServe, model: str, count: int = 1) -> None:
    """End workers as the kernel does when memory is short."""
    for pid in worker_pids(server, model)[:count]:
        psutil.Process(pid).kill()


def under_load(server: TorchServe, callers: int, text: str) -> Callers[int]:
    """Answer callers that ask the router for a French text again and again."""
    return Callers([lambda: french(server, text).status_code] * callers)
