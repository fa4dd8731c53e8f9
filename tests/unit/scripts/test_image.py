"""What the build of the image is told about pip, and which command builds it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts import image
from scripts.image import (
    Builder,
    configuration,
    main,
    pip_folder,
    read_size,
    torch_version,
    working_builder,
)


def test_a_mirror_is_passed_on_and_a_folder_of_this_machine_is_not(tmp_path: Path) -> None:
    folder = pip_folder(
        tmp_path / "pip",
        {
            "index-url": "https://mirror.example.com/simple",
            "extra-index-url": "file:///local/simple https://other.example.com/simple",
            "constraint": "/etc/constraints.txt",
        },
    )

    assert (folder / "pip.conf").read_text(encoding="utf-8").splitlines() == [
        "[global]",
        "find-links = /pip",
        "index-url = https://mirror.example.com/simple",
        "extra-index-url = https://other.example.com/simple",
    ]


def test_certificates_and_wheels_of_torch_travel_along(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificate", encoding="utf-8")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl", "other-1.0-py3-none-any.whl"):
        (wheels / name).write_text("wheel", encoding="utf-8")

    folder = pip_folder(
        tmp_path / "pip", {"cert": str(tmp_path / "ca.pem"), "find-links": str(wheels)}
    )

    assert "cert = /pip/certificates.pem" in (folder / "pip.conf").read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == [
        "certificates.pem",
        "pip.conf",
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl",
    ]
    assert torch_version(folder) == "2.13.0+cpu"


def test_a_second_build_forgets_what_the_first_was_told(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "torch-1-cp311.whl").write_text("old", encoding="utf-8")

    folder = pip_folder(tmp_path / "pip", {})

    assert [path.name for path in folder.iterdir()] == ["pip.conf"]
    assert torch_version(folder) == "of the index"


def test_pips_own_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ":env:.timeout='7'\nglobal.timeout='9'\nglobal.find-links='\\n/a\\n/b'\ninstall.user='yes'\n"
    monkeypatch.setattr(image, "run", lambda *_: told)

    assert configuration() == {"timeout": "7", "find-links": " /a /b", "user": "yes"}


def test_the_real_pip_is_understood() -> None:
    assert isinstance(configuration(), dict)


@pytest.mark.parametrize("program", ["docker", "podman", "buildah"])
def test_each_builder_is_given_target_base_and_pip(program: str, tmp_path: Path) -> None:
    command = Builder(program=program).build_command("demo", "f5serve:demo", "debian:x", tmp_path)

    assert command[:2] == [program, "build"]
    assert f"pip={tmp_path}" in command
    assert command[command.index("--target") + 1] == "demo"
    assert "BASE=debian:x" in command
    assert ("--force-rm" in command) == (program != "docker"), "docker leaves none anyway"
    assert ("docker" in command[2:]) == (program != "docker"), "the form that keeps a health check"


def test_without_a_builder_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert main([]) == 1
    assert "apt-get install buildah" in capsys.readouterr().err


def test_a_program_without_its_daemon_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 1 if command[0] == "docker" else 0)

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", answer)

    assert working_builder() == "podman"


def test_none_that_works_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(ConfigurationError, match="none of docker, podman, buildah"):
        working_builder()


@pytest.mark.parametrize(
    ("text", "size"), [("2.03 GB", 2_030_000_000), ("204 MB", 204_000_000), ("12 B", 12)]
)
def test_sizes_are_read_as_buildah_writes_them(text: str, size: int) -> None:
    assert read_size(text) == size
