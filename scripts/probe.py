"""Looks at a pod over HTTP, and tells those who ask: ``/healthz``, ``/readyz`` and ``/metrics`` on loopback."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import urllib3
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from f5serve.routing.replicas import addresses_of
from scripts.management import ModelState
from scripts.readiness import Monitor, Report
from scripts.workers import config_of, look

LOOK_TIMEOUT_S: Final = 2.0
WARM_UP_TIMEOUT_S: Final = 300.0
WARM_UP_STEPS: Final = 4
METRICS_TIMEOUT_S: Final = 5.0
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
SERVER_ERRORS: Final = 500
LONGEST_REASON: Final = 200


class HttpProbe:
    """Looks at TorchServe on loopback and at other pods' edges.

    Args:
        inference_url: TorchServe's inference address.
        management_url: TorchServe's management address.
        texts: What each language model says to warm up; other models are asked for their status.
        workers: Workers that each language model is to have; 0 for as many as its archive says.
    """

    def __init__(
        self, inference_url: str, management_url: str, texts: dict[str, str], workers: int = 0
    ) -> None:
        self._inference_url = inference_url
        self._management_url = management_url
        self._texts = texts
        self._workers = workers

    def describe(self, model: str) -> ModelState | None:
        """Answer what the management API tells of a model, and have it get its workers."""
        return look(self._management_url, model, self._workers, LOOK_TIMEOUT_S)

    def warm_up(self, model: str) -> str | None:
        """Have a language model say a sentence; the router, or a model without a voice, answer at all."""
        text = self._texts.get(model)
        if text is None:
            url, method, body = f"{self._inference_url}/predictions/{model}/1.0/status", "GET", None
        else:
            url, method = f"{self._inference_url}/predictions/{model}", "POST"
            body = {"text": text, "steps": WARM_UP_STEPS, "seed": 1}
        try:
            answer = urllib3.request(
                method, url, json=body, timeout=WARM_UP_TIMEOUT_S, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            return f"the warm-up failed: {error}"
        if answer.status == HTTPStatus.OK or (text is None and answer.status < SERVER_ERRORS):
            return None
        said = answer.data[:LONGEST_REASON].decode(errors="replace")
        return f"the warm-up was answered {answer.status}: {said}"

    def healthy(self) -> bool | None:
        """Ask ``/ping``: 500 means that TorchServe starts a worker no more."""
        status = _status(f"{self._inference_url}/ping")
        return None if status is None else status == HTTPStatus.OK

    def reachable(self, backend: str) -> bool:
        """Ask another pod's edge; one that has none is a TorchServe that listens to its pod's network."""
        status = _status(f"{backend}/readyz")
        if status == HTTPStatus.NOT_FOUND:
            status = _status(f"{backend}/ping")
        return status == HTTPStatus.OK


def _status(url: str) -> int | None:
    try:
        return urllib3.request("GET", url, timeout=LOOK_TIMEOUT_S, retries=False).status
    except urllib3.exceptions.HTTPError:
        return None


def warm_up_texts(archives: Iterable[Path]) -> dict[str, str]:
    """Answer what each language model can say: the transcript of a voice in its first language."""
    texts = {}
    for archive in archives:
        settings = config_of(archive).get("handler") or {}
        language = next(iter(settings.get("languages", ())), None)
        for voice in settings.get("voices", ()) if "model" in settings else ():
            if voice["language"] == language:
                texts[archive.stem] = str(voice["transcript"])
                break
    return texts


class PodCollector(Collector):
    """What the supervisor knows, as gauges.

    Args:
        monitor: Who looks at the models.
        edge_refused: Answers whether the edge refused its latest keys or certificates.
        sessions: Answers how many sessions there are.
    """

    def __init__(
        self, monitor: Monitor, edge_refused: Callable[[], bool], sessions: Callable[[], int]
    ) -> None:
        self._monitor = monitor
        self._edge_refused = edge_refused
        self._sessions = sessions

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Answer the gauges as they are now."""
        report = self._monitor.report()
        yield _gauge("f5serve_pod_ready", "1 if requests may come", report.ready)
        yield _gauge("f5serve_pod_draining", "1 if the pod was asked to stop", report.draining)
        yield _gauge(
            "f5serve_pod_alive",
            "1 unless only a restart helps",
            self._monitor.ailment() is None,
        )
        yield _gauge(
            "f5serve_edge_config_refused",
            "1 if the edge keeps former keys or certificates, since the latest are damaged",
            self._edge_refused(),
        )
        yield _gauge(
            "f5serve_sessions",
            "WebSockets over which text is sent piece by piece",
            self._sessions(),
        )
        ready = GaugeMetricFamily(
            "f5serve_model_ready", "1 if all workers of the model are ready", labels=["model"]
        )
        workers = GaugeMetricFamily(
            "f5serve_model_workers", "Workers of the model that are ready", labels=["model"]
        )
        waiting = GaugeMetricFamily(
            "f5serve_model_waiting_requests", "Requests in the model's queue", labels=["model"]
        )
        for name, model in report.models.items():
            ready.add_metric([name], float(model.state == "ready"))
            workers.add_metric([name], model.workers)
            waiting.add_metric([name], model.waiting)
        backends = GaugeMetricFamily(
            "f5serve_backend_ready", "1 if another pod's models are ready", labels=["backend"]
        )
        for name, is_ready in report.backends.items():
            backends.add_metric([name], float(is_ready))
        yield from (ready, workers, waiting, backends)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value))


