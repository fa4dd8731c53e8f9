"""Checks the Kubernetes manifests, the Dockerfile and the compose files.

Renders every overlay and component, then asks: strict schemas, our own rules, yamllint, hadolint, and with
``--full`` checkov, which gets an environment of its own below ``build/``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.manifests.strict import problems_of
from scripts.manifests.together import unquoted_codes, violations
from scripts.manifests.variants import VARIANTS, Manifest, render
from scripts.render_shards import CATALOGUE
from scripts.render_shards import main as render_shards

ROOT: Final = Path(__file__).resolve().parent.parent
CHECKOV: Final = "checkov==3.3.30"
INSTALL_DEADLINE_S: Final = 900
RUN_DEADLINE_S: Final = 300
SKIPPED: Final = {
    "CKV_K8S_11": "no limit of CPU: a throttled Java process answers probes late",
    "CKV_K8S_15": "images are named by digest, which a pull cannot change",
    "CKV_K8S_43": "the overlay laptop runs an image that was built on the spot",
    "CKV_K8S_14": "the same",
    "CKV_DOCKER_7": "the last stage is named for another stage of the file, which has no tag",
}


def main(argv: list[str] | None = None) -> int:
    """Check all there is to check.

    Returns:
        0, or 1 after the problems on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.k8s_check", description=__doc__)
    parser.add_argument("--full", action="store_true", help="checkov too: minutes the first time")
    options = parser.parse_args(argv)
    started = time.monotonic()
    if shutil.which("kubectl") is None and not options.full:
        print("k8s-check: left out, since kubectl (1.27 or newer) is not installed")
        return 0
    try:
        rendered = {name: render(ROOT, variant) for name, variant in VARIANTS.items()}
        problems = list(check(ROOT, rendered, load_catalogue(ROOT / CATALOGUE)))
        if options.full:
            problems += checkov(ROOT / "build" / "checkov", rendered)
    except ConfigurationError as error:
        print(f"k8s-check: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"k8s-check: {problem}", file=sys.stderr)
    count = sum(map(len, rendered.values()))
    print(
        f"k8s-check: {len(rendered)} variants, {count} manifests, {len(problems)} problems,"
        f" {time.monotonic() - started:.1f} s"
    )
    return 1 if problems else 0


def check(root: Path, rendered: dict[str, list[Manifest]], catalogue: Catalogue) -> Iterator[str]:
    """Answer every problem that takes no program of its own to find."""
    if render_shards(["--check", "--root", str(root)]):
        yield "manifests of the shards are out of date: make k8s"
    seen: set[str] = set()
    for name, manifests in rendered.items():
        for manifest in manifests:
            # Most manifests are the same in several variants.
            text = json.dumps(manifest, sort_keys=True)
            if text not in seen:
                seen.add(text)
                yield from (f"{name}: {problem}" for problem in problems_of(manifest))
        yield from (f"{name}: {problem}" for problem in violations(manifests, catalogue))
    for path in sources(root):
        yield from unquoted_codes(path, catalogue)
    yield from run([sys.executable, "-m", "yamllint", "--strict", *map(str, sources(root))])
    yield from run([str(Path(sys.executable).with_name("hadolint")), str(root / "Dockerfile")])


def sources(root: Path) -> list[Path]:
    """Answer the YAML files that people and ``make k8s`` write."""
    return [*sorted((root / "k8s").rglob("*.yaml")), root / "config" / "placement.yaml"]


def run(command: list[str]) -> list[str]:
    """Run a checker; answer its complaints."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_DEADLINE_S, check=False
    )
    return [] if done.returncode == 0 else [f"{done.stdout}{done.stderr}".strip()]


def checkov(home: Path, rendered: dict[str, list[Manifest]]) -> list[str]:
    """Ask checkov, after installing it where it is not.

    Raises:
        ConfigurationError: If it cannot be installed.
    """
    python = home / "bin" / "python"
    if not (home / "bin" / "checkov").exists():
        print(f"k8s-check: installing {CHECKOV} into {home}", flush=True)
        venv.create(home, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CHECKOV],
            capture_output=True,
            text=True,
            timeout=INSTALL_DEADLINE_S,
            check=False,
        )
        if done.returncode != 0:
            raise ConfigurationError(f"{CHECKOV} cannot be installed: {done.stderr.strip()[-500:]}")
    folder = home.parent / "k8s"
    folder.mkdir(parents=True, exist_ok=True)
    for name, manifests in rendered.items():
        path = folder / f"{name.replace(', ', '-').replace(' ', '-')}.yaml"
        path.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    command = [
        str(python),
        str(home / "bin" / "checkov"),
        "--skip-download",
        "--quiet",
        "--compact",
    ]
    skipped = ["--skip-check", ",".join(SKIPPED)]
    return [
        *run([*command, "--framework", "kubernetes", "--directory", str(folder), *skipped]),
        *run([*command, "--framework", "dockerfile", "--file", str(ROOT / "Dockerfile"), *skipped]),
    ]


if __name__ == "__main__":
    sys.exit(main())
