"""Entry point of an archive whose model is a stub of known cost, for ``loadtests.bench.overhead``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from f5serve import handler
from f5serve.engine.checkpoint import read_vocab
from f5serve.engine.engine import SynthesisStats
from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.handler import SpeechHandler
from f5serve.settings import ModelSettings


def _stub(settings: ModelSettings, root: Path, device: str) -> object:  # noqa: ARG001  # as the original
    """Answer an engine that waits so many milliseconds a batch and answers two seconds of a tone an item."""
    cost_s = float(os.environ["F5SERVE_STUB_COST_MS"]) / 1000
    tone = (0.1 * np.sin(2 * np.pi * 200 * np.arange(48_000) / 24_000)).astype(np.float32)

    class Stub:
        vocabulary = Vocabulary(read_vocab(root / settings.vocabulary))
        dtype = "none"

        def reference_mel(self, samples: NDArray[np.float32]) -> torch.Tensor:
            return torch.zeros(len(samples) // 256 + 1, 100)

        def synthesize(
            self,
            items: Sequence[SampleItem],
            unwanted: Callable[[], bool],  # noqa: ARG002  # as the original
        ) -> tuple[list[NDArray[np.float32]], SynthesisStats]:
            time.sleep(cost_s)
            return [tone] * len(items), SynthesisStats(batches=1)

    return Stub()


class StubHandler(SpeechHandler):
    """The real handler around the stub."""

    def __init__(self) -> None:
        setattr(handler, "load_engine", _stub)  # noqa: B010  # the one seam there is
        super().__init__()
