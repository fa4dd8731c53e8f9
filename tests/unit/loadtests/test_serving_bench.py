"""The comparison of servers: what is sent, what is counted, what the goals are judged by."""

from __future__ import annotations

import io
import json
import socket
import struct
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from f5serve.errors import ServeError
from loadtests.bench import company, serving
from loadtests.bench.company import in_company, mel_distance
from loadtests.bench.contestants import (
    HALF,
    OURS,
    PADDED,
    STATUS_QUO,
    STEPS,
    STREAMED,
    Heard,
    Server,
    Text,
)
from loadtests.bench.serving import Cell, draw, goals, load_of, measure, under_load, warm_up
from scripts.cpu import MAIN_KIND, of_kind
from scripts.launch import available_cores
from scripts.record import write_record
from scripts.serving_tables import overhead_table, schedules_table, serving_table

TEXT = Text(text="Bonjour à tous.", audio_s=1.0)


def wav(seconds: float, level: float = 0.1) -> bytes:
    buffer = io.BytesIO()
    samples = np.full(round(24_000 * seconds), level, dtype=np.float32)
    soundfile.write(buffer, samples, 24_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


class Answering(BaseHTTPRequestHandler):
    """Answers a second of sound in French; to every third request 500, 503 and when to come back, or half of it."""

    count = 0
    failing = True
    torn = False
    silent = False
    shed = False
    sound = True
    language = "fr"
    bodies: ClassVar[list[dict[str, object]]] = []

    def do_POST(self) -> None:
        type(self).bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        type(self).count += 1
        failed = type(self).failing and type(self).count % 3 == 0
        good = wav(1.0, 0.0 if type(self).silent else 0.1) if type(self).sound else b"sorry"
        body = b"{}" if failed else good
        self.send_response((503 if type(self).shed else 500) if failed else 200)
        if failed and type(self).shed:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Language", type(self).language)
        self.end_headers()
        if failed and type(self).torn:
            # Closed with no time to linger, a connection is reset rather than ended.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as its parent
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Answering.count, Answering.silent, Answering.shed, Answering.torn = 0, False, False, False
    Answering.language, Answering.sound, Answering.failing = "fr", True, True
    Answering.bodies.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/speak"
        server.shutdown()


def test_speech_counts_and_errors_are_counted_apart(url: str) -> None:
    cell = Cell(heard=[])

    under_load(Server(STATUS_QUO, url, 1), [TEXT] * 9, 2, cell)
    row = cell.row()

    assert (row["n"], row["errors"], row["turned_away"]) == (9, 3, 0)
    assert row["audio_s_per_s"] == pytest.approx(6.0 / cell.span_s, rel=0.01)
    assert row["p50_s"] is not None


def test_an_answer_that_is_cut_off_is_an_error_of_the_server_and_the_run_goes_on(url: str) -> None:
    Answering.torn = True
    cell = Cell(heard=[])

    under_load(Server(STATUS_QUO, url, 1), [TEXT] * 9, 2, cell)

    assert (cell.row()["n"], cell.row()["errors"]) == (9, 3)
    assert sorted(one.status for one in cell.heard) == [0, 0, 0, *[200] * 6]


def test_a_server_that_nobody_reaches_answers_nothing() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))

        heard = Server(STATUS_QUO, f"http://127.0.0.1:{held.getsockname()[1]}/speak", 1).ask(TEXT)

    assert (heard.status, heard.audio_s) == (0, 0.0)


def test_who_is_told_to_come_back_does_so_and_is_counted(url: str) -> None:
    Answering.shed = True
    cell = Cell(heard=[])

    under_load(Server(STATUS_QUO, url, 1), [TEXT] * 8, 1, cell)

    row = cell.row()
    assert (row["n"], row["errors"], row["turned_away"]) == (8, 0, 3)
    assert Answering.count == 11


def test_company_that_changes_an_answer_is_measured() -> None:
    noise = np.random.default_rng(5).normal(0, 0.1, 24_000).astype(np.float32)
    other = np.random.default_rng(6).normal(0, 0.1, 24_000).astype(np.float32)

    assert mel_distance(noise, noise) == 0.0
    assert mel_distance(noise, noise[:-100]) < 0.05
    assert mel_distance(noise, other) > 0.1
    assert mel_distance(noise, noise[:-300]) == 1.0
    assert mel_distance(noise[:0], noise[:0]) == 1.0


