"""The voices that the demo's checkpoints are exported with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from scripts.sources import read_voices
from scripts.training import export
from scripts.training.cards import write_card
from scripts.training.espeak import RATE_HZ, Reading
from scripts.training.export import VOICE_LIST, export_voices, require_voices
from scripts.training.languages import MODELS, SPEAKERS, Speaker
from scripts.training.state import TRAINING_RECORD

PLAIN, OTHER = SPEAKERS["plain"], SPEAKERS["f2"]
FRAMES_PER_TOKEN = {"plain": 6, "f2": 7}
EDGE = {"plain": 10, "f2": 20}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Rows of French in two voices, each of a pace of its own, and of Spanish in one."""
    folder = tmp_path / "data"
    folder.mkdir()
    for language, speaker in (("fr", "plain"), ("fr", "f2"), ("es", "plain")):
        rows = [
            {"tokens": ["a"] * n, "frames": EDGE[speaker] + FRAMES_PER_TOKEN[speaker] * n}
            for n in (5, 10, 20)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{language}-{speaker}-1.jsonl").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def _no_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    def reading(language: str, speaker: Speaker) -> Reading:
        level = 0.5 if speaker is PLAIN else 0.25
        samples = np.full(RATE_HZ, level, np.float32)
        return Reading(text=f"Text of {language}.", tokens=["t"], samples=samples)

    monkeypatch.setattr(export, "reference_reading", reading)


def listed(folder: Path) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = yaml.safe_load((folder / VOICE_LIST).read_text())["voices"]
    return entries


def test_each_speaker_gets_a_clip_and_a_pace_of_its_own_the_default_first(
    corpus: Path, tmp_path: Path
) -> None:
    export_voices(["fr"], [PLAIN, OTHER], corpus, tmp_path / "voices")

    first, second = listed(tmp_path / "voices")
    assert (first["name"], first["file"]) == ("plain_fr", "fr.wav")
    assert (second["name"], second["file"]) == ("f2_fr", "f2_fr.wav")
    assert (first["edge_frames"], second["edge_frames"]) == (EDGE["plain"], EDGE["f2"])
    assert second["source"] == "espeak-ng, voice fr+f2"
    assert first["transcript"] == second["transcript"] == "Text of fr."
    assert soundfile.read(tmp_path / "voices/f2_fr.wav")[0].max() == pytest.approx(0.25, abs=1e-3)


def test_a_corpus_whose_line_meets_zero_below_it_gives_a_voice_that_can_be_served(
    corpus: Path, tmp_path: Path
) -> None:
    """Mandarin of 2,000 random texts did, by half a frame."""
    rows = [{"tokens": ["a"] * n, "frames": 7 * n - 1} for n in (5, 10, 20)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (corpus / "zh-plain-1.jsonl").write_text(text)

    export_voices(["zh"], [PLAIN], corpus, tmp_path / "voices")

    (voice,) = read_voices(tmp_path / "voices" / VOICE_LIST).voices
    assert voice.edge_frames == 0.0


def test_a_further_voice_joins_those_of_its_language_and_leaves_the_others_as_they_were(
    corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "voices"
    export_voices(["es", "fr"], [PLAIN], corpus, folder)
    (corpus / "es-plain-1.jsonl").unlink()
    before = (folder / "es.wav").read_bytes()
    (folder / "es.wav").write_bytes(before + b"kept")

    export_voices(["es"], [PLAIN], corpus, folder)
    export_voices(["fr"], [PLAIN, OTHER], corpus, folder)

    assert [entry["name"] for entry in listed(folder)] == ["plain_es", "plain_fr", "f2_fr"]
    assert (folder / "es.wav").read_bytes() == before + b"kept"


def test_a_voice_that_was_never_exported_and_has_no_readings_is_left_out(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_voices(["es"], [PLAIN, OTHER], corpus, tmp_path / "voices")

    assert [entry["name"] for entry in listed(tmp_path / "voices")] == ["plain_es"]
    assert not (tmp_path / "voices/f2_es.wav").exists()
    assert "f2_es: left out" in capsys.readouterr().out


def test_a_language_left_without_a_voice_is_told_before_anything_is_written(
    corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "voices"
    require_voices(["es", "fr"], [PLAIN], corpus, folder)

    with pytest.raises(FileNotFoundError, match="no readings of fi"):
        require_voices(["es", "fi"], [PLAIN, OTHER], corpus, folder)

    export_voices(["es"], [PLAIN], corpus, folder)
    (corpus / "es-plain-1.jsonl").unlink()
    require_voices(["es"], [PLAIN], corpus, folder)  # what is listed stays


def test_a_card_names_the_voices_that_its_model_has_references_of(
    corpus: Path, tmp_path: Path
) -> None:
    export_voices(["es"], [PLAIN], corpus, tmp_path / "voices")
    export_voices(["fr"], [PLAIN, OTHER], corpus, tmp_path / "voices")
    cards = {}
    for name in ("f5_es", "f5_fr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
        (tmp_path / name / TRAINING_RECORD).write_text("[]")
        write_card(MODELS[name], tmp_path)
        cards[name] = (tmp_path / name / "README.md").read_text()

    assert "| voice | espeak-ng `plain` (" in cards["f5_es"]
    assert "| voices | espeak-ng `plain`, espeak-ng `f2` (" in cards["f5_fr"]
