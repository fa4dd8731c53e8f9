"""A real server with an owner's own voice, uploads switched off and a guard that is never content."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
import requests
import soundfile
import yaml

from f5serve.catalogue import load_catalogue
from f5serve.loudness import integrated
from scripts import voice
from scripts.hearing.features import pitch_hz
from scripts.package import CATALOGUE, ROOT, Workplace, package
from scripts.sources import VOICES, read_voices
from tests.server.harness import RoutedServer, Server, serve_archives, with_config
from tests.server.listening import TIMEOUT_S, distance, heard, post, refused

pytestmark = pytest.mark.server

SENTENCES = "config/sentences.yaml"
DEMO_VOICES = {voice.name: voice.language for voice in read_voices(ROOT / VOICES).voices}
HIGHER = 1.3  # the references' pitches lie almost an octave apart
TEXT = "Huomenna aamulla lähdemme yhdessä metsään."
LONG = "The train to the coast leaves early in the morning. " * 4


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One language and the router, packaged with the English voice ``anna`` beside the demo's."""
    folder = tmp_path_factory.mktemp("own")
    root = folder / "repository"
    (root / "config").mkdir(parents=True)
    shutil.copytree(ROOT / "handlers", root / "handlers")
    for part in (ROOT / "config").iterdir():
        if part.name not in {"catalogue.yaml", "voices"}:  # these are written to
            (root / "config" / part.name).symlink_to(part)
    document = yaml.safe_load((ROOT / CATALOGUE).read_text(encoding="utf-8"))
    document["router"]["uploads"] = False
    # No speech is like that: each piece is spoken twice, and the second time is no better.
    document["models"]["f5_fi"]["guard"] = {"min_level_db": 0.0, "max_pause_s": 0.01}
    (root / CATALOGUE).write_text(yaml.safe_dump(document), encoding="utf-8")
    clip, said = ROOT / "config/demo/voices/en.wav", "The morning train leaves at half past seven."
    options = ["--audio", str(clip), "--text", said, "--language", "en", "--licence", "CC0-1.0"]
    assert voice.main([*options, "--root", str(root), "--", "anna"]) == 0
    place = Workplace(root=root, store=folder / "store", build=folder / "build")
    package(place, load_catalogue(root / CATALOGUE), ("f5_fi",), "demo")
    changed = with_config(
        place.store / "tts.mar", folder / "archives", {"minWorkers": 1, "maxWorkers": 1}
    )
    with serve_archives([place.store / "f5_fi.mar", changed], folder / "server") as running:
        yield running


def test_an_own_voice_is_listed_with_its_licence_and_speaks_another_language(
    guarded: Server,
) -> None:
    url = f"{guarded.inference_url}/predictions/tts"

    status = requests.get(url, timeout=TIMEOUT_S).json()
    listed = requests.get(f"{url}/1.0/v1/audio/voices", timeout=TIMEOUT_S).json()["voices"]
    answer = post(url, text=TEXT, voice="anna", quality="draft")

    assert status["voices"][-1] == {
        "name": "anna",
        "language": "en",
        "licence": "CC0-1.0",
        "added": False,
    }
    assert listed[-1] == {"id": "anna", **status["voices"][-1]}
    assert len(heard(answer)) > 24_000
    assert (answer.headers["X-Voice"], answer.headers["X-Language"]) == ("anna", "fi")
    assert answer.headers["X-Model-Licence"] == status["models"][0]["licence"] == "MIT"


@pytest.mark.parametrize("voice", [name for name in DEMO_VOICES if name.startswith("f2_")])
def test_the_second_voice_of_a_language_speaks_higher_than_its_default(
    server: Server, voice: str
) -> None:
    url, language = f"{server.inference_url}/predictions/tts", DEMO_VOICES[voice]
    text = yaml.safe_load((ROOT / SENTENCES).read_text(encoding="utf-8"))[language]

    default = post(url, text=text, language=language, seed=1)
    second = post(url, text=text, voice=voice, seed=1)

    assert default.headers["X-Voice"] == f"plain_{language}"
    assert (second.headers["X-Voice"], second.headers["X-Language"]) == (voice, language)
    assert pitch_hz(heard(second)) > HIGHER * pitch_hz(heard(default))


def test_all_voices_of_the_demo_are_listed(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts/1.0/v1/audio/voices"

    listed = requests.get(url, timeout=TIMEOUT_S).json()["voices"]

    told = {voice["id"]: voice["language"] for voice in listed}
    assert told.items() >= DEMO_VOICES.items()


@pytest.mark.parametrize("model", ["tts", "f5_fi"])
def test_where_uploads_are_switched_off_a_clip_is_forbidden(guarded: Server, model: str) -> None:
    answer = requests.post(
        f"{guarded.inference_url}/predictions/{model}",
        data={"text": TEXT, "ref_text": "Yes."},
        files={"ref_audio": ("clip.wav", b"RIFF", "audio/wav")},
        timeout=TIMEOUT_S,
    )

    document = refused(answer, 403)
    assert (document["code"], document["field"]) == ("uploads_disabled", "ref_audio")


def test_a_piece_that_was_spoken_twice_is_told_counted_and_the_same_every_time(
    guarded: Server,
) -> None:
    fields = {"text": TEXT, "seed": 5, "quality": "draft", "response_format": "wav"}
    direct = post(f"{guarded.inference_url}/predictions/f5_fi", **fields)
    routed = post(f"{guarded.inference_url}/predictions/tts", **fields)

    assert distance(heard(direct), heard(routed)) < 1e-3
    told, _, reason = direct.headers["X-Guard"].rpartition("=")
    assert told == "retried=1; mended=0; reason"
    assert routed.headers["X-Guard"] == direct.headers["X-Guard"]
    metrics = requests.get(f"{guarded.metrics_url}/metrics", timeout=TIMEOUT_S).text
    label = f'GuardRetries{{Reason="{reason}",Outcome="kept",ModelName="f5_fi",'
    counted = [float(line.split()[-1]) for line in metrics.splitlines() if line.startswith(label)]
    assert len(counted) == 1
    assert counted[0] >= 2


def test_a_stream_is_trimmed_like_the_whole_answer(routed: RoutedServer) -> None:
    fields = {"text": LONG, "seed": 1, "trim_silence": True, "response_format": "pcm"}

    streamed = post(routed.url, **fields, stream=True)
    whole = post(routed.url, **fields)

    assert (streamed.status_code, whole.status_code) == (200, 200)
    assert "Content-Length" not in streamed.headers
    assert streamed.content == whole.content


def test_an_answer_has_the_loudness_that_it_tells(routed: RoutedServer) -> None:
    answer = post(routed.url, text=LONG, seed=1, loudness=-30)

    samples, _ = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert answer.headers["X-Loudness"] == "-30.0"
    assert integrated(samples) == pytest.approx(-30.0, abs=0.1)


def test_a_stream_with_a_loudness_is_refused(routed: RoutedServer) -> None:
    document = refused(post(routed.url, text=LONG, stream=True, loudness=-30), 422)

    assert document["field"] == "loudness"
