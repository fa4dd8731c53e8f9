"""Which licence a package has, and whether serving may have it: metadata first, ``config/licences.yaml`` after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import yaml
from license_expression import ExpressionError, Licensing, get_spdx_licensing
from msgspec import Meta, Struct

from f5serve.errors import ConfigurationError
from scripts.supply.closure import Package

FILE: Final = Path("config/licences.yaml")
# What authors write in the field License, less its case, where it leaves no doubt. "BSD" and "LGPL" do.
_NAMES: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd 3-clause license": "BSD-3-Clause",
    "mit license": "MIT",
}
# Classifiers that name one licence; "BSD License" and "Apache Software License" name a family.
_CLASSIFIERS: Final = {
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
}
Source = Literal["License-Expression", "License", "classifier", "config/licences.yaml"]


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A licence that a person has found out.

    Attributes:
        licence: SPDX expression.
        reason: Why the metadata is not enough, and where the licence was read.
    """

    licence: str
    reason: Annotated[str, Meta(min_length=10)]


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``config/licences.yaml``, checked.

    Attributes:
        permissive: Licences that are free for every use.
        weak_copyleft: Licences that ask for changes to the package itself alone.
        packages: By canonical name, what metadata does not tell.
    """

    permissive: frozenset[str]
    weak_copyleft: frozenset[str]
    packages: dict[str, Override]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A package and its licence.

    Attributes:
        package: The package.
        licence: SPDX expression.
        source: Which field or file says so.
        reason: What a person wrote beside it, where one did.
    """

    package: Package
    licence: str
    source: Source
    reason: str = ""


def read_policy(path: Path = FILE) -> Policy:
    """Read and check the policy.

    Raises:
        ConfigurationError: If the file is missing or wrong, or names what SPDX does not know.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        policy = msgspec.convert(document, Policy)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    names = [*policy.permissive, *policy.weak_copyleft]
    for name in [*names, *(one.licence for one in policy.packages.values())]:
        if spdx(name) != name:
            raise ConfigurationError(
                f"{path}: {name!r} is no SPDX expression; see spdx.org/licenses"
            )
    return policy


def spdx(text: str) -> str | None:
    """Answer an expression as SPDX writes it; None where SPDX does not know it."""
    try:
        parsed = _names_of_spdx().parse(text, validate=True)
    except ExpressionError:
        return None
    return None if parsed is None else str(parsed.render())


@cache
def _names_of_spdx() -> Licensing:
    # Some thousand names, read anew by each call of the library.
    return get_spdx_licensing()


def licence_of(package: Package, policy: Policy) -> Known | None:
    """Answer a package's licence; None where neither its metadata nor a person tells one."""
    told = policy.packages.get(package.name)
    if told is not None:
        return Known(
            package=package,
            licence=told.licence,
            source="config/licences.yaml",
            reason=told.reason,
        )
    for source, found in _declared(package):
        if found is not None:
            return Known(package=package, licence=found, source=source)
    return None


def _declared(package: Package) -> Iterator[tuple[Source, str | None]]:
    yield "License-Expression", spdx(package.expression)
    # Some put the whole text here, whose first line may be a name.
    name = package.licence.strip().partition("\n")[0].strip()
    yield "License", _NAMES.get(name.lower()) or spdx(name)
    found = {_CLASSIFIERS.get(one) for one in package.classifiers}
    yield "classifier", found.pop() if len(found) == 1 else None


def is_allowed(expression: str, policy: Policy) -> bool:
    """Answer whether serving may have a licence: of alternatives one has to be allowed, of a sum all."""
    allowed = policy.permissive | policy.weak_copyleft
    return _holds(_names_of_spdx().parse(expression), allowed)


def asks_for_changes(expression: str, policy: Policy) -> bool:
    """Answer whether a licence is allowed only as one that asks for changes to the package itself."""
    return not _holds(_names_of_spdx().parse(expression), policy.permissive)


def _holds(parsed: object, allowed: frozenset[str]) -> bool:
    parts = [_holds(part, allowed) for part in _operands(parsed)]
    if not parts:
        return str(parsed) in allowed
    return any(parts) if _operator(parsed) == "OR" else all(parts)


def _operands(parsed: object) -> tuple[object, ...]:
    # A licence with its exception has parts too, which are one name here.
    return tuple(getattr(parsed, "args", ())) if _operator(parsed) in {"AND", "OR"} else ()


def _operator(parsed: object) -> str:
    return str(getattr(parsed, "operator", "")).strip()


def problems_of(packages: Iterable[Package], policy: Policy) -> list[str]:
    """Answer what is wrong, a sentence with its remedy for each; nothing where all is known and allowed."""
    packages = tuple(packages)
    return [*_of_packages(packages, policy), *_of_overrides(packages, policy)]


def _of_packages(packages: tuple[Package, ...], policy: Policy) -> Iterator[str]:
    for package in packages:
        known = licence_of(package, policy)
        if known is None:
            yield (
                f"{package.name} {package.version} does not say which licence it has. Read its sources, and write"
                f" licence and reason under packages: {package.name}: in {FILE}"
            )
        elif not is_allowed(known.licence, policy):
            yield (
                f"{package.name} {package.version} is under {known.licence} ({known.source}), which {FILE} does not"
                " allow for serving. Do without the package, or add the licence to the family it belongs to"
            )


def _of_overrides(packages: tuple[Package, ...], policy: Policy) -> Iterator[str]:
    bare = msgspec.structs.replace(policy, packages={})
    by_name = {package.name: package for package in packages}
    for name in sorted(policy.packages):
        if name not in by_name:
            yield f"{FILE} has {name}, which serving does not install; take the entry out"
            continue
        declared = licence_of(by_name[name], bare)
        if declared is not None and declared.licence == policy.packages[name].licence:
            yield f"{FILE} has {name}, whose metadata says the same; take the entry out"