def readiness_body(report: Report) -> dict[str, object]:
    """Answer what ``/readyz`` says: every model with its state, and why."""
    return {
        "status": report.status,
        "models": {
            name: {"state": model.state, **({"reason": model.reason} if model.reason else {})}
            for name, model in sorted(report.models.items())
        },
        **(
            {
                "backends": {
                    name: "ready" if up else "not ready" for name, up in report.backends.items()
                }
            }
            if report.backends
            else {}
        ),
    }


@contextlib.contextmanager
def control_server(
    port: int,
    monitor: Monitor,
    metrics_url: str,
    edge_refused: Callable[[], bool],
    sessions: Callable[[], int],
) -> Iterator[None]:
    """Answer probes and the collector of metrics until the block ends.

    Args:
        port: On loopback.
        monitor: Who looks at the models.
        metrics_url: Where TorchServe's metrics are; they are answered together with the supervisor's.
        edge_refused: Answers whether the edge refused its latest keys or certificates.
        sessions: Answers how many sessions there are.

    Raises:
        OSError: If the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(PodCollector(monitor, edge_refused, sessions))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            if path == "/healthz":
                ailment = monitor.ailment()
                self._answer(ailment is None, {"status": "alive" if ailment is None else ailment})
            elif path == "/readyz":
                report = monitor.report()
                self._answer(report.ready, readiness_body(report))
            elif path == "/metrics":
                own = generate_latest(registry)
                self._send(HTTPStatus.OK, TEXT, own + torchserve_metrics(metrics_url))
            else:
                self._send(HTTPStatus.NOT_FOUND, "application/json", b"{}")

        def _answer(self, well: bool, document: dict[str, object]) -> None:  # noqa: FBT001  # 200 or 503
            status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
            body = json.dumps(document, indent=2).encode()
            self._send(status, "application/json", body)

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing: probes come every few seconds."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5.0)


def torchserve_metrics(url: str) -> bytes:
    """Answer TorchServe's metrics; nothing while it does not answer."""
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        answer = urllib3.request("GET", url, timeout=METRICS_TIMEOUT_S, retries=False)
        if answer.status == HTTPStatus.OK:
            return answer.data
    return b""


def backend_addresses(text: str) -> tuple[str, ...]:
    """Answer the servers that ``F5SERVE_BACKENDS`` names, each once.

    Raises:
        ConfigurationError: If it cannot be read, or an address is none.
    """
    found = (address for addresses in addresses_of(text).values() for address in addresses)
    return tuple(dict.fromkeys(address.rstrip("/") for address in found))
