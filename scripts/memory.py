"""Prints how much memory the workers take: before weights, and of a running server.

A language worker is measured after its imports alone, for its weights are the catalogue's business. The
router is measured from its own archive's parts, with the stub in place of torch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from f5serve.errors import ConfigurationError
from scripts.archive import TORCH_STUB, ArchiveSpec, stage
from scripts.jobs import MODEL_WITHOUT, ROUTER_WITHOUT
from scripts.running import read_record, record_path, same_process
from scripts.server import memory_of

ROOT: Final = Path(__file__).resolve().parent.parent
MEASURE_DEADLINE_S: Final = 120
# The worker's own imports, the handler's, then the resident memory in bytes.
PROBE: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import ts.model_service_worker
import ts.service
__import__(sys.argv[2])
import psutil
print(psutil.Process().memory_info().rss, int("torch._C" in sys.modules))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One kind of worker.

    Attributes:
        name: For the table.
        handler: Module of its handler.
        without: Parts of the package that its archive lacks.
        stub: Whether its archive carries a stand-in for torch.
        limit_bytes: What it may take.
    """

    name: str
    handler: str
    without: frozenset[str]
    stub: bool
    limit_bytes: int


WORKERS: Final = (
    Worker(
        name="language worker, no weights",
        handler="f5_handler",
        without=MODEL_WITHOUT,
        stub=False,
        limit_bytes=260_000_000,
    ),
    Worker(
        name="router worker",
        handler="router_handler",
        without=ROUTER_WITHOUT,
        stub=True,
        limit_bytes=64_000_000,
    ),
)


def measure(worker: Worker) -> int:
    """Answer the resident bytes of a fresh worker process after its imports.

    Raises:
        ConfigurationError: If it does not import, or not in time.
    """
    with tempfile.TemporaryDirectory(prefix="f5serve-") as folder:
        handler = ROOT / "handlers" / f"{worker.handler}.py"
        spec = ArchiveSpec(
            name="probe",
            handler=handler,
            package=ROOT / "handlers" / "f5serve",
            without=worker.without,
            model_config={},
            files={handler.name: handler},
            texts={"torch.py": TORCH_STUB} if worker.stub else {},
        )
        content = stage(spec, Path(folder) / "content")
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", PROBE, str(content), worker.handler],
                capture_output=True,
                text=True,
                timeout=MEASURE_DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(
                f"{worker.name}: does not import within {MEASURE_DEADLINE_S} s;"
                " run it again when the machine does nothing else"
            ) from error
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ConfigurationError(f"{worker.name}: does not import: {reason[0]}")
    return int(done.stdout.split()[-2])


def running_processes(port: int) -> list[psutil.Process]:
    """Answer the processes of the server that ``make serve`` started; empty where none runs."""
    record = read_record(record_path(port))
    if record is None:
        return []
    server = same_process(record.server, record.server_started)
    return [] if server is None else [server, *server.children(recursive=True)]


def main(argv: list[str] | None = None) -> int:
    """Print the table.

    Returns:
        0, or 1 if a worker takes more than it may.
    """
    parser = argparse.ArgumentParser(prog="scripts.memory", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8080, help="of a running server to look at, too"
    )
    options = parser.parse_args(argv)
    too_large = False
    print(f"{'process':32s} {'RSS MB':>8s} {'limit MB':>9s}")
    try:
        for worker in WORKERS:
            rss = measure(worker)
            too_large |= rss > worker.limit_bytes
            print(f"{worker.name:32s} {rss / 1e6:8.0f} {worker.limit_bytes / 1e6:9.0f}")
    except ConfigurationError as error:
        print(f"memory: {error}", file=sys.stderr)
        return 1
    processes = running_processes(options.port)
    if processes:
        print(f"\nrunning server: {memory_of(processes)}")
    for process in processes:
        one = memory_of([process])
        print(f"  {process.pid:8d}  RSS {one.rss_bytes / 1e6:6.0f}  PSS {one.pss_bytes / 1e6:6.0f}")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
