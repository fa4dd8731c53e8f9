"""Rules for one pod: what every workload must say, whichever overlay it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from scripts.manifests.variants import Manifest

Policy = Callable[[Sequence[Manifest]], Iterator[str]]

# TorchServe's five and the supervisor's own: loopback only.
HIDDEN_PORTS: Final = frozenset({8080, 8081, 8082, 7070, 7071, 9000})
USER: Final = 10001
# TorchServe is given 20 s to end, and 5 s more when it must be killed.
STOP_S: Final = 25
VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> Iterator[Manifest]:
    """Answer the manifests of some kinds."""
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def named(manifest: Manifest) -> str:
    """Answer how a manifest is told about."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pod_of(workload: Manifest) -> Manifest:
    """Answer a workload's pod template."""
    template: Manifest = workload["spec"]["template"]
    return template


def environment_of(workload: Manifest) -> dict[str, str]:
    """Answer the variables that a workload's first container is given as values."""
    variables = pod_of(workload)["spec"]["containers"][0].get("env", [])
    return {one["name"]: one["value"] for one in variables if "value" in one}


def workloads(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Answer Deployments and Jobs."""
    return list(of_kind(manifests, "Deployment", "Job"))


def servers(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Answer the workloads that serve."""
    return list(of_kind(manifests, "Deployment"))


def hidden_ports_stay_hidden(manifests: Sequence[Manifest]) -> Iterator[str]:
    """TorchServe's ports stand in no manifest at all."""
    for manifest in manifests:
        for path, value in _ports(manifest):
            if value in HIDDEN_PORTS:
                yield f"{named(manifest)}: {path} opens {value}, which is TorchServe's; open 8000"


def containers_are_probed(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Start and readiness ask /readyz, liveness asks /healthz."""
    wanted = {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
    for workload in servers(manifests):
        for container in pod_of(workload)["spec"]["containers"]:
            for probe, path in wanted.items():
                asked = container.get(probe, {}).get("httpGet", {}).get("path")
                if asked != path:
                    yield f"{named(workload)}, {container['name']}: {probe} asks {asked}, not {path}"


def containers_are_bounded(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Memory and disk have requests and limits; CPU has a request and no limit."""
    for workload, container in _all_containers(manifests):
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        for name in ("memory", "ephemeral-storage"):
            if name not in requests or name not in limits:
                yield f"{_place(workload, container)}: no request or limit of {name}"
        if "cpu" not in requests or "cpu" in limits:
            yield f"{_place(workload, container)}: cpu has a request and no limit, which throttles"
    for workload in workloads(manifests):
        for volume in pod_of(workload)["spec"].get("volumes", []):
            if "emptyDir" in volume and not volume["emptyDir"].get("sizeLimit"):
                yield f"{named(workload)}: the volume {volume['name']} has no sizeLimit"


def containers_are_restricted(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Every container satisfies the restricted level, and has a root that is only read."""
    for workload, container in _all_containers(manifests):
        context = container.get("securityContext", {})
        wanted: dict[str, object] = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        for key, value in wanted.items():
            if context.get(key) != value:
                yield f"{_place(workload, container)}: securityContext.{key} is not {value}"


def pods_are_restricted(manifests: Sequence[Manifest]) -> Iterator[str]:
    """No token, no host, no volume that the restricted level forbids, a number for a user."""
    for workload in workloads(manifests):
        pod = pod_of(workload)["spec"]
        wanted: dict[str, object] = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "serviceAccountName": "f5serve",
        }
        for key, value in wanted.items():
            if pod.get(key) != value:
                yield f"{named(workload)}: {key} is not {value}"
        context = pod.get("securityContext", {})
        if not (context.get("runAsNonRoot") and context.get("fsGroup") == USER):
            yield f"{named(workload)}: the pod's securityContext lets it run as root, or has no fsGroup"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key):
                yield f"{named(workload)}: {key} is set"
        for volume in pod.get("volumes", []):
            if kinds := volume.keys() - VOLUMES - {"name"}:
                yield f"{named(workload)}: the volume {volume['name']} is a {', '.join(kinds)}"


def mounts_have_volumes(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What is mounted is there, and archives are only read by what serves."""
    for workload, container in _all_containers(manifests):
        volumes = {volume["name"] for volume in pod_of(workload)["spec"].get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{_place(workload, container)}: {mount['name']} is mounted and no volume"
            serves = container["name"] == "f5serve" and mount["name"] == "models"
            if serves and not mount.get("readOnly"):
                yield f"{_place(workload, container)}: the archives are mounted to be written"


def graces_are_long_enough(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A pod gets longer to end than preStop, draining and TorchServe's own end may take."""
    for workload in servers(manifests):
        pod, variables = pod_of(workload)["spec"], environment_of(workload)
        hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {})
        parts = (
            float(hook.get("seconds", 0)),
            float(variables.get("F5SERVE_DRAIN_DELAY_S", 5)),
            float(variables.get("F5SERVE_DRAIN_S", 120)),
            float(STOP_S),
        )
        grace = float(pod.get("terminationGracePeriodSeconds", 30))
        if not hook:
            yield f"{named(workload)}: no preStop; requests still come when it begins to end"
        if grace <= sum(parts):
            yield f"{named(workload)}: {grace:g} s of grace for preStop, delay, drain, stop of {parts} s"


def starts_are_waited_for(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A rollout is not given up while the startup probe still waits."""
    for workload in servers(manifests):
        probe = pod_of(workload)["spec"]["containers"][0].get("startupProbe", {})
        patience = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        deadline = workload["spec"].get("progressDeadlineSeconds", 600)
        if deadline <= patience:
            yield f"{named(workload)}: progressDeadlineSeconds {deadline} ends before {patience} s"


def gpus_are_not_surged(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Where all GPUs are taken, a surge pod is never scheduled."""
    for workload in servers(manifests):
        limits = pod_of(workload)["spec"]["containers"][0].get("resources", {}).get("limits", {})
        update = workload["spec"].get("strategy", {}).get("rollingUpdate", {})
        devices = [name for name in limits if name.startswith("nvidia.com/")]
        if devices and (update.get("maxSurge") != 0 or not update.get("maxUnavailable")):
            yield f"{named(workload)}: needs {devices[0]}, and its rollout starts a pod too many"
        if len(devices) > 1:
            yield f"{named(workload)}: asks for {' and '.join(sorted(devices))} at once"


def images_are_pinned(manifests: Sequence[Manifest]) -> Iterator[str]:
    """An image has a digest, or at least a tag that is not ``latest``."""
    for workload, container in _all_containers(manifests):
        image = container["image"]
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@sha256:" not in image and tag in {"", "latest"}:
            yield f"{_place(workload, container)}: {image} is whatever was pushed last"
    for workload in workloads(manifests):
        for volume in pod_of(workload)["spec"].get("volumes", []):
            reference = volume.get("image", {}).get("reference", "@sha256:")
            if "@sha256:" not in reference:
                yield f"{named(workload)}: the image volume {reference} has no digest"


def pods_are_spread(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Pods of one workload stand on several nodes and in several zones, where there are several."""
    for workload in servers(manifests):
        spread = pod_of(workload)["spec"].get("topologySpreadConstraints", [])
        keys = {one["topologyKey"] for one in spread}
        if keys != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
            yield f"{named(workload)}: spread over {sorted(keys)} only"
        labels = workload["spec"]["selector"]["matchLabels"]
        for one in spread:
            if one.get("labelSelector", {}).get("matchLabels") != labels:
                yield f"{named(workload)}: spread by other labels than its own, {labels}"


def _all_containers(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    for workload in workloads(manifests):
        pod = pod_of(workload)["spec"]
        for container in (*pod["containers"], *pod.get("initContainers", [])):
            yield workload, container


def _place(workload: Manifest, container: Manifest) -> str:
    return f"{named(workload)}, {container['name']}"


def _ports(value: Any, path: str = "") -> Iterator[tuple[str, int]]:  # noqa: ANN401  # any part of a manifest
    """Answer every number that stands where a port stands."""
    if isinstance(value, dict):
        for key, part in value.items():
            here = f"{path}.{key}".lstrip(".")
            if re.search(r"port", key, re.IGNORECASE) and isinstance(part, int | str):
                if str(part).isdigit():
                    yield here, int(part)
            else:
                yield from _ports(part, here)
    elif isinstance(value, list):
        for part in value:
            yield from _ports(part, path)


POD_POLICIES: Final[tuple[Policy, ...]] = (
    hidden_ports_stay_hidden,
    containers_are_probed,
    containers_are_bounded,
    containers_are_restricted,
    pods_are_restricted,
    mounts_have_volumes,
    graces_are_long_enough,
    starts_are_waited_for,
    gpus_are_not_surged,
    images_are_pinned,
    pods_are_spread,
)
