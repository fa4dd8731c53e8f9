from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.edges import RunningEdge, running_edge
from tests.edge.stand_in import Backend, stand_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts the real nginx."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.tool("nginx"))


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    """What is behind the edges of all tests."""
    with stand_in() as running:
        yield running


@pytest.fixture(scope="session")
def shared_edge(
    tmp_path_factory: pytest.TempPathFactory, backend: Backend
) -> Iterator[RunningEdge]:
    """An edge without keys and limits, and little patience."""
    folder = tmp_path_factory.mktemp("edge")
    patience = {"header_timeout_s": 1, "body_timeout_s": 1, "idle_timeout_s": 1}
    with running_edge(folder, backend, **patience) as edge:
        yield edge


@pytest.fixture
def edge(shared_edge: RunningEdge) -> RunningEdge:
    """The same, with nothing asked of what is behind it yet."""
    shared_edge.backend.seen.clear()
    return shared_edge
