"""The comparison of servers: what is sent, what is counted, what the goals are judged by."""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from f5serve.errors import ServeError
from loadtests.bench.contestants import OURS, STATUS_QUO, STREAMED, Heard, Server, Text
from loadtests.bench.serving import Cell, draw, goals, under_load
from scripts.serving_tables import overhead_table, schedules_table, serving_table

TEXT = Text(text="Bonjour à tous.", audio_s=1.5)


def wav(seconds: float, level: float = 0.1) -> bytes:
    buffer = io.BytesIO()
    samples = np.full(round(24_000 * seconds), level, dtype=np.float32)
    soundfile.write(buffer, samples, 24_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


class Answering(BaseHTTPRequestHandler):
    """Answers a second of sound, or 503 to every third request."""

    count = 0
    silent = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).count += 1
        failed = type(self).count % 3 == 0
        body = b"{}" if failed else wav(1.0, 0.0 if type(self).silent else 0.1)
        self.send_response(503 if failed else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as its parent
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Answering.count, Answering.silent = 0, False
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/speak"
        server.shutdown()


def test_speech_counts_and_errors_are_counted_apart(url: str) -> None:
    cell = Cell(heard=[])

    under_load(Server(STATUS_QUO, url, 1), [TEXT] * 9, 2, cell)
    row = cell.row()

    assert (row["n"], row["errors"]) == (9, 3)
    assert row["audio_s_per_s"] == pytest.approx(6.0 / cell.span_s, rel=0.01)
    assert row["p50_s"] is not None


def test_silence_is_no_speech(url: str) -> None:
    Answering.silent = True

    with pytest.raises(ServeError, match="no sound"):
        Server(STATUS_QUO, url, 1).ask(TEXT)


def test_peers_are_told_to_speak_as_long_as_ours_and_at_as_many_steps() -> None:
    mine, theirs = (Server(name, "", 1).body(TEXT) for name in (OURS, STATUS_QUO))

    assert theirs["audio_s"] == 1.5
    assert mine["steps"] == theirs["steps"]
    assert "stream" not in mine
    assert Server(STREAMED, "", 1).body(TEXT)["stream"] is True


def rows() -> list[dict[str, object]]:
    figures = {
        (1, OURS): (4.0, 1.0), (1, STATUS_QUO): (1.0, 3.0), (8, OURS): (5.0, 2.0), (8, STATUS_QUO): (1.0, 8.0),
        (16, OURS): (5.0, 4.0), (16, STATUS_QUO): (0.5, 20.0),
    }  # fmt: skip
    return [
        {"callers": callers, "server": server, "audio_s_per_s": rate, "p95_s": p95_s}
        for (callers, server), (rate, p95_s) in figures.items()
    ]


def test_the_goals_are_ratios_of_ours_to_the_status_quo() -> None:
    assert goals(rows()) == {"throughput_at_1": 4.0, "throughput_at_16": 10.0, "p95_at_8": 0.25}
    assert goals([])["p95_at_8"] is None


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    draw(rows(), tmp_path / "serving.png")

    assert (tmp_path / "serving.png").stat().st_size > 10_000


def test_a_cell_without_any_speech_has_no_times() -> None:
    cell = Cell(heard=[Heard(first_s=1.0, whole_s=1.0, audio_s=0.0, status=503)], span_s=1.0)

    assert cell.row()["p95_s"] is None
    assert cell.row()["errors"] == 1


def test_what_is_not_recorded_says_how_it_is(tmp_path: Path) -> None:
    for table, command in (
        (serving_table, "bench-serving"),
        (overhead_table, "bench-overhead"),
        (schedules_table, "bench-schedules"),
    ):
        assert f"make {command} RECORD=1" in table(tmp_path / "none.json")
