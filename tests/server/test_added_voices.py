"""A real server takes a voice while it runs, speaks in it, and forgets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.hearing.features import pitch_hz
from scripts.package import ROOT
from scripts.server import TorchServe
from scripts.sources import VOICES, read_voices
from tests.server.harness import demo_archives, serve_archives
from tests.server.listening import TIMEOUT_S, distance, heard, post

pytestmark = pytest.mark.server

HIGHER = 1.3  # the references' pitches lie almost an octave apart
TEXT = "Demain matin, nous irons ensemble au marché."
DIALOGUE = "[A] Nous irons ensemble au marché demain matin. [B] Je prends mon manteau."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """One language and the router, with all its workers and a folder for voices."""
    folder = tmp_path_factory.mktemp("added")
    archives = [path for path in demo_archives() if path.stem in {"f5_fr", "tts"}]
    kept = {"F5SERVE_VOICES": str(folder / "voices")}
    with serve_archives(archives, folder / "server", environment=kept) as server:
        yield server


def url_of(server: TorchServe, path: str = "") -> str:
    return f"{server.inference_url}/predictions/tts{path}"


def add(server: TorchServe, name: str, voice: str) -> requests.Response:
    """Add a voice of the demo under another name."""
    demo = read_voices(ROOT / VOICES)
    registered = next(one for one in demo.voices if one.name == voice)
    return requests.post(
        url_of(server, "/1.0/v1/audio/voices"),
        data={"name": name, "ref_text": registered.transcript, "consent": "of nobody: synthetic"},
        files={"ref_audio": ("clip.wav", demo.files[registered.file].read_bytes(), "audio/wav")},
        timeout=TIMEOUT_S,
    )


def names(server: TorchServe) -> list[str]:
    listed = requests.get(url_of(server, "/1.0/v1/audio/voices"), timeout=TIMEOUT_S).json()
    return [voice["id"] for voice in listed["voices"] if voice["added"]]


def test_an_added_voice_is_heard_from_every_worker_until_it_is_removed(running: TorchServe) -> None:
    added = add(running, "zoe", "f2_fr")
    assert (added.status_code, added.json()["language"]) == (201, "fr"), added.text
    assert names(running) == ["zoe"]

    default = post(url_of(running), text=TEXT, seed=1)
    spoken = [post(url_of(running), text=TEXT, seed=1, voice="zoe") for _ in range(4)]

    assert {answer.headers["X-Voice"] for answer in spoken} == {"zoe"}
    first = heard(spoken[0])
    assert pitch_hz(first) > HIGHER * pitch_hz(heard(default))
    assert all(distance(first, heard(answer)) < 1e-3 for answer in spoken)
    removed = post(url_of(running, "/1.0/v1/audio/voices/remove"), name="zoe")
    assert (removed.status_code, removed.json()) == (200, {"id": "zoe", "deleted": True})
    assert {post(url_of(running), text=TEXT, voice="zoe").status_code for _ in range(4)} == {404}
    assert names(running) == []


def test_it_sounds_as_the_same_clip_does_when_it_comes_with_the_request(
    running: TorchServe, tmp_path: Path
) -> None:
    assert add(running, "clip", "f2_fr").status_code == 201
    demo = read_voices(ROOT / VOICES)
    registered = next(one for one in demo.voices if one.name == "f2_fr")
    uploaded = requests.post(
        url_of(running),
        data={"text": TEXT, "seed": "1", "ref_text": registered.transcript},
        files={"ref_audio": ("clip.wav", demo.files[registered.file].read_bytes(), "audio/wav")},
        timeout=TIMEOUT_S,
    )

    added = post(url_of(running), text=TEXT, seed=1, voice="clip")

    assert uploaded.headers["X-Voice"] == "uploaded"
    assert pitch_hz(heard(added)) == pytest.approx(pitch_hz(heard(uploaded)), rel=0.05)
    assert len(heard(added)) == pytest.approx(len(heard(uploaded)), rel=0.05)


def test_added_voices_speak_dialogues_and_streams(running: TorchServe) -> None:
    assert add(running, "high", "f2_fr").status_code == 201
    fields = {"text": DIALOGUE, "speakers": {"A": "high", "B": "plain_fr"}, "seed": 1}

    whole = post(url_of(running), **fields, response_format="pcm")
    streamed = post(url_of(running), **fields, response_format="pcm", stream=True)

    assert whole.headers["X-Voice"] == "high, plain_fr"
    assert len(whole.content) > 48_000
    assert streamed.content == whole.content


def test_a_name_that_is_taken_and_a_clip_that_is_none_are_refused(running: TorchServe) -> None:
    taken = add(running, "plain_fr", "f2_fr")
    bad = requests.post(
        url_of(running, "/1.0/v1/audio/voices"),
        data={"name": "bad", "ref_text": TEXT, "consent": "x"},
        files={"ref_audio": ("clip.wav", b"RIFF", "audio/wav")},
        timeout=TIMEOUT_S,
    )

    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "voice_exists")
    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "bad_reference_audio")
    assert "bad" not in names(running)
