"""Each rule catches the manifest that it is there for: one change, one complaint of the right rule."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f5serve.catalogue import Catalogue
from scripts.manifests.policies import (
    containers_are_bounded,
    containers_are_probed,
    containers_are_restricted,
    gpus_are_not_surged,
    graces_are_long_enough,
    hidden_ports_stay_hidden,
    images_are_pinned,
    mounts_have_volumes,
    pods_are_restricted,
    pods_are_spread,
    starts_are_waited_for,
)
from scripts.manifests.strict import problems_of
from scripts.manifests.together import (
    POLICIES,
    disruptions_are_bounded,
    languages_are_served_once,
    monitors_are_let_in,
    names_are_unique,
    namespaces_are_told,
    networks_are_closed,
    routers_go_first,
    routes_wait_for_the_router,
    scalers_scale_slowly_down,
    seconds,
    selectors_mean_one_workload,
    unquoted_codes,
    violations,
    ways_in_lead_somewhere,
)
from scripts.manifests.variants import Manifest

Change = Callable[[list[Manifest]], object]


def find(manifests: list[Manifest], kind: str, name: str) -> Any:
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def shard(manifests: list[Manifest]) -> Any:
    return find(manifests, "Deployment", "f5serve-shard-romance")


def pod(manifests: list[Manifest]) -> Any:
    return shard(manifests)["spec"]["template"]["spec"]


def container(manifests: list[Manifest]) -> Any:
    return first_container(shard(manifests))


def first_container(manifest: Manifest) -> Any:
    return manifest["spec"]["template"]["spec"]["containers"][0]


def budget(manifests: list[Manifest]) -> Any:
    return find(manifests, "PodDisruptionBudget", "f5serve-router")["spec"]


def scale_down(manifest: Manifest) -> Any:
    return manifest["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]


def variable(manifests: list[Manifest], name: str) -> Any:
    (found,) = [one for one in container(manifests)["env"] if one["name"] == name]
    return found


def policy(manifests: list[Manifest], name: str) -> Any:
    return find(manifests, "NetworkPolicy", name)["spec"]


def service(manifests: list[Manifest]) -> Any:
    return find(manifests, "Service", "f5serve-shard-romance")["spec"]


def scaler(manifests: list[Manifest]) -> Any:
    return find(manifests, "ScaledObject", "f5serve-shard-romance")["spec"]


def route(manifests: list[Manifest]) -> Any:
    return find(manifests, "HTTPRoute", "f5serve")["spec"]["rules"][0]


def removed(manifests: list[Manifest], kind: str, name: str) -> None:
    manifests.remove(find(manifests, kind, name))


MUTATIONS: list[tuple[Any, Change]] = [
    (hidden_ports_stay_hidden, lambda m: service(m)["ports"][0].update(targetPort=8080)),
    (hidden_ports_stay_hidden, lambda m: service(m)["ports"].append({"name": "x", "port": 8081})),
    (hidden_ports_stay_hidden, lambda m: container(m)["ports"].append({"name": "g", "containerPort": 7070})),
    (hidden_ports_stay_hidden, lambda m: policy(m, "shards-from-router")["ingress"][0]["ports"].append({"port": 7071})),
    (containers_are_probed, lambda m: container(m).pop("startupProbe")),
    (containers_are_probed, lambda m: container(m)["readinessProbe"]["httpGet"].update(path="/ping")),
    (containers_are_probed, lambda m: container(m)["livenessProbe"]["httpGet"].update(path="/readyz")),
    (containers_are_bounded, lambda m: container(m)["resources"]["limits"].pop("memory")),
    (containers_are_bounded, lambda m: container(m)["resources"]["limits"].update(cpu="2")),
    (containers_are_bounded, lambda m: pod(m)["volumes"].append({"name": "x", "emptyDir": {}})),
    (containers_are_restricted, lambda m: container(m).pop("securityContext")),
    (containers_are_restricted, lambda m: container(m)["securityContext"].update(readOnlyRootFilesystem=False)),
    (containers_are_restricted, lambda m: container(m)["securityContext"].update(runAsUser=0)),
    (pods_are_restricted, lambda m: pod(m).update(automountServiceAccountToken=True)),
    (pods_are_restricted, lambda m: pod(m).pop("enableServiceLinks")),
    (pods_are_restricted, lambda m: pod(m).update(hostNetwork=True)),
    (pods_are_restricted, lambda m: pod(m)["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
    (mounts_have_volumes, lambda m: pod(m)["volumes"].pop(0)),
    (mounts_have_volumes, lambda m: [one.pop("readOnly", None) for one in container(m)["volumeMounts"]]),
    (graces_are_long_enough, lambda m: pod(m).update(terminationGracePeriodSeconds=160)),
    (graces_are_long_enough, lambda m: variable(m, "F5SERVE_DRAIN_S").update(value="150")),
    (graces_are_long_enough, lambda m: container(m).pop("lifecycle")),
    (starts_are_waited_for, lambda m: shard(m)["spec"].update(progressDeadlineSeconds=600)),
    (gpus_are_not_surged, lambda m: shard(m)["spec"]["strategy"]["rollingUpdate"].update(maxSurge=1)),
    (images_are_pinned, lambda m: container(m).update(image="registry.example.com/f5serve")),
    (images_are_pinned, lambda m: container(m).update(image="registry.example.com:5000/f5serve:latest")),
    (pods_are_spread, lambda m: pod(m)["topologySpreadConstraints"].pop()),
    (pods_are_spread, lambda m: pod(m)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].popitem()),
    (names_are_unique, lambda m: m.append(copy.deepcopy(m[0]))),
    (namespaces_are_told, lambda m: shard(m)["metadata"].update(namespace="default")),
    (namespaces_are_told, lambda m: find(m, "Namespace", "f5serve")["metadata"].pop("labels")),
    (selectors_mean_one_workload, lambda m: service(m)["selector"].pop("f5serve/shard")),
    (selectors_mean_one_workload, lambda m: shard(m)["spec"]["selector"]["matchLabels"].pop("f5serve/shard")),
    (disruptions_are_bounded, lambda m: removed(m, "PodDisruptionBudget", "f5serve-shard-romance")),
    (disruptions_are_bounded, lambda m: budget(m).update(maxUnavailable=0)),
    (networks_are_closed, lambda m: removed(m, "NetworkPolicy", "default-deny")),
    (networks_are_closed, lambda m: policy(m, "default-deny").update(policyTypes=["Ingress"])),
    (networks_are_closed, lambda m: policy(m, "default-deny").update(ingress=[{}])),
    (networks_are_closed, lambda m: policy(m, "clients")["ingress"][0].pop("from")),
    (networks_are_closed, lambda m: removed(m, "NetworkPolicy", "shards-from-router")),
    (monitors_are_let_in, lambda m: removed(m, "NetworkPolicy", "metrics")),
    (monitors_are_let_in, lambda m: container(m)["ports"][1].update(name="other")),
    (routers_go_first, lambda m: find(m, "PriorityClass", "f5serve-router").update(value=10)),
    (routers_go_first, lambda m: pod(m).update(priorityClassName="missing")),
    (ways_in_lead_somewhere, lambda m: route(m)["backendRefs"][0].update(name="f5serve")),
    (ways_in_lead_somewhere, lambda m: route(m)["backendRefs"][0].update(port=80)),
    (scalers_scale_slowly_down, lambda m: scaler(m)["scaleTargetRef"].update(name="missing")),
    (scalers_scale_slowly_down, lambda m: shard(m)["spec"].update(replicas=2)),
    (scalers_scale_slowly_down, lambda m: scaler(m)["advanced"].clear()),
    (scalers_scale_slowly_down, lambda m: scaler(m).update(minReplicaCount=0)),
    (languages_are_served_once, lambda m: variable(m, "F5SERVE_MODELS").update(value="f5_fr,f5_it")),
    (languages_are_served_once, lambda m: variable(m, "F5SERVE_MODELS").update(value="f5_fr,f5_it,f5_es,f5_ja")),
    (languages_are_served_once, lambda m: variable(m, "F5SERVE_MODELS").update(value="f5_fr,f5_it,f5_es,f5_no")),
    (languages_are_served_once, lambda m: service(m).update(clusterIP="10.0.0.1")),
    (languages_are_served_once, lambda m: removed(m, "Service", "f5serve-shard-romance")),
    (routes_wait_for_the_router, lambda m: route(m)["timeouts"].update(backendRequest="60s")),
    (routes_wait_for_the_router, lambda m: route(m)["timeouts"].update(request="2m")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), MUTATIONS)
def test_a_broken_manifest_is_caught_by_its_rule(
    rule: Any, change: Change, production: list[Manifest], catalogue: Catalogue
) -> None:
    arguments = (
        (catalogue,) if rule in {languages_are_served_once, routes_wait_for_the_router} else ()
    )
    assert list(rule(production, *arguments)) == []

    change(production)

    assert list(rule(production, *arguments)) != []
    assert violations(production, catalogue) != []


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _ in MUTATIONS} >= set(POLICIES)


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("Deployment", "f5serve-router", lambda d: d["spec"].update(replica=2)),
        ("Deployment", "f5serve-router", lambda d: first_container(d).update(livenesProbe={})),
        ("Deployment", "f5serve-router", lambda d: d.update(apiVersion="extensions/v1beta1")),
        ("Service", "f5serve-router", lambda d: d["spec"]["ports"][0].update(port="http")),
        ("NetworkPolicy", "clients", lambda d: d["spec"].update(ingres=[])),
        ("PodMonitor", "f5serve", lambda d: d["spec"]["podMetricsEndpoints"][0].update(intervall="15s")),
        ("HTTPRoute", "f5serve", lambda d: d["spec"]["rules"][0].pop("timeouts")),
        ("HTTPRoute", "f5serve", lambda d: d["spec"]["rules"][0]["timeouts"].update(request="2 minutes")),
        ("ScaledObject", "f5serve-shard-asia", lambda d: d["spec"].update(minReplicas=1)),
        ("ScaledObject", "f5serve-shard-asia", lambda d: d["spec"]["triggers"][0]["metadata"].update(threshold=30)),
        ("ScaledObject", "f5serve-shard-asia", lambda d: scale_down(d).update(window=1)),
        ("ScaledObject", "f5serve-shard-asia", lambda d: d.update(kind="ScaledThing")),
    ],
)  # fmt: skip
def test_a_misspelt_field_is_caught_by_the_schemas(
    kind: str, name: str, change: Callable[[Any], object], production: list[Manifest]
) -> None:
    manifest = find(production, kind, name)
    assert list(problems_of(manifest)) == []

    change(manifest)

    assert list(problems_of(manifest)) != []


def test_alert_rules_are_checked_strictly() -> None:
    rule = {"alert": "Dead", "expr": "up == 0", "for": "1m", "labels": {"severity": "page"}}
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "f5serve", "namespace": "f5serve"},
        "spec": {"groups": [{"name": "f5serve", "rules": [rule]}]},
    }
    assert list(problems_of(manifest)) == []

    rule["lables"] = rule.pop("labels")

    assert list(problems_of(manifest)) != []


@pytest.mark.parametrize("text", ["languages: [fr]", "languages: [no]", "fr: 1", "a: {b: [x, on]}"])
def test_a_code_without_quotes_is_found(text: str, tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(f"{text}\n", encoding="utf-8")

    assert list(unquoted_codes(path, catalogue)) != []


@pytest.mark.parametrize("text", ['languages: ["fr", "no"]', "name: french", "a: true"])
def test_a_code_in_quotes_is_not(text: str, tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(f"{text}\n", encoding="utf-8")

    assert list(unquoted_codes(path, catalogue)) == []


@pytest.mark.parametrize(
    ("text", "length"), [("130s", 130), ("2m10s", 130), ("1h", 3600), ("500ms", 0.5)]
)
def test_durations_are_read(text: str, length: float) -> None:
    assert seconds(text) == length
