"""A router pod and two shard pods, each a real TorchServe behind a real edge, as in a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.edge.edges import TIMEOUT_S, leave_after, wait_for
from tests.edge.pods import STOP_DEADLINE_S, Pod, is_ready, pod, store_of, told, until
from tests.edge.stand_in import free_port
from tests.server.harness import demo_archives
from tests.server.listening import heard, refused

pytestmark = pytest.mark.server

SENTENCE = "Demain matin, nous irons ensemble au marché."


@dataclass
class Cluster:
    """Its pods.

    Attributes:
        router: Hosts no language model.
        shards: Each hosts French.
        early: What the router pod said of itself before any shard was there.
    """

    router: Pod
    shards: tuple[Pod, Pod]
    early: dict[str, object]

    def speak(self, language: str = "fr", **fields: object) -> requests.Response:
        """Ask the router's edge."""
        body = {"text": SENTENCE, "language": language, "steps": 4, **fields}
        return requests.post(f"{self.router.url}/predictions/tts", json=body, timeout=2 * TIMEOUT_S)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The router first, which is not ready; then the shards."""
    archives = {path.stem: path for path in demo_archives()}
    folders = [tmp_path_factory.mktemp(name) for name in ("r", "a", "b")]
    stores = [
        store_of(folder, archives[name])
        for folder, name in zip(folders, ("tts", "f5_fr", "f5_fr"), strict=True)
    ]
    ports = [free_port() for _ in range(2)]
    backends = ",".join(f"f5_fr=http://127.0.0.1:{port}" for port in ports)
    with pod(folders[0], stores[0], ROLE="router", BACKENDS=backends) as router:
        until(lambda: router.readyz()["models"]["tts"]["state"] == "ready", router)
        early = router.readyz()
        with (
            pod(folders[1], stores[1], ROLE="shard", EDGE_PORT=str(ports[0])) as one,
            pod(folders[2], stores[2], ROLE="shard", EDGE_PORT=str(ports[1])) as other,
        ):
            for shard in (one, other):
                until(lambda shard=shard: is_ready(shard), shard)  # type: ignore[misc]
            until(lambda: is_ready(router), router)
            yield Cluster(router, (one, other), early)


def test_a_router_pod_is_not_ready_before_a_shard_is(cluster: Cluster) -> None:
    assert cluster.early["status"] == "not ready"
    assert cluster.early["models"] == {"tts": {"state": "ready"}}
    assert cluster.router.readyz()["status"] == "ready"


def test_a_text_is_spoken_through_both_edges(cluster: Cluster) -> None:
    answer = cluster.speak()

    heard(answer)
    assert answer.headers["X-Model"] == "f5_fr"
    wait_for(lambda: answer.headers["X-Request-Id"] in _logged(cluster.router))


def test_a_shard_lets_no_caller_in_but_for_its_models(cluster: Cluster) -> None:
    shard = cluster.shards[0]
    body = {"text": SENTENCE, "steps": 4}

    spoken = requests.post(f"{shard.url}/predictions/f5_fr", json=body, timeout=TIMEOUT_S)
    for path in ("/predictions/tts", "/v1/audio/speech", "/v1/models"):
        answer = requests.post(f"{shard.url}{path}", json=body, timeout=TIMEOUT_S)
        assert answer.status_code == 404, path

    heard(spoken)


def test_a_shard_stops_working_for_who_has_gone_from_the_router(cluster: Cluster) -> None:
    """The router hangs up on the shard, whose own edge tells its worker."""
    text = SENTENCE * 4
    begun = time.monotonic()
    port = int(cluster.router.environment["F5SERVE_EDGE_PORT"])

    leave_after(
        port,
        {"text": text, "language": "fr", "steps": 64},
        lambda: time.monotonic() > begun + 1.0,
        **{"X-Request-Id": "left"},
    )

    wait_for(lambda: bool(told(cluster.router, "request", "left")))
    assert told(cluster.router, "request", "left")[0]["reason"] == "caller_gone"
    wait_for(
        lambda: any(
            line["reason"] == "caller_gone"
            for shard in cluster.shards
            for line in told(shard, "piece", "left")
        )
    )
    heard(cluster.speak())


def test_a_language_without_a_shard_is_unavailable_and_the_others_are_spoken(
    cluster: Cluster,
) -> None:
    answer = cluster.speak("es")

    assert answer.status_code in {502, 503}
    assert "f5_es" in answer.json()["detail"]
    heard(cluster.speak())


def test_no_caller_notices_the_end_of_one_shard_and_the_end_of_all_is_told(
    cluster: Cluster,
) -> None:
    one, other = cluster.shards
    one.terminate()
    while one.process.poll() is None:
        heard(cluster.speak())
    assert one.process.wait(STOP_DEADLINE_S) == 0
    heard(cluster.speak())

    other.terminate()
    assert other.process.wait(STOP_DEADLINE_S) == 0
    until(lambda: not is_ready(cluster.router), cluster.router)
    told = cluster.router.readyz()
    assert told["status"] == "not ready"
    answer = cluster.speak()
    assert refused(answer, answer.status_code)["code"] in {"backend_failed", "model_unavailable"}
    assert answer.status_code in {502, 503}


def _logged(running: Pod) -> str:
    return Path(running.environment["F5SERVE_ACCESS_LOG"]).read_text(encoding="utf-8")
