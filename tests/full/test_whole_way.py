"""Full-size checkpoints from their published form to speech, one model at a time.

What they speak is noise, for their weights are random; that it is finite, of the right length, told with the
right licence, and equal to what upstream makes of the same weights is what is checked.
"""

from __future__ import annotations

import io
import os
import shutil
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
from tests.packaging.full_support import copy_of_repository, place_as_fetched
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
# One of each form: v1 in safetensors, v0 as a training dump, the small v0.
FORMS = ("en", "fr", "hi")
ALL_VARIABLE = "F5SERVE_FULL_TEST"
STEPS = 2
ANSWER_DEADLINE_S = 100
MAX_WORKER_BYTES = 4_000_000_000
NEEDED_DISK_BYTES = 8_000_000_000
NEEDED_MEMORY_BYTES = 5_000_000_000


def languages() -> tuple[str, ...]:
    """The languages to try: one of each form, or those named, or all."""
    asked = os.environ.get(ALL_VARIABLE, "").replace(",", " ").split()
    return tuple(TEXTS) if asked == ["all"] else tuple(asked) or FORMS


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
    for folder in (root, tmp_path / "store", tmp_path / "build", tmp_path / "served"):
        shutil.rmtree(folder, ignore_errors=True)


def fetch(place: Workplace, catalogue: Catalogue, name: str) -> None:
    """Put a model's published files where ``make fetch`` puts them."""
    hub = place.root / "hub"
    # The optimiser's state is what the tests of conversion are for: here it would be gigabytes more.
    make_model(catalogue, name, hub, lean=True)
    place_as_fetched(hub, place.root)


@pytest.mark.parametrize("language", languages())
def test_a_full_size_checkpoint_goes_the_whole_way_to_speech(
    language: str,
    catalogue: Catalogue,
    place: Workplace,
    record_property: Callable[[str, object], None],
) -> None:
    name = catalogue.languages()[language]
    source = catalogue.models[name].profiles["full"]
    fetch(place, catalogue, name)

    assert package(place, catalogue, (name,), "full") == (name, "tts")

    entry = read_lock(place.store).archives[name]
    assert entry.verification is not None
    assert entry.verification.mel_rel_l2 < 1e-3
    assert (entry.licence, entry.architecture) == (source.licence, source.architecture)
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
