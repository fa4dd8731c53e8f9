"""A pod of the real TorchServe behind the real edge: what it takes up it answers, and what dies is noticed."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from scripts.launch import group_members
from tests.edge.edges import TIMEOUT_S
from tests.edge.pods import STOP_DEADLINE_S, Pod, is_ready, pod, store_of, until
from tests.server.harness import demo_archives, tiny_archive

pytestmark = pytest.mark.server

WORK_S = 0.6
WORKERS = 2
SLOW = f"""
import time


class Base:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        time.sleep({WORK_S})
        return ["done"]
"""
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what a container is told
SENTENCE = "Demain matin, nous irons ensemble au marché."


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes its time, and whose queue holds many."""
    config = {"minWorkers": WORKERS, "maxWorkers": WORKERS, "jobQueueSize": 40}
    return tiny_archive("f5_slow", tmp_path_factory.mktemp("slow"), SLOW, config)


@pytest.fixture
def store(tmp_path: Path, slow: Path) -> Path:
    """A store of that model alone."""
    return store_of(tmp_path, slow)


def ask(running: Pod, session: requests.Session | None = None) -> requests.Response:
    return (session or requests).post(
        f"{running.url}/predictions/f5_slow", data=b"x", timeout=TIMEOUT_S
    )


def all_answered(answers: Sequence[Future[requests.Response]]) -> bool:
    return {answer.result().status_code for answer in answers} == {200}


def test_what_is_in_flight_and_queued_when_the_pod_is_stopped_is_answered(
    tmp_path: Path, store: Path
) -> None:
    with pod(tmp_path, store, ROLE="shard", DRAIN_DELAY_S="1") as running:
        until(lambda: is_ready(running), running)
        java = running.java()
        with ThreadPoolExecutor(16) as threads:
            answers = [threads.submit(ask, running) for _ in range(14)]
            time.sleep(WORK_S / 2)

            running.terminate()
            until(lambda: not is_ready(running), running)
            running.terminate()  # as harmless as the first
            late = threads.submit(ask, running)

            assert all_answered([*answers, late])
            assert "draining" in running.said()
        assert running.process.wait(STOP_DEADLINE_S) == 0
        with pytest.raises(requests.ConnectionError):
            ask(running)
        assert not java.is_running()
        assert list((running.folder / "tmp").iterdir()) == []


def test_clients_that_keep_their_connections_lose_nothing_either(
    tmp_path: Path, store: Path
) -> None:
    """Each asks again and again on one connection until it is refused a new one."""
    with pod(tmp_path, store, ROLE="shard", DRAIN_DELAY_S="1.5") as running:
        until(lambda: is_ready(running), running)
        answered: list[int] = []

        def ask_for_ever(session: requests.Session) -> None:
            while True:
                answered.append(ask(running, session).status_code)

        def client() -> None:
            """Ask until it may not connect; a connection that breaks fails the test."""
            with (
                requests.Session() as session,
                pytest.raises(requests.ConnectionError, match="Connection refused"),
            ):
                ask_for_ever(session)

        with ThreadPoolExecutor(4) as threads:
            clients = [threads.submit(client) for _ in range(4)]
            time.sleep(2 * WORK_S)
            running.terminate()
            for one in clients:
                one.result(timeout=TIMEOUT_S)

        assert set(answered) == {200}
        assert len(answered) >= 8
        assert running.process.wait(STOP_DEADLINE_S) == 0


def test_speech_under_load_survives_the_end_of_the_pod(tmp_path: Path) -> None:
    """The demo's French model and the router, with more requests than the models have places."""
    archives = [path for path in demo_archives() if path.stem in {"f5_fr", "tts"}]
    store = store_of(tmp_path, *archives)
    with pod(tmp_path, store, MODELS="f5_fr tts", DRAIN_DELAY_S="0.5") as running:
        until(lambda: is_ready(running), running)

        def speak(number: int) -> requests.Response:
            fields = {"text": SENTENCE, "language": "fr", "steps": 4, "seed": number}
            return requests.post(
                f"{running.url}/predictions/tts",
                json={**fields, "stream": number % 2 == 0, "response_format": "wav"},
                timeout=TIMEOUT_S,
            )

        with ThreadPoolExecutor(12) as threads:
            answers = [threads.submit(speak, number) for number in range(12)]
            until(lambda: any(answer.done() for answer in answers), running)
            running.terminate()

            assert all_answered(answers)
            assert all(answer.result().content[:4] == b"RIFF" for answer in answers)
        assert running.process.wait(STOP_DEADLINE_S) == 0


