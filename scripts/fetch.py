"""Fetches published checkpoints from the hub into ``models/``, verified, resumable, each under its licence.

What is here and as recorded is left alone, without asking anyone. ``config/hub.lock.json`` tells which
revision was fetched first; later runs take that one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from huggingface_hub.utils.tqdm import tqdm

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.hub.client import Hub, endpoint_of
from scripts.hub.disk import human
from scripts.hub.fetching import Options, Row, fetch
from scripts.hub.licences import ACCEPTED, accepted_by_environment
from scripts.hub.wanted import chosen_models, wanted_repositories

ROOT: Final = Path(__file__).resolve().parent.parent
CATALOGUE: Final = "config/catalogue.yaml"
INTERRUPTED: Final = 130


def main(argv: list[str] | None = None) -> int:
    """Fetch what is asked for, and print a table of it.

    Returns:
        0; 1 after a message on standard error; 130 after Ctrl-C.
    """
    options = _arguments(argv)
    languages = [code for part in options.languages for code in part.replace(",", " ").split()]
    root = options.root.absolute()
    try:
        catalogue = load_catalogue(root / CATALOGUE)
        wanted = wanted_repositories(catalogue, chosen_models(catalogue, languages))
        how = Options(
            accept=options.accept_licence or accepted_by_environment(),
            update=options.update,
            dry_run=options.dry_run,
            parallel=options.parallel,
        )
        rows = fetch(root, Hub(endpoint=endpoint_of(os.environ), say=say), wanted, how)
    except ConfigurationError as error:
        print("\n".join(f"fetch: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfetch: stopped; what came is kept: run the same command again", file=sys.stderr)
        return INTERRUPTED
    print(table(rows))
    print(_closing(rows))
    return 0


def say(line: str) -> None:
    """Print a line above the progress bars."""
    with tqdm.external_write_mode(file=sys.stdout):
        print(f"fetch: {line}", flush=True)


def table(rows: Sequence[Row]) -> str:
    """Answer what is in ``models/`` as a table of text."""
    head = ("file", "size", "sha256", "licence", "state", "where")
    body = [
        (
            row.path,
            human(row.bytes),
            row.sha256[:12] if row.sha256 else "",
            row.licence,
            row.state,
            f"models/{row.where}",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    )
    return "\n".join(lines)


def _closing(rows: Sequence[Row]) -> str:
    to_fetch = [row for row in rows if row.state == "to fetch"]
    if to_fetch:
        size = human(sum(row.bytes for row in to_fetch))
        return f"fetch: {len(to_fetch)} files to fetch, {size}; nothing was fetched (dry run)"
    fetched = [row for row in rows if row.state == "fetched"]
    unrecorded = sum(row.state == "unrecorded" for row in rows)
    told = f"fetch: {len(rows)} files, {human(sum(row.bytes for row in rows))}; {len(fetched)} fetched now"
    if unrecorded:
        told += f"; {unrecorded} not compared with anything, for config/hub.lock.json does not know them"
    return told


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts.fetch", description=__doc__)
    parser.add_argument("--languages", nargs="*", default=[], help="codes; default: all")
    parser.add_argument(
        "--accept-licence",
        action="store_true",
        help=f"accept the licences of checkpoints that forbid commercial use ({ACCEPTED}=1 does the same)",
    )
    parser.add_argument(
        "--update", action="store_true", help="take the newest revisions, and record them"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be fetched, only")
    parser.add_argument("--parallel", type=_parallel, default=4, help="files at once; default: 4")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="the folder that has config/ and gets models/"
    )
    return parser.parse_args(argv)


def _parallel(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 16:
        raise argparse.ArgumentTypeError(f"{text!r}: 1 to 16 files come at once")
    return int(text)


if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:
        # Files that are still coming would be waited for; what they wrote is kept as it is.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
