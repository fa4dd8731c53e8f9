"""Builds one TorchServe archive (``.mar``) whose bytes depend on its content alone.

torch-model-archiver does the work in a folder of its own. What it writes carries the clock in two places
(manifest and zip entries) and the order of a folder listing, so the archive is rewritten: sorted names,
fixed times, uncompressed. The package travels as one folder ``f5serve/``: loose modules at the root would
stand before the standard library on the worker's path.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from f5serve.errors import ConfigurationError

ARCHIVER_DEADLINE_S: Final = 900
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
MANIFEST_TIME: Final = "01/01/1980 00:00:00"
MANIFEST: Final = "MAR-INF/MANIFEST.json"
MODEL_CONFIG: Final = "model-config.yaml"
PACKAGE: Final = "f5serve"
VERSION: Final = "1.0"
_CHUNK_BYTES: Final = 1 << 20
_ZIP64_BYTES: Final = 1 << 31

TORCH_STUB: Final = '''"""Stands in for torch in a worker that runs no model.

TorchServe's worker imports torch, and uses it for one question only: whether an answer is a
``torch.Tensor``. The real package would cost each router worker 200 MB. The archive comes first on the
worker's path, so this file is found before an installed torch; it lies in the router's archive alone.
"""


class Tensor:
    """No answer of the router is one."""
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSpec:
    """What one archive is made of.

    Attributes:
        name: The model's name in TorchServe, and the archive's file name.
        handler: The handler's module, placed at the archive's root.
        package: Folder of the package that handlers share.
        without: Parts of the package that this archive does not carry, as paths within it.
        model_config: Content of ``model-config.yaml``.
        files: Further files, by their path within the archive.
        texts: Further small files given by content.
    """

    name: str
    handler: Path
    package: Path
    without: frozenset[str]
    model_config: Mapping[str, object]
    files: Mapping[str, Path] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def build_archive(spec: ArchiveSpec, workspace: Path) -> Path:
    """Build an archive aside.

    Args:
        spec: What it is made of.
        workspace: An empty folder of the caller's, with room for three copies of the content.

    Returns:
        The archive, within ``workspace``.

    Raises:
        ConfigurationError: If a file is missing, a name is not allowed, or the archiver fails.
    """
    content = stage(spec, workspace / "content")
    settings = workspace / MODEL_CONFIG
    settings.write_text(dump_yaml(spec.model_config), encoding="utf-8")
    drafts, temporary = workspace / "draft", workspace / "tmp"
    drafts.mkdir()
    temporary.mkdir()
    command = [
        *(sys.executable, "-m", "model_archiver.model_packaging"),
        *("--model-name", spec.name, "--version", VERSION, "--handler", str(spec.handler)),
        *("--extra-files", str(content), "--config-file", str(settings)),
        *("--export-path", str(drafts), "--archive-format", "zip-store"),
    ]
    # The archiver deletes $TMPDIR/<model name> before it begins: it gets a TMPDIR of its own.
    environment = {**os.environ, "TMPDIR": str(temporary)}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=ARCHIVER_DEADLINE_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"{spec.name}: torch-model-archiver took more than {ARCHIVER_DEADLINE_S} s"
        ) from error
    draft = drafts / f"{spec.name}.mar"
    if done.returncode != 0 or not draft.exists():
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        # Above its last line stands a traceback, which tells of the archiver and not of the cause.
        raise ConfigurationError(f"{spec.name}: torch-model-archiver failed: {said[-1][:300]}")
    shutil.rmtree(content)
    result = workspace / f"{spec.name}.mar"
    rewrite(draft, result)
    draft.unlink()
    return result


def stage(spec: ArchiveSpec, folder: Path) -> Path:
    """Lay out everything but handler, settings and manifest as it will lie in the archive.

    Raises:
        ConfigurationError: If a source is missing or a path leaves the archive.
    """
    folder.mkdir()
    for name, source in (*package_files(spec), *spec.files.items()):
        if not source.is_file():
            raise ConfigurationError(
                f"{spec.name}: {source} is missing; the archive needs it as {name}"
            )
        place(source, _within(folder, name))
    for name, text in spec.texts.items():
        target = _within(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def package_files(spec: ArchiveSpec) -> Iterator[tuple[str, Path]]:
    """Answer the package's files that an archive carries: path within the archive, and source."""
    for source in sorted(spec.package.rglob("*")):
        relative = source.relative_to(spec.package)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
        left_out = any(str(parent) in spec.without for parent in (relative, *relative.parents))
        if source.is_file() and not hidden and not left_out and source.suffix != ".pyc":
            yield f"{PACKAGE}/{relative.as_posix()}", source


def place(source: Path, target: Path) -> None:
    """Put a file in its place: linked where the file system allows it, copied elsewhere."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def rewrite(source: Path, target: Path) -> None:
    """Copy an archive into the one form that its content has.

    Args:
        source: What torch-model-archiver wrote.
        target: The archive to write.
    """
    with zipfile.ZipFile(source) as old:
        manifest = fixed_manifest(old.read(MANIFEST))
    rewrite_with(source, target, {MANIFEST: manifest})


def rewrite_with(source: Path, target: Path, texts: Mapping[str, str]) -> None:
    """Copy an archive in its one form, with other content for some of its files.

    Args:
        source: An archive.
        target: The archive to write.
        texts: New content by name.
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in sorted({*old.namelist(), *texts}):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            if name in texts:
                new.writestr(entry, texts[name])
                continue
            large = old.getinfo(name).file_size >= _ZIP64_BYTES
            with old.open(name) as reader, new.open(entry, "w", force_zip64=large) as writer:
                shutil.copyfileobj(reader, writer, _CHUNK_BYTES)


def fixed_manifest(content: bytes) -> str:
    """Answer a manifest without the clock."""
    manifest = json.loads(content)
    manifest["createdOn"] = MANIFEST_TIME
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def dump_yaml(content: Mapping[str, object]) -> str:
    """Write settings as YAML, in the order given."""
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive as TorchServe does.

    Raises:
        ConfigurationError: If the file is no zip, or one of its names leaves the folder.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            for name in content.namelist():
                _within(folder, name)
            content.extractall(folder)
    except zipfile.BadZipFile as error:
        raise ConfigurationError(
            f"{archive}: damaged ({error}); build it again: make package"
        ) from error
    return folder


def member_digests(archive: Path) -> dict[str, str]:
    """Answer the sha256 of every file in an archive, by name.

    Raises:
        ConfigurationError: If the archive is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            return {name: _digest_member(content, name) for name in content.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigurationError(
            f"{archive}: damaged ({error}); build it again: make package"
        ) from error


def file_digest(path: Path) -> str:
    """Answer a file's sha256.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error


def expected_members(spec: ArchiveSpec) -> dict[str, str]:
    """Answer the sha256 that every file of an archive must have, but for the manifest's."""
    expected = {
        spec.handler.name: file_digest(spec.handler),
        MODEL_CONFIG: _digest_text(dump_yaml(spec.model_config)),
    }
    expected |= {name: file_digest(path) for name, path in package_files(spec)}
    expected |= {name: file_digest(path) for name, path in spec.files.items()}
    return expected | {name: _digest_text(text) for name, text in spec.texts.items()}


def _digest_member(content: zipfile.ZipFile, name: str) -> str:
    with content.open(name) as reader:
        digest = hashlib.sha256()
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _digest_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _within(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ConfigurationError(f"{name!r} leaves the archive; paths within it are relative")
    return folder / path
