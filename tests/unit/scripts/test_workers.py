"""How a server gets the workers that it is told to have; ``tests/server/test_workers.py`` asks a real one."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from f5serve.errors import ConfigurationError
from scripts import server as server_module
from scripts.launch import ServerOptions, child_environment
from scripts.ports import Ports
from scripts.probe import HttpProbe
from scripts.readiness import Hosted, Monitor
from scripts.serve import main as serve
from scripts.server import TorchServe
from scripts.workers import look, require_scalable


@dataclass
class FakeServer:
    """TorchServe's management API: a model has one worker until it is asked for more, and these load in their time."""

    url: str = ""
    wanted: int = 1
    ready: int = 1
    refuses: bool = False
    asked: list[dict[str, list[str]]] = field(default_factory=list)


@contextlib.contextmanager
def managing(fake: FakeServer) -> Iterator[FakeServer]:
    """Answer as a server does that holds ``f5_fr`` and ``tts``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            workers = [{"status": "READY", "pid": 7 + number} for number in range(fake.ready)]
            self._send(200, json.dumps([{"minWorkers": fake.wanted, "workers": workers}]).encode())

        def do_PUT(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            fake.asked.append(asked)
            if fake.refuses:
                self._send(500, b"no")
                return
            fake.wanted = int(asked["min_worker"][0])
            self._send(202, b"{}")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


def archive(folder: Path, name: str, **config: object) -> Path:
    path = folder / f"{name}.mar"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("model-config.yaml", yaml.safe_dump({"minWorkers": 1, **config}))
    return path


def options(store: Path, workers: int) -> ServerOptions:
    return ServerOptions(
        store=store, models=("f5_fr", "tts"), ports=Ports.from_base(9080), logs=store, workers=workers
    )  # fmt: skip


def test_a_model_with_fewer_workers_gets_them_and_is_ready_when_they_are() -> None:
    with managing(FakeServer()) as fake:
        first = look(fake.url, "f5_fr", 2)
        second = look(fake.url, "f5_fr", 2)
        fake.ready = 2
        third = look(fake.url, "f5_fr", 2)

    assert fake.asked == [{"min_worker": ["2"], "max_worker": ["2"]}], "it was asked once"
    assert [state is not None and state.is_ready for state in (first, second, third)] == [
        False,
        False,
        True,
    ]


def test_a_server_that_was_started_again_is_asked_again() -> None:
    with managing(FakeServer(ready=2)) as fake:
        look(fake.url, "f5_fr", 2)
        fake.wanted, fake.ready = 1, 1
        state = look(fake.url, "f5_fr", 2)

    assert state is not None
    assert not state.is_ready
    assert len(fake.asked) == 2


@pytest.mark.parametrize(("model", "workers"), [("tts", 2), ("f5_fr", 0), ("f5_fr", 1)])
def test_the_router_and_whoever_is_told_nothing_keep_what_the_archive_says(
    model: str, workers: int
) -> None:
    with managing(FakeServer()) as fake:
        state = look(fake.url, model, workers)

    assert state is not None
    assert state.is_ready
    assert fake.asked == []


def test_an_archive_s_workers_are_taken_away_where_fewer_are_wanted() -> None:
    with managing(FakeServer(wanted=2, ready=2)) as fake:
        look(fake.url, "f5_fr", 1)
        state = look(fake.url, "f5_fr", 1)

    assert fake.wanted == 1
    assert state is not None
    assert state.is_ready


def test_a_refusal_ends_the_start_with_what_the_server_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with managing(FakeServer(refuses=True)) as fake:
        ports = replace(Ports.from_base(9080), management=int(fake.url.rsplit(":", 1)[1]))
        server = TorchServe(replace(options(tmp_path, 2), ports=ports))
        monkeypatch.setattr(server_module.TorchServe, "_require_running", lambda _: None)

        with pytest.raises(ConfigurationError, match="gives f5_fr no 2 workers: 500 no"):
            server.wait_ready(deadline_s=5.0)


def test_a_pod_is_not_ready_before_the_workers_are_and_says_why() -> None:
    with managing(FakeServer(refuses=True)) as fake:
        monitor = Monitor(HttpProbe(fake.url, fake.url, {}, 2), Hosted(served=("f5_fr",)))
        monitor.look()
        refused = monitor.report().models["f5_fr"]
        fake.refuses = False
        monitor.look()
        monitor.look()
        loading = monitor.report().models["f5_fr"]
        monitor.stop()

    assert (refused.state, refused.reason) == (
        "loading",
        "TorchServe gives f5_fr no 2 workers: 500 no",
    )
    assert (loading.state, loading.reason) == ("loading", "1 of 2 workers are ready")


def test_a_model_that_works_step_by_step_keeps_one_worker(tmp_path: Path) -> None:
    archives = [archive(tmp_path, "f5_fr", continuousBatching=True), archive(tmp_path, "f5_es")]

    require_scalable(archives, 0)
    require_scalable(archives, 1)
    with pytest.raises(ConfigurationError, match=r"f5_fr: .*WORKERS.*batching\.continuous"):
        require_scalable(archives, 2)


def test_a_server_of_a_step_by_step_model_does_not_start_with_two(tmp_path: Path) -> None:
    archive(tmp_path, "f5_fr", continuousBatching=True)
    archive(tmp_path, "tts")

    with pytest.raises(ConfigurationError, match="has to have one worker"):
        TorchServe(options(tmp_path, 2)).start()


def test_the_router_is_told_how_many_workers_its_models_have(tmp_path: Path) -> None:
    assert child_environment(options(tmp_path, 2), tmp_path)["F5SERVE_WORKERS"] == "2"
    assert "F5SERVE_WORKERS" not in child_environment(options(tmp_path, 0), tmp_path)


@pytest.mark.parametrize("wrong", ["-1", "65", "two"])
def test_a_number_that_cannot_be_meant_is_refused(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        serve(["--workers", wrong])

    assert "--workers" in capsys.readouterr().err
