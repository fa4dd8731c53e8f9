"""Nobody hears another's speech: 32 requests at once, in many languages, each as it sounds alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import yaml

from scripts.package import ROOT
from tests.server.harness import Server
from tests.server.listening import Samples, distance, heard

pytestmark = pytest.mark.server

CALLERS = 32
DEADLINE_S = 300.0
SAME = 1e-3


def wishes() -> list[dict[str, object]]:
    """Nine languages in turn, each with other words and another seed each time."""
    told = yaml.safe_load((ROOT / "config" / "sentences.yaml").read_text(encoding="utf-8"))
    texts = {
        language: [
            sentence,
            *(ROOT / "scripts" / "training" / "sentences" / f"{language}.txt")
            .read_text(encoding="utf-8")
            .split("\n")[:3],
        ]
        for language, sentence in told.items()
    }
    languages = sorted(texts)
    return [
        {
            "text": texts[languages[place % len(languages)]][place // len(languages)],
            "language": languages[place % len(languages)],
            "seed": 1_000 + place,
            "steps": 4,
        }
        for place in range(CALLERS)
    ]


def apart(together: Sequence[Samples], alone: Sequence[Samples]) -> list[float]:
    """Answer how far each answer lies from what its caller should hear."""
    return [distance(one, other) for one, other in zip(together, alone, strict=True)]


def test_thirty_two_callers_each_hear_what_they_would_hear_alone(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"

    def speak(fields: dict[str, object]) -> Samples:
        return heard(requests.post(url, json=fields, timeout=DEADLINE_S))

    with ThreadPoolExecutor(CALLERS) as threads:
        together = list(threads.map(speak, wishes()))
    alone = [speak(fields) for fields in wishes()]

    assert max(apart(together, alone)) < SAME
    # The same check finds two answers that have been swapped.
    swapped = [together[1], together[0], *together[2:]]
    assert [distance < SAME for distance in apart(swapped, alone)] == [False, False] + [True] * 30
