from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.session_support import TIMEOUT_S, Caller


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def caller(clock: list[float]) -> Iterator[Caller]:
    made = Caller(clock)
    yield made
    made.connection.gone.set()
    made.thread.join(TIMEOUT_S)
