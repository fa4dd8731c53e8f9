"""Text that is sent piece by piece over a WebSocket, through the edge: who is let in, what is heard, how it ends."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from f5serve.departures import CALLER_HEADER
from scripts.edge import departures_folder
from scripts.keys import add_key
from scripts.sessions.server import LONGEST_MESSAGE
from tests.edge.edges import TIMEOUT_S, RunningEdge, running_edge, wait_for
from tests.edge.pods import Pod, french_pod, told
from tests.edge.stand_in import Backend
from tests.server.listening import level_dbfs

PATH = "/v1/audio/speech/stream"
PATHS = (PATH, f"/predictions/tts/1.0{PATH}")


@contextlib.contextmanager
def session(url: str, path: str = PATH, **options: Any) -> Iterator[ClientConnection]:
    """Open a session; it is closed when the block ends."""
    address = f"ws{url.removeprefix('http')}{path}"
    with connect(address, proxy=None, open_timeout=TIMEOUT_S, **options) as opened:
        yield opened


def write(opened: ClientConnection, kind: str, **fields: object) -> None:
    opened.send(json.dumps({"type": kind, **fields}))


def received(opened: ClientConnection, last: str) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Answer events and audio until an event of a type."""
    events: list[dict[str, Any]] = []
    audio: list[bytes] = []
    while not events or events[-1]["type"] != last:
        message = opened.recv(timeout=4 * TIMEOUT_S)
        if isinstance(message, bytes):
            audio.append(message)
        else:
            events.append(json.loads(message))
    return events, audio


def until_closed(opened: ClientConnection) -> tuple[list[str | bytes], int]:
    """Answer all that still comes, and the code that the session is closed with."""
    messages: list[str | bytes] = []
    try:
        while True:
            messages.append(opened.recv(timeout=TIMEOUT_S))
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd is not None else 0


def refusal(edge: RunningEdge, status: int, code: str, **options: Any) -> InvalidStatus:
    """Be refused a session, in the form of OpenAI's API."""
    with pytest.raises(InvalidStatus) as caught, session(edge.url, **options):
        pass
    answer = caught.value.response
    assert (answer.status_code, json.loads(answer.body)["error"]["code"]) == (status, code)
    return caught.value


@pytest.mark.parametrize("path", PATHS)
def test_sentences_are_spoken_while_the_text_is_written(edge: RunningEdge, path: str) -> None:
    with session(edge.url, path) as opened:
        write(opened, "session.config", response_format="pcm")
        write(opened, "input.text", text="It rains today. We will")
        first, audio = received(opened, "audio.done")
        write(opened, "input.text", text=" stay.")
        write(opened, "input.done")
        rest, more = received(opened, "session.done")
        write(opened, "session.close")
        _, code = until_closed(opened)

    assert [event["type"] for event in first] == ["audio.start", "audio.done"]
    assert first[0]["language"] == "en"
    assert (audio, more) == ([b"It rains today. " * 2], [b"We will stay." * 2])
    assert (rest[-1]["total_sentences"], code) == (2, 1000)


def test_a_sentence_has_the_sessions_id_in_the_logs_and_an_id_for_its_caller(
    edge: RunningEdge,
) -> None:
    with session(edge.url, additional_headers={"X-Request-Id": "mine"}) as opened:
        for _ in range(2):
            write(opened, "input.text", text="Hello there.")
            write(opened, "input.done")
            received(opened, "session.done")

    headers = [seen.headers for seen in edge.backend.seen]
    assert [told["x-request-id"] for told in headers] == ["mine-1", "mine-2"]
    assert len({told[CALLER_HEADER.lower()] for told in headers}) == 2


def test_a_session_is_one_line_of_the_log(edge: RunningEdge) -> None:
    with session(edge.url, additional_headers={"X-Request-Id": "logged-session"}) as opened:
        write(opened, "input.text", text="A secret.")
        write(opened, "session.close")
        received(opened, "audio.done")

    def lines() -> list[dict[str, Any]]:
        return [line for line in edge.logged() if line["request_id"] == "logged-session"]

    wait_for(lambda: bool(lines()))
    (line,) = lines()
    assert (line["route"], line["status"], line["method"]) == (PATH, 101, "GET")
    assert "secret" not in Path(edge.settings.access_log).read_text(encoding="utf-8")


