"""The manifests of the shards follow from the placement, and what is committed is up to date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from f5serve.catalogue import Catalogue
from scripts.render_shards import (
    DASHBOARD,
    DASHBOARD_FROM,
    FOLDER,
    PLACEMENT,
    ROOT,
    RULES,
    RULES_FROM,
    backends,
    main,
    outdated,
    render,
)
from scripts.shards import FILE, Shard, load_placement


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("config/placement.yaml", "config/catalogue.yaml", DASHBOARD_FROM, *RULES_FROM):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    return tmp_path


def test_what_is_committed_is_up_to_date(catalogue: Catalogue) -> None:
    shards = load_placement(ROOT / FILE, catalogue, PLACEMENT)

    assert outdated(ROOT, render(catalogue, shards)) == [], "run make k8s"


def test_a_changed_placement_is_noticed_and_written(repository: Path) -> None:
    path = repository / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("name: romance, ", "name: latin, "), encoding="utf-8")

    before = main(["--check", "--root", str(repository)])
    written = main(["--root", str(repository)])
    after = main(["--check", "--root", str(repository)])

    assert (before, written, after) == (1, 0, 0)
    assert (repository / FOLDER / "latin" / "kustomization.yaml").is_file()
    assert not (repository / FOLDER / "romance").exists()


def test_a_wrong_placement_is_refused_with_its_place(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('languages: ["hi", "ja"]', 'languages: ["hi"]'), encoding="utf-8")

    assert main(["--root", str(repository)]) == 1
    assert "'ja' is in no shard" in capsys.readouterr().err


def test_a_pod_with_several_cards_asks_for_them(catalogue: Catalogue) -> None:
    shard = Shard(name="all", languages=tuple(catalogue.languages()), gpus=4)

    files = render(catalogue, (shard,))

    text = yaml.safe_load(files[f"{FOLDER}/all/kustomization.yaml"])["patches"][0]["patch"]
    values = {one["path"]: one["value"] for one in yaml.safe_load(text)}
    assert values["/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu"] == "4"


def test_a_shard_without_a_card_has_none(catalogue: Catalogue) -> None:
    shard = Shard(name="all", languages=tuple(catalogue.languages()))

    files = render(catalogue, (shard,))

    assert "gpu" not in files[f"{FOLDER}/all/kustomization.yaml"]


def test_every_model_has_one_address(catalogue: Catalogue) -> None:
    addresses = backends(catalogue, load_placement(ROOT / FILE, catalogue, PLACEMENT))

    assert addresses.keys() == catalogue.models.keys()
    assert addresses["f5_fr"] == "http://f5serve-shard-romance.f5serve.svc:8000"


def test_a_cluster_gets_the_rules_and_alerts_of_one_machine() -> None:
    groups = [
        group
        for name in RULES_FROM
        for group in yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["groups"]
    ]

    assert yaml.safe_load((ROOT / RULES).read_text(encoding="utf-8"))["spec"]["groups"] == groups
    assert main(["--check"]) == 0, "run make k8s"


def test_a_changed_rule_is_noticed(repository: Path) -> None:
    path = repository / RULES_FROM[1]
    path.write_text(path.read_text(encoding="utf-8").replace("for: 3m", "for: 4m"), "utf-8")

    assert main(["--check", "--root", str(repository)]) == 1
    assert main(["--root", str(repository)]) == 0
    assert "for: 4m" in (repository / RULES).read_text(encoding="utf-8")


def test_a_cluster_gets_the_dashboard_where_grafana_looks_for_it() -> None:
    manifest = yaml.safe_load((ROOT / DASHBOARD).read_text(encoding="utf-8"))

    assert manifest["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert manifest["data"]["f5serve.json"] == (ROOT / DASHBOARD_FROM).read_text(encoding="utf-8")
