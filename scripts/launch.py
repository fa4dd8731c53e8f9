"""How the Java process is started and ended: command line, environment, temporary folder, signals."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import psutil

from f5serve.cores import CORES_FILE_VARIABLE, CORES_VARIABLE, SharedCores
from f5serve.errors import ConfigurationError
from f5serve.routing.replicas import WORKERS_VARIABLE
from f5serve.settings import DTYPE_VARIABLE
from f5serve.voice_store import FOLDER_VARIABLE
from scripts.lock import read_lock
from scripts.ports import Ports
from scripts.running import DRAIN_S
from scripts.workers import is_language_model

ROOT: Final = Path(__file__).resolve().parent.parent
STOP_DEADLINE_S: Final = 20.0
KILL_DEADLINE_S: Final = 5.0
# Most bytes of a path to a Unix socket; TorchServe puts its sockets into the temporary folder.
SOCKET_PATH_BYTES: Final = 107
SOCKET_NAME: Final = "/.ts.sock.99999"
SPARE_BYTES: Final = 200_000_000
KEPT_PRIMITIVES: Final = 64
SPINS: Final = 5_000
# The JVM hands bodies through: what it would gain by compiling its code once more, and by collecting in parallel, is
# less than that takes from the workers on few cores.
JVM_OPTIONS: Final = (
    "-Xmx1g",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
)
# What a worker may see of the caller's environment. Above all not PYTHONPATH, which would come before the
# archive: then the working tree would be served, not the package.
PASSED_ON: Final = (
    "CUDA_VISIBLE_DEVICES",
    "F5SERVE_LOG_TEXTS",
    "HOME",
    "LD_LIBRARY_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "PATH",
    "TZ",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How to start a server.

    Attributes:
        store: Folder of the archives.
        models: Models to load, each from ``<store>/<model>.mar``.
        ports: Where to listen.
        logs: Folder for log files.
        properties: TorchServe properties that differ from ``config/config.properties``.
        environment: Further variables for the server and its workers.
        threads: CPU threads of each worker; 0 shares the cores among those that compute at the moment.
        workers: Workers of each language model; 0 for as many as its archive says.
        dtype: Precision of each language model; nothing for what its archive says.
        voices: Where the router keeps voices that are added over the API; None where none can be.
        record: Where to tell, while it runs, which processes serve; None for nowhere.
        temporary: Folder in which archives are unpacked; the machine's own without it.
        drain_s: How long whoever starts it lets work end, at most; told in the record.
    """

    store: Path
    models: tuple[str, ...]
    ports: Ports
    logs: Path
    properties: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 0
    workers: int = 0
    dtype: str = ""
    voices: Path | None = None
    record: Path | None = None
    temporary: Path | None = None
    drain_s: float = DRAIN_S

    def archives(self) -> list[Path]:
        """Answer the archives to load.

        Raises:
            ConfigurationError: If one is missing.
        """
        paths = [self.store / f"{name}.mar" for name in self.models]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing or not paths:
            raise ConfigurationError(
                f"no archive at {', '.join(missing) or self.store}; build it: make package"
            )
        return paths


def command_line(
    java: Path, properties: Path, options: ServerOptions, temporary: Path
) -> list[str]:
    """Answer the command that starts TorchServe.

    The class path holds TorchServe's folder alone: the ``torchserve`` command puts the working directory
    before it, and with it whatever lies there.
    """
    spec = importlib.util.find_spec("ts")
    if spec is None or spec.origin is None:
        raise ConfigurationError("TorchServe is not installed; run make setup")
    home = Path(spec.origin).resolve().parent.parent
    return [
        str(java),
        *JVM_OPTIONS,
        f"-Dmodel_server_home={home}",
        f"-Djava.io.tmpdir={temporary}",
        f"-Dlog4j.configurationFile={(ROOT / 'config' / 'log4j2.xml').as_uri()}",
        *("-cp", str(home / "ts" / "frontend" / "*"), "org.pytorch.serve.ModelServer"),
        *("--python", sys.executable, "-f", str(properties), "-s", str(options.store.absolute())),
        # Without --ncs the last snapshot would silently win over the properties at the next start.
        *("-ncs", "-m", *(f"{name}={name}.mar" for name in options.models)),
    ]


