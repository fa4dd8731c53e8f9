"""The bill of materials of serving, in CycloneDX: packages with their licences, checkpoints with their digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import (
    DisjunctiveLicense,
    License,
    LicenseAcknowledgement,
    LicenseExpression,
)
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from f5serve.catalogue import Catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import file_digest
from scripts.supply.closure import Package
from scripts.supply.debian import system_component, system_packages
from scripts.supply.known import Known, Policy, licence_of, spdx

PROFILE: Final = "demo"


def serving_bom(
    version: str,
    packages: Iterable[Package],
    direct: Iterable[str],
    policy: Policy,
    models: Mapping[str, Component],
    system: Path | None = None,
) -> Bom:
    """Answer the bill of materials of f5serve.

    Args:
        version: Of f5serve.
        packages: What serving installs.
        direct: Names of those that f5serve itself asks for.
        policy: What a person found out about licences.
        models: Checkpoints, by name (``model_components``).
        system: Where the Debian is installed that it runs on, if that belongs to it, as in an image.

    Raises:
        ConfigurationError: If no Debian is there.
    """
    packages = tuple(packages)
    parts = {package.name: package_component(package, policy) for package in packages}
    own = Component(
        type=ComponentType.APPLICATION,
        name="f5serve",
        version=version,
        bom_ref="f5serve",
        licenses=[LicenseExpression("MIT")],
    )
    bom = Bom(components=[*parts.values(), *models.values()])
    bom.metadata.component = own
    for package in packages:
        bom.register_dependency(parts[package.name], [parts[name] for name in package.needs])
    below = [] if system is None else [_add_system(bom, system)]
    bom.register_dependency(own, [*(parts[name] for name in direct), *models.values(), *below])
    return bom


def _add_system(bom: Bom, root: Path) -> Component:
    system, packages = system_component(root), system_packages(root)
    bom.components.update([system, *packages])
    bom.register_dependency(system, packages)
    return system


def package_component(package: Package, policy: Policy) -> Component:
    """Answer a package; one whose licence is not known (CUDA's libraries) has what its metadata says, if anything."""
    known = licence_of(package, policy)
    url = PackageURL(type="pypi", name=package.name, version=package.public_version)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=str(url),
        purl=url,
        licenses=[_licence(known)] if known is not None else _as_declared(package),
    )


def _licence(known: Known) -> LicenseExpression:
    by_person = bool(known.reason)
    how = LicenseAcknowledgement.CONCLUDED if by_person else LicenseAcknowledgement.DECLARED
    return LicenseExpression(known.licence, acknowledgement=how)


def _as_declared(package: Package) -> list[License]:
    name = package.expression or package.licence.strip().partition("\n")[0]
    declared = LicenseAcknowledgement.DECLARED
    return [DisjunctiveLicense(name=name, acknowledgement=declared)] if name else []


def model_components(root: Path, catalogue: Catalogue) -> dict[str, Component]:
    """Answer the checkpoints of the demo profile and their vocoders, by name.

    Raises:
        ConfigurationError: If a file is missing.
    """
    found: dict[str, Component] = {}
    for name, model in catalogue.models.items():
        source = model.profiles.get(PROFILE)
        if source is None:
            continue
        told = {"languages": " ".join(model.languages), "vocoder": source.vocoder}
        found[name] = _model(name, root, source.checkpoint, source.licence, told)
        vocoder = catalogue.vocoders[source.vocoder]
        key = f"vocoder_{source.vocoder}"
        found[key] = _model(key, root, vocoder.weights, vocoder.licence, {})
    return found


def _model(name: str, root: Path, weights: str, licence: str, told: Mapping[str, str]) -> Component:
    digest = file_digest(root / weights)
    properties = {"path": weights, "profile": PROFILE, **told}
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=name,
        # A checkpoint has no other version than its content.
        version=digest[:12],
        bom_ref=f"model:{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        licenses=[LicenseExpression(spdx(licence) or licence)],
        properties=[
            Property(name=f"f5serve:{key}", value=value) for key, value in properties.items()
        ],
    )


def checked_json(bom: Bom) -> str:
    """Answer a bill of materials as JSON, after comparing it with CycloneDX's own schema.

    Raises:
        ConfigurationError: If it does not keep to the schema.
    """
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    refuse_invalid(text)
    return text + "\n"


def refuse_invalid(text: str) -> None:
    """Compare a document with the schema of CycloneDX 1.6 that its library ships.

    Raises:
        ConfigurationError: If it does not keep to the schema.
    """
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        told = getattr(problem.data, "message", "see the schema")
        raise ConfigurationError(f"the bill of materials is no CycloneDX 1.6: {told}"[:500])
