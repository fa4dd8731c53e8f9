"""Schemas of every kind of manifest, in which an unknown field is an error.

Kubernetes' own kinds come from the package kubernetes-validate; the few custom resources that are used have
small schemas here, of the fields that are used: a custom resource's own schema lets unknown fields pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate import utils
from referencing import Registry, Resource

from scripts.manifests.variants import Manifest

FOLDER: Final = Path(__file__).resolve().parent / "schemas"
VERSIONS: Final = ("1.33", "1.37")
"""The oldest version that is supported, and the newest that the package knows."""


def problems_of(manifest: Manifest) -> Iterator[str]:
    """Answer what the schemas say against one manifest; a kind without a schema is a problem, too."""
    kind, api_version = str(manifest.get("kind")), str(manifest.get("apiVersion"))
    where = f"{kind} {manifest.get('metadata', {}).get('name')}"
    own = FOLDER / f"{kind.lower()}.yaml"
    if own.is_file():
        yield from _told(where, _validator(own), manifest)
        return
    for version in VERSIONS:
        validator = _kubernetes_validator(version, kind, api_version)
        if validator is None:
            yield f"{where}: Kubernetes {version} has no {kind} of {api_version}"
            continue
        yield from _told(f"{where}, Kubernetes {version}", validator, manifest)


def _told(where: str, validator: Draft202012Validator, manifest: Manifest) -> Iterator[str]:
    for error in validator.iter_errors(manifest):
        yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message}"


@cache
def _validator(path: Path) -> Draft202012Validator:
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@cache
def _kubernetes_validator(version: str, kind: str, api_version: str) -> Draft202012Validator | None:
    """Answer the validator of a kind; None where the version has no such kind.

    The package's own function reads its definitions anew for each manifest and tells the first error only.
    """
    # rbac.authorization.k8s.io/v1 is rbac-v1 in the names of its files.
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version).lower()
    try:
        schema = utils.schema_contents(f"{_folder(version)}/{kind.lower()}-{group}.json", version)
    except FileNotFoundError:
        return None
    registry = Resource.from_contents(schema) @ _definitions(version)
    return Draft202012Validator(schema, registry=registry)


@cache
def _definitions(version: str) -> Registry[Any]:
    contents = utils.schema_contents(f"{_folder(version)}/_definitions.json", version)
    return Resource.from_contents(contents) @ Registry()


def _folder(version: str) -> str:
    (full,) = {one for one in utils.all_versions() if utils.major_minor(one) == version}
    return f"kubernetes-json-schema/v{full}-local-strict"
