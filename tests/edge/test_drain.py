"""A pod of the real TorchServe behind the real edge: what it takes up it answers, and what dies is noticed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from scripts.launch import group_members
from tests.edge.edges import TIMEOUT_S
from tests.edge.pods import STOP_DEADLINE_S, Pod, french_pod, is_ready, pod, store_of, until
from tests.server.harness import tiny_archive

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
EDGE = "127.0.0.2"
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
    """Some ask once, more than there are workers; some go on on one connection until no new one is taken."""
    answered: list[int] = []

    def ask_for_ever(session: requests.Session) -> None:
        while True:
            answered.append(ask(running, session).status_code)

    def keep_asking() -> None:
        """A connection that breaks fails the test: what was sent on it is lost."""
        with (
            requests.Session() as session,
            pytest.raises(requests.ConnectionError, match="Connection refused"),
        ):
            ask_for_ever(session)

    with pod(tmp_path, store, ROLE="shard", DRAIN_DELAY_S="1.5") as running:
        until(lambda: is_ready(running), running)
        java = running.java()
        with ThreadPoolExecutor(16) as threads:
            clients = [threads.submit(keep_asking) for _ in range(3)]
            answers = [threads.submit(ask, running) for _ in range(10)]
            time.sleep(WORK_S / 2)

            running.terminate()
            until(lambda: not is_ready(running), running)
            running.terminate()  # as harmless as the first
            late = threads.submit(ask, running)

            assert all_answered([*answers, late])
            for client in clients:
                client.result(timeout=TIMEOUT_S)
        assert set(answered) == {200}
        assert len(answered) >= len(clients)
        assert running.process.wait(STOP_DEADLINE_S) == 0
        assert "all answered" in running.said()
        assert not java.is_running()
        assert list((running.folder / "tmp").iterdir()) == []


def test_speech_under_load_survives_the_end_of_the_pod(tmp_path: Path) -> None:
    """The demo's French model and the router: a batch of requests in flight, and as many that wait."""
    with french_pod(tmp_path, DRAIN_DELAY_S="0.5") as running:

        def speak(number: int) -> requests.Response:
            fields = {"text": SENTENCE, "language": "fr", "steps": 4, "seed": number}
            return requests.post(
                f"{running.url}/predictions/tts",
                json={**fields, "stream": number % 2 == 0, "response_format": "wav"},
                timeout=TIMEOUT_S,
            )

        with ThreadPoolExecutor(8) as threads:
            answers = [threads.submit(speak, number) for number in range(8)]
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


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, slow: Path) -> Iterator[Pod]:
    """A pod that is ready, whose edge listens on another address than everything else."""
    folder = tmp_path_factory.mktemp("pod")
    with pod(folder, store_of(folder, slow), ROLE="shard", POLL_S="0.2", ADDRESS=EDGE) as running:
        until(lambda: is_ready(running), running)
        yield running


def processes(running: Pod) -> list[psutil.Process]:
    supervisor = psutil.Process(running.process.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def test_only_the_edge_listens_beyond_loopback(standing: Pod) -> None:
    listening = {
        (process.name(), connection.laddr.ip.removeprefix("::ffff:"), connection.laddr.port)
        for process in processes(standing)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }

    told = standing.environment
    assert {one for one in listening if one[1] != "127.0.0.1"} == {
        ("nginx", EDGE, int(told["F5SERVE_EDGE_PORT"])),
        ("nginx", EDGE, int(told["F5SERVE_METRICS_PORT"])),
    }
    assert len(listening) >= 6, "TorchServe and the supervisor are there"


def test_everything_is_written_into_the_run_folder(standing: Pod) -> None:
    opened = {
        Path(file.path)
        for process in processes(standing)
        for file in process.open_files()
        if file.mode != "r"
    }

    told = {standing.output, Path(standing.environment["F5SERVE_ACCESS_LOG"])}
    # The JVM's counters; where it may not write it does without.
    counters = {path for path in opened if "hsperfdata" in str(path)}
    inside = {path for path in opened if path.is_relative_to(standing.folder)}
    assert opened - told - counters - inside == set()
    assert inside, "the logs are there"


def test_a_dead_worker_is_named_while_it_is_gone_and_no_more_when_it_is_back(
    standing: Pod,
) -> None:
    workers = [one for one in processes(standing) if "model_service_worker" in str(one.cmdline())]
    assert len(workers) == WORKERS

    workers[0].send_signal(signal.SIGKILL)

    until(lambda: not is_ready(standing), standing)
    told = standing.readyz()["models"]["f5_slow"]
    assert (told["state"], told["reason"]) == (
        "dead",
        f"{WORKERS - 1} of {WORKERS} workers are ready",
    )
    assert requests.get(f"{standing.url}/healthz", timeout=TIMEOUT_S).ok, "it comes back"
    until(lambda: is_ready(standing), standing)
    metrics = requests.get(standing.metrics_url, timeout=TIMEOUT_S).text
    assert 'f5serve_model_ready{model="f5_slow"} 1.0' in metrics
    assert "ts_inference_requests_total" in metrics
