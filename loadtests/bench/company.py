"""Does a server say the same to one caller among several as to the same caller alone?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from f5serve.engine.mel import HOP_SAMPLES, LogMel
from loadtests.bench.contestants import Server, Text
from loadtests.samples import percentile

COMPANIONS: Final = 8
"""As many as the largest batch of any contestant."""


def in_company(server: Server, texts: Sequence[Text]) -> dict[str, float | int | None]:
    """Ask for texts one after the other, then for all at once, and compare the answers.

    Returns:
        Relative L2 distances of log-mels: of the middle text, and of the worst.
    """
    alone = [server.ask(text, keep=True).samples for text in texts]
    with ThreadPoolExecutor(len(texts)) as threads:
        together = list(threads.map(lambda text: server.ask(text, keep=True).samples, texts))
    apart = [mel_distance(one, other) for one, other in zip(alone, together, strict=True)]
    # max() would pass over a distance that is no number.
    return {"texts": len(texts), "median": percentile(apart, 50), "worst": float(np.max(apart))}


def mel_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Compare two recordings at 24 kHz by the relative L2 distance of their log-mels.

    Returns:
        1 where they differ in length by a frame or more, or where there is nothing to compare.
    """
    length = min(len(one), len(other))
    if abs(len(one) - len(other)) >= HOP_SAMPLES or not length:
        return 1.0
    log_mel = LogMel(torch.device("cpu"))
    first, second = (log_mel(torch.from_numpy(samples[:length])) for samples in (one, other))
    return float((first - second).norm() / first.norm())
