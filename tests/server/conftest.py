from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.server import TorchServe
from tests.server.harness import (
    DEMO_ROUTER_WORKERS,
    RoutedServer,
    demo_archives,
    router_archive,
    serve_archives,
    with_config,
)
from tests.unit.routing_support import fake_model, noise


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts a real server."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """The demo profile: eight language models and the router with few workers.

    The French one waits longer for a batch and has room for more requests than the tests send it at
    once, so that a slow machine changes neither.
    """
    folder = tmp_path_factory.mktemp("demo")
    changes: dict[str, dict[str, object]] = {
        "tts": {"minWorkers": DEMO_ROUTER_WORKERS, "maxWorkers": DEMO_ROUTER_WORKERS},
        "f5_fr": {"jobQueueSize": 16, "maxBatchDelay": 100},
    }
    archives = [
        with_config(archive, folder / "archives", changes[archive.stem])
        if archive.stem in changes
        else archive
        for archive in demo_archives()
    ]
    with serve_archives(archives, folder) as running:
        yield running


@pytest.fixture(scope="session")
def router_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoutedServer]:
    """A real TorchServe with one worker of the router; the language models are a stand-in's."""
    folder = tmp_path_factory.mktemp("router")
    with fake_model(noise) as model:
        environment = {"F5SERVE_INFERENCE_ADDRESS": model.url.removesuffix("/predictions/f5_fr")}
        archive = router_archive(folder)
        with serve_archives([archive], folder / "server", environment=environment) as running:
            yield RoutedServer(running, model)


@pytest.fixture
def routed(router_alone: RoutedServer) -> Iterator[RoutedServer]:
    """The same, answering as it does at first, and with nothing asked of it yet."""
    router_alone.model.answer = noise
    router_alone.model.requests.clear()
    yield router_alone
    router_alone.model.answer = noise