def write_properties(options: ServerOptions, folder: Path) -> Path:
    """Write ``config/config.properties`` with this server's ports and differences.

    Returns:
        The file, in ``folder``.
    """
    changed = {
        "metrics_config": str(ROOT / "config" / "metrics.yaml"),
        **options.ports.properties(),
        **options.properties,
    }
    kept = [
        line
        for line in (ROOT / "config" / "config.properties").read_text(encoding="utf-8").splitlines()
        if line.split("=", 1)[0].strip() not in changed
        and not line.startswith("#")
        and line.strip()
    ]
    path = folder / "config.properties"
    lines = [*kept, *(f"{key}={property_value(value)}" for key, value in changed.items())]
    path.write_text(ascii_only("\n".join(lines)) + "\n", encoding="ascii")
    return path


def property_value(text: str) -> str:
    """Write a value so that Java reads it back: a backslash is an escape, blanks at the front are dropped."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\{escaped}" if escaped.startswith((" ", "\t", "\f")) else escaped


def ascii_only(text: str) -> str:
    r"""Write what is not ASCII as ``\uXXXX``, one for each UTF-16 unit: Java reads properties as ISO-8859-1."""
    units = text.encode("utf-16-be", errors="surrogatepass")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def child_environment(options: ServerOptions, temporary: Path) -> dict[str, str]:
    """Answer the variables that server and workers get; nothing of the caller's but ``PASSED_ON``."""
    models = sum(is_language_model(name) for name in options.models)
    threads = options.threads or worker_threads(available_cores(), models, options.workers or 1)
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "LANG": "C.UTF-8",
        "LOG_LOCATION": str(options.logs.absolute()),
        "METRICS_LOCATION": str(options.logs.absolute()),
        "TEMP": str(temporary),
        "TMPDIR": str(temporary),
        "F5SERVE_INFERENCE_ADDRESS": f"http://127.0.0.1:{options.ports.inference}",
        **({WORKERS_VARIABLE: str(options.workers)} if options.workers else {}),
        **({DTYPE_VARIABLE: options.dtype} if options.dtype else {}),
        **({FOLDER_VARIABLE: str(options.voices.absolute())} if options.voices else {}),
        "OMP_NUM_THREADS": str(threads),
        # Threads that wait for work would otherwise spin, and take the cores from the other workers.
        "OMP_WAIT_POLICY": "PASSIVE",
        **({} if options.threads else shared_cores(common_folder(temporary.parent))),
        # oneDNN keeps code for a thousand shapes. Texts of one length are rare: what serves a batch is enough.
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(KEPT_PRIMITIVES),
        "PYTHONDONTWRITEBYTECODE": "1",
        **options.environment,
    }


def shared_cores(folder: Path) -> dict[str, str]:
    """Answer the variables by which workers share the cores; none where locks on a file of the folder do not work.

    Where they do, no worker has more threads than it has cores, so that a thread may wait a little awake: between
    the operators of a small model it is woken so often that waking takes half of the time.

    Args:
        folder: Who has it in common and may use the same cores shares them.
    """
    cores = available_cores()
    path = folder.absolute() / f"f5serve-cores-{os.getuid()}-{_these_cores(cores)}"
    try:
        SharedCores(path, cores).close()
    except OSError as error:
        print(f"cores are not shared by need, each worker is on its own: {error}", file=sys.stderr)
        return {}
    return {
        CORES_VARIABLE: str(cores),
        CORES_FILE_VARIABLE: str(path),
        "GOMP_SPINCOUNT": str(SPINS),
    }


