from __future__ import annotations

import dataclasses
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from f5serve.cores import CORES_FILE_VARIABLE, CORES_VARIABLE
from f5serve.errors import ConfigurationError
from scripts import launch
from scripts.launch import (
    ROOT,
    ServerOptions,
    available_cores,
    child_environment,
    common_folder,
    group_members,
    make_temporary,
    served_models,
    shared_cores,
    stop_group,
    worker_threads,
    write_properties,
)
from scripts.ports import Ports


def options(store: Path) -> ServerOptions:
    return ServerOptions(
        store=store,
        models=("f5_fr", "tts"),
        ports=Ports.from_base(9080),
        logs=store / "logs",
        properties={"job_queue_size": "7"},
    )


def test_the_ports_follow_from_one() -> None:
    assert Ports.from_base(8080) == Ports(
        inference=8080, management=8081, metrics=8082, grpc_inference=7070, grpc_management=7071
    )
    assert Ports.from_base(9080).grpc_management == 9084


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="out of range"):
        Ports.from_base(80)


def test_a_busy_port_is_named_with_the_remedy() -> None:
    ports = Ports.free()
    with socket.socket() as held:
        held.bind(("127.0.0.1", ports.metrics))
        held.listen()

        with pytest.raises(ConfigurationError, match=rf"port {ports.metrics} \(metrics\).*PORT="):
            ports.require_free()


def test_ports_and_differences_replace_their_lines_and_the_rest_stays(tmp_path: Path) -> None:
    text = write_properties(options(tmp_path), tmp_path).read_text(encoding="utf-8")

    written = dict(line.split("=", 1) for line in text.splitlines())
    assert len(written) == len(text.splitlines())
    assert written["inference_address"] == "http://127.0.0.1:9080"
    assert written["job_queue_size"] == "7"
    assert written["enable_model_api"] == "false"


@pytest.mark.parametrize(
    "path",
    [
        "/home/jürgen/Téléchargements/f5 serve/metrics.yaml",
        "/home/\u5c71\u7530/\U0001f600.yaml",
        "/srv/a\\b=c:d#e!f",
        "  blanks at the front",
    ],
)
def test_java_reads_a_path_back_whatever_is_in_it(tmp_path: Path, path: str) -> None:
    changed = dataclasses.replace(options(tmp_path), properties={"metrics_config": path})

    written = write_properties(changed, tmp_path).read_bytes()

    assert as_java_reads(written)["metrics_config"] == path


def as_java_reads(content: bytes) -> dict[str, str]:
    """Read properties by the rules of ``java.util.Properties``, less continued lines."""
    read = {}
    for line in content.decode("iso-8859-1").splitlines():
        key, value = line.split("=", 1)
        value = re.sub(
            r"\\u([0-9a-f]{4})|\\(.)",
            lambda found: chr(int(found[1], 16)) if found[1] else found[2],
            value.lstrip(" \t\f"),
        )
        read[key] = value.encode("utf-16-be", "surrogatepass").decode("utf-16-be")
    return read


def test_every_address_of_the_shipped_properties_is_loopback() -> None:
    text = (ROOT / "config" / "config.properties").read_text(encoding="utf-8")

    addresses = re.findall(r"^\w+_address=(\S+)$", text, flags=re.MULTILINE)
    assert len(addresses) == 5
    assert all("127.0.0.1" in address for address in addresses)


def test_workers_see_nothing_of_the_caller_that_could_shadow_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "handlers")
    monkeypatch.setenv("TS_ALLOWED_URLS", ".*")

    environment = child_environment(options(tmp_path), tmp_path)

    assert not {"PYTHONPATH", "TS_ALLOWED_URLS"} & environment.keys()
    assert environment["F5SERVE_INFERENCE_ADDRESS"] == "http://127.0.0.1:9080"


def test_workers_share_the_cores_of_the_machine_with_other_servers_on_it(tmp_path: Path) -> None:
    one, other = (
        child_environment(options(tmp_path), tmp_path / name / "tmp") for name in ("one", "other")
    )

    assert one[CORES_FILE_VARIABLE] == other[CORES_FILE_VARIABLE]
    assert int(one[CORES_VARIABLE]) == available_cores()
    assert int(one["GOMP_SPINCOUNT"]) > 0


