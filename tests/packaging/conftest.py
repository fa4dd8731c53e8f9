from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from f5serve.catalogue import load_catalogue
from scripts.archive import ArchiveSpec, build_archive
from scripts.package import CATALOGUE, ROOT, Job, model_job, router_job
from scripts.sources import VOICES, read_voices
from tests.packaging.full_support import copy_of_repository

Build = Callable[[ArchiveSpec], Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds an archive in a folder of its own, each time anew."""

    def build_once(spec: ArchiveSpec) -> Path:
        number = len(list(tmp_path.glob("build-*")))
        workspace = tmp_path / f"build-{number}"
        workspace.mkdir()
        return build_archive(spec, workspace)

    return build_once


@pytest.fixture(scope="session")
def model() -> Job:
    """The French demo model, as packaging sees it."""
    catalogue = load_catalogue(ROOT / CATALOGUE)
    return model_job(ROOT, catalogue, "f5_fr", "demo", read_voices(ROOT / VOICES))


@pytest.fixture(scope="session")
def router() -> Job:
    """The router for two models."""
    catalogue = load_catalogue(ROOT / CATALOGUE)
    return router_job(ROOT, catalogue, ("f5_fr", "f5_fi"), "demo", read_voices(ROOT / VOICES))


@pytest.fixture
def tiny_spec(tmp_path: Path) -> ArchiveSpec:
    """An archive of a few lines, which may be changed."""
    package = tmp_path / "source" / "f5serve"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""Small."""\n', encoding="utf-8")
    (package / "base.py").write_text('class Base:\n    """Nothing."""\n', encoding="utf-8")
    handler = tmp_path / "source" / "tiny_handler.py"
    handler.write_text(
        "from f5serve.base import Base\n\n\nclass Tiny(Base):\n    pass\n", encoding="utf-8"
    )
    return ArchiveSpec(
        name="tiny",
        handler=handler,
        package=package,
        without=frozenset(),
        model_config={"minWorkers": 1, "handler": {"language": "no"}},
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the parts that packaging reads, which may be damaged."""
    return copy_of_repository(tmp_path / "repository")
