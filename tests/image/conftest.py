"""The image, really built from Debian's and PyPI's packages, and its file system mounted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.image import BASE, ROOT, Builder, Built, build, make_base

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A build takes minutes and two gigabytes: only on request."""
    asked = "image" in str(config.getoption("-m"))
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.image)
            item.add_marker(pytest.mark.tool("buildah"))
            item.add_marker(pytest.mark.tool("unshare"))
            if not asked:
                item.add_marker(pytest.mark.skip(reason="builds an image: make image-test"))
            elif os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root, to mount and to change root"))


@pytest.fixture(scope="session")
def builder() -> Iterator[Builder]:
    """Answer buildah with a place of its own, kept so that a second run is short."""
    storage = ROOT / "build" / "images"
    yield Builder(program="buildah", storage=storage)
    # buildah leaves its folder mounted onto itself, and `make clean` could not remove it.
    subprocess.run(["umount", str(storage / "root" / "overlay")], check=False, capture_output=True)  # noqa: S603, S607


@pytest.fixture(scope="session")
def built(builder: Builder) -> dict[str, Built]:
    """Both targets."""
    make_base(builder, BASE, ROOT / "build" / "base")
    return {name: build(builder, name, f"f5serve:{name}", BASE) for name in ("serve", "demo")}


@pytest.fixture(scope="session")
def settings(builder: Builder, built: dict[str, Built]) -> Any:
    """What the image tells an engine."""
    inspected = json.loads(builder.ask("inspect", "--type", "image", "f5serve:serve"))
    return inspected["Docker"]["config"]


@pytest.fixture(scope="session")
def trees(builder: Builder, built: dict[str, Built]) -> Iterator[dict[str, Path]]:
    """Where the file systems of both targets are mounted."""
    containers = {
        name: builder.ask("from", "--pull-never", f"f5serve:{name}").strip() for name in built
    }
    try:
        yield {
            name: Path(builder.ask("mount", container).strip())
            for name, container in containers.items()
        }
    finally:
        for container in containers.values():
            subprocess.run(builder.command("rm", container), check=True, capture_output=True)  # noqa: S603


@pytest.fixture(scope="session")
def unshare() -> str:
    """The program that gives a process a view of its own of the file system."""
    found = shutil.which("unshare")
    assert found is not None
    return found
