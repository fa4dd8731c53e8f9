"""Writes the manifests of the shards, and of their scalers, from ``config/placement.yaml``.

``make k8s`` writes them, ``--check`` tells which are out of date.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.shards import FILE, Shard, Shards, load_placement, models_of

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = "config/catalogue.yaml"
PLACEMENT: Final = "production"
FOLDER: Final = f"k8s/shards/{PLACEMENT}"
RULES: Final = "k8s/components/monitoring/prometheusrule.yaml"
RULES_FROM: Final = ("config/monitoring/objectives.yaml", "config/monitoring/rules.yaml")
DASHBOARD: Final = "k8s/components/monitoring/dashboard.yaml"
DASHBOARD_FROM: Final = "config/monitoring/dashboard.json"
PORT: Final = 8000
NAMESPACE: Final = "f5serve"
HEADING: Final = "# Made from config/placement.yaml by `make k8s`; change it there.\n"
# What the routers say waits for each language, in seconds of speech: the honest unit of load, since one
# request may ask for a word or for a page.
QUEUE_METRIC: Final = "f5serve_queued_audio_seconds"
QUEUED_S_PER_POD: Final = 30
SCALE_DOWN_QUIET_S: Final = 900
PROMETHEUS: Final = "http://prometheus-operated.monitoring.svc:9090"
# Gibibytes of one pod: itself, and what each model adds (weights, once read and once on the device or
# in use; unpacked archive).
POD_MEMORY_GIB: Final = 2
MODEL_MEMORY_GIB: Final = 4
MODEL_DISK_GIB: Final = 3

Manifest = dict[str, Any]


class _Quoted(str):
    """A text that is written in quotes, such as a language code."""

    __slots__ = ()


class _Block(str):
    """A text of several lines that is written as it is."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, and language codes in quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent a list within a mapping, too."""
        super().increase_indent(flow, indentless=False)


_Dumper.add_representer(
    _Quoted,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'),
)
_Dumper.add_representer(
    _Block,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|"),
)


def main(argv: list[str] | None = None) -> int:
    """Write the manifests, or compare them.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.render_shards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args(argv)
    try:
        catalogue = load_catalogue(options.root / CATALOGUE)
        files = render(catalogue, load_placement(options.root / FILE, catalogue, PLACEMENT))
        files[RULES] = prometheus_rule(options.root)
        files[DASHBOARD] = dashboard(options.root)
    except ConfigurationError as error:
        print(f"render_shards: {error}", file=sys.stderr)
        return 1
    stale = outdated(options.root, files)
    if options.check:
        for name in stale:
            print(f"render_shards: {name} is out of date; run make k8s", file=sys.stderr)
        return 1 if stale else 0
    write(options.root, files, stale)
    print(f"render_shards: {len(stale)} of {len(files)} files changed")
    return 0


def render(catalogue: Catalogue, shards: Shards) -> dict[str, str]:
    """Answer every file that a placement makes, by its path within the repository."""
    documents: dict[str, list[Manifest]] = {
        f"{FOLDER}/kustomization.yaml": [_all_shards(catalogue, shards)],
        "k8s/components/autoscaling-hpa/scalers.yaml": [_hpa(shard) for shard in shards],
        "k8s/components/autoscaling-keda/scalers.yaml": [_keda(shard) for shard in shards],
    }
    for shard in shards:
        documents[f"{FOLDER}/{shard.name}/kustomization.yaml"] = [_shard(catalogue, shard)]
    return {name: dump(documents[name]) for name in sorted(documents)}


def prometheus_rule(root: Path) -> str:
    """Answer the rules of ``config/monitoring``, as the Prometheus operator takes them.

    Raises:
        ConfigurationError: If a file of rules cannot be read.
    """
    groups: list[Manifest] = []
    for name in RULES_FROM:
        try:
            groups += yaml.safe_load((root / name).read_text(encoding="utf-8"))["groups"]
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{root / name}: no rules can be read there ({error})"
            ) from error
    for rule in (rule for group in groups for rule in group["rules"]):
        if "\n" in rule["expr"]:
            rule["expr"] = _Block(rule["expr"])
    metadata = {
        "name": "f5serve",
        "namespace": NAMESPACE,
        "labels": {"app.kubernetes.io/name": "f5serve"},
    }
    manifest: Manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": {"groups": groups},
    }
    return dump([manifest]).replace("config/placement.yaml", "config/monitoring", 1)


def dashboard(root: Path) -> str:
    """Answer the dashboard as a ConfigMap with the label by which Grafana's sidecar finds it.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    try:
        text = (root / DASHBOARD_FROM).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{root / DASHBOARD_FROM}: cannot be read ({error})") from error
    labels = {"app.kubernetes.io/name": "f5serve", "grafana_dashboard": _Quoted("1")}
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "f5serve-dashboard", "namespace": NAMESPACE, "labels": labels},
        "data": {"f5serve.json": _Block(text)},
    }
    return dump([manifest]).replace("config/placement.yaml", "config/monitoring", 1)


def outdated(root: Path, files: Mapping[str, str]) -> list[str]:
    """Answer the files that differ, are missing, or belong to a shard that is no more."""
    different = [name for name, text in files.items() if _read(root / name) != text]
    left = [
        path.relative_to(root).as_posix()
        for path in sorted((root / FOLDER).rglob("*.yaml"))
        if path.relative_to(root).as_posix() not in files
    ]
    return [*different, *left]