def test_what_is_refused_is_told_and_the_session_goes_on(edge: RunningEdge) -> None:
    with session(edge.url) as opened:
        write(opened, "session.config", speed=7)
        (error,), _ = received(opened, "error")
        write(opened, "input.text", text="refused by a handler")
        write(opened, "input.done")
        events, audio = received(opened, "session.done")
        write(opened, "input.text", text="Hello.")
        write(opened, "input.done")
        more, heard = received(opened, "session.done")

    assert error["param"] == "speed"
    assert [event["type"] for event in events] == ["error", "audio.done", "session.done"]
    assert not audio
    assert heard == [b"Hello." * 2], more


def test_a_message_that_is_too_long_ends_the_session(edge: RunningEdge) -> None:
    with session(edge.url) as opened:
        opened.send("x" * (LONGEST_MESSAGE + 1))
        _, code = until_closed(opened)

    assert code == 1009


def test_who_leaves_is_told_of_to_the_workers(edge: RunningEdge) -> None:
    with session(edge.url) as opened:
        write(opened, "input.text", text="wait 3 for it.")
        write(opened, "input.done")
        wait_for(lambda: bool(edge.backend.seen))

    caller = edge.backend.seen[-1].headers[CALLER_HEADER.lower()]
    wait_for((departures_folder(edge.settings) / caller).exists)


def test_without_a_websocket_that_path_says_what_it_takes(edge: RunningEdge) -> None:
    answer = edge.ask("GET", PATH)

    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")
    assert answer.json()["error"]["code"] == "upgrade_required"
    assert edge.ask("POST", PATH).status_code == 405
    assert edge.ask("GET", f"{PATH}?api_key=f5s").status_code == 400


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1.evil"])
def test_a_page_of_another_site_is_not_let_in(edge: RunningEdge, origin: str) -> None:
    refusal(edge, 403, "origin_refused", additional_headers={"Origin": origin})


def test_a_page_of_this_site_is(edge: RunningEdge) -> None:
    with session(edge.url, additional_headers={"Origin": edge.url}) as opened:
        write(opened, "input.done")
        received(opened, "session.done")


