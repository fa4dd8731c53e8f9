"""Real TorchServe processes for tests: archives in, addresses out, nothing left behind.

A server gets free ports, a log folder of its own and few workers; it is started and stopped by the code
that ``make serve`` uses.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import MODEL_CONFIG, ArchiveSpec, build_archive, dump_yaml, rewrite_with
from scripts.launch import ServerOptions, group_members
from scripts.package import CATALOGUE, ROOT, Workplace, package, router_job
from scripts.ports import Ports
from scripts.server import TorchServe
from scripts.sources import VOICES, read_voices
from scripts.store import require_profile
from tests.unit.routing_support import FakeModel

Server = TorchServe
"""A running server, as tests see it: ``inference_url``, ``management_url``, ``pid``, ``logs()``."""


@dataclass(frozen=True, slots=True)
class RoutedServer:
    """A server with the router alone, and the stand-in that speaks for it."""

    server: TorchServe
    model: FakeModel

    @property
    def url(self) -> str:
        """Where to ask for speech."""
        return f"{self.server.inference_url}/predictions/tts"


DEMO_ROUTER_WORKERS = 6
"""Enough for batches to form, few enough to start soon."""


@contextlib.contextmanager
def serve_archives(
    archives: Sequence[Path],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    workers: int = 0,
    dtype: str = "",
    **properties: str,
) -> Iterator[TorchServe]:
    """Serve some archives until the block ends.

    Args:
        archives: ``.mar`` files; each model is named for its file.
        folder: An empty folder for the store and the logs.
        environment: Further variables for the workers.
        workers: Of each language model; 0 for as many as its archive says.
        dtype: Precision of each language model; nothing for what its archive says.
        properties: TorchServe properties that differ from ``config/config.properties``.

    Yields:
        The server, every model READY.
    """
    store = folder / "store"
    store.mkdir(parents=True)
    for archive in archives:
        (store / archive.name).symlink_to(archive.absolute())
    options = ServerOptions(
        store=store,
        models=tuple(archive.stem for archive in archives),
        ports=Ports.free(),
        logs=folder / "logs",
        properties=properties,
        environment=environment or {},
        threads=1,
        workers=workers,
        dtype=dtype,
    )
    with TorchServe(options) as server:
        leader = server.pid
        yield server
    assert group_members(leader) == [], "processes of the server are left"


def demo_archives() -> list[Path]:
    """Package the demo profile into the repository's store, where it is not up to date, and answer all."""
    catalogue = load_catalogue(ROOT / CATALOGUE)
    names = catalogue.select([])
    place = Workplace(root=ROOT, store=ROOT / "model_store", build=ROOT / "build")
    require_profile(place.store, "demo")
    package(place, catalogue, names, "demo")
    return [place.store / f"{name}.mar" for name in (*names, "tts")]


def router_archive(folder: Path) -> Path:
    """Build the demo profile's router alone, with one worker, for models that a test stands in for."""
    catalogue = load_catalogue(ROOT / CATALOGUE)
    names = catalogue.select([])
    job = router_job(ROOT, catalogue, names, "demo", read_voices(ROOT / VOICES))
    workspace = folder / "workspace"
    workspace.mkdir(parents=True)
    built = build_archive(job.spec, workspace)
    return with_config(built, folder / "archives", {"minWorkers": 1, "maxWorkers": 1})


def with_config(archive: Path, folder: Path, changes: Mapping[str, object]) -> Path:
    """Copy an archive, with other top-level keys in its ``model-config.yaml``.

    Args:
        archive: The archive.
        folder: Where the copy goes.
        changes: Such as ``{"minWorkers": 2}``.

    Returns:
        The copy, under the same name.
    """
    with zipfile.ZipFile(archive) as content:
        config: dict[str, Any] = yaml.safe_load(content.read(MODEL_CONFIG))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / archive.name
    rewrite_with(archive, target, {MODEL_CONFIG: dump_yaml({**config, **changes})})
    return target


def tiny_archive(
    name: str, folder: Path, code: str, config: Mapping[str, object] | None = None
) -> Path:
    """Build an archive around a few lines of code.

    Args:
        name: The model's name.
        folder: An empty folder.
        code: Source of a module with a class ``Base``, which has ``initialize`` and ``handle``.
        config: Keys of ``model-config.yaml`` that differ from one worker, batch 1, CPU.

    Returns:
        The archive.
    """
    source = folder / "source"
    package_folder = source / "f5serve"
    package_folder.mkdir(parents=True)
    (package_folder / "__init__.py").write_text("", encoding="utf-8")
    (package_folder / "base.py").write_text(code, encoding="utf-8")
    handler = source / "tiny_handler.py"
    handler.write_text(
        "from f5serve.base import Base\n\n\nclass Tiny(Base):\n    pass\n", encoding="utf-8"
    )
    spec = ArchiveSpec(
        name=name,
        handler=handler,
        package=package_folder,
        without=frozenset(),
        model_config={
            "minWorkers": 1,
            "maxWorkers": 1,
            "batchSize": 1,
            "maxBatchDelay": 1,
            "maxRetryTimeoutInSec": 60,
            "deviceType": "cpu",
            **(config or {}),
        },
    )
    workspace = folder / "workspace"
    workspace.mkdir()
    built = build_archive(spec, workspace)
    target = folder / built.name
    shutil.move(built, target)
    return target


def free_ports_in_a_row() -> int:
    """Answer the first of five ports that nothing uses."""
    for _ in range(100):
        base = random.randrange(20_000, 30_000)  # noqa: S311  # no secret
        with contextlib.suppress(ConfigurationError):
            Ports.from_base(base).require_free()
            return base
    raise AssertionError("no five ports in a row are free")
