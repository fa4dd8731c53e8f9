"""Judges the exported checkpoints, through the same files that are served."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import soundfile
import torch
import yaml
from f5_tts.model.cfm import CFM
from vocos.pretrained import Vocos

from scripts.training.data import log_mel
from scripts.training.espeak import Samples
from scripts.training.evaluate import Retrieval, Speak, held_out_readings, retrieve
from scripts.training.export import write_atomically
from scripts.training.languages import LANGUAGES, DemoModel, Speaker
from scripts.training.model import Architecture
from scripts.training.synthesis import Duration, Mel, load_model, load_vocoder, sample
from scripts.training.text import demo_tokens, read_vocabulary, token_ids
from scripts.training.vocoder import speak_mel

_SEED = 1


def judge(
    models: Sequence[DemoModel], folder: Path, speaker: Speaker, *, count: int, record: Path
) -> None:
    """Measure every language of these models; print a row each, and record all as JSON.

    Rows of other models that are recorded already are kept.
    """
    ids = read_vocabulary(folder / "vocab.txt")
    vocoder = load_vocoder(folder / "vocos" / "model.safetensors")
    arguments = yaml.safe_load((folder / "arch.yaml").read_text(encoding="utf-8"))
    results: list[Retrieval] = []
    for model in models:
        weights = folder / model.name / "model.safetensors"
        flow = load_model(weights, Architecture(**arguments), len(ids))
        for language in model.languages:
            speak = speaker_of(flow, vocoder, folder / "voices", language, ids)
            readings = held_out_readings(LANGUAGES[language], speaker, count)
            results.append(retrieve(language, readings, speak))
            print(json.dumps(results[-1].row()), flush=True)
            _write_record(record, results[-1])
    shares = {result.language: result.row()["top_1"] for result in results}
    print(json.dumps({"retrieval_top_1": shares}))


def speaker_of(
    model: CFM, vocoder: Vocos, voices: Path, language: str, ids: Mapping[str, int]
) -> Speak:
    """How one language is spoken in its own reference voice: tokens in, the mel of the sound out."""
    say = narrator(model, vocoder, voices, language, ids)

    def speak(tokens: Sequence[str], _: int) -> Mel:
        return log_mel(say(tokens))

    return speak


def narrator(
    model: CFM, vocoder: Vocos, voices: Path, language: str, ids: Mapping[str, int]
) -> Callable[[Sequence[str]], Samples]:
    """How one language is spoken in its own reference voice: tokens in, 24 kHz mono out.

    Raises:
        KeyError: If the language has no voice.
    """
    listed = yaml.safe_load((voices / "voices.yaml").read_text(encoding="utf-8"))["voices"]
    voice = {entry["language"]: entry for entry in listed}[language]
    wave, _ = soundfile.read(voices / voice["file"], dtype="float32")
    reference = torch.from_numpy(log_mel(wave))
    transcript = demo_tokens(voice["transcript"], language)
    # The reference's own pace, as serving has it: sentences are read faster than the corpus's random words.
    edge_frames = voice["edge_frames"]
    pace = (reference.shape[0] - edge_frames) / len(transcript)
    duration = Duration(edge_frames=edge_frames, frames_per_token=pace)

    def say(tokens: Sequence[str]) -> Samples:
        frames = reference.shape[0] + duration.frames(len(tokens))
        numbers = token_ids([*transcript, " ", *tokens], ids)
        _, mel = sample(model, reference, numbers, frames, _SEED)
        with torch.inference_mode():
            samples: Samples = speak_mel(vocoder, mel[None])[0].numpy()
        return samples

    return say


def _write_record(record: Path, result: Retrieval) -> None:
    rows = {}
    if record.exists():
        earlier = json.loads(record.read_text(encoding="utf-8"))["languages"]
        rows = {row["language"]: row for row in earlier}
    rows[result.language] = result.row()
    ordered = [rows[language] for language in sorted(rows)]
    text = json.dumps({"languages": ordered}, indent=2) + "\n"
    write_atomically(record, lambda path: path.write_text(text, encoding="utf-8"))
