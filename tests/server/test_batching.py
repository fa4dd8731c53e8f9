"""Requests that arrive together are spoken together, and none hears of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, distance, heard, post, refused

pytestmark = pytest.mark.server

TEXTS = (
    "Bonjour à tous.",
    "Demain matin, nous irons ensemble au marché pour acheter du pain.",
    "Il fait très beau aujourd'hui, et les enfants jouent dans le jardin.",
    "Merci beaucoup.",
    "Le train pour la mer part tôt le matin.",
    "Nous avons mangé une soupe, du fromage et une pomme avant de partir.",
    "À demain.",
    "La maison est grande et la porte est ouverte.",
)
BAD: tuple[dict[str, object], ...] = (
    {"text": "日本語"},
    {"text": "…"},
    {"text": "oui", "steps": 0},
    {"text": "oui", "voice": "nobody"},
)


def test_eight_requests_at_once_reach_the_model_in_batches_and_sound_as_they_do_alone(
    server: Server,
) -> None:
    url = f"{server.inference_url}/predictions/f5_fr"

    def speak(index: int) -> requests.Response:
        return post(url, text=TEXTS[index], seed=index)

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(speak, range(8)))
    alone = [speak(index) for index in range(8)]

    assert max(int(answer.headers["X-Batch-Pieces"]) for answer in together) > 1
    assert {int(answer.headers["X-Batch-Pieces"]) for answer in alone} == {1}
    apart = [distance(heard(one), heard(other)) for one, other in zip(together, alone, strict=True)]
    assert max(apart) < 1e-3, apart


def test_the_batch_mates_of_bad_requests_are_spoken(server: Server) -> None:
    url = f"{server.inference_url}/predictions/f5_fr"
    good = [{"text": text, "quality": "draft", "seed": 1} for text in TEXTS[:4]]
    mixed = [fields for pair in zip(good, BAD, strict=True) for fields in pair]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda fields: post(url, **fields), mixed))

    for answer in answers[::2]:
        heard(answer)
    assert max(int(answer.headers["X-Batch-Pieces"]) for answer in answers[::2]) > 1
    for answer in answers[1::2]:
        refused(answer, 404 if "nobody" in answer.text else 422)


def test_each_model_has_the_batching_of_the_catalogue(server: Server) -> None:
    def described(model: str) -> tuple[int, int, int]:
        (told,) = requests.get(f"{server.management_url}/models/{model}", timeout=TIMEOUT_S).json()
        return told["batchSize"], told["maxBatchDelay"], told["minWorkers"]

    assert described("f5_en_zh") == (6, 2, 1)
    assert described("f5_fi") == (4, 2, 1)
    assert described("tts")[0] == 1
