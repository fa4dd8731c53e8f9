"""Rules between manifests: names, selectors, networks, ways in, scalers, and who serves which language."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from f5serve.catalogue import Catalogue
from scripts.manifests.policies import (
    POD_POLICIES,
    Policy,
    environment_of,
    named,
    of_kind,
    pod_of,
    servers,
    workloads,
)
from scripts.manifests.variants import Manifest

QUIET_S: Final = 600
# YAML 1.1 reads these as truth values, and some of them are language codes.
TRUTHS: Final = frozenset({"y", "n", "yes", "no", "on", "off"})


def names_are_unique(manifests: Sequence[Manifest]) -> Iterator[str]:
    """No two manifests replace each other."""
    counts = Counter(
        (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests
    )
    for (kind, _, name), count in counts.items():
        if count > 1:
            yield f"{kind} {name}: stands {count} times"


def namespaces_are_told(manifests: Sequence[Manifest]) -> Iterator[str]:
    """All that can be in a namespace is in the one whose pods are restricted."""
    restricted = {
        manifest["metadata"]["name"]
        for manifest in of_kind(manifests, "Namespace")
        if manifest["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        == "restricted"
    }
    for manifest in manifests:
        of_the_cluster = manifest["kind"] in {"Namespace", "PriorityClass"}
        if not of_the_cluster and manifest["metadata"].get("namespace") not in restricted:
            yield f"{named(manifest)}: not in a namespace that enforces the restricted level"


def selectors_mean_one_workload(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each Deployment, Service and budget selects the pods of one workload."""
    for manifest in of_kind(manifests, "Deployment", "Service", "PodDisruptionBudget"):
        found = [named(one) for one in _selected(manifests, _selector_of(manifest))]
        if len(found) != 1:
            yield f"{named(manifest)}: selects the pods of {found or 'nothing'}"


