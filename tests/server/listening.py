"""What a test hears: samples of an answer, their level, and how far two answers lie apart."""

from __future__ import annotations

import io

import numpy as np
import requests
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]
TIMEOUT_S = 60.0


def post(url: str, **fields: object) -> requests.Response:
    """Send a request as JSON."""
    return requests.post(url, json=fields, timeout=TIMEOUT_S)


def heard(answer: requests.Response) -> Samples:
    """Answer the samples of a WAV answer; it must be 24 kHz mono."""
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["Content-Type"] == "audio/wav"
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert (rate_hz, samples.ndim) == (24_000, 1)
    return np.asarray(samples, dtype=np.float32)


def level_dbfs(samples: Samples) -> float:
    """Answer the RMS level in dB below full scale."""
    return float(10 * np.log10(max(float(np.mean(np.square(samples, dtype=np.float64))), 1e-12)))


def distance(one: Samples, other: Samples) -> float:
    """Answer the relative L2 distance; infinite if the lengths differ."""
    if len(one) != len(other):
        return float("inf")
    return float(np.linalg.norm(one - other) / max(float(np.linalg.norm(other)), 1e-9))


def refused(answer: requests.Response, status: int) -> dict[str, object]:
    """Answer the problem document of a refusal with that status."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["status"] == status
    assert document["detail"]
    assert document["request_id"]
    return document
