"""A language that the project does not know: an entry of the catalogue, files, and a frontend's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from scripts import upstream
from scripts.package import Workplace, package
from scripts.server import TorchServe
from scripts.upstream import Comparison
from tests.packaging.full_support import (
    copy_of_repository,
    edit_catalogue,
    place_stand_ins,
    shrink,
)
from tests.server.harness import serve_archives, with_config

ENTRY = {
    "languages": ["de"],
    "profiles": {
        "full": {
            "architecture": "v1_base",
            "repository": "someone/F5-German",
            "checkpoint": "model.safetensors",
            "vocabulary": "vocab.txt",
            "vocoder": "vocos_mel_24khz",
            "frontend": {"converter": "char", "lowercase": True},
            "licence": "cc-by-4.0",
            "commercial_use": True,
        }
    },
}
CLOSE = Comparison(
    language="en",
    frames=128,
    steps=2,
    seed=5,
    mel_rel_l2=1e-6,
    wave_rel_l2=1e-6,
    rounding_mel_rel_l2=1e-4,
    pinned_loss=0.9,
    other_loss=1.2,
    trivial_loss=2.9,
)


def add_german(document: dict[str, Any]) -> None:
    shrink(document)
    document["models"]["f5_de"] = ENTRY


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """A server of German and Finnish, packaged from stand-ins; other tests compare with upstream."""
    folder = tmp_path_factory.mktemp("german")
    root = copy_of_repository(folder / "repository")
    catalogue = edit_catalogue(root, add_german)
    names = ("f5_fi", "f5_de")
    for name in names:
        place_stand_ins(root, catalogue, name)
    place = Workplace(root=root, store=folder / "store", build=folder / "build")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstream, "_compared", lambda *_: CLOSE)
        assert package(place, catalogue, names, "full") == (*names, "tts")
    router = with_config(
        place.store / "tts.mar", folder / "few", {"minWorkers": 1, "maxWorkers": 1}
    )
    archives = [*(place.store / f"{name}.mar" for name in names), router]
    with serve_archives(archives, folder / "server") as running:
        yield running


@pytest.mark.parametrize("tag", ["de", "de-AT", "DE_de"])
def test_a_tenth_language_is_spoken_where_it_is_asked_for(german: TorchServe, tag: str) -> None:
    answer = speak(german, text="Guten Morgen, schöne Grüße aus Köln.", language=tag)

    assert answer.status_code == 200, answer.text
    told = answer.headers
    assert (told["X-Language"], told["X-Language-Source"]) == ("de", "explicit")
    assert (told["X-Model"], told["X-Model-Licence"]) == ("f5_de", "cc-by-4.0")
    assert told["X-Unknown-Characters"] == "0"


def test_detection_never_answers_a_language_that_it_does_not_know(german: TorchServe) -> None:
    answer = speak(german, text="Guten Morgen, wir wünschen einen schönen Tag aus Köln.")

    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Language-Source"] == "default"
    assert answer.headers["X-Language"] == "fi"  # the first that is served


def test_the_status_lists_it(german: TorchServe) -> None:
    status = requests.get(f"{german.inference_url}/predictions/tts/1.0/status", timeout=20).json()

    assert "de" in str(status["languages"])


def speak(server: TorchServe, **fields: Any) -> requests.Response:
    body = {"steps": 1, "seed": 1, **fields}
    return requests.post(f"{server.inference_url}/predictions/tts", json=body, timeout=60)
