"""The full profile with small stand-ins: everything as published but for the sizes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from f5serve.catalogue import Catalogue, load_catalogue
from scripts.make_stand_ins import make_model
from scripts.package import CATALOGUE, ROOT

SIZES = {
    "v1_base": {"dim": 128, "depth": 2, "heads": 2, "text_dim": 64, "conv_layers": 1},
    "v0_base": {"dim": 128, "depth": 2, "heads": 2, "text_dim": 64, "conv_layers": 1},
    "v0_small": {"dim": 64, "depth": 2, "heads": 1, "text_dim": 64, "conv_layers": 1},
}


def copy_of_repository(root: Path) -> Path:
    """Copy the parts that packaging reads, which may be changed."""
    hidden = shutil.ignore_patterns("__pycache__")
    for name in ("handlers", "config"):
        shutil.copytree(ROOT / name, root / name, ignore=hidden)
    return root


def edit_catalogue(root: Path, change: Any) -> Catalogue:
    """Let ``change`` alter the parsed catalogue of a copy of the repository, and answer it checked."""
    path = root / CATALOGUE
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load_catalogue(path)


def shrink(document: dict[str, Any]) -> None:
    """Give the published architectures small sizes; their switches stay."""
    for name, sizes in SIZES.items():
        document["architectures"][name] |= sizes


def place_stand_ins(root: Path, catalogue: Catalogue, name: str, *, lean: bool = False) -> None:
    """Put a model's stand-in files where fetched ones lie."""
    hub = root / "hub"
    make_model(catalogue, name, hub, lean=lean)
    place_as_fetched(hub, root)


def place_as_fetched(hub: Path, root: Path) -> None:
    """Move a folder of hub repositories (``<owner>/<name>/…``) to where ``make fetch`` puts them."""
    for repository in hub.glob("*/*"):
        target = root / "models" / f"{repository.parent.name}_{repository.name}"
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            repository.rename(target)
