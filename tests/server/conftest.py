from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.server import TorchServe
from tests.server.harness import DEMO_ROUTER_WORKERS, demo_archives, serve_archives, with_config


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts a real server."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """The demo profile: eight language models and the router with few workers."""
    folder = tmp_path_factory.mktemp("demo")
    few = {"minWorkers": DEMO_ROUTER_WORKERS, "maxWorkers": DEMO_ROUTER_WORKERS}
    archives = [
        with_config(archive, folder / "archives", few) if archive.stem == "tts" else archive
        for archive in demo_archives()
    ]
    with serve_archives(archives, folder) as running:
        yield running