def test_servers_that_may_use_other_cores_share_with_one_another_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for cores in ({0, 1}, {2, 3}, {0, 1}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process, cores=cores: cores)
        files.append(shared_cores(tmp_path)[CORES_FILE_VARIABLE])

    assert files[0] == files[2] != files[1]


def test_where_cores_cannot_be_shared_that_is_said_and_no_thread_waits_awake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shared_cores(tmp_path / "nowhere") == {}
    assert "cores are not shared by need" in capsys.readouterr().err


def test_without_a_temporary_folder_for_all_the_server_s_own_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    assert common_folder(tmp_path) == Path(tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "gettempdir", read_only)
    assert common_folder(tmp_path) == tmp_path


def test_a_number_of_threads_that_is_asked_for_is_kept_to(tmp_path: Path) -> None:
    environment = child_environment(dataclasses.replace(options(tmp_path), threads=3), tmp_path)

    assert environment["OMP_NUM_THREADS"] == "3"
    assert not {CORES_FILE_VARIABLE, CORES_VARIABLE, "GOMP_SPINCOUNT"} & environment.keys()


@pytest.mark.parametrize(
    ("cores", "models", "threads"), [(2, 8, 1), (2, 1, 2), (1, 8, 1), (16, 8, 8), (3, 2, 2)]
)
def test_two_busy_models_fill_the_machine(cores: int, models: int, threads: int) -> None:
    assert worker_threads(cores, models) == threads


@pytest.mark.parametrize(
    ("cores", "models", "workers", "threads"),
    [
        (2, 1, 2, 2),
        (8, 1, 4, 4),
        (4, 1, 8, 1),
        (4, 1, 16, 1),
        (16, 8, 2, 8),
        (16, 8, 8, 4),
        (2, 8, 2, 1),
    ],
)
def test_the_workers_of_one_model_share_the_cores(
    cores: int, models: int, workers: int, threads: int
) -> None:
    assert worker_threads(cores, models, workers) == threads


@pytest.mark.parametrize(
    ("files", "own", "cores"),
    [
        ({"cpu.max": "200000 100000"}, "0::/", 2),
        ({"cpu.max": "50000 100000"}, "0::/", 1),
        ({"cpu.max": "max 100000"}, "0::/", 8),
        ({"cpu.max": "300000 0"}, "0::/", 8),
        (
            {"a.slice/cpu.max": "400000 100000", "a.slice/b/cpu.max": "max 100000"},
            "0::/a.slice/b",
            4,
        ),
        (
            {"cpu/d/cpu.cfs_quota_us": "300000", "cpu/d/cpu.cfs_period_us": "100000"},
            "4:cpu,cpuacct:/d",
            3,
        ),
        (
            {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "50000"},
            "4:cpu:/elsewhere",
            2,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/", 8),
        ({}, "", 8),
    ],
)
def test_the_quota_of_a_container_or_service_bounds_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], own: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)))
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(f"{own}\n", encoding="utf-8")
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="ascii")

    assert available_cores(tmp_path / "cgroup", tmp_path / "proc") == cores


def test_too_little_room_to_unpack_is_told_before_the_start() -> None:
    with pytest.raises(ConfigurationError, match="free some space"):
        make_temporary(10**18)


def test_a_store_without_a_router_names_the_task_that_packages(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run make package"):
        served_models(tmp_path)


def test_stopping_ends_children_that_ignore_the_wish() -> None:
    stubborn = (
        "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {stubborn!r}])"
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(group_members(process.pid)) == 2

        stop_group(process, deadline_s=0.5)

    assert group_members(process.pid) == []


def test_who_is_told_to_end_while_a_group_is_stopped_leaves_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stubborn = (
        "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    )
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        def told(leader: int, deadline_s: float) -> bool:
            raise SystemExit(143)

        with monkeypatch.context() as patched:
            patched.setattr(launch, "wait_for_end", told)
            with pytest.raises(SystemExit):
                stop_group(process)
        process.wait(timeout=10)

    assert group_members(process.pid) == []