def common_folder(instead: Path) -> Path:
    """Answer the temporary folder of the machine or container, or the given one where nothing can be written there."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return instead


def _these_cores(cores: int) -> str:
    """Name the machine and which of its cores may be used: who may use others has nothing to share with us."""
    may_use = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    boot = Path("/proc/sys/kernel/random/boot_id")  # the folder may be on a network
    machine = boot.read_text(encoding="ascii") if boot.exists() else platform.node()
    return hashlib.sha256(f"{machine} {may_use} {cores}".encode()).hexdigest()[:12]


def worker_threads(cores: int, models: int, workers: int = 1) -> int:
    """Answer how many CPU threads each language worker gets where the cores are not shared by need.

    Requests seldom come in all languages at once, so half of the cores for the workers of each of several
    models is the compromise: two busy models fill the machine, and one leaves room for the routers. The workers
    of one model share the cores, each with twice what is its own: one that is alone would otherwise leave cores
    idle, and threads that have nothing to do sleep.

    Args:
        cores: That may be used.
        models: Language models of the server.
        workers: Of each of them.
    """
    share = cores if models <= 1 else math.ceil(cores / 2)
    return max(1, min(share, 2 * cores // max(1, workers)))


def available_cores(cgroups: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> int:
    """Answer how many cores this process may use, by its affinity and the quotas of its container or service.

    Args:
        cgroups: Where control groups are mounted, of either version.
        proc: Where the kernel tells of processes.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return min([cores, *(max(1, int(quota)) for quota in _quotas(cgroups, proc))])


def _quotas(cgroups: Path, proc: Path) -> Iterator[float]:
    """Answer the cores that each control group around this process grants, of either version."""
    own = _control_groups(proc)
    within = PurePosixPath(own.get("", "/").lstrip("/"))
    for group in (within, *within.parents):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (cgroups / group / "cpu.max").read_text(encoding="ascii").split()
            yield int(quota) / int(period)  # without a limit it is no number
    for folder in {cgroups / "cpu" / own.get("cpu", "/").lstrip("/"), cgroups / "cpu"}:
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            granted_us = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
            period_us = int((folder / "cpu.cfs_period_us").read_text(encoding="ascii"))
            if granted_us > 0:
                yield granted_us / period_us


def _control_groups(proc: Path) -> dict[str, str]:
    """Answer in which group this process is, by controller; that of version 2 under the empty name."""
    groups: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, group = line.split(":", 2)
            groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def make_temporary(archives_bytes: int, parent: Path | None = None) -> Path:
    """Make the folder that TorchServe unpacks archives into.

    Args:
        archives_bytes: What they need, at least.
        parent: Where to make it; the machine's folder for such things without it.

    Raises:
        ConfigurationError: If it would have too little room, or too long a name for sockets.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    parent.mkdir(parents=True, exist_ok=True)
    needed, free = archives_bytes + SPARE_BYTES, shutil.disk_usage(parent).free
    if free < needed:
        raise ConfigurationError(
            f"{parent} has {free / 1e9:.1f} GB free and the archives unpack to {needed / 1e9:.1f} GB;"
            " free some space, or set TMPDIR"
        )
    folder = Path(tempfile.mkdtemp(prefix="f5serve-", dir=parent))
    if len(os.fsencode(folder)) + len(SOCKET_NAME) > SOCKET_PATH_BYTES:
        folder.rmdir()
        raise ConfigurationError(
            f"{folder} is too long a path for a socket; set TMPDIR to a shorter one"
        )
    return folder


def stop_group(process: subprocess.Popen[bytes], deadline_s: float = STOP_DEADLINE_S) -> None:
    """End a process and every process of its group: politely first, then at once.

    Args:
        process: The leader of the group.
        deadline_s: How long the polite way may take.
    """
    stop_group_of(process.pid, deadline_s)
    process.wait()


def stop_group_of(leader: int, deadline_s: float = STOP_DEADLINE_S) -> None:
    """End every process of a group; as ``stop_group``, by the leader's process id."""
    ended = False
    try:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGTERM)
        ended = wait_for_end(leader, deadline_s)
    finally:  # whoever is told to end while it waits leaves nothing behind
        if not ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
    if not ended:
        wait_for_end(leader, KILL_DEADLINE_S)


def wait_for_end(leader: int, deadline_s: float) -> bool:
    """Answer whether no process of a group is left within the deadline."""
    end = time.monotonic() + deadline_s
    while group_members(leader):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def group_members(leader: int) -> list[int]:
    """Answer the living processes of a group; ended ones that nobody has waited for are not living."""
    members = []
    for process in psutil.process_iter(["pid", "status"]):
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


def served_models(store: Path) -> tuple[str, ...]:
    """Answer what the store was packaged for: the router and the models that it calls.

    Raises:
        ConfigurationError: If the store holds no router.
    """
    router = read_lock(store).archives.get("tts")
    if router is None:
        raise ConfigurationError(f"{store}: nothing is packaged; run make package")
    return (*router.models, "tts")