def disruptions_are_bounded(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Nodes are emptied one pod at a time, and what never was ready does not keep them."""
    budgets = list(of_kind(manifests, "PodDisruptionBudget"))
    for budget in budgets:
        spec = budget["spec"]
        if (
            spec.get("maxUnavailable") != 1
            or spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow"
        ):
            yield f"{named(budget)}: maxUnavailable is 1 and unhealthyPodEvictionPolicy AlwaysAllow"
    for workload in servers(manifests):
        labels = pod_of(workload)["metadata"]["labels"]
        count = sum(_matches(_selector_of(budget), labels) for budget in budgets)
        if count != 1:
            yield f"{named(workload)}: {count} disruption budgets select it, not one"


def networks_are_closed(manifests: Sequence[Manifest]) -> Iterator[str]:
    """All is denied to all, pods that serve have one way in, and no rule is open to everyone."""
    policies = list(of_kind(manifests, "NetworkPolicy"))
    denying = [
        policy
        for policy in policies
        if policy["spec"].get("podSelector") == {}
        and set(policy["spec"].get("policyTypes", ())) == {"Ingress", "Egress"}
        and not policy["spec"].get("ingress")
        and not policy["spec"].get("egress")
    ]
    if not denying:
        yield "no NetworkPolicy denies everything to every pod"
    for policy in policies:
        for kind, side in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(kind, ()):
                if not rule.get(side) or {} in rule[side] or not rule.get("ports"):
                    yield f"{named(policy)}: a rule of {kind} is open to everyone, or on every port"
    for workload in servers(manifests):
        labels = pod_of(workload)["metadata"]["labels"]
        if not any(8000 in _ports_in(policy, labels) for policy in policies):
            yield f"{named(workload)}: no NetworkPolicy lets anyone reach its port 8000"


def monitors_are_let_in(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A monitor's port is named by the pods, and a NetworkPolicy opens it."""
    for monitor in of_kind(manifests, "PodMonitor"):
        selector = monitor["spec"]["selector"]["matchLabels"]
        for workload in servers(manifests):
            labels = pod_of(workload)["metadata"]["labels"]
            ports = {
                p["name"]: p["containerPort"]
                for p in pod_of(workload)["spec"]["containers"][0]["ports"]
            }
            number = ports.get(monitor["spec"]["podMetricsEndpoints"][0]["port"])
            reached = any(
                number in _ports_in(policy, labels)
                for policy in of_kind(manifests, "NetworkPolicy")
            )
            if not _matches(selector, labels) or number is None or not reached:
                yield f"{named(monitor)}: does not reach the metrics of {named(workload)}"


def routers_go_first(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A router has a higher priority than a shard, and every workload that serves has one."""
    values = {m["metadata"]["name"]: m["value"] for m in of_kind(manifests, "PriorityClass")}
    by_role: dict[str, int] = {}
    for workload in servers(manifests):
        name = pod_of(workload)["spec"].get("priorityClassName")
        if name not in values:
            yield f"{named(workload)}: its priority class {name} is not there"
            continue
        by_role[environment_of(workload).get("F5SERVE_ROLE", "all")] = values[name]
    if by_role.get("router", 1) <= by_role.get("shard", 0):
        yield "routers have no higher priority than shards"


def ways_in_lead_somewhere(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Routes and ingresses name a Service that is there, and one of its ports."""
    services = {m["metadata"]["name"]: m["spec"]["ports"] for m in of_kind(manifests, "Service")}
    for manifest, name, port in _targets(manifests):
        known = {key for one in services.get(name, ()) for key in (one["port"], one["name"])}
        if port not in known:
            yield f"{named(manifest)}: there is no port {port} of a Service {name}"


def scalers_scale_slowly_down(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A scaler's target is there and keeps no number of its own; pods end minutes after the last need."""
    deployments = {m["metadata"]["name"]: m for m in servers(manifests)}
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        spec = scaler["spec"]
        target = deployments.get(spec["scaleTargetRef"]["name"])
        if target is None:
            yield f"{named(scaler)}: its target {spec['scaleTargetRef']['name']} is not there"
        elif "replicas" in target["spec"]:
            yield f"{named(scaler)}: its target has replicas of its own, which every apply sets back"
        advanced = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {})
        down = (spec.get("behavior") or advanced.get("behavior") or {}).get("scaleDown", {})
        if down.get("stabilizationWindowSeconds", 0) < QUIET_S:
            yield f"{named(scaler)}: scales down after less than {QUIET_S} s of quiet"
        if (spec.get("minReplicas") or spec.get("minReplicaCount") or 0) < 1:
            yield f"{named(scaler)}: may scale to none, and a language takes minutes to load"


def languages_are_served_once(manifests: Sequence[Manifest], catalogue: Catalogue) -> Iterator[str]:
    """Where there are shards, each model is in one, and its routers know which."""
    hosts = Counter(
        name
        for workload in servers(manifests)
        if environment_of(workload).get("F5SERVE_ROLE") == "shard"
        for name in environment_of(workload).get("F5SERVE_MODELS", "").split(",")
    )
    if not hosts:
        return
    for name, model in catalogue.models.items():
        if hosts.pop(name, 0) != 1:
            yield f"{name} ({', '.join(model.languages)}) is not hosted by exactly one shard"
    for name in hosts:
        yield f"a shard hosts {name or 'nothing'}, which the catalogue does not have"
    addresses = _backends(manifests)
    for name in catalogue.models:
        if not _leads_to(manifests, addresses.get(name, ""), name):
            yield f"the routers look for {name} at {addresses.get(name)}, and it is not there"


def routes_wait_for_the_router(
    manifests: Sequence[Manifest], catalogue: Catalogue
) -> Iterator[str]:
    """A route that speech travels waits longer than the router's deadline, at both of its timeouts."""
    for route in of_kind(manifests, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            paths = {match["path"]["value"] for match in rule["matches"]}
            request = seconds(rule["timeouts"]["request"])
            backend = seconds(rule["timeouts"]["backendRequest"])
            if request < backend:
                yield f"{named(route)}: request ends before backendRequest for {sorted(paths)}"
            speaks = paths & {"/v1/audio/speech", "/predictions/tts"}
            if speaks and backend <= catalogue.router.deadline_s:
                yield f"{named(route)}: {sorted(speaks)} waits {backend} s, the router {catalogue.router.deadline_s} s"


def unquoted_codes(path: Path, catalogue: Catalogue) -> Iterator[str]:
    """Answer where a YAML file has a language code, or what could be one, without quotes."""
    codes = catalogue.languages().keys() | TRUTHS
    for node in _scalars(path.read_text(encoding="utf-8")):
        if node.style is None and node.value.lower() in codes:
            yield f"{path}:{node.start_mark.line + 1}: {node.value} stands without quotes"


def seconds(text: str) -> float:
    """Answer a duration of the Gateway API in seconds."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|h|m|s)", text))


def _scalars(text: str) -> Iterator[yaml.ScalarNode]:
    waiting: list[yaml.Node] = list(yaml.compose_all(text, yaml.SafeLoader))
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting.extend(part for pair in node.value for part in pair)


def _selector_of(manifest: Manifest) -> dict[str, str]:
    selector = manifest["spec"]["selector"]
    labels: dict[str, str] = selector.get("matchLabels", selector)
    return labels


def _matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _selected(manifests: Sequence[Manifest], selector: Mapping[str, str]) -> list[Manifest]:
    return [
        one for one in workloads(manifests) if _matches(selector, pod_of(one)["metadata"]["labels"])
    ]


def _ports_in(policy: Manifest, labels: Mapping[str, str]) -> set[int]:
    """Answer the ports that a policy opens towards pods of some labels."""
    selector = policy["spec"].get("podSelector", {})
    chosen = _matches(selector.get("matchLabels", {}), labels) and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ())
    )
    rules = policy["spec"].get("ingress", ()) if chosen else ()
    return {port["port"] for rule in rules for port in rule.get("ports", ())}


def _targets(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, Any]]:
    for route in of_kind(manifests, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                yield route, backend["name"], backend["port"]
    for ingress in of_kind(manifests, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield ingress, service["name"], next(iter(service["port"].values()))


def _backends(manifests: Sequence[Manifest]) -> dict[str, str]:
    told = [
        manifest["data"]["F5SERVE_BACKENDS"]
        for manifest in of_kind(manifests, "ConfigMap")
        if "F5SERVE_BACKENDS" in manifest.get("data", {})
    ]
    addresses: dict[str, str] = json.loads(told[0]) if len(told) == 1 else {}
    return addresses


def _leads_to(manifests: Sequence[Manifest], address: str, model: str) -> bool:
    """Answer whether an address is that of a headless Service whose pods host a model."""
    parts = urlsplit(address)
    for service in of_kind(manifests, "Service"):
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        ports = {port["port"] for port in service["spec"]["ports"]}
        if parts.hostname == f"{name}.{namespace}.svc" and parts.port in ports:
            hosts = _selected(manifests, _selector_of(service))
            models = [environment_of(host).get("F5SERVE_MODELS", "").split(",") for host in hosts]
            return service["spec"].get("clusterIP") == "None" and any(
                model in one for one in models
            )
    return False


POLICIES: Final[tuple[Policy, ...]] = (
    *POD_POLICIES,
    names_are_unique,
    namespaces_are_told,
    selectors_mean_one_workload,
    disruptions_are_bounded,
    networks_are_closed,
    monitors_are_let_in,
    routers_go_first,
    ways_in_lead_somewhere,
    scalers_scale_slowly_down,
)


def violations(manifests: Sequence[Manifest], catalogue: Catalogue) -> list[str]:
    """Answer what some manifests that belong together break, of all rules."""
    return [
        *(problem for policy in POLICIES for problem in policy(manifests)),
        *languages_are_served_once(manifests, catalogue),
        *routes_wait_for_the_router(manifests, catalogue),
    ]
