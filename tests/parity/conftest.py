"""The upstream package warns while it is imported; our own warnings stay errors."""

from __future__ import annotations

import warnings

import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip(
        "f5_tts.model", reason="the upstream package is not installed (make setup-dev)"
    )
    pytest.importorskip("vocos", reason="the vocos package is not installed (make setup-dev)")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    # Sums are then taken in one order on every machine.
    torch.set_num_threads(1)
