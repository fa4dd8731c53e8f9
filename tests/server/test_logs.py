"""A request is followed through the logs by its id, every line is JSON, and nothing that was sent stands in any."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from f5serve.errors import ConfigurationError
from scripts.server import TorchServe
from tests.edge.edges import running_edge
from tests.edge.stand_in import Backend
from tests.faults.breaking import breakable_archive
from tests.server.clips import encoded, tone
from tests.server.harness import demo_archives, serve_archives, with_config
from tests.server.listening import TIMEOUT_S

pytestmark = pytest.mark.server

TEXT = "quittenmus"
TRANSCRIPT = "salbeitopf"
OTHER = "dattelbrot"
QUERY = "zimtstange"
CANARIES = (TEXT, TRANSCRIPT, OTHER, QUERY)
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
LEVELS = {"TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LATER_S = 20.0


@dataclass(frozen=True, slots=True)
class Case:
    """One request.

    Attributes:
        name: Its id.
        status: With which it is answered.
        fields: What is sent as JSON.
        path: What follows the router's address.
        body: What is sent in place of the fields.
        reaches_model: Whether a language model hears of it.
    """

    name: str
    status: int
    fields: dict[str, Any]
    path: str = ""
    body: bytes | None = None
    reaches_model: bool = False


CLIP = base64.b64encode(encoded(tone(2.0))).decode()
NO_CLIP = base64.b64encode(TEXT.encode() * 99).decode()
OPENAI: dict[str, Any] = {"input": f"Bonjour {TEXT}.", "model": "tts-1", "voice": "plain_fr"}
FRENCH: dict[str, Any] = {"text": f"Bonjour {TEXT}.", "language": "fr", "steps": 4}
CASES = (
    Case("spoken", 200, FRENCH, reaches_model=True),
    Case("streamed", 200, {**FRENCH, "text": f"Bonjour {TEXT} à tous. " * 8, "stream": True}, reaches_model=True),
    Case("cloned", 200, {**FRENCH, "ref_audio": CLIP, "ref_text": f"Voici {TRANSCRIPT}."}, reaches_model=True),
    Case("openai", 200, OPENAI, "/1.0/v1/audio/speech", reaches_model=True),
    Case("query", 200, FRENCH, f"?note={QUERY}", reaches_model=True),
    Case("no-token", 422, {**FRENCH, "text": f"{TEXT} " + "日本語" * 20}, reaches_model=True),
    Case("no-voice", 404, {**FRENCH, "voice": OTHER}),
    Case("no-language", 422, {**FRENCH, "language": OTHER}),
    Case("wrong-steps", 422, {**FRENCH, "steps": OTHER}),
    Case("unknown-field", 422, {**FRENCH, OTHER: TEXT}),
    Case("too-long", 422, {**FRENCH, "text": f"{TEXT} " * 20_000}),
    Case("no-clip", 422, {**FRENCH, "ref_audio": NO_CLIP, "ref_text": TRANSCRIPT}, reaches_model=True),
    Case("no-json", 400, {}, body=f'{{"text": "{TEXT}", "{OTHER}'.encode()),
    Case("no-path", 404, FRENCH, "/1.0/nothing"),
    Case("packed", 415, {}, body=gzip.compress(TEXT.encode())),
    Case("raises", 502, {**FRENCH, "text": f"Vacille {TEXT}."}),
    Case("poison", 500, {**FRENCH, "text": f"Meurs {TEXT}."}, reaches_model=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """A server that has answered every case, and the answers by id."""

    server: TorchServe
    answers: dict[str, requests.Response]

    def lines(self, name: str = "model_log.log") -> list[dict[str, Any]]:
        """Answer the lines of a log file; each must be an object of JSON."""
        text = (self.server.options.logs / name).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        return lines

    def wait_for(self, request_id: str, worker: str) -> list[dict[str, Any]]:
        """The same as ``of``, once there is something; lines of the workers' output are on their way."""
        end = time.monotonic() + LATER_S
        while not (found := self.of(request_id, worker)) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def of(self, request_id: str, worker: str) -> list[dict[str, Any]]:
        """Answer what a worker logged of a request."""
        told = [line for line in self.lines() if line.get("request_id") == request_id]
        return [line for line in told if line["worker"] == worker]


def archives(folder: Path) -> list[Path]:
    """The router, and a French model that a text can kill."""
    found = {path.stem: path for path in demo_archives()}
    folder.mkdir()
    router = with_config(found["tts"], folder, {"minWorkers": 2, "maxWorkers": 2})
    return [breakable_archive(found["f5_fr"], folder), router]


def send(server: TorchServe, case: Case) -> requests.Response:
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": case.name,
        "traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01",
        **({"Content-Encoding": "gzip"} if case.name == "packed" else {}),
    }
    return requests.post(
        f"{server.inference_url}/predictions/tts{case.path}",
        data=json.dumps(case.fields).encode() if case.body is None else case.body,
        headers=headers,
        timeout=TIMEOUT_S,
    )


