"""What the edge lets in, and what it makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.edge.edges import RunningEdge, raw, refused, running_edge
from tests.edge.stand_in import Backend

BASE = "/predictions/tts/1.0"


@pytest.mark.parametrize(
    ("method", "path", "target"),
    [
        ("POST", "/v1/audio/speech", f"{BASE}/v1/audio/speech"),
        ("GET", "/v1/models", f"{BASE}/v1/models"),
        ("GET", "/v1/audio/voices", f"{BASE}/v1/audio/voices"),
        ("POST", "/v1/audio/voices", f"{BASE}/v1/audio/voices"),
        ("GET", f"{BASE}/v1/audio/voices", f"{BASE}/v1/audio/voices"),
        ("POST", f"{BASE}/v1/audio/voices", f"{BASE}/v1/audio/voices"),
        ("POST", "/v1/audio/voices/remove", f"{BASE}/v1/audio/voices/remove"),
        ("POST", f"{BASE}/v1/audio/voices/remove", f"{BASE}/v1/audio/voices/remove"),
        ("POST", "/predictions/tts", "/predictions/tts"),
        ("GET", "/predictions/tts", "/predictions/tts"),
        ("GET", f"{BASE}/playground", f"{BASE}/playground"),
        ("GET", f"{BASE}/status", f"{BASE}/status"),
        ("GET", f"{BASE}/openapi.yaml", f"{BASE}/openapi.yaml"),
        ("GET", f"{BASE}/reference", f"{BASE}/reference"),
        ("POST", f"{BASE}/v1/audio/speech", f"{BASE}/v1/audio/speech"),
        ("GET", "/healthz", "/healthz"),
        ("GET", "/readyz", "/readyz"),
    ],
)
def test_a_public_path_reaches_what_serves_it(
    edge: RunningEdge, method: str, path: str, target: str
) -> None:
    answer = edge.ask(method, path, json={"text": "x"} if method == "POST" else None)

    assert answer.status_code == 200
    assert [(seen.method, seen.path) for seen in edge.backend.seen] == [(method, target)]


@pytest.mark.parametrize("prefix", ["", BASE])
def test_a_voice_is_deleted_by_the_path_that_torchserve_has_for_it(
    edge: RunningEdge, prefix: str
) -> None:
    answer = edge.ask("DELETE", f"{prefix}/v1/audio/voices/anna")

    assert answer.status_code == 200
    (seen,) = edge.backend.seen
    assert (seen.method, seen.path) == ("POST", f"{BASE}/v1/audio/voices/remove")
    assert (seen.headers["content-type"], seen.body) == ("application/json", b'{"name":"anna"}')


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ping",
        "/models",
        "/api-description",
        "/metrics",
        "/invocations",
        "/explanations/tts",
        "/wf-predict/tts",
        "/v1/models/tts:predict",
        "/v2/models/tts/infer",
        "/predictions/f5_fr",
        "/predictions/tts/2.0",
        f"{BASE}/v1",
        f"{BASE}/secret",
        "/predictions/tts/",
        "/v1/audio/speech/",
        "/v1/models/../audio/speech",
        "/v1/./models",
        "/v1//models",
        "/v1/models/..%2f..%2fmodels",
        "/%76%31/models",
        "/v1\\models",
        "/predictions/tts;x=1",
        "/v1/audio/voices/",
        "/v1/audio/voices/Anna",
        "/v1/audio/voices/a.b",
        "/v1/audio/voices/" + "a" * 65,
        "/v1/audio/voices/anna/remove",
        "/v1/audio/voices/anna/speak",
        "/.problem/404",
        "/.last/v1/models",
        "/.query",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_path_is_not_found_and_reaches_nothing(
    edge: RunningEdge, method: str, path: str
) -> None:
    answer = edge.ask(method, path)

    assert answer.status_code == 404
    assert edge.backend.seen == []
    assert answer.headers["X-Request-Id"]


def test_a_path_that_is_not_found_is_told_as_a_problem(edge: RunningEdge) -> None:
    refused(edge.ask("GET", "/nothing"), 404, "not_found")


def test_below_v1_errors_have_the_form_of_openai(edge: RunningEdge) -> None:
    answer = edge.ask("GET", "/v1/nothing")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/predictions/tts?x=1", "/nothing?text=x"])
def test_a_query_is_refused(edge: RunningEdge, path: str) -> None:
    refused(edge.ask("POST", path, json={"text": "x"}), 400, "invalid_request")
    assert edge.backend.seen == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/audio/speech", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/audio/voices", "GET, HEAD, POST"),
        ("GET", "/v1/audio/voices/anna", "DELETE"),
        ("GET", "/v1/audio/voices/remove", "POST"),
        ("DELETE", "/predictions/tts", "GET, HEAD, POST"),
        ("OPTIONS", "/predictions/tts", "GET, HEAD, POST"),
        ("PUT", "/readyz", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    edge: RunningEdge, method: str, path: str, allowed: str
) -> None:
    answer = edge.ask(method, path)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed
    assert edge.backend.seen == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_no_server_should_take_are_refused(edge: RunningEdge, method: str) -> None:
    told = raw(
        edge, f"{method} /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )

    assert told.startswith(b"HTTP/1.1 40")
    assert edge.backend.seen == []


def test_head_is_get_without_the_body(edge: RunningEdge) -> None:
    answer = edge.ask("HEAD", "/v1/models")

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_shard_lets_in_its_models_and_the_probes_alone(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend, role="shard") as edge:
        backend.seen.clear()

        assert edge.ask("POST", "/predictions/f5_fr", json={"text": "x"}).status_code == 200
        assert edge.ask("GET", "/readyz").status_code == 200
        assert [seen.path for seen in backend.seen] == ["/predictions/f5_fr", "/readyz"]
        for path in (
            "/predictions/tts",
            "/v1/audio/speech",
            "/predictions/f5_fr/1.0",
            "/predictions/f5_../tts",
            "/predictions/F5_FR",
        ):
            refused_or_openai = edge.ask("POST", path, json={"text": "x"})
            assert refused_or_openai.status_code == 404, path
        assert edge.ask("GET", "/predictions/f5_fr").status_code == 405
        assert len(backend.seen) == 2


def test_metrics_are_on_a_port_of_their_own(edge: RunningEdge) -> None:
    here = f"http://127.0.0.1:{edge.settings.metrics_port}"

    assert requests.get(f"{here}/metrics", timeout=20).status_code == 200
    assert [seen.path for seen in edge.backend.seen] == ["/metrics"]
    assert requests.get(f"{here}/predictions/tts", timeout=20).status_code == 404


def test_metrics_may_have_an_address_of_their_own(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend, metrics_address="127.0.0.2") as edge:
        port = edge.settings.metrics_port

        assert requests.get(f"http://127.0.0.2:{port}/metrics", timeout=20).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20)
        assert edge.speak("x").status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.2:{edge.edge.port}/healthz", timeout=20)
