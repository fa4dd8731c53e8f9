"""The packages that serving installs: those ``pyproject.toml`` names, and all that these need.

It is read from what the installed packages say of themselves, so it takes no network and no second
environment. ``constraints.txt`` has the versions of development too, and so cannot tell.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from f5serve.errors import ConfigurationError
from scripts.setup import read_requirements

# What the CUDA build of torch brings along; the CPU build has none of it.
CUDA = ("nvidia-", "cuda-", "triton")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package.

    Attributes:
        name: As the package index spells it, in its canonical form.
        version: As installed; a local suffix (``2.13.0+cpu``) tells which build it is.
        needs: Canonical names of what it needs on this machine.
        expression: Its metadata's ``License-Expression``, which is SPDX; empty where there is none.
        licence: Its metadata's ``License``: a name, a whole text, or empty.
        classifiers: The last parts of its classifiers of licences.
    """

    name: str
    version: str
    needs: tuple[str, ...] = ()
    expression: str = ""
    licence: str = ""
    classifiers: tuple[str, ...] = ()

    @property
    def public_version(self) -> str:
        """The version without its local suffix, as the package index knows it."""
        return Version(self.version).public

    @property
    def is_cuda(self) -> bool:
        """Whether the CUDA build of torch brought it."""
        return self.name.startswith(CUDA)


def serving_packages(
    pyproject: Path,
    find: Callable[[str], Distribution] = importlib.metadata.distribution,
    without: Collection[str] = (),
) -> tuple[Package, ...]:
    """Answer what serving installs, by name.

    Args:
        pyproject: The requirements.
        find: Answers the installed package of a name.
        without: Canonical names of packages that were taken out on purpose, as the image has none to install with.

    Raises:
        ConfigurationError: If one of the packages is not installed.
    """
    return closure(read_requirements(pyproject, dev=False), find, without)


def direct_names(pyproject: Path) -> tuple[str, ...]:
    """Answer the canonical names of what ``pyproject.toml`` itself asks for."""
    lines = read_requirements(pyproject, dev=False)
    return tuple(sorted(canonicalize_name(Requirement(line).name) for line in lines))


def closure(
    lines: Iterable[str],
    find: Callable[[str], Distribution] = importlib.metadata.distribution,
    without: Collection[str] = (),
) -> tuple[Package, ...]:
    """Answer some requirements and all that they need on this machine, by name.

    Args:
        lines: Requirements as in ``pyproject.toml``.
        find: Answers the installed package of a name.
        without: Canonical names of what is not looked for and not told.

    Raises:
        ConfigurationError: If one of the packages is not installed.
    """
    waiting = [Requirement(line) for line in lines]
    seen: set[tuple[str, frozenset[str]]] = set()
    found: dict[str, Distribution] = {}
    needs: dict[str, set[str]] = {}
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        key = (name, frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        found[name] = _installed(name, find)
        for need in _needs(found[name], wanted.extras):
            if (needed := canonicalize_name(need.name)) not in without:
                needs.setdefault(name, set()).add(needed)
                waiting.append(need)
    return tuple(_package(name, found[name], needs.get(name, set())) for name in sorted(found))


def _installed(name: str, find: Callable[[str], Distribution]) -> Distribution:
    try:
        return find(name)
    except PackageNotFoundError as error:
        raise ConfigurationError(f"{name} is not installed here; run make setup-dev") from error


def _needs(distribution: Distribution, extras: set[str]) -> list[Requirement]:
    lines = [Requirement(line) for line in distribution.requires or ()]
    return [
        need
        for need in lines
        if need.marker is None
        or any(need.marker.evaluate({"extra": extra}) for extra in extras or {""})
    ]


def _package(name: str, distribution: Distribution, needs: set[str]) -> Package:
    told = distribution.metadata
    classifiers = (line.split(" :: ") for line in told.get_all("Classifier") or ())
    return Package(
        name=name,
        version=distribution.version,
        needs=tuple(sorted(needs)),
        expression=_field(told, "License-Expression"),
        licence=_field(told, "License"),
        classifiers=tuple(parts[-1] for parts in classifiers if parts[0] == "License"),
    )


def _field(metadata: PackageMetadata, name: str) -> str:
    return metadata[name] or "" if name in metadata else ""
