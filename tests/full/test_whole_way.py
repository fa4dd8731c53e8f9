"""Full-size checkpoints from their published form to speech, one model at a time.

What they speak is noise, for their weights are random; that it is finite, of the right length, told with the
right licence, and equal to what upstream makes of the same weights is what is checked.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests
import soundfile as sf

from f5serve.catalogue import Catalogue, load_catalogue
from scripts.lock import read_lock
from scripts.make_stand_ins import make_model
from scripts.package import CATALOGUE, ROOT, Workplace, package
from scripts.server import TorchServe
from tests.hub.stand_in import StandInHub, pinned_commits
from tests.packaging.full_support import copy_of_repository
from tests.server.harness import serve_archives, with_config

pytestmark = [pytest.mark.full, pytest.mark.server, pytest.mark.parity]

TEXTS = {
    "en": "Hello.",
    "fi": "Kiitos.",
    "fr": "Bonjour.",
    "hi": "नमस्ते।",
    "it": "Grazie.",
    "ja": "ありがとう。",
    "ru": "Привет.",
    "es": "Gracias.",
}
# The smallest, so that the whole suite stays within minutes. One of each form is en (v1 in safetensors), fr (v0 as
# a training dump) and hi (the small v0): make full-test.
SMALLEST = ("hi",)
ALL_VARIABLE = "F5SERVE_FULL_TEST"
STEPS = 2
ANSWER_DEADLINE_S = 100
FETCH_DEADLINE_S = 300
MAX_WORKER_BYTES = 4_000_000_000
NEEDED_DISK_BYTES = 8_000_000_000
NEEDED_MEMORY_BYTES = 5_000_000_000


def languages() -> tuple[str, ...]:
    """The languages to try: the smallest, or those named, or all."""
    asked = os.environ.get(ALL_VARIABLE, "").replace(",", " ").split()
    if asked == ["all"]:
        return tuple(TEXTS)
    if unknown := set(asked) - TEXTS.keys():
        raise pytest.UsageError(f"no text for {', '.join(unknown)}; there are {', '.join(TEXTS)}")
    return tuple(asked) or SMALLEST


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    """A copy of the repository without its models; removed at once, for it grows to gigabytes."""
    if shutil.disk_usage(tmp_path).free < NEEDED_DISK_BYTES:
        pytest.skip(f"less than {NEEDED_DISK_BYTES / 1e9:.0f} GB of disk are free")
    if psutil.virtual_memory().available < NEEDED_MEMORY_BYTES:
        pytest.skip(f"less than {NEEDED_MEMORY_BYTES / 1e9:.0f} GB of memory are free")
    root = copy_of_repository(tmp_path / "repository")
    yield Workplace(root=root, store=tmp_path / "store", build=tmp_path / "build")
    for folder in (
        root,
        tmp_path / "hub",
        tmp_path / "store",
        tmp_path / "build",
        tmp_path / "served",
    ):
        shutil.rmtree(folder, ignore_errors=True)


def fetch(place: Workplace, catalogue: Catalogue, language: str) -> str:
    """Publish a stand-in on a hub of ours, and fetch it from there with the command that people use.

    Returns:
        The commit that it was fetched at.
    """
    name = catalogue.languages()[language]
    folder = place.root.parent / "hub"
    # The optimiser's state is what the tests of conversion are for: here it would be gigabytes more.
    make_model(catalogue, name, folder, lean=True)
    hub = StandInHub(folder=folder, commits=pinned_commits(catalogue))
    with hub.running():
        command = [sys.executable, "-m", "scripts.fetch", "--root", str(place.root)]
        subprocess.run(  # noqa: S603 - our own command
            [*command, "--accept-licence", "--languages", language],
            env={**os.environ, "HF_ENDPOINT": hub.endpoint},
            cwd=ROOT,
            check=True,
            timeout=FETCH_DEADLINE_S,
        )
        commit = hub.commit(str(catalogue.models[name].profiles["full"].repository))
    shutil.rmtree(folder)
    return commit


@pytest.mark.parametrize("language", languages())
def test_a_full_size_checkpoint_goes_the_whole_way_to_speech(
    language: str,
    catalogue: Catalogue,
    place: Workplace,
    record_property: Callable[[str, object], None],
) -> None:
    name = catalogue.languages()[language]
    source = catalogue.models[name].profiles["full"]
    commit = fetch(place, catalogue, language)

    assert package(place, catalogue, (name,), "full") == (name, "tts")

    entry = read_lock(place.store).archives[name]
    assert entry.verification is not None
    assert entry.verification.mel_rel_l2 < 1e-3
    assert (entry.licence, entry.architecture) == (source.licence, source.architecture)
    assert entry.revision == commit
    shutil.rmtree(place.root / "models")
    router = with_config(
        place.store / "tts.mar", place.store / "few", {"minWorkers": 1, "maxWorkers": 1}
    )
    folder = place.store.parent / "served"
    with serve_archives([place.store / f"{name}.mar", router], folder) as server:
        answer = spoken(server, language)
        largest = largest_worker_bytes(server)

    assert answer.status_code == 200, answer.text
    told = answer.headers
    assert (told["X-Model"], told["X-Model-Licence"]) == (name, source.licence)
    assert told["X-Unknown-Characters"] == "0"
    samples, rate_hz = sf.read(io.BytesIO(answer.content), dtype="float32")
    assert rate_hz == 24_000
    assert samples.shape[0] / rate_hz == pytest.approx(float(told["X-Audio-Seconds"]), abs=1e-3)
    assert 0.3 < samples.shape[0] / rate_hz < 5
    assert np.isfinite(samples).all()
    assert float(np.abs(samples).max()) > 1e-3
    record_property("worker_rss_bytes", largest)
    assert largest < MAX_WORKER_BYTES


def spoken(server: TorchServe, language: str) -> requests.Response:
    """Ask the router for a word, in few steps."""
    body = {"text": TEXTS[language], "language": language, "steps": STEPS, "seed": 1}
    return requests.post(
        f"{server.inference_url}/predictions/tts", json=body, timeout=ANSWER_DEADLINE_S
    )


def largest_worker_bytes(server: TorchServe) -> int:
    """Answer the resident memory of the server's largest Python process."""
    children = psutil.Process(server.pid).children(recursive=True)
    return max(child.memory_info().rss for child in children if "python" in Path(child.exe()).name)