def write(root: Path, files: Mapping[str, str], stale: list[str]) -> None:
    """Bring some files up to date; one that is not among the rendered is removed."""
    for name in stale:
        path = root / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name], encoding="utf-8")
            continue
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def backends(catalogue: Catalogue, shards: Shards) -> dict[str, str]:
    """Answer the address of each model's shard, as a router is told."""
    return {
        name: f"http://{_name(shard)}.{NAMESPACE}.svc:{PORT}"
        for shard in shards
        for name in models_of(shard, catalogue)
    }


def dump(documents: list[Manifest]) -> str:
    """Write manifests as YAML, in the order given."""
    texts = [
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120) for document in documents
    ]
    return HEADING + "---\n".join(texts)


def _name(shard: Shard) -> str:
    return f"f5serve-shard-{shard.name}"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _all_shards(catalogue: Catalogue, shards: Shards) -> Manifest:
    told = json.dumps(backends(catalogue, shards), indent=2)
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [shard.name for shard in shards],
        # The digest in its name restarts the routers when an address changes.
        "configMapGenerator": [
            {"name": "f5serve-backends", "literals": [_Block(f"F5SERVE_BACKENDS={told}\n")]}
        ],
    }


def _shard(catalogue: Catalogue, shard: Shard) -> Manifest:
    names = models_of(shard, catalogue)
    manifest: Manifest = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../../base/shard"],
        "nameSuffix": f"-{shard.name}",
        "labels": [
            {
                "pairs": {"f5serve/shard": _Quoted(shard.name)},
                "includeSelectors": True,
                "includeTemplates": True,
            }
        ],
    }
    if shard.gpus:
        manifest["components"] = ["../../../components/gpu"]
    manifest["patches"] = [
        {"target": {"kind": "Deployment"}, "patch": dump_patch(_pod(shard, names))}
    ]
    return manifest


def dump_patch(operations: list[Manifest]) -> _Block:
    """Write a JSON patch, one operation a line."""
    lines = (json.dumps(operation, ensure_ascii=False) for operation in operations)
    return _Block("[" + ",\n ".join(lines) + "]\n")


def _pod(shard: Shard, names: tuple[str, ...]) -> list[Manifest]:
    memory = POD_MEMORY_GIB + MODEL_MEMORY_GIB * len(names)
    disk = 1 + MODEL_DISK_GIB * len(names)
    container = "/spec/template/spec/containers/0"
    annotations = {
        "f5serve/languages": ",".join(shard.languages),
        "f5serve/placement": PLACEMENT,
    }
    values: dict[str, object] = {
        "/spec/replicas": shard.replicas,
        f"{container}/resources/requests/memory": f"{memory}Gi",
        f"{container}/resources/limits/memory": f"{memory}Gi",
        f"{container}/resources/requests/ephemeral-storage": f"{disk}Gi",
        f"{container}/resources/limits/ephemeral-storage": f"{disk + 1}Gi",
        "/spec/template/spec/volumes/0/emptyDir/sizeLimit": f"{disk}Gi",
    }
    if shard.gpus > 1:
        for kind in ("requests", "limits"):
            values[f"{container}/resources/{kind}/nvidia.com~1gpu"] = str(shard.gpus)
    models = {"name": "F5SERVE_MODELS", "value": ",".join(names)}
    return [
        {"op": "add", "path": "/spec/template/metadata/annotations", "value": annotations},
        {"op": "add", "path": f"{container}/env/-", "value": models},
        *({"op": "replace", "path": path, "value": value} for path, value in values.items()),
    ]


def _hpa(shard: Shard) -> Manifest:
    metric = {
        "type": "External",
        "external": {
            "metric": {
                "name": QUEUE_METRIC,
                "selector": {
                    "matchExpressions": [
                        {
                            "key": "language",
                            "operator": "In",
                            "values": [_Quoted(code) for code in shard.languages],
                        }
                    ]
                },
            },
            "target": {"type": "AverageValue", "averageValue": str(QUEUED_S_PER_POD)},
        },
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _scaler_metadata(shard),
        "spec": {
            "scaleTargetRef": _target(shard),
            "minReplicas": shard.replicas,
            "maxReplicas": shard.most_replicas,
            "metrics": [metric],
            "behavior": _behaviour(),
        },
    }


def _keda(shard: Shard) -> Manifest:
    query = f'sum({QUEUE_METRIC}{{language=~"{"|".join(shard.languages)}"}})'
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _scaler_metadata(shard),
        "spec": {
            "scaleTargetRef": _target(shard),
            "minReplicaCount": shard.replicas,
            "maxReplicaCount": shard.most_replicas,
            "pollingInterval": 15,
            "cooldownPeriod": SCALE_DOWN_QUIET_S,
            # Without an answer of Prometheus, what runs goes on.
            "fallback": {"failureThreshold": 3, "replicas": shard.replicas},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behaviour()}},
            "triggers": [
                {
                    "type": "prometheus",
                    "metricType": "AverageValue",
                    "metadata": {
                        "serverAddress": PROMETHEUS,
                        "query": query,
                        "threshold": str(QUEUED_S_PER_POD),
                    },
                }
            ],
        },
    }


def _scaler_metadata(shard: Shard) -> Manifest:
    return {
        "name": _name(shard),
        "namespace": NAMESPACE,
        "labels": {"app.kubernetes.io/name": "f5serve", "f5serve/shard": _Quoted(shard.name)},
    }


def _target(shard: Shard) -> Manifest:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": _name(shard)}


def _behaviour() -> Manifest:
    """Up at once, since a pod takes minutes to load; down slowly, for the same reason."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": SCALE_DOWN_QUIET_S,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
        },
    }


if __name__ == "__main__":
    sys.exit(main())
