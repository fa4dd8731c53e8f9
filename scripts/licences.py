"""Writes ``docs/licences.md``; with ``--check`` fails where it is stale or a licence is unknown or not allowed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.supply.closure import Package, serving_packages
from scripts.supply.known import FILE, Policy, problems_of, read_policy
from scripts.supply.page import licence_page

PYPROJECT: Final = Path("pyproject.toml")
CATALOGUE: Final = Path("config/catalogue.yaml")
PAGE: Final = Path("docs/licences.md")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or 1 after messages on standard error.
    """
    parser = argparse.ArgumentParser(prog="licences", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where it would")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page")
    parser.add_argument("--policy", type=Path, default=FILE, help="what is allowed and found out")
    options = parser.parse_args(argv)
    try:
        packages, policy = serving_packages(PYPROJECT), read_policy(options.policy)
        problems = renew(options.page, packages, policy, check=options.check)
    except ConfigurationError as error:
        problems = [str(error)]
    for problem in problems:
        print(f"licences: {problem}", file=sys.stderr)
    return 1 if problems else 0


def renew(page: Path, packages: Sequence[Package], policy: Policy, *, check: bool) -> list[str]:
    """Write the page where it is stale.

    Args:
        page: Its path.
        packages: What serving installs.
        policy: What is allowed.
        check: Write nothing, and tell that it is stale.

    Returns:
        What is wrong, a sentence with its remedy for each.

    Raises:
        ConfigurationError: If the catalogue is wrong.
    """
    problems = problems_of([one for one in packages if not one.is_cuda], policy)
    if problems:
        return problems
    wanted = licence_page(packages, policy, load_catalogue(CATALOGUE))
    if page.is_file() and page.read_text(encoding="utf-8") == wanted:
        return []
    if check:
        return [f"{page} is not what is installed and configured; run make licences"]
    page.write_text(wanted, encoding="utf-8")
    print(f"licences: {page}")
    return []


if __name__ == "__main__":
    sys.exit(main())
