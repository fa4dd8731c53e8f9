"""Every ``curl`` command of the documentation, run as it stands there against the real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import soundfile
import yaml

from scripts.package import ROOT
from tests.server.harness import Server

pytestmark = [pytest.mark.server, pytest.mark.tool("curl"), pytest.mark.tool("bash")]

PAGES: Final = ("README.md", "docs/api.md")
ADDRESS: Final = "http://127.0.0.1:8080"
BLOCK: Final = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TEXT: Final = re.compile(r"""(?:"(?:text|input)": "|text=')([^"']+)""")
# A character of the texts there takes so long to say, in seconds; margins and pauses come on top.
PACE_S: Final = (0.03, 0.2)
PLAYED: Final = "played"


@dataclass(frozen=True, slots=True)
class Example:
    """A command and the page that it stands on."""

    page: str
    command: str

    @property
    def output(self) -> str | None:
        """The file that it writes: named by ``-o``, or what a player would have played."""
        named = re.search(r"-o (\S+)", self.command)
        return named[1] if named else PLAYED if "| ffplay" in self.command else None


def examples() -> Iterator[Example]:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block in BLOCK.findall(text):
            for command in block.replace("\\\n", " ").splitlines():
                if command.startswith("curl "):
                    yield Example(page, command)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands run: with a clip, a folder for what is written, and a player that plays into a file."""
    (tmp_path / "out").mkdir()
    shutil.copy(ROOT / "config" / "demo" / "voices" / "fr.wav", tmp_path / "clip.wav")
    player = tmp_path / "bin" / "ffplay"
    player.parent.mkdir()
    player.write_text(f"#!/bin/sh\ncat > {PLAYED}\n", encoding="utf-8")
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def test_there_are_examples_on_each_page() -> None:
    assert {example.page for example in examples()} == set(PAGES)
    assert all(ADDRESS in example.command for example in examples())


@pytest.mark.parametrize(
    "example", tuple(examples()), ids=lambda one: f"{one.page}: {one.command[:70]}"
)
def test_a_command_does_what_the_page_says(server: Server, folder: Path, example: Example) -> None:
    command = example.command.replace(ADDRESS, server.inference_url)

    done = subprocess.run(  # noqa: S603  # our own documentation
        ["bash", "-o", "pipefail", "-c", command],  # noqa: S607  # the one of the PATH
        cwd=folder,
        env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "NO_PROXY": "*"},
        capture_output=True,
        timeout=120,
        check=True,
    )

    told = done.stdout.decode("utf-8")
    if "-D -" in command:
        assert told.startswith("HTTP/1.1 200")
    text = TEXT.search(command)
    if text is None:
        assert_document(folder, example, told)
    elif example.output is None:
        assert '"speech.audio.done"' in told
    else:
        sound = soundfile.info(folder / example.output)
        least, most = (pace * len(text[1]) for pace in PACE_S)
        assert sound.samplerate == 24_000
        assert least < sound.duration < most + 1.0


def assert_document(folder: Path, example: Example, told: str) -> None:
    """What is there to read is what its name says."""
    if example.output is None:
        assert json.loads(told)
        return
    content = (folder / example.output).read_text(encoding="utf-8")
    if example.output.endswith(".yaml"):
        assert yaml.safe_load(content)["openapi"]
    else:
        assert content.startswith("<!doctype html>")
