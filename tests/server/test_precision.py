"""A server whose models compute in bfloat16, beside one of the same archives that computes in float32."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from loadtests.bench.cells import HALF_MEL_LIMIT
from loadtests.bench.company import mel_distance
from scripts.server import TorchServe
from tests.server.harness import demo_archives, serve_archives
from tests.server.listening import Samples, heard, post

TEXTS = ("Bonjour tout le monde.", "Le train du soir arrive enfin.", "Il pleut.", "Merci beaucoup.")


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    archives = [archive for archive in demo_archives() if archive.stem in {"f5_fr", "tts"}]
    with serve_archives(archives, tmp_path_factory.mktemp("half"), dtype="bfloat16") as running:
        yield running


def spoken(server: TorchServe, text: str) -> Samples:
    url = f"{server.inference_url}/predictions/tts"
    return heard(post(url, text=text, language="fr", seed=4))


def test_what_is_said_in_bfloat16_is_what_is_said_in_float32_but_for_rounding(
    half: TorchServe, server: TorchServe
) -> None:
    apart = [mel_distance(spoken(half, text), spoken(server, text)) for text in TEXTS]

    assert max(apart) < HALF_MEL_LIMIT
    assert min(apart) > 1e-5, "it was not computed otherwise"


def test_callers_at_once_hear_what_they_would_hear_alone(half: TorchServe) -> None:
    alone = [spoken(half, text) for text in TEXTS]
    with ThreadPoolExecutor(len(TEXTS)) as callers:
        together = list(callers.map(lambda text: spoken(half, text), TEXTS))

    apart = [mel_distance(one, other) for one, other in zip(together, alone, strict=True)]
    assert max(apart) < HALF_MEL_LIMIT
    assert mel_distance(together[0], alone[1]) > HALF_MEL_LIMIT, "the limit tells no texts apart"


def test_the_log_tells_in_what_the_model_computes(half: TorchServe) -> None:
    told = [
        json.loads(line)
        for line in (half.options.logs / "model_log.log").read_text(encoding="utf-8").splitlines()
        if "model ready" in line
    ]

    assert {line["dtype"] for line in told if line.get("model") == "f5_fr"} == {"bfloat16"}
