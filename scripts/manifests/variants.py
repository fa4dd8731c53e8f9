"""Everything that ``k8s/`` can be rendered to: the overlays, and each component at least once."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from f5serve.errors import ConfigurationError

Manifest = dict[str, Any]

RENDER_DEADLINE_S: Final = 60
IMAGE: Final = "registry.example.com/f5serve"
DIGEST: Final = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to put the parts together.

    Attributes:
        resources: Folders below ``k8s/``.
        components: Components below ``k8s/components/``.
    """

    resources: tuple[str, ...]
    components: tuple[str, ...] = ()


_PRODUCTION: Final = ("base/cluster", "base/router", "shards/production")
VARIANTS: Final[Mapping[str, Variant]] = {
    "laptop": Variant(resources=("overlays/laptop",)),
    "laptop, monitored": Variant(resources=("overlays/laptop",), components=("monitoring",)),
    "single-gpu": Variant(resources=("overlays/single-gpu",)),
    "single-gpu, mig": Variant(resources=("overlays/single-gpu",), components=("mig",)),
    "production": Variant(resources=("overlays/production",)),
    "production, hpa": Variant(
        resources=("overlays/production",), components=("autoscaling-hpa", "mig")
    ),
    "production, keda": Variant(
        resources=("overlays/production",),
        components=("autoscaling-keda", "ingress", "voice-store"),
    ),
    "production, fetching": Variant(resources=_PRODUCTION, components=("model-source-init",)),
    "production, image volume": Variant(resources=_PRODUCTION, components=("model-source-oci",)),
    "production, demo": Variant(resources=_PRODUCTION, components=("model-source-demo",)),
}


def render(root: Path, variant: Variant) -> list[Manifest]:
    """Answer the manifests of a variant.

    Raises:
        ConfigurationError: If kubectl is missing, or does not render it.
    """
    k8s = root / "k8s"
    with tempfile.TemporaryDirectory(prefix="f5serve-k8s-") as folder:
        # Kustomize takes relative paths only; links on the way would be followed from where they lead.
        here = Path(folder).resolve()
        content: Manifest = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [_from(here, k8s / name) for name in variant.resources],
            "components": [_from(here, k8s / "components" / name) for name in variant.components],
            "images": [{"name": "f5serve", "newName": IMAGE, "digest": DIGEST}],
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return kustomize(here)


def kustomize(folder: Path) -> list[Manifest]:
    """Render one folder.

    Raises:
        ConfigurationError: If kubectl is missing, or finds a mistake.
    """
    if shutil.which("kubectl") is None:
        raise ConfigurationError(
            "kubectl is not installed; 1.27 or newer renders the manifests (kubectl kustomize)"
        )
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)],
        capture_output=True,
        text=True,
        timeout=RENDER_DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        raise ConfigurationError(f"kubectl kustomize {folder}: {done.stderr.strip()}")
    if done.stderr.strip():
        raise ConfigurationError(f"kubectl kustomize {folder} warns: {done.stderr.strip()}")
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def _from(here: Path, target: Path) -> str:
    return os.path.relpath(target.resolve(), here)
