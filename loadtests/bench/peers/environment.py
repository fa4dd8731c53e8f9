"""The environment that peers run in: the project's own, and beside it what only they need."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

ROOT: Final = Path(__file__).resolve().parents[3]
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
COMPARED: Final = ("f5-tts", "vocos", "litserve", "fastapi")
"""What peers are made of, and a record names with its version; torch is the project's own."""
_VERSIONS: Final = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def peers_python(folder: Path = ROOT / "build" / "bench-venv") -> Path:
    """Make the environment where it is not there yet; answer its interpreter.

    The project's packages are seen through a path file, so that torch and f5-tts are the very same.

    Raises:
        ConfigurationError: If the packages cannot be installed; the output of pip says why.
    """
    python = folder / "bin" / "python"
    done = folder / "installed.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if done.is_file() and done.read_text(encoding="utf-8") == wanted:
        return python
    print("bench: installing what only the peers need")
    venv.create(folder, with_pip=True, clear=True)
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site / "project.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    if finished.returncode:
        raise ConfigurationError(
            f"the peers cannot be installed; is the package index reachable? {finished.stderr[-500:]}"
        )
    done.write_text(wanted, encoding="utf-8")
    return python


def versions(python: Path, names: Sequence[str] = COMPARED) -> dict[str, str]:
    """Answer the versions of packages as an environment's own interpreter finds them.

    Raises:
        ConfigurationError: If one is not installed there.
    """
    command = [str(python), "-c", _VERSIONS, *names]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    if finished.returncode:
        reason = finished.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ConfigurationError(
            f"{python}: a package of the peers is missing ({reason[0]}); run make setup-dev, delete the folder"
            f" {python.parent.parent} and run this again"
        )
    told: dict[str, str] = json.loads(finished.stdout)
    return told
