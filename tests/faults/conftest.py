from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.launch import ServerOptions, group_members
from scripts.ports import Ports
from scripts.server import TorchServe
from tests.faults.breaking import (
    BROKEN,
    GATHERING,
    GATHERING_S,
    GOOD_MODELS,
    HASTY_S,
    breakable_archive,
    renamed_router,
    wait_ready,
)
from tests.server.harness import demo_archives, with_config


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts a real server."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """The router twice, the second in a hurry; French breaks on demand, Finnish gathers long, Italian is in ruins."""
    folder = tmp_path_factory.mktemp("fragile")
    store = folder / "store"
    store.mkdir()
    archives = {path.stem: path for path in demo_archives()}
    router = with_config(archives["tts"], folder / "four", {"minWorkers": 4, "maxWorkers": 4})
    (store / "tts.mar").symlink_to(router)
    (store / "f5_es.mar").symlink_to(archives["f5_es"].absolute())
    waiting = {"maxBatchDelay": round(GATHERING_S * 1000)}
    with_config(archives[GATHERING], store, waiting)
    breakable_archive(archives["f5_fr"], store)
    renamed_router(archives["tts"], store / "hasty.mar", deadline_s=HASTY_S)
    whole = archives[BROKEN].read_bytes()
    (store / f"{BROKEN}.mar").write_bytes(whole[: len(whole) // 2])
    options = ServerOptions(
        store=store,
        models=(*GOOD_MODELS, BROKEN),
        ports=Ports.free(),
        logs=folder / "logs",
        threads=1,
    )
    server = TorchServe(options)
    server.start()
    try:
        leader = server.pid
        wait_ready(server, *GOOD_MODELS)
        yield server
    finally:
        server.stop(drain_s=0)
    assert group_members(leader) == [], "processes of the server are left"


@pytest.fixture
def server(fragile: TorchServe) -> TorchServe:
    """The same, all of it recovered from the test before."""
    wait_ready(fragile, *GOOD_MODELS)
    return fragile
