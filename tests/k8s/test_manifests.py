"""The manifests as they are: every overlay and component renders, and breaks no schema and no rule."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from f5serve.catalogue import Catalogue
from scripts.k8s_check import sources
from scripts.manifests.policies import environment_of, servers
from scripts.manifests.strict import problems_of
from scripts.manifests.together import unquoted_codes, violations
from scripts.manifests.variants import VARIANTS
from scripts.render_shards import ROOT
from tests.k8s.conftest import Rendered

K8S = ROOT / "k8s"


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_breaks_no_rule(name: str, rendered: Rendered, catalogue: Catalogue) -> None:
    assert violations(rendered[name], catalogue) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_satisfies_strict_schemas(name: str, rendered: Rendered) -> None:
    assert [problem for manifest in rendered[name] for problem in problems_of(manifest)] == []


def test_every_component_and_overlay_is_rendered_by_some_variant() -> None:
    used = {component for variant in VARIANTS.values() for component in variant.components}
    overlays = {f"overlays/{path.name}" for path in (K8S / "overlays").iterdir()}
    for overlay in overlays:
        content = yaml.safe_load((K8S / overlay / "kustomization.yaml").read_text(encoding="utf-8"))
        used |= {Path(one).name for one in content.get("components", ())}
    for kustomization in (K8S / "shards").rglob("kustomization.yaml"):
        content = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
        used |= {Path(one).name for one in content.get("components", ())}

    assert {path.name for path in (K8S / "components").iterdir()} == used
    assert overlays <= {name for variant in VARIANTS.values() for name in variant.resources}


def test_language_codes_stand_in_quotes(catalogue: Catalogue) -> None:
    found = [problem for path in sources(ROOT) for problem in unquoted_codes(path, catalogue)]

    assert found == []


def test_the_laptop_needs_neither_gpu_nor_network(rendered: Rendered) -> None:
    manifests = rendered["laptop"]

    (pod,) = servers(manifests)
    assert environment_of(pod)["F5SERVE_ROLE"] == "all"
    assert "nvidia.com/gpu" not in yaml.safe_dump(manifests)
    assert "443" not in yaml.safe_dump(manifests)


def test_production_routes_over_shards_that_are_reached_pod_by_pod(rendered: Rendered) -> None:
    roles = [environment_of(pod).get("F5SERVE_ROLE") for pod in servers(rendered["production"])]

    assert sorted(roles, key=str) == ["router", "shard", "shard", "shard", "shard"]


def test_a_slice_of_a_card_replaces_the_card(rendered: Rendered) -> None:
    (pod,) = servers(rendered["single-gpu, mig"])

    limits = pod["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/mig-1g.10gb"] == "1"
    assert "nvidia.com/gpu" not in limits


def test_added_voices_lie_on_a_volume_of_the_routers_alone(rendered: Rendered) -> None:
    pods = servers(rendered["production, keda"])
    (pod,) = [pod for pod in pods if "F5SERVE_VOICES" in environment_of(pod)]

    assert environment_of(pod)["F5SERVE_ROLE"] == "router"
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    folder = environment_of(pod)["F5SERVE_VOICES"]
    (mount,) = [one for one in container["volumeMounts"] if one["mountPath"] == folder]
    assert "readOnly" not in mount
