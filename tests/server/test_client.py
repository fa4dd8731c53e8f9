"""Our own client against the real server: whole, streamed, refused, broken off."""

from __future__ import annotations

import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import soundfile

from scripts import say
from scripts.client import BrokenOffError, Client, RefusedError
from scripts.say_stream import Progress, receive
from tests.server.harness import RoutedServer, Server
from tests.unit.routing_support import Scripted, noise, problem, queue_full

pytestmark = pytest.mark.server

LONG = "The train to the coast leaves early in the morning. " * 8
WAIT_S = 30.0


def test_a_text_is_spoken_into_a_file_while_it_is_spoken(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.wav"
    text = "Demain matin, nous irons au marché. Ensuite nous mangerons ensemble."

    status = say.main(
        ["--stream", "--steps", "7", "--url", server.inference_url, "--out", str(out), text]
    )

    told = capsys.readouterr().out
    assert status == 0
    assert "language fr (detected" in told
    assert f"{out}: {soundfile.info(out).duration:.3f} s" in told


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.opus"])
def test_a_stream_lasts_as_long_as_the_whole_answer(
    routed: RoutedServer, tmp_path: Path, name: str
) -> None:
    client = Client(routed.server.inference_url)
    fields = {"text": LONG, "seed": 1, "response_format": say.FORMAT_OF[Path(name).suffix]}

    got = receive(client, fields, tmp_path / name)

    whole_s = float(client.say(fields).headers["X-Audio-Seconds"])
    assert soundfile.info(tmp_path / name).duration == pytest.approx(whole_s, abs=0.15)
    assert 0.0 < got.first_s <= got.elapsed_s


def test_a_refusal_is_raised_with_what_the_server_said(routed: RoutedServer) -> None:
    with pytest.raises(RefusedError) as caught:
        Client(routed.server.inference_url).say({"text": "a", "voice": "nobody"})

    assert (caught.value.status, caught.value.code, caught.value.field) == (
        404,
        "voice_not_found",
        "voice",
    )
    assert "registered are" in str(caught.value)


def test_a_model_that_is_full_for_a_while_is_waited_for(routed: RoutedServer) -> None:
    asked = count()
    routed.model.answer = lambda request: noise(request) if next(asked) > 2 else queue_full()

    assert Client(routed.server.inference_url).say({"text": "The train leaves."}).audio


def test_a_stream_that_breaks_off_leaves_no_file(routed: RoutedServer, tmp_path: Path) -> None:
    heard = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            heard.wait(WAIT_S)
            return problem(500, "synthesis_failed")
        return noise(request)

    class Listener(Progress):
        def tell(self, received_bytes: int) -> None:
            heard.set()

    routed.model.answer = answer
    with pytest.raises(BrokenOffError):
        receive(
            Client(routed.server.inference_url),
            {"text": LONG, "response_format": "wav"},
            tmp_path / "a.wav",
            progress=Listener("wav"),
        )

    assert heard.is_set()
    assert list(tmp_path.iterdir()) == []
