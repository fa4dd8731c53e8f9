"""A stand-in hub with the catalogue's repositories, small, and a place to fetch them into."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from f5serve.catalogue import Catalogue, load_catalogue
from scripts.fetch import CATALOGUE, ROOT
from scripts.hub.client import Hub
from scripts.hub.fetching import Options, Row, fetch
from scripts.hub.wanted import chosen_models, wanted_repositories
from tests.hub.stand_in import StandInHub, pinned_commits

CHECKPOINT_BYTES = 40_000
FREE = "SPRINGLab/F5-Hindi-24KHz"
VOCODER = "charactr/vocos-mel-24khz"
SPANISH = "jpgallegoar/F5-Spanish"
CLIENT = "scripts.hub.client"
FEW = (FREE, VOCODER, SPANISH, "SWivid/F5-TTS")


@dataclass(kw_only=True)
class Scene:
    """A place to fetch into, and a hub.

    Attributes:
        root: Has ``config/catalogue.yaml``.
        hub: The stand-in.
        repository_s: The catalogue as it is committed.
        lines: What was said.
    """

    root: Path
    hub: StandInHub
    repository_s: Catalogue
    lines: list[str] = field(default_factory=list)

    def fetch(self, *languages: str, **options: bool) -> tuple[Row, ...]:
        catalogue = self.catalogue()
        wanted = wanted_repositories(catalogue, chosen_models(catalogue, languages))
        client = Hub(endpoint=self.hub.endpoint, say=self.lines.append, waits_s=(0.0, 0.0, 0.0))
        return fetch(self.root, client, wanted, replace(Options(accept=True), **options))

    def catalogue(self) -> Catalogue:
        """The scene's own, read again only where a test changed it."""
        path = self.root / CATALOGUE
        unchanged = path.read_bytes() == (ROOT / CATALOGUE).read_bytes()
        return self.repository_s if unchanged else load_catalogue(path)

    def change_catalogue(self, old: str, new: str) -> None:
        path = self.root / CATALOGUE
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def models(self) -> Path:
        return self.root / "models"

    def left_over(self) -> list[str]:
        """Names under ``models/`` that are no files of a repository."""
        return [path.name for path in self.models.rglob(".*") if path.name != ".lock"]


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Neither a token nor an address of this machine's reaches a test, nor a wait within the client."""
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "F5SERVE_ACCEPT_LICENCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    clock = SimpleNamespace(**{**vars(time), "sleep": lambda _seconds: None})
    for module in ("huggingface_hub.file_download", "huggingface_hub.utils._http", CLIENT):
        monkeypatch.setattr(f"{module}.time", clock)
    yield
    huggingface_hub.close_session()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """The catalogue's repositories, each with a file that is never to be taken."""
    folder = tmp_path_factory.mktemp("published")
    for one in wanted_repositories(catalogue, chosen_models(catalogue, [])):
        for path in one.files:
            store(folder / one.repository / path)
        store(folder / one.repository / "model_0.pt")
        (folder / one.repository / "README.md").write_text(
            f"---\nlicense: {one.licence.lower()}\n---\n# A card\n", encoding="utf-8"
        )
    return folder


@pytest.fixture
def scene(tmp_path: Path, published: Path, catalogue: Catalogue) -> Iterator[Scene]:
    root = tmp_path / "root"
    (root / "config").mkdir(parents=True)
    shutil.copy(ROOT / CATALOGUE, root / CATALOGUE)
    for repository in FEW:
        shutil.copytree(published / repository, tmp_path / "published" / repository)
    hub = StandInHub(
        folder=tmp_path / "published",
        tokens=frozenset({"hf_good"}),
        commits=pinned_commits(catalogue),
    )
    with hub.running():
        yield Scene(root=root, hub=hub, repository_s=catalogue)


@pytest.fixture
def everything(scene: Scene, published: Path) -> None:
    """The scene's hub has all repositories, not a few."""
    shutil.copytree(published, scene.hub.folder, dirs_exist_ok=True)


def store(path: Path, size: int = CHECKPOINT_BYTES) -> None:
    """Write a file whose content follows from its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".txt":
        path.write_text(f"a\nb\n{path.parent.name}\n", encoding="utf-8")
    elif path.suffix == ".yaml":
        path.write_text("feature_extractor: {}\n", encoding="utf-8")
    else:
        path.write_bytes(random.Random(str(path.name)).randbytes(size))  # noqa: S311  # no secret
