"""``docs/licences.md``: every package and checkpoint that serving takes, and under which licence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from f5serve.catalogue import Catalogue, ProfileName, Source
from scripts.supply.closure import Package
from scripts.supply.known import Known, Policy, asks_for_changes, licence_of, spdx

HUB: Final = "https://huggingface.co"
_HEAD: Final = """\
# Licences of what is served

<!-- Made by `make licences` from the installed packages, config/licences.yaml and config/catalogue.yaml. -->

f5serve itself is under the [MIT licence](../LICENSE). This page lists what it is served with: the packages that \
`make setup` and the image install, and the checkpoints. What only development, tests and training take is not \
listed, for none of it is passed on. `make sbom` writes the same as a CycloneDX document, with digests.

This is what the packages say of themselves, read by a program and where that was not enough by a person. It is no \
legal advice.
"""
_PACKAGES: Final = """\
## Packages

Source tells where the licence was read: a field of the package's metadata, or \
[config/licences.yaml](../config/licences.yaml) where metadata says too little; those reasons stand below the \
table. `make check` fails where a package tells no licence and has no entry there, where it has one that the file \
does not allow for serving, such as the AGPL, and where this page is not what `make licences` writes.
"""
_NOT_LISTED: Final = """\
## Not listed

- The CUDA build of torch brings NVIDIA's libraries as packages of their own, mostly under NVIDIA's own terms and not \
under an open licence. `make sbom` lists them where they are installed.
- The image adds Debian's packages (Python, nginx, tini and what they need); their licences lie in its \
`/usr/share/doc`. It leaves out setuptools.
- Wheels of torch, numpy, soundfile (libsndfile, LGPL-2.1), pillow and others hold compiled libraries of third \
parties, under licences of their own.
"""


def licence_page(packages: Iterable[Package], policy: Policy, catalogue: Catalogue) -> str:
    """Answer the page in Markdown.

    Args:
        packages: What serving installs. Packages of CUDA are left out: the page is the same on every machine.
        policy: Whose licences are all known and allowed (``problems_of``).
        catalogue: The checkpoints.
    """
    found = [licence_of(package, policy) for package in packages if not package.is_cuda]
    known = [one for one in found if one is not None]
    return "\n".join(
        [
            _HEAD,
            *_checkpoints(catalogue),
            _PACKAGES,
            *_package_table(known),
            *_copyleft(known, policy),
            *_reasons(known),
            _NOT_LISTED,
        ]
    )


def _checkpoints(catalogue: Catalogue) -> Iterator[str]:
    refused = [name for name in catalogue.models if not _full(catalogue, name).commercial_use]
    free = [name for name in catalogue.models if name not in refused]
    yield "## Checkpoints\n"
    yield (
        f"**Of the {len(catalogue.models)} published checkpoints (profile `full`), {len(refused)} forbid commercial"
        f" use:** {_names(refused)}. {_names(free)} {'allows' if len(free) == 1 else 'allow'} it. The checkpoints of"
        " the profile `demo` are this repository's own and may be used for anything. `make fetch` asks for consent"
        " before it takes one that forbids ([how](checkpoints.md)).\n"
    )
    yield "| checkpoint | languages | profile | from | licence | commercial use |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for profile in ("demo", "full"):
        for name, model in catalogue.models.items():
            source = model.profiles.get(profile)
            if source is not None:
                yield _row(name, ", ".join(model.languages), profile, source)
    for name, vocoder in catalogue.vocoders.items():
        profile = "demo" if vocoder.repository is None else "full"
        origin = _origin(vocoder.repository)
        yield f"| vocoder `{name}` | all | {profile} | {origin} | {_spdx(vocoder.licence)} | yes |"
    yield ""


def _row(name: str, languages: str, profile: ProfileName, source: Source) -> str:
    allowed = "yes" if source.commercial_use else "**no**"
    origin, licence = _origin(source.repository), _spdx(source.licence)
    return f"| `{name}` | {languages} | {profile} | {origin} | {licence} | {allowed} |"


def _origin(repository: str | None) -> str:
    return "this repository" if repository is None else f"[{repository}]({HUB}/{repository})"


def _package_table(known: Iterable[Known]) -> Iterator[str]:
    yield "| package | version | licence | source |"
    yield "| --- | --- | --- | --- |"
    for one in known:
        version = one.package.public_version
        yield f"| {one.package.name} | {version} | {one.licence} | {one.source} |"
    yield ""


def _copyleft(known: Iterable[Known], policy: Policy) -> Iterator[str]:
    asking = [one for one in known if asks_for_changes(one.licence, policy)]
    names = ", ".join(f"{one.package.name} ({one.licence})" for one in asking)
    yield "### Packages that ask for more than their notice\n"
    yield (
        f"{names}: whoever passes on a changed version of one of these passes on its sources too. f5serve uses them"
        " unchanged, as packages that can be replaced. Whoever passes on the image passes them on, and owes"
        " their licence texts and the way to their sources.\n"
    )


def _reasons(known: Iterable[Known]) -> Iterator[str]:
    yield "### Read by a person\n"
    for one in known:
        if one.reason:
            yield f"- {one.package.name}, {one.licence}: {one.reason}."
    yield ""


def _full(catalogue: Catalogue, name: str) -> Source:
    return catalogue.models[name].profiles["full"]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _spdx(name: str) -> str:
    return spdx(name) or name
