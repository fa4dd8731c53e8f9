"""Through a real edge and a real TorchServe a voice is added, heard and deleted by the methods that one expects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from scripts.package import ROOT
from scripts.sources import VOICES, read_voices
from tests.edge.edges import TIMEOUT_S
from tests.edge.pods import Pod, french_pod
from tests.server.listening import heard

pytestmark = pytest.mark.server

TEXT = "Demain matin, nous irons ensemble au marché."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod of the router and one language, with a folder for voices."""
    folder = tmp_path_factory.mktemp("v")
    with french_pod(folder, VOICES=str(folder / "kept")) as running:
        yield running


def test_a_voice_is_posted_heard_and_deleted(running: Pod) -> None:
    url, demo = f"{running.url}/v1/audio/voices", read_voices(ROOT / VOICES)
    voice = next(one for one in demo.voices if one.name == "f2_fr")
    clip = demo.files[voice.file].read_bytes()
    speech = {"input": TEXT, "voice": "zoe", "response_format": "wav"}

    added = requests.post(
        url,
        data={"name": "zoe", "ref_text": voice.transcript, "consent": "synthetic"},
        files={"ref_audio": ("clip.wav", clip, "audio/wav")},
        timeout=TIMEOUT_S,
    )
    spoken = requests.post(f"{running.url}/v1/audio/speech", json=speech, timeout=TIMEOUT_S)
    listed = requests.get(url, timeout=TIMEOUT_S).json()["voices"]
    asked = requests.head(url, timeout=TIMEOUT_S)
    deleted = requests.delete(f"{url}/zoe", timeout=TIMEOUT_S)
    after = requests.post(f"{running.url}/v1/audio/speech", json=speech, timeout=TIMEOUT_S)
    again = requests.delete(f"{url}/zoe", timeout=TIMEOUT_S)

    assert (added.status_code, added.json()["id"]) == (201, "zoe"), added.text
    assert spoken.headers["X-Voice"] == "zoe"
    heard(spoken)
    assert [one["id"] for one in listed if one["added"]] == ["zoe"]
    assert (asked.status_code, asked.content) == (200, b"")
    assert (deleted.status_code, deleted.json()) == (200, {"id": "zoe", "deleted": True})
    assert (after.status_code, again.status_code) == (404, 404)


def test_a_voice_that_came_with_the_server_is_not_deleted(running: Pod) -> None:
    answer = requests.delete(f"{running.url}/v1/audio/voices/plain_fr", timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "voices_fixed")
