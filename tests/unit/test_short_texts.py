"""One to three words get about the time that they take to say, whatever the checkpoint and the pace of its voice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from f5serve import audio
from f5serve.catalogue import ProfileName, load_catalogue
from f5serve.clips import read_clip
from f5serve.references import FRAME_S, Reference, References
from f5serve.settings import Limits, ModelSettings, Voice
from f5serve.text.duration import speech_units
from f5serve.text.frontend import Frontend, tokens
from scripts.package import CATALOGUE, ROOT
from scripts.sources import VOICES, read_voices

# Seconds that espeak-ng 1.51 takes in the demo's voices, with the margins that they were trained with.
SECONDS = {
    "en": {"Hi.": 0.47, "Yes": 0.50, "No!": 0.48, "A": 0.39, "Good morning.": 0.77},
    "es": {"Sí.": 0.36, "No": 0.35, "Buenos días.": 0.84},
    "fi": {"Kyllä": 0.54, "Ei.": 0.38, "Hyvää huomenta.": 1.12},
    "fr": {"Oui.": 0.32, "Non": 0.34, "Bonjour à tous.": 0.82},
    "hi": {"हाँ": 0.37, "नहीं।": 0.45, "सुप्रभात।": 0.75},
    "it": {"Sì.": 0.43, "No": 0.37, "Buon giorno.": 0.73},
    "ja": {"はい。": 0.44, "うん": 0.36, "ありがとう。": 0.67},
    "ru": {"да": 0.27, "Нет.": 0.38, "Доброе утро.": 0.71},
    "zh": {"是。": 0.37, "你好": 0.64, "早上好。": 1.02},
}
CASES = [(language, text) for language, texts in SECONDS.items() for text in texts]


class Frames:
    """Makes mels that have their length and nothing else."""

    def reference_mel(self, samples: audio.Samples) -> torch.Tensor:
        return torch.zeros(len(samples) // 256 + 1, 100)


def measure_of(language: str, profile: ProfileName) -> Callable[[str], float]:
    catalogue = load_catalogue(ROOT / CATALOGUE)
    source = catalogue.models[catalogue.languages()[language]].profiles[profile]
    spread = catalogue.architectures[source.architecture].get("text_embedding_average_upsampling")
    if not spread:
        return speech_units
    return lambda text: float(len(tokens(text, source.frontend)))


def prepared(voice: Voice, units: Callable[[str], float]) -> Reference:
    settings = ModelSettings(
        model="f5_en_zh", profile="demo", languages=("en",), licence="MIT", architecture={}, vocoder_config={},
        frontend=Frontend(converter="char"),
    )  # fmt: skip
    root = ROOT / Path(VOICES).parent
    return References(Frames(), settings, root, units, lambda text, _: text).registered(voice)


def voice_of(language: str, profile: ProfileName) -> Voice:
    """The demo's default voice; published checkpoints have voices of which no margins are known."""
    found = next(voice for voice in read_voices(ROOT / VOICES).voices if voice.language == language)
    return Voice(
        name=found.name,
        language=language,
        file=Path(found.file).name,
        transcript=found.transcript,
        licence=found.licence,
        edge_frames=found.edge_frames if profile == "demo" else None,
    )


@pytest.mark.parametrize("profile", ["demo", "full"])
@pytest.mark.parametrize(("language", "text"), CASES)
def test_a_short_text_lasts_about_as_long_as_people_hear_it(
    language: str, text: str, profile: ProfileName
) -> None:
    units = measure_of(language, profile)
    reference = prepared(voice_of(language, profile), units)

    planned_s = reference.frames_for(units(text), 1.0) * FRAME_S

    usual_s = SECONDS[language][text]
    assert 0.75 * usual_s <= planned_s <= 1.5 * usual_s + 0.1


@pytest.mark.parametrize(("slow", "limit_s"), [(1.0, 0.5), (2.0, 0.9), (3.0, 1.3)])
def test_a_slow_voice_says_a_word_slowly_and_no_more(slow: float, limit_s: float) -> None:
    voice = voice_of("en", "full")
    clip = read_clip(
        (ROOT / Path(VOICES).parent / voice.file).read_bytes(), voice.transcript, Limits()
    )
    frames = round(len(clip.samples) * slow / 256)
    reference = Reference(
        mel=torch.zeros(frames, 100), level=0.1, gain=1.0, transcript="", name="slow",
        units=speech_units(voice.transcript), edge_frames=10.0, idle_frames=0.0,
    )  # fmt: skip

    planned_s = reference.frames_for(speech_units("Hi."), 1.0) * FRAME_S

    assert 0.4 <= planned_s <= limit_s
