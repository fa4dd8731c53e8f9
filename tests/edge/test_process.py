"""How nginx is started, left alone, drained and ended."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from f5serve.errors import ConfigurationError
from scripts import edge as edge_module
from scripts.edge import find_nginx, render
from scripts.edge_process import Edge, stop_left_behind
from scripts.launch import ROOT
from scripts.pod import PodSettings
from tests.edge.edges import TIMEOUT_S, running_edge
from tests.edge.stand_in import Backend, free_port


def test_where_nginx_is_missing_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    with pytest.raises(ConfigurationError, match="libnginx-mod-http-js"):
        find_nginx()


def test_where_its_module_is_missing_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(edge_module, "MODULES", tmp_path)

    with pytest.raises(ConfigurationError, match="libnginx-mod-http-js"):
        find_nginx()


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("edge_port", r"make serve EDGE=1 EDGE_PORT=8100$"),
        ("tls_port", r"make serve EDGE=1, with F5SERVE_TLS_PORT=9443$"),
    ],
)
def test_a_port_that_is_taken_is_told_with_the_remedy(
    setting: str, remedy: str, tmp_path: Path, backend: Backend
) -> None:
    certificate = {"tls_cert": "x", "tls_key": "x"} if setting == "tls_port" else {}
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = int(held.getsockname()[1])

        with (
            pytest.raises(ConfigurationError, match=rf"port {port} \(edge\) is in use.*{remedy}"),
            running_edge(tmp_path, backend, **{setting: port}, **certificate),
        ):
            pass


def test_what_nginx_says_of_a_bad_configuration_is_told(tmp_path: Path, backend: Backend) -> None:
    cert = tmp_path / "tls.crt"
    cert.write_text("no certificate", encoding="utf-8")

    with (
        pytest.raises(ConfigurationError, match="nginx refuses its configuration"),
        running_edge(tmp_path, backend, tls_cert=str(cert), tls_key=str(cert)),
    ):
        pass


def test_a_signal_to_our_group_does_not_reach_it(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge:
        assert os.getpgid(edge.edge.pid) == edge.edge.pid != os.getpgid(0)


def test_draining_takes_no_new_connection_and_answers_what_it_has(
    tmp_path: Path, backend: Backend
) -> None:
    with running_edge(tmp_path, backend) as edge, ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(edge.speak, "wait 1.5") for _ in range(6)]
        time.sleep(0.5)

        drained = threads.submit(edge.edge.drain, 20.0)
        time.sleep(0.3)

        with pytest.raises(requests.ConnectionError):
            edge.speak("x")
        assert {answer.result().status_code for answer in answers} == {200}
        assert drained.result()
        assert not edge.edge.is_running()


def test_draining_has_an_end_and_says_that_work_was_left(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge, ThreadPoolExecutor(1) as threads:
        lost = threads.submit(edge.speak, "wait 5")
        time.sleep(0.5)

        assert not edge.edge.drain(0.3)

        edge.edge.stop()
        assert isinstance(lost.exception(), requests.ConnectionError)


def test_an_edge_that_was_killed_has_not_drained_and_its_workers_are_ended(
    tmp_path: Path, backend: Backend
) -> None:
    with running_edge(tmp_path, backend) as edge:
        master = psutil.Process(edge.edge.pid)
        # It listens before it has workers; who is answered has been by one.
        requests.post(f"{edge.url}/predictions/tts", json={"text": "x"}, timeout=TIMEOUT_S)
        workers = master.children()
        master.kill()

        assert not edge.edge.drain(5.0)
        assert workers
        assert all(worker.is_running() for worker in workers), "they end by themselves"

        edge.edge.stop()
        assert psutil.wait_procs(workers, TIMEOUT_S)[1] == []


def test_while_the_pod_drains_each_answer_ends_its_connection(
    tmp_path: Path, backend: Backend
) -> None:
    with running_edge(tmp_path, backend) as edge, requests.Session() as session:
        url = f"{edge.url}/predictions/tts"
        before = session.post(url, json={"text": "x"}, timeout=TIMEOUT_S)
        edge.edge.announce_end()
        during = session.post(url, json={"text": "x"}, timeout=TIMEOUT_S)
        refusal = session.get(f"{edge.url}/nothing", timeout=TIMEOUT_S)

        told = [one.headers["Connection"] for one in (before, during, refusal)]
        assert told == ["keep-alive", "close", "close"]
        assert (during.status_code, refusal.status_code) == (200, 404)


def test_an_edge_left_behind_is_ended_by_its_folder(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge:
        other = tmp_path / "other"
        stop_left_behind(other)
        assert edge.edge.is_running()

        stop_left_behind(Path(edge.settings.run))

        assert not edge.edge.is_running()


def test_the_command_prints_a_configuration_that_nginx_takes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.edge"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": "handlers:.",
            "F5SERVE_RUN": str(tmp_path),
            "F5SERVE_ROLE": "shard",
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )

    assert 'location ~ "^/predictions/(?<f5_model>' in done.stdout
    assert "/v1/audio/speech" not in done.stdout.split("server {")[1]
    assert not list(Path(tmp_path).rglob("nginx.conf*"))


def test_the_hashes_of_keys_can_be_read_by_nobody_else(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge:
        path = Path(edge.settings.run) / "edge" / "nginx.conf"

        assert path.stat().st_mode & 0o077 == 0


def test_only_checked_values_come_into_the_configuration() -> None:
    """Whatever is told by the environment has a pattern or is a number: see ``test_pod.py``."""
    text = render(PodSettings(rate=0.5, connections=3, trusted_proxies="10.0.0.0/8,::1"))

    assert "rate=30r/m" in text
    assert "limit_conn f5_connections 3;" in text
    assert "set_real_ip_from 10.0.0.0/8;" in text
    assert "set_real_ip_from ::1;" in text


def test_it_can_be_started_again_in_the_same_folder(tmp_path: Path, backend: Backend) -> None:
    settings = PodSettings(
        run=str(tmp_path / "run"),
        address="127.0.0.1",
        edge_port=free_port(),
        metrics_port=free_port(),
        control_port=backend.port,
        torchserve_port=backend.port,
        access_log=str(tmp_path / "access.log"),
    )
    for _ in range(2):
        edge = Edge(settings)
        edge.start()
        try:
            edge.announce_end()
            assert edge.drain(10.0)
        finally:
            edge.stop()