def asked(server: TorchServe) -> Served:
    """Send every case, the deadly one last, and wait until the log has been written."""
    served = Served(server, {case.name: send(server, case) for case in CASES})
    served.wait_for(CASES[-1].name, "tts")
    return served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("logs")
    with serve_archives(archives(folder / "archives"), folder / "server") as server:
        yield asked(server)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_answered_as_this_file_says(served: Served, case: Case) -> None:
    answer = served.answers[case.name]

    assert answer.status_code == case.status, answer.text[:500]
    assert answer.headers["X-Correlation-Id"] == case.name


def test_every_line_of_every_log_is_json_with_its_level(served: Served) -> None:
    told = served.lines() + served.lines("ts_log.log")
    assert {line["level"] for line in told} <= LEVELS
    assert all(TIME.fullmatch(line["time"]) for line in told)
    assert all(TIME.fullmatch(line["time"]) for line in served.lines("access_log.log"))

    started_again = [line for line in told if str(line["message"]).startswith("Retry worker")]
    assert started_again, "the runbook tells to look for it"
    assert all(line["thread"].startswith("W-") for line in started_again)
    assert not any("[METRICS]" in str(line) for line in served.lines()), "TorchServe reads those"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_is_followed_by_its_id_through_router_and_model(
    served: Served, case: Case
) -> None:
    told = [line for line in served.of(case.name, "tts") if line["message"] == "request"]
    (line,) = told
    assert (line["status"], line["trace_id"]) == (case.status, TRACE_ID)
    assert (line["level"] == "WARNING") == (case.status >= 500)
    assert line["seconds"] > 0

    pieces = [line for line in served.of(case.name, "f5_fr") if line["message"] == "piece"]
    assert bool(pieces) == case.reaches_model
    if case.status == 200:
        assert {piece["piece"] for piece in pieces} == set(range(line["pieces"]))
        assert {piece["trace_id"] for piece in pieces} == {TRACE_ID}
        assert all(piece["inference_s"] <= piece["spoken_s"] for piece in pieces)


def test_what_was_sent_stands_in_no_log(served: Served) -> None:
    files = [path for path in served.server.options.logs.rglob("*") if path.is_file()]
    assert {"access_log.log", "console.log", "model_log.log", "ts_log.log"} <= {
        path.name for path in files
    }

    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        assert [word for word in CANARIES if word in text] == [], path.name
        assert CLIP[:60].lower() not in text
        assert NO_CLIP[:60].lower() not in text


def test_an_error_that_nobody_caught_is_one_line_with_its_place_and_without_its_words(
    served: Served,
) -> None:
    (line,) = [line for line in served.lines() if line.get("error") == "ValueError"]

    assert (line["worker"], line["level"], line["logger"]) == ("f5_fr", "WARNING", "ts.service")
    assert line["trace"][-1].endswith(" speak")
    assert "error_detail" not in line


def test_a_text_that_ends_its_worker_is_told_by_its_digest(served: Served) -> None:
    suspect, refused = [line for line in served.lines() if line.get("logger") == "f5serve.poison"]

    assert (suspect["level"], refused["level"]) == ("WARNING", "ERROR")
    assert suspect["digest"] == refused["digest"]


@pytest.mark.tool("nginx")
def test_the_edge_logs_the_same_id(served: Served, tmp_path: Path) -> None:
    port = served.server.options.ports.inference
    with running_edge(tmp_path, Backend(port), torchserve_port=port) as edge:
        answer = edge.ask("POST", "/predictions/tts", json=FRENCH)
        line = edge.logged_of(answer)

    assert answer.status_code == 200, answer.text[:500]
    request_id = answer.headers["X-Correlation-Id"]
    assert line["request_id"] == request_id
    assert served.wait_for(request_id, "tts")
    assert served.wait_for(request_id, "f5_fr")
    assert TEXT not in str(edge.logged())


def test_texts_are_logged_by_router_and_model_where_that_is_switched_on(tmp_path: Path) -> None:
    """This shows too that the words which are found nowhere else would be found."""
    told = {"F5SERVE_LOG_TEXTS": "1"}
    with serve_archives(archives(tmp_path / "a"), tmp_path / "s", environment=told) as server:
        served = Served(server, {CASES[0].name: send(server, CASES[0])})
        assert TEXT in served.wait_for(CASES[0].name, "tts")[0]["text"]
        assert TEXT in served.wait_for(CASES[0].name, "f5_fr")[0]["text"]


def test_why_a_model_does_not_load_is_said_in_the_words_of_its_log(tmp_path: Path) -> None:
    (archive,) = [path for path in demo_archives() if path.stem == "f5_fr"]
    wrong = with_config(archive, tmp_path / "archives", {"handler": {"model": "f5_fr"}})

    with (
        pytest.raises(ConfigurationError, match="f5_fr does not load") as caught,
        serve_archives([wrong], tmp_path / "server"),
    ):
        pass

    assert "ConfigurationError" in str(caught.value)
    assert "missing required field" in str(caught.value)
    assert '"message"' not in str(caught.value)
