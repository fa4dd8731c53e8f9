"""Builds the container image with docker, podman or buildah, whichever is there.

pip gets this machine's own configuration, certificates and local wheels in a folder that is mounted while
packages are installed; no layer holds it. ``--debootstrap`` makes the base from Debian's packages instead of
pulling it, for a machine that reaches no registry (as root, with buildah).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError
from scripts.record import write_record

ROOT: Final = Path(__file__).resolve().parent.parent
BASE: Final = "docker.io/library/debian:bookworm-slim"
RELEASE: Final = "bookworm"
NAME: Final = "f5serve"
BUILDERS: Final = ("docker", "podman", "buildah")
QUESTION_DEADLINE_S: Final = 60
BUILD_DEADLINE_S: Final = 3600
# What pip is told within the build; everything else of its configuration is this machine's business.
KEPT: Final = ("index-url", "extra-index-url", "timeout", "default-timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave.

    Attributes:
        target: Stage of the Dockerfile.
        bytes: Size of the image, unpacked.
        seconds: How long the build took; less where layers of an earlier one were kept.
        builder: The program.
        torch_in_image: Version of torch in it.
    """

    target: str
    bytes: int
    seconds: float
    builder: str
    torch_in_image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A program that builds images.

    Attributes:
        program: ``docker``, ``podman`` or ``buildah``.
        storage: Where buildah keeps images; None for its own place.
    """

    program: str
    storage: Path | None = None

    def command(self, *arguments: str) -> list[str]:
        """Answer a command line."""
        if self.program != "buildah" or self.storage is None:
            return [self.program, *arguments]
        folders = ("--root", str(self.storage / "root"), "--runroot", str(self.storage / "run"))
        return [self.program, *folders, *arguments]

    def build_command(self, target: str, tag: str, base: str, pip: Path) -> list[str]:
        """Answer the command that builds one target."""
        arguments = ["--target", target, "--tag", tag, "--build-arg", f"BASE={base}"]
        arguments += ["--build-arg", f"REVISION={revision()}", "--build-context", f"pip={pip}"]
        if self.program == "docker":
            return [*self.command("build"), *arguments, str(ROOT)]
        # OCI's own form has no health check. A chroot is enough for our Dockerfile, and needs no runtime.
        # A build that fails would leave its containers mounted.
        own = ["--format", "docker", "--layers", "--force-rm"]
        isolation = ["--isolation", "chroot"] if self.program == "buildah" else []
        return [*self.command("build"), *own, *isolation, *arguments, str(ROOT)]

    def size(self, tag: str) -> int:
        """Answer an image's size in bytes."""
        if self.program == "buildah":
            listed = json.loads(self.ask("images", "--json", tag))
            return read_size(str(listed[0]["size"]))
        return int(self.ask("image", "inspect", "--format", "{{.Size}}", tag))

    def ask(self, *arguments: str) -> str:
        """Run a short command and answer what it printed.

        Raises:
            ConfigurationError: If it fails.
        """
        return run(self.command(*arguments), QUESTION_DEADLINE_S)


