"""The packages of a Debian that is installed in a folder, as components of a bill of materials."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cyclonedx.model.component import Component, ComponentType
from packageurl import PackageURL

from f5serve.errors import ConfigurationError

STATUS: Final = Path("var/lib/dpkg/status")
RELEASE: Final = Path("etc/os-release")
_FIELD: Final = re.compile(r"^([A-Za-z-]+): (.*)$", re.MULTILINE)


def system_component(root: Path) -> Component:
    """Answer the operating system itself: ``debian``, or one made from it.

    Args:
        root: Where it is installed.

    Raises:
        ConfigurationError: If it does not say what it is.
    """
    release = _release(root)
    name, version = release["ID"], release.get("VERSION_ID", "unknown")
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=name,
        version=version,
        bom_ref=f"system:{name}",
    )


def system_packages(root: Path) -> list[Component]:
    """Answer the installed packages, by name. Debian states licences as prose: none is told here.

    Args:
        root: Where the system is installed.

    Raises:
        ConfigurationError: If there is no Debian.
    """
    release = _release(root)
    packages = sorted(_installed(_read(root / STATUS)), key=lambda fields: fields["Package"])
    return [_package(fields, release) for fields in packages]


def _package(fields: Mapping[str, str], release: Mapping[str, str]) -> Component:
    qualifiers = {"arch": fields["Architecture"]}
    if "VERSION_CODENAME" in release:
        qualifiers["distro"] = release["VERSION_CODENAME"]
    url = PackageURL(
        type="deb",
        namespace=release["ID"],
        name=fields["Package"],
        version=fields["Version"],
        qualifiers=qualifiers,
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=fields["Package"],
        version=fields["Version"],
        bom_ref=str(url),
        purl=url,
    )


def _installed(status: str) -> Iterator[dict[str, str]]:
    for paragraph in status.split("\n\n"):
        fields = dict(_FIELD.findall(paragraph))
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def _release(root: Path) -> dict[str, str]:
    lines = shlex.split(_read(root / RELEASE), comments=True)
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    if "ID" not in release:
        raise ConfigurationError(f"{root / RELEASE}: it tells no ID")
    return release


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read; the folder of a Debian system is needed"
        ) from error
