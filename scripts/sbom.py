"""Writes what serving is made of as a CycloneDX document: packages, checkpoints, licences, digests."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.supply.closure import direct_names, serving_packages
from scripts.supply.known import read_policy
from scripts.supply.sbom import checked_json, model_components, serving_bom

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = Path("build/f5serve.cdx.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="sbom", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="where to write it")
    parser.add_argument(
        "--system", type=Path, help="root of a Debian whose packages belong to it, as in the image"
    )
    parser.add_argument(
        "--without", nargs="*", default=(), help="packages that were taken out on purpose"
    )
    options = parser.parse_args(argv)
    try:
        text, told = document(ROOT, options.system, options.without)
    except ConfigurationError as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(f"sbom: {options.out}  {told}")
    return 0


def document(
    root: Path, system: Path | None = None, without: Collection[str] = ()
) -> tuple[str, str]:
    """Answer the document of a checkout, and how much is in it.

    Args:
        root: The checkout.
        system: Root of the Debian whose packages belong to it; None for none.
        without: Packages that were taken out on purpose.

    Raises:
        ConfigurationError: If a package or a file is missing.
    """
    pyproject = root / "pyproject.toml"
    packages = serving_packages(pyproject, without=without)
    models = model_components(root, load_catalogue(root / "config/catalogue.yaml"))
    version = str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
    policy = read_policy(root / "config/licences.yaml")
    bom = serving_bom(version, packages, direct_names(pyproject), policy, models, system)
    told = f"{len(packages)} packages, {len(models)} checkpoints"
    if system is not None:
        told += f", {len(bom.components) - len(packages) - len(models) - 1} of the system"
    return checked_json(bom), told


if __name__ == "__main__":
    sys.exit(main())
