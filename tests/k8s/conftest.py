from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import pytest

from f5serve.catalogue import Catalogue, load_catalogue
from scripts.manifests.variants import VARIANTS, Manifest, render
from scripts.render_shards import CATALOGUE, ROOT

Rendered = Mapping[str, list[Manifest]]
Find = Callable[[list[Manifest], str, str], Manifest]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What renders needs kubectl."""
    for item in items:
        if "rendered" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.tool("kubectl"))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


@pytest.fixture(scope="session")
def rendered() -> Rendered:
    """Every variant, rendered once."""
    return {name: render(ROOT, variant) for name, variant in VARIANTS.items()}


@pytest.fixture
def production(rendered: Rendered) -> list[Manifest]:
    """Production with a scaler and both ways in, to be damaged."""
    return copy.deepcopy(rendered["production, keda"])
