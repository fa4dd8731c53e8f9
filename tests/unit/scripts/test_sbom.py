"""The bill of materials lists what serving installs, and keeps to CycloneDX's own schema."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts import sbom
from scripts.setup import ROOT, read_requirements
from scripts.supply.closure import Package
from scripts.supply.known import read_policy
from scripts.supply.sbom import model_components, package_component, refuse_invalid


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("sbom") / "new" / "bom.json"
    assert sbom.main(["--out", str(out)]) == 0
    content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return content


def of_type(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in document["components"] if one["type"] == kind}


def direct(*, dev: bool) -> set[str]:
    lines = read_requirements(ROOT / "pyproject.toml", dev=dev)
    return {canonicalize_name(Requirement(line).name) for line in lines}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_it_lists_what_serving_installs_and_nothing_of_development(
    document: dict[str, Any],
) -> None:
    listed = set(of_type(document, "library"))

    assert direct(dev=False) <= listed
    assert not listed & {
        "f5-tts",
        "vocos",
        "torchaudio",
        "pytest",
        "cyclonedx-python-lib",
        "locust",
    }
    assert not listed & (direct(dev=True) - direct(dev=False))
    # What they need is there as well, and nothing that nobody needs.
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    reached, waiting = set(), ["f5serve"]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached - {"f5serve"} == {one["bom-ref"] for one in document["components"]}


def test_versions_are_those_that_are_pinned(document: dict[str, Any]) -> None:
    packages = {
        name: one["version"].partition("+")[0]
        for name, one in of_type(document, "library").items()
        if not name.startswith(("nvidia-", "cuda-", "triton"))
    }

    assert packages.items() <= pins().items()
    assert len(packages) > 50


def test_every_package_has_its_licence_and_its_address(document: dict[str, Any]) -> None:
    listed = of_type(document, "library")

    assert listed["soxr"]["licenses"] == [
        {"acknowledgement": "declared", "expression": "LGPL-2.1-or-later"}
    ]
    assert listed["eng-to-ipa"]["licenses"] == [
        {"acknowledgement": "concluded", "expression": "MIT"}
    ]
    assert all(
        one["licenses"] for name, one in listed.items() if not name.startswith(("nvidia-", "cuda-"))
    )
    assert all(one["purl"].startswith(f"pkg:pypi/{name}@") for name, one in listed.items())


def test_every_demo_checkpoint_and_the_vocoder_are_in_it_with_digest_and_licence(
    document: dict[str, Any],
) -> None:
    models = of_type(document, "machine-learning-model")
    catalogue = load_catalogue(ROOT / "config/catalogue.yaml")

    assert set(models) == {*catalogue.models, "vocoder_demo"}
    for name, one in models.items():
        told = {item["name"]: item["value"] for item in one["properties"]}
        weights = (ROOT / told["f5serve:path"]).read_bytes()
        assert one["hashes"] == [
            {"alg": "SHA-256", "content": hashlib.sha256(weights).hexdigest()}
        ], name
        assert one["licenses"] == [{"expression": "MIT"}], name


def test_a_library_of_cuda_is_listed_with_what_it_says_of_itself() -> None:
    cuda = Package(name="nvidia-cublas", version="13.0", licence="NVIDIA Proprietary Software")

    (licence,) = package_component(cuda, read_policy(ROOT / "config/licences.yaml")).licenses

    assert getattr(licence, "name", None) == "NVIDIA Proprietary Software"


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"f5_en_zh/model\.safetensors: cannot be read"):
        model_components(tmp_path, load_catalogue(ROOT / "config/catalogue.yaml"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("components", 0, "type"), "package"),
        (("specVersion",), 1.6),
        (("components", 0, "colour"), "red"),
        (("metadata", "component", "name"), None),
    ],
)
def test_a_document_that_leaves_the_schema_is_refused(
    path: tuple[Any, ...], value: object, document: dict[str, Any]
) -> None:
    changed = json.loads(json.dumps(document))
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    refuse_invalid(json.dumps(document))
    with pytest.raises(ConfigurationError, match=r"is no CycloneDX 1\.6"):
        refuse_invalid(json.dumps(changed))


STATUS = """\
Package: nginx
Status: install ok installed
Architecture: amd64
Version: 1.22.1-9+deb12u9
Description: small, powerful, scalable web/proxy server
 Nginx ("engine X") is a high-performance web server. It says
 Package: of nothing here.

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Version: 12.2.0-14
"""


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """The root of a small Debian."""
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS, encoding="utf-8")
    (tmp_path / "etc").mkdir()
    release = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
    (tmp_path / "etc/os-release").write_text(release, encoding="utf-8")
    return tmp_path


def test_of_an_image_the_systems_packages_are_listed_too(debian: Path, tmp_path: Path) -> None:
    out = tmp_path / "bom.json"

    assert sbom.main(["--out", str(out), "--system", str(debian)]) == 0

    document = json.loads(out.read_text(encoding="utf-8"))
    debs = [one["purl"] for one in document["components"] if "pkg:deb/" in one.get("purl", "")]
    assert sorted(debs) == [
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=bookworm",
        "pkg:deb/debian/nginx@1.22.1-9%2Bdeb12u9?arch=amd64&distro=bookworm",
    ]
    system = of_type(document, "operating-system")["debian"]
    assert system["version"] == "12"
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert sorted(needs[system["bom-ref"]]) == sorted(debs)
    assert system["bom-ref"] in needs["f5serve"]
    assert direct(dev=False) <= set(of_type(document, "library"))


def test_a_folder_without_a_debian_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sbom.main(["--out", str(tmp_path / "bom.json"), "--system", str(tmp_path)]) == 1

    assert "etc/os-release: cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "bom.json").exists()


def test_what_writes_it_in_the_image_is_pinned() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (names,) = re.findall(
        r"--target /writer/packages --constraint constraints\.txt (.+)\n", dockerfile
    )

    assert set(names.split()) <= set(pins())