def test_a_stop_while_models_load_ends_the_pod_at_once(tmp_path: Path, store: Path) -> None:
    with pod(tmp_path, store, ROLE="shard", DRAIN_DELAY_S="60") as running:
        until(lambda: requests.get(f"{running.url}/healthz", timeout=TIMEOUT_S).ok, running)
        java = running.java()

        running.terminate()

        assert running.process.wait(STOP_DEADLINE_S) == 0
        assert not java.is_running()


@pytest.mark.parametrize("victim", ["java", "nginx"])
def test_a_process_that_dies_ends_the_pod_with_an_error(
    tmp_path: Path, store: Path, victim: str
) -> None:
    with pod(tmp_path, store, ROLE="shard") as running:
        until(lambda: requests.get(f"{running.url}/healthz", timeout=TIMEOUT_S).ok, running)
        java = running.java()
        children = psutil.Process(running.process.pid).children()
        nginx = next(child for child in children if child.name() == "nginx")

        (java if victim == "java" else nginx).kill()

        assert running.process.wait(STOP_DEADLINE_S) == 1
        assert "ended by itself" in running.said()
        assert group_members(java.pid) == []
        assert not nginx.is_running()


def test_a_dead_worker_is_named_while_it_is_gone_and_no_more_when_it_is_back(
    tmp_path: Path, store: Path
) -> None:
    with pod(tmp_path, store, ROLE="shard", POLL_S="0.2") as running:
        until(lambda: is_ready(running), running)
        workers = [
            child
            for child in running.java().children(recursive=True)
            if "model_service_worker" in " ".join(child.cmdline())
        ]
        assert len(workers) == WORKERS

        workers[0].send_signal(signal.SIGKILL)

        until(lambda: not is_ready(running), running)
        told = running.readyz()["models"]["f5_slow"]
        assert (told["state"], told["reason"]) == (
            "dead",
            f"{WORKERS - 1} of {WORKERS} workers are ready",
        )
        assert requests.get(f"{running.url}/healthz", timeout=TIMEOUT_S).ok, "it comes back"
        until(lambda: is_ready(running), running)
        metrics = requests.get(running.metrics_url, timeout=TIMEOUT_S).text
        assert 'f5serve_model_ready{model="f5_slow"} 1.0' in metrics
        assert "ts_inference_requests_total" in metrics


def test_only_the_edge_listens_beyond_loopback(tmp_path: Path, store: Path) -> None:
    with pod(tmp_path, store, ROLE="shard", ADDRESS=EVERYWHERE) as running:
        until(lambda: is_ready(running), running)
        supervisor = psutil.Process(running.process.pid)

        listening = {
            (process.name(), connection.laddr.port)
            for process in (supervisor, *supervisor.children(recursive=True))
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr.ip.removeprefix("::ffff:") != "127.0.0.1"
        }

        told = running.environment
        assert listening == {
            ("nginx", int(told["F5SERVE_EDGE_PORT"])),
            ("nginx", int(told["F5SERVE_METRICS_PORT"])),
        }


def test_everything_is_written_into_the_run_folder(tmp_path: Path, store: Path) -> None:
    with pod(tmp_path, store, ROLE="shard") as running:
        until(lambda: is_ready(running), running)
        supervisor = psutil.Process(running.process.pid)
        opened = {
            Path(file.path)
            for process in (supervisor, *supervisor.children(recursive=True))
            for file in process.open_files()
            if file.mode not in {"r"} and Path(file.path).is_file()
        }

        beside = {running.output, tmp_path / "access.log"}
        shared = Path("/tmp/hsperfdata_root")  # noqa: S108  # the JVM's counters, where it may write
        strays = {
            path
            for path in opened - beside
            if not path.is_relative_to(running.folder) and not path.is_relative_to(shared)
        }
        assert strays == set()
