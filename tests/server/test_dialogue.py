"""A real server speaks a dialogue: each speaker in the voice that was asked for."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import requests
import soundfile

from scripts.hearing.features import pitch_hz
from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, distance, heard, post, refused

pytestmark = pytest.mark.server

HIGHER = 1.3  # the references' pitches lie almost an octave apart
TEXT = (
    "[Anna] Bonjour Marc, nous allons ensemble au marché ce matin. "
    "[Marc] Je prends mon manteau et nous partons tout de suite."
)
SPEAKERS = {"Anna": "f2_fr", "Marc": "plain_fr"}


def url_of(server: Server) -> str:
    return f"{server.inference_url}/predictions/tts"


def test_each_speaker_is_heard_in_the_voice_that_was_asked_for(server: Server) -> None:
    answer = post(url_of(server), text=TEXT, speakers=SPEAKERS, seed=1, response_format="json")
    assert answer.status_code == 200, answer.text[:500]
    document = answer.json()
    samples, rate_hz = soundfile.read(
        io.BytesIO(base64.b64decode(document["audio"])), dtype="float32"
    )
    high, low = (
        samples[round(part["start_s"] * rate_hz) : round(part["end_s"] * rate_hz)]
        for part in document["segments"]
    )

    assert [part["voice"] for part in document["segments"]] == ["f2_fr", "plain_fr"]
    assert min(len(high), len(low)) > rate_hz
    assert pitch_hz(high) > HIGHER * pitch_hz(low)


def test_a_stream_of_a_dialogue_holds_the_samples_of_the_whole(server: Server) -> None:
    fields = {"text": TEXT, "speakers": SPEAKERS, "seed": 1, "quality": "draft"}
    whole = heard(post(url_of(server), **fields))

    streamed = post(url_of(server), **fields, response_format="pcm", stream=True)

    assert streamed.headers["X-Voice"] == "f2_fr, plain_fr"
    assert streamed.headers["Transfer-Encoding"] == "chunked"
    samples = np.frombuffer(streamed.content, dtype="<i2").astype(np.float32) / np.float32(32768)
    assert distance(samples, whole) < 1e-3


def test_a_form_has_its_speakers_as_json(server: Server) -> None:
    form = {"text": TEXT, "speakers": '{"Anna": "f2_fr", "Marc": "plain_fr"}', "quality": "draft"}

    answer = requests.post(
        url_of(server),
        files={name: (None, value) for name, value in form.items()},
        timeout=TIMEOUT_S,
    )

    assert answer.headers["X-Voice"] == "f2_fr, plain_fr"
    assert len(heard(answer)) > 24_000


def test_openais_path_takes_speakers_too(server: Server) -> None:
    answer = post(
        f"{url_of(server)}/1.0/v1/audio/speech",
        model="tts",
        input=TEXT,
        speakers=SPEAKERS,
        quality="draft",
        response_format="wav",
    )

    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["X-Voice"] == "f2_fr, plain_fr"


def test_a_text_without_its_speakers_is_refused(server: Server) -> None:
    document = refused(post(url_of(server), text="[Ana] Bonjour.", speakers=SPEAKERS), 422)

    assert document["field"] == "speakers"
