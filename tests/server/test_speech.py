"""Text in, speech out, through a real TorchServe with the demo checkpoints."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile
import yaml

from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, distance, heard, level_dbfs, post

pytestmark = pytest.mark.server

SENTENCES: dict[str, str] = yaml.safe_load(
    Path("config/sentences.yaml").read_text(encoding="utf-8")
)
FRENCH = SENTENCES["fr"]


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_spoken_by_the_model_of_its_language(server: Server, language: str) -> None:
    answer = post(f"{server.inference_url}/predictions/tts", text=SENTENCES[language], seed=1)

    samples = heard(answer)
    assert answer.headers["X-Language"] == language
    assert answer.headers["X-Language-Source"] == "detected"
    assert language in answer.headers["X-Model"].split("_")
    assert 1.0 <= len(samples) / 24_000 <= 20.0
    assert np.isfinite(samples).all()
    assert level_dbfs(samples) > -45.0
    assert float(answer.headers["X-Audio-Seconds"]) == pytest.approx(
        len(samples) / 24_000, abs=0.01
    )


WRITTEN = {
    "en": ("It costs $12.50 at 3:30 pm.", "It costs twelve dollars and fifty cents at three thirty pee em."),
    "es": ("Son 21 páginas y 12,50 €.", "Son veintiuna páginas y doce euros con cincuenta."),
    "fi": ("Se maksaa 12 € klo 15.30.", "Se maksaa kaksitoista euroa kello viisitoista kolmekymmentä."),
    "fr": ("Il coûte 80 € à 15h30.", "Il coûte quatre-vingts euros à quinze heures trente."),
    "it": ("Costa 12,50 € alle 15:30.", "Costa dodici euro e cinquanta alle quindici e trenta."),
}  # fmt: skip


@pytest.mark.parametrize("language", WRITTEN)
def test_numbers_and_signs_sound_like_the_words_they_are_read_in(
    server: Server, language: str
) -> None:
    url, (digits, words) = f"{server.inference_url}/predictions/tts", WRITTEN[language]

    written, spelled = (post(url, text=text, language=language, seed=3) for text in (digits, words))

    assert distance(heard(written), heard(spelled)) < 1e-3
    assert written.headers["X-Unknown-Characters"] == "0"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("WWW WWW WWW, WWW WWW WWW, WWW WWW WWW.", {"language": "fr"}),
        (
            "Demain matin, nous irons ensemble au marché, et puis chez ma grand-mère.",
            {"voice": "plain_zh"},
        ),
    ],
    ids=["letters that are read as words", "the pace of another script"],
)
def test_what_its_model_finds_longer_than_planned_is_spoken_in_parts(
    server: Server, text: str, fields: dict[str, str]
) -> None:
    direct = post(f"{server.inference_url}/predictions/f5_fr", text=text, quality="draft", **fields)
    answer = post(
        f"{server.inference_url}/predictions/tts", text=text, quality="draft", seed=1, **fields
    )

    assert direct.json()["code"] == "piece_too_long", "else this shows nothing"
    assert len(heard(answer)) / 24_000 > 5.0


def test_without_normalisation_a_sign_has_no_token(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"

    answer = post(url, text="Il coûte quatre €.", language="fr", normalize=False)

    assert answer.headers["X-Unknown-Characters"] == "1"


def test_the_same_seed_gives_the_same_audio_and_another_seed_another(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"

    first, again, other = (heard(post(url, text=FRENCH, seed=seed)) for seed in (5, 5, 6))

    assert distance(first, again) < 1e-3
    assert distance(other, first) > 1e-2


def test_a_chosen_seed_is_told_and_gives_the_audio_back(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"
    first = post(url, text=FRENCH)

    again = post(url, text=FRENCH, seed=int(first.headers["X-Seed"]))

    assert distance(heard(first), heard(again)) < 1e-3


def test_json_carries_the_audio_and_its_segment(server: Server) -> None:
    answer = post(
        f"{server.inference_url}/predictions/tts", text=FRENCH, response_format="json", seed=2
    )

    document = answer.json()
    samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(document["audio"])))
    assert answer.headers["Content-Type"] == "application/json"
    assert (rate_hz, document["language"], document["model"], document["seed"]) == (
        24_000,
        "fr",
        "f5_fr",
        2,
    )
    assert document["segments"][0]["end_s"] == pytest.approx(len(samples) / 24_000, abs=0.01)


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus"])
def test_each_format_lasts_as_long_as_it_is_told(server: Server, name: str) -> None:
    answer = post(
        f"{server.inference_url}/predictions/tts", text=FRENCH, response_format=name, seed=2
    )

    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    told_s = float(answer.headers["X-Audio-Seconds"])
    assert len(samples) / rate_hz == pytest.approx(told_s, abs=0.01)
    assert level_dbfs(samples) > -45.0
    assert answer.headers["X-Model-Licence"] == "MIT"


def test_a_stream_of_several_languages_holds_the_samples_of_the_whole(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"
    fields = {"text": f"{SENTENCES['en']} « {FRENCH} » {SENTENCES['ru']}", "seed": 3}

    streamed, whole = (
        post(url, **fields, response_format="pcm", stream=stream) for stream in (True, False)
    )

    samples = [
        np.frombuffer(answer.content, dtype="<i2").astype(np.float32) / np.float32(32_767)
        for answer in (streamed, whole)
    ]
    assert streamed.headers["Transfer-Encoding"] == "chunked"
    assert streamed.headers["X-Languages"] == "en, fr, ru"
    assert distance(samples[0], samples[1]) < 1e-3


def test_a_text_in_several_languages_is_spoken_by_several_models(server: Server) -> None:
    text = f"{SENTENCES['en']} « {FRENCH} » {SENTENCES['ru']}"

    answer = post(
        f"{server.inference_url}/predictions/tts", text=text, response_format="json", seed=2
    )

    document = answer.json()
    samples, _ = soundfile.read(io.BytesIO(base64.b64decode(document["audio"])), dtype="float32")
    segments = document["segments"]
    assert [(part["language"], part["model"]) for part in segments] == [
        ("en", "f5_en_zh"),
        ("fr", "f5_fr"),
        ("ru", "f5_ru"),
    ]
    levels = [
        level_dbfs(samples[round(part["start_s"] * 24_000) : round(part["end_s"] * 24_000)])
        for part in segments
    ]
    assert max(levels) - min(levels) < 3.0
    assert segments[-1]["end_s"] == pytest.approx(len(samples) / 24_000, abs=0.01)


def test_hindi_in_latin_letters_is_spoken_by_the_hindi_model(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"

    typed = post(url, text="Aap kaise hain? Main theek hoon.", seed=2)
    written = post(url, text="आप कैसे हैं? मैं ठीक हूँ.", seed=2)

    assert (typed.headers["X-Language"], typed.headers["X-Model"]) == ("hi", "f5_hi")
    assert typed.headers["X-Language-Source"] == "detected"
    both = [soundfile.read(io.BytesIO(answer.content))[0] for answer in (typed, written)]
    assert distance(*both) < 1e-3, "the same words"


def test_spoken_texts_are_counted_by_language_and_by_what_decided_it(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"
    label = 'LanguageResolutions{Language="fi",Source="explicit",ModelName="tts",'

    for _ in range(2):
        post(url, text="12345", language="fi", quality="draft")

    counted = [
        float(line.split()[-1])
        for line in requests.get(
            f"{server.metrics_url}/metrics", timeout=TIMEOUT_S
        ).text.splitlines()
        if line.startswith(label)
    ]
    assert sum(counted) >= 2.0


def test_a_text_too_long_for_one_piece_is_spoken_whole(server: Server) -> None:
    url = f"{server.inference_url}/predictions/tts"
    once = heard(post(url, text=FRENCH, quality="draft"))

    answer = post(url, text=" ".join([FRENCH] * 6), quality="draft")

    assert int(answer.headers["X-Pieces"]) > 1
    assert len(heard(answer)) == pytest.approx(6 * len(once), rel=0.25)


def test_a_language_model_answers_by_itself_too(server: Server) -> None:
    answer = post(f"{server.inference_url}/predictions/f5_fr", text=FRENCH, seed=1)

    assert level_dbfs(heard(answer)) > -45.0
    assert (answer.headers["X-Model"], answer.headers["X-Model-Licence"]) == ("f5_fr", "MIT")


def test_router_and_model_give_the_same_audio_for_one_piece(server: Server) -> None:
    routed = heard(post(f"{server.inference_url}/predictions/tts", text=FRENCH, seed=3))
    direct = heard(post(f"{server.inference_url}/predictions/f5_fr", text=FRENCH, seed=3))

    assert distance(routed, direct) < 1e-3


@pytest.mark.parametrize("kind", ["form", "json"])
def test_a_voice_can_be_given_with_the_request(server: Server, kind: str) -> None:
    voices = yaml.safe_load(Path("config/demo/voices/voices.yaml").read_text(encoding="utf-8"))[
        "voices"
    ]
    voice = next(voice for voice in voices if voice["language"] == "fr")
    clip = Path("config/demo/voices", voice["file"]).read_bytes()
    url, fields = (
        f"{server.inference_url}/predictions/tts",
        {"text": FRENCH, "ref_text": voice["transcript"]},
    )

    if kind == "form":
        answer = requests.post(
            url,
            data={**fields, "seed": "4"},
            files={"ref_audio": ("clip.wav", clip, "audio/wav")},
            timeout=TIMEOUT_S,
        )
    else:
        answer = post(url, **fields, seed=4, ref_audio=base64.b64encode(clip).decode())

    registered = heard(post(url, text=FRENCH, seed=4, voice=voice["name"]))
    assert answer.headers["X-Voice"] == "uploaded"
    assert len(heard(answer)) == pytest.approx(len(registered), rel=0.1)
    assert level_dbfs(heard(answer)) == pytest.approx(level_dbfs(registered), abs=3.0)


def test_status_tells_what_is_served(server: Server) -> None:
    for path in ("tts", "tts/1.0/status"):
        document = requests.get(
            f"{server.inference_url}/predictions/{path}", timeout=TIMEOUT_S
        ).json()

        assert document["languages"] == sorted(SENTENCES)
        assert {model["licence"] for model in document["models"]} == {"MIT"}


def test_the_callers_request_id_comes_back(server: Server) -> None:
    answer = requests.post(
        f"{server.inference_url}/predictions/tts",
        json={"text": "Bonjour", "quality": "draft"}, headers={"X-Request-Id": "call-17"}, timeout=TIMEOUT_S,
    )  # fmt: skip

    assert answer.headers["X-Correlation-Id"] == "call-17"