def main(argv: list[str] | None = None) -> int:
    """Build one target.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.image", description=__doc__)
    parser.add_argument("--target", choices=("serve", "demo"), default="serve")
    parser.add_argument("--tag", help="default: f5serve:<target>")
    parser.add_argument(
        "--base", default=BASE, help="any Debian or Ubuntu with Python 3.11 to 3.13"
    )
    parser.add_argument("--builder", choices=BUILDERS, help="default: the first that works")
    parser.add_argument("--storage", type=Path, help="where buildah keeps images")
    parser.add_argument("--debootstrap", action="store_true", help="make the base, pull nothing")
    parser.add_argument("--record", type=Path, help="a file for size and time")
    options = parser.parse_args(argv)
    try:
        program = "buildah" if options.debootstrap else options.builder
        builder = Builder(program=program or working_builder(), storage=options.storage)
        if options.debootstrap:
            make_base(builder, options.base, ROOT / "build" / "base")
        built = build(
            builder, options.target, options.tag or f"{NAME}:{options.target}", options.base
        )
    except ConfigurationError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    if options.record is not None:
        write_record(options.record, asdict(built))
    return 0


def build(builder: Builder, target: str, tag: str, base: str) -> Built:
    """Build one target, and tell its size.

    Raises:
        ConfigurationError: If the build fails; the builder's own output tells why.
    """
    started = time.monotonic()
    pip = pip_folder(ROOT / "build" / "pip", configuration())
    command = builder.build_command(target, tag, base, pip)
    print(f"image: {tag} with {builder.program}", flush=True)
    done = subprocess.run(command, timeout=BUILD_DEADLINE_S, check=False)
    if done.returncode != 0:
        raise ConfigurationError(
            f"{builder.program} could not build {target}; see its output above"
        )
    built = Built(
        target=target,
        bytes=builder.size(tag),
        seconds=round(time.monotonic() - started, 1),
        builder=builder.program,
        torch_in_image=torch_version(pip),
    )
    print(f"image: {tag}  {built.bytes / 1e6:.0f} MB  {built.seconds:.0f} s", flush=True)
    return built


def working_builder() -> str:
    """Answer the first builder that is there and works.

    Raises:
        ConfigurationError: If there is none.
    """
    for program in BUILDERS:
        if shutil.which(program) is not None:
            done = subprocess.run(
                [program, "info"], capture_output=True, timeout=QUESTION_DEADLINE_S, check=False
            )
            if done.returncode == 0:
                return program
    raise ConfigurationError(
        f"none of {', '.join(BUILDERS)} works here. Install one (Debian: apt-get install buildah), or start"
        " docker's daemon"
    )


def make_base(builder: Builder, name: str, folder: Path) -> None:
    """Make the base image from Debian's packages, where it is not there yet.

    Raises:
        ConfigurationError: If debootstrap is missing or fails.
    """
    if builder.ask("images", "--quiet", "--filter", f"reference={name}").strip():
        return
    if shutil.which("debootstrap") is None:
        raise ConfigurationError("debootstrap is not installed; make image-tools")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        print(f"image: making {name} with debootstrap", flush=True)
        run(["debootstrap", "--variant=minbase", RELEASE, str(folder)], BUILD_DEADLINE_S)
        # The packages that were unpacked, and their lists, are no part of the base.
        for left in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(folder / left, ignore_errors=True)
        (folder / "var/lib/apt/lists/partial").mkdir(parents=True)
        (folder / "var/cache/apt/archives/partial").mkdir(parents=True)
        container = builder.ask("from", "scratch").strip()
        run(builder.command("add", "--quiet", container, str(folder), "/"), BUILD_DEADLINE_S)
        run(builder.command("commit", "--quiet", "--rm", container, name), BUILD_DEADLINE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def configuration() -> dict[str, str]:
    """Answer this machine's configuration of pip; of a key that stands twice, the first, which pip takes."""
    told = run([sys.executable, "-m", "pip", "config", "list"], QUESTION_DEADLINE_S)
    found = re.findall(r"^(?:global|install|:env:)\.([a-z-]+)=(['\"])(.*)\2$", told, re.MULTILINE)
    return {key: value.replace("\\n", " ") for key, _, value in reversed(found)}


def pip_folder(folder: Path, configured: Mapping[str, str]) -> Path:
    """Lay out what pip has to know within the build.

    Args:
        folder: Where; emptied first.
        configured: This machine's configuration.

    Returns:
        The folder: ``pip.conf``, certificates, wheels of torch that lie on this machine.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = ["[global]", "find-links = /pip"]
    for key in KEPT:
        # A folder of this machine is none of the build's.
        remote = [
            one for one in configured.get(key, "").split() if not one.startswith(("/", "file:"))
        ]
        lines += [f"{key} = {' '.join(remote)}"] if remote else []
    certificate = Path(configured.get("cert", ""))
    if certificate.is_file():
        shutil.copyfile(certificate, folder / "certificates.pem")
        lines.append("cert = /pip/certificates.pem")
    for place in configured.get("find-links", "").split():
        for wheel in sorted(Path(place.removeprefix("file://")).glob("torch-*.whl")):
            _link(wheel, folder / wheel.name)
    (folder / "pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def torch_version(pip: Path) -> str:
    """Answer which torch the build took: a wheel of this machine's, or the index's."""
    wheels = sorted(pip.glob("torch-*.whl"))
    return wheels[-1].name.split("-")[1] if wheels else "of the index"


def revision() -> str:
    """Answer the commit that is built; ``unknown`` outside a repository."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        timeout=QUESTION_DEADLINE_S,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def run(command: Sequence[str], deadline_s: float) -> str:
    """Run a command and answer what it printed.

    Raises:
        ConfigurationError: If it fails; with the end of its output.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def read_size(text: str) -> int:
    """Answer the bytes of a size as buildah writes it, ``2.03 GB``."""
    units = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
    number, unit = text.split()
    return round(float(number) * units[unit.upper()])


if __name__ == "__main__":
    sys.exit(main())