def test_each_text_is_asked_for_alone_and_then_with_the_others(url: str) -> None:
    texts = [Text(text=f"texte {number}", audio_s=1.0) for number in range(2)]

    found = in_company(Server(PADDED, url, 1), texts)

    # One of the four answers is an error: a text of which there is nothing to compare.
    assert found == {"texts": 2, "median": 0.0, "worst": 1.0}
    assert sorted(str(body["text"]) for body in Answering.bodies) == [
        "texte 0", "texte 0", "texte 1", "texte 1",
    ]  # fmt: skip
    assert {body["seed"] for body in Answering.bodies} == {1}


def test_a_distance_that_is_no_number_is_the_worst(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    distances = iter([0.1, float("nan")])
    monkeypatch.setattr(company, "mel_distance", lambda one, other: next(distances))

    found = in_company(Server(PADDED, url, 1), [TEXT, TEXT])

    assert str(found["worst"]) == "nan"


def test_silence_is_no_speech(url: str) -> None:
    Answering.silent = True

    with pytest.raises(ServeError, match="no sound"):
        Server(STATUS_QUO, url, 1).ask(TEXT)


@pytest.mark.parametrize("name", [OURS, STREAMED, HALF, STATUS_QUO, PADDED])
def test_speech_that_is_not_as_long_as_was_asked_for_ends_the_run(url: str, name: str) -> None:
    server = Server(name, url, 1)

    assert server.ask(Text(text="merci", audio_s=1.015)).audio_s == 1.0
    with pytest.raises(ServeError, match=r"1\.00 s of speech in place of 1\.10 s"):
        server.ask(Text(text="merci", audio_s=1.1))


def test_peers_may_round_a_length_to_their_frames_and_ours_may_not(url: str) -> None:
    rounded = Text(text="merci", audio_s=1.04)

    assert Server(STATUS_QUO, url, 1).ask(rounded).status == 200
    with pytest.raises(ServeError, match="in place of"):
        Server(OURS, url, 1).ask(rounded)


def test_a_text_whose_length_nobody_knows_yet_may_be_of_any(url: str) -> None:
    assert Server(OURS, url, 1).ask(Text(text="merci", audio_s=0.0)).audio_s == 1.0


def test_ours_has_to_speak_the_language_that_was_asked_for(url: str) -> None:
    Answering.language = "es"

    assert Server(STATUS_QUO, url, 1).ask(TEXT).status == 200  # peers do not tell
    with pytest.raises(ServeError, match="X-Language is 'es' in place of 'fr'"):
        Server(OURS, url, 1).ask(TEXT)


def test_an_answer_that_is_no_recording_is_named_with_its_server(url: str) -> None:
    Answering.sound = False

    with pytest.raises(ServeError, match=r"status quo, asked for 'Bonjour à tous\.': .* no WAV"):
        Server(STATUS_QUO, url, 1).ask(TEXT)


def test_every_server_says_every_text_that_is_measured_before_any_is_timed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [Text(text=f"texte {number}", audio_s=1.0) for number in range(2)]
    warm: list[list[object]] = []
    Answering.failing = False
    monkeypatch.setattr(serving, "texts_of", lambda *told: texts)
    monkeypatch.setattr(
        serving,
        "under_load",
        lambda server, said, callers, cell: warm.append(
            [body["text"] for body in Answering.bodies]
        ),
    )
    monkeypatch.setattr(Cell, "row", lambda cell: {})

    measure([Server(STATUS_QUO, url, 1)], 1, {1: 1, 2: 2}, 12)

    assert warm[0][:2] == ["texte 0", "texte 1"]
    assert load_of(12, 1, {1: 1, 2: 2})["warm_up_texts"] == 2


def test_a_server_that_rested_is_woken_before_each_load(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [Text(text=f"texte {number}", audio_s=1.0) for number in range(6)]
    asked: list[int] = []
    Answering.failing = False
    monkeypatch.setattr(serving, "texts_of", lambda *told: texts)
    monkeypatch.setattr(
        serving,
        "under_load",
        lambda server, said, callers, cell: asked.append(len(Answering.bodies)),
    )
    monkeypatch.setattr(Cell, "row", lambda cell: {})

    measure([Server(STATUS_QUO, url, 1)], 2, {1: 6}, 12)

    woken_by = load_of(12, 1, {1: 1})["woken_by"]
    assert asked == [6 + 4, 6 + 4 + 4]
    assert woken_by == 4


def test_a_server_that_fails_before_there_is_any_load_is_not_compared(url: str) -> None:
    with pytest.raises(ServeError, match=r"status quo answered 500 to 'Bonjour à tous\.'"):
        warm_up(Server(STATUS_QUO, url, 1), [TEXT] * 3)


def test_peers_are_told_to_speak_as_long_as_ours_and_at_as_many_steps() -> None:
    mine, theirs = (Server(name, "", 1).body(TEXT) for name in (OURS, STATUS_QUO))

    assert theirs["audio_s"] == TEXT.audio_s
    assert mine["steps"] == theirs["steps"]
    assert "stream" not in mine
    assert Server(STREAMED, "", 1).body(TEXT)["stream"] is True


def rows() -> list[dict[str, object]]:
    figures = {
        (1, OURS): (4.0, 1.0), (1, STATUS_QUO): (1.0, 3.0), (8, OURS): (5.0, 2.0), (8, STATUS_QUO): (1.0, 8.0),
        (16, OURS): (5.0, 4.0), (16, STATUS_QUO): (0.5, 20.0),
    }  # fmt: skip
    return [
        {"callers": callers, "server": server, "audio_s_per_s": rate, "p95_s": p95_s, "errors": 0}
        for (callers, server), (rate, p95_s) in figures.items()
    ]


def test_the_goals_are_ratios_of_ours_to_the_status_quo() -> None:
    assert goals(rows()) == {"throughput_at_1": 4.0, "throughput_at_16": 10.0, "p95_at_8": 0.25}
    assert goals([])["p95_at_8"] is None


def test_no_goal_is_judged_by_a_cell_with_errors() -> None:
    failed = [{**row, "errors": 1 if row["callers"] == 8 else 0} for row in rows()]

    assert goals(failed) == {"throughput_at_1": 4.0, "throughput_at_16": 10.0, "p95_at_8": None}


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    draw(rows(), tmp_path / "serving.png")

    assert (tmp_path / "serving.png").stat().st_size > 10_000


def test_a_cell_without_any_speech_has_no_times() -> None:
    cell = Cell(heard=[Heard(first_s=1.0, whole_s=1.0, audio_s=0.0, status=503)], span_s=1.0)

    assert cell.row()["p95_s"] is None
    assert cell.row()["errors"] == 1


def test_the_table_tells_how_many_workers_ours_has_and_shows_every_row(tmp_path: Path) -> None:
    apart = {OURS: {"texts": 8, "median": 2e-4, "worst": 5e-4}}
    cell = Cell(heard=[Heard(first_s=1.0, whole_s=2.0, audio_s=3.0, status=200)], span_s=2.0)
    told = [{"callers": 8, "server": name, **cell.row()} for name in (OURS, STATUS_QUO)]
    record = {
        "load": load_of(12, 2, {8: 1}), "over_status_quo": {OURS: goals(rows())}, "in_company": apart, "rows": told,
    }  # fmt: skip
    write_record(of_kind(tmp_path / "serving.json", MAIN_KIND), record)

    table = serving_table(tmp_path / "serving.json")

    assert f"ours with {available_cores()} workers, {STEPS} steps" in table
    assert "| 8 | status quo | 1 | 0 | 0 | 1.00 s | 2.00 s | 2.00 s | 1.50 | 0.00 | 0 MB |" in table


def test_what_is_not_recorded_says_how_it_is(tmp_path: Path) -> None:
    for table, command in (
        (serving_table, "bench-serving"),
        (overhead_table, "bench-overhead"),
        (schedules_table, "bench-schedules"),
    ):
        assert f"make {command} RECORD=1" in table(tmp_path / "none.json")