def test_a_handshake_that_is_none_is_a_bad_request(edge: RunningEdge) -> None:
    answer = edge.ask("GET", PATH, headers={"Upgrade": "websocket", "Connection": "upgrade"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("version", "connection", "status"),
    [("1.1", "keep-alive, Upgrade", 101), ("1.1", "close", 426), ("1.0", "upgrade", 426)],
)
def test_the_connection_has_to_be_one_that_can_change(
    edge: RunningEdge, version: str, connection: str, status: int
) -> None:
    request = (
        f"GET {PATH} HTTP/{version}\r\nHost: x\r\nUpgrade: websocket\r\nConnection: {connection}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 2\r\n\r\nhi"
    )
    with socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as connected:
        connected.sendall(request.encode())
        answer = connected.recv(65_536)

    assert int(answer.split()[1]) == status


def test_a_key_is_asked_for(tmp_path: Path, backend: Backend) -> None:
    keys = tmp_path / "keys"
    keys.write_text("", encoding="utf-8")
    key = add_key(keys, "alice")
    with running_edge(tmp_path, backend, api_keys_file=str(keys)) as edge:
        refusal(edge, 401, "invalid_api_key")
        bearer = {"Authorization": f"Bearer {key}"}
        with session(edge.url, additional_headers=bearer) as opened:
            write(opened, "input.text", text="Hello.")
            write(opened, "input.done")
            _, audio = received(opened, "session.done")

        assert audio == [b"Hello." * 2]
        assert "authorization" not in backend.seen[-1].headers


def test_a_session_counts_as_one_request_in_flight(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend, connections=1) as edge:
        with session(edge.url) as opened:
            write(opened, "input.text", text="Hello.")
            write(opened, "input.done")
            received(opened, "session.done")
            refusal(edge, 429, "rate_limited")
        wait_for(lambda: edge.speak("Hello.").status_code == 200)


def test_new_keys_end_no_session(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge, session(edge.url) as opened:
        assert edge.edge.reload()
        time.sleep(0.5)
        write(opened, "input.text", text="Hello.")
        write(opened, "input.done")

        assert received(opened, "session.done")[1] == [b"Hello." * 2]


def test_a_shard_takes_no_sessions(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend, role="shard") as edge:
        assert edge.ask("GET", PATH).status_code == 404


def test_an_edge_that_drains_lets_a_session_be_heard(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge, session(edge.url) as opened:
        backend.seen.clear()
        write(opened, "input.text", text="wait 2 for it. And then")
        write(opened, "input.text", text=" this.")
        wait_for(lambda: bool(backend.seen))
        drained: list[bool] = []
        thread = threading.Thread(target=lambda: drained.append(edge.edge.drain(TIMEOUT_S)))
        thread.start()
        messages, code = until_closed(opened)
        thread.join()

    assert drained == [True]
    heard = [message for message in messages if isinstance(message, bytes)]
    assert heard == [b"wait 2 for it. " * 2, b"And then this." * 2]
    assert code == 1001


def test_an_edge_that_is_stopped_ends_its_sessions(tmp_path: Path, backend: Backend) -> None:
    with running_edge(tmp_path, backend) as edge, session(edge.url) as opened:
        write(opened, "input.text", text="wait 3 for it. ")
        edge.edge.stop()
        with pytest.raises(ConnectionClosed):
            received(opened, "session.done")


# --- a pod


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod of the router and one language."""
    with french_pod(tmp_path_factory.mktemp("s")) as running:
        yield running


TEXT = "Bonjour à tous. Demain matin, nous irons au marché. Viens avec nous ! "


@pytest.mark.server
@pytest.mark.parametrize("stream_audio", [False, True])
def test_real_speech_is_heard_word_by_word(french: Pod, *, stream_audio: bool) -> None:
    with session(french.url) as opened:
        write(opened, "session.config", language="fr", steps=7, stream_audio=stream_audio)
        for word in re.findall(r"\S+\s", TEXT):
            write(opened, "input.text", text=word)
        write(opened, "input.done")
        events, audio = received(opened, "session.done")

    started = [event for event in events if event["type"] == "audio.start"]
    done = [event for event in events if event["type"] == "audio.done"]
    assert [event["sentence_text"] for event in started] == [
        "Bonjour à tous. ",
        "Demain matin, nous irons au marché. ",
        "Viens avec nous ! ",
    ]
    assert {event["language"] for event in started} == {"fr"}
    assert sum(event["total_bytes"] for event in done) == sum(map(len, audio))
    assert not any(event["error"] for event in done)
    if stream_audio:
        assert len(audio) >= len(done)
        return
    for sentence in audio:
        samples, rate_hz = soundfile.read(io.BytesIO(sentence), dtype="float32")
        assert rate_hz == started[0]["sample_rate"]
        assert len(samples) > 0.5 * rate_hz
        assert level_dbfs(np.asarray(samples)) > -40.0


@pytest.mark.server
def test_a_real_refusal_is_told_as_it_is_elsewhere(french: Pod) -> None:
    with session(french.url) as opened:
        write(opened, "session.config", voice="nobody")
        write(opened, "input.text", text="Bonjour.")
        write(opened, "input.done")
        events, audio = received(opened, "session.done")

    assert (events[0]["code"], events[0]["param"]) == ("voice_not_found", "voice")
    assert not audio


@pytest.mark.server
def test_a_pod_stops_working_for_a_session_that_is_left(french: Pod) -> None:
    with session(french.url, additional_headers={"X-Request-Id": "left"}) as opened:
        write(opened, "session.config", language="fr", steps=32)
        write(opened, "input.text", text="Demain nous irons tous ensemble au marché, " * 9)
        write(opened, "input.done")
        time.sleep(1.0)
    wait_for(lambda: bool(told(french, "request", "left-1")), 3 * TIMEOUT_S)

    (line,) = told(french, "request", "left-1")
    assert line["reason"] == "caller_gone"


@pytest.mark.server
def test_a_pod_that_ends_lets_a_session_be_heard(french: Pod) -> None:
    with session(french.url) as opened:
        write(opened, "session.config", language="fr", steps=16)
        write(opened, "input.text", text="Demain matin, nous irons tous ensemble au marché. Puis")
        write(opened, "input.text", text=" nous mangerons. ")
        first = opened.recv(timeout=TIMEOUT_S)
        french.terminate()
        messages, code = until_closed(opened)

    kinds = [
        json.loads(message)["type"] if isinstance(message, str) else "audio"
        for message in (first, *messages)
    ]
    assert kinds == ["audio.start", "audio", "audio.done"] * 2
    assert code == 1001
    assert french.process.wait(TIMEOUT_S) == 0
