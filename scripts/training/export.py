"""Writes what the demo serves: weights, vocabulary, voices, golden mels and model cards.

Every file is written aside and renamed, so that a reader never meets half of one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import soundfile
import torch
import yaml
from f5_tts.model.cfm import CFM
from safetensors.torch import save_file

from scripts.training.data import log_mel
from scripts.training.espeak import RATE_HZ, Reading, read_aloud
from scripts.training.languages import LANGUAGES, DemoModel, Speaker
from scripts.training.model import Architecture, build_model, with_tokens_of
from scripts.training.sentences import natural_sentences
from scripts.training.state import EMA_PREFIX, TRAINING_RECORD, read_history, read_parameters
from scripts.training.synthesis import (
    GUIDANCE,
    STEPS,
    SWAY,
    fit_duration,
    load_model,
    read_rows,
    sample,
)
from scripts.training.text import token_ids
from scripts.training.vocoder import CONFIG, build_vocoder

VOICE_LIST = "voices.yaml"
VOICE_LICENCE = "MIT"  # as the repository; see docs/demo_checkpoints.md for espeak-ng
_VOICE_SEED = 20_000  # no training reading has this noise floor
_FILE_MODE = 0o644
_GOLDEN_SEED = 7
_GOLDEN_REFERENCE_FRAMES = 60
_GOLDEN_FRAMES = 120


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    write(unfinished)
    unfinished.chmod(_FILE_MODE)  # safetensors makes files that only their owner may read
    unfinished.replace(path)


def export_weights(
    average: Mapping[str, torch.Tensor], architecture: Architecture, size: int, path: Path
) -> None:
    """Write averaged parameters as upstream's EMA file: float16, but buffers in float32."""
    tensors = build_model(architecture, size).state_dict()
    # A model without a run of its own has the base's tokens, which may be more.
    known = with_tokens_of(tensors, average)
    tensors |= {name: value.half() for name, value in known.items()}
    named = {EMA_PREFIX + name: value.contiguous() for name, value in tensors.items()}
    write_atomically(path, lambda unfinished: save_file(named, unfinished))


def export_vocoder(average: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write the vocoder in vocos' own format; windows and filter banks stay float32."""
    tensors = build_vocoder().state_dict()
    tensors |= {name: value.half() for name, value in average.items()}
    contiguous = {name: value.contiguous() for name, value in tensors.items()}
    write_atomically(
        folder / "model.safetensors", lambda unfinished: save_file(contiguous, unfinished)
    )
    text = yaml.safe_dump(CONFIG, sort_keys=False)
    write_atomically(folder / "config.yaml", lambda path: path.write_text(text, encoding="utf-8"))


def reference_reading(language: str, speaker: Speaker) -> Reading:
    """The reference of a language: its first natural sentence, which no model has trained on."""
    text = natural_sentences(language)[0]
    return read_aloud(text, LANGUAGES[language], speaker, seed=_VOICE_SEED)


def _listed_voices(folder: Path) -> dict[str, dict[str, object]]:
    """What has been exported before, by the voice's name."""
    listed = folder / VOICE_LIST
    kept = yaml.safe_load(listed.read_text("utf-8"))["voices"] if listed.exists() else []
    return {entry["name"]: entry for entry in kept}


def require_voices(
    languages: Sequence[str], speakers: Sequence[Speaker], corpus: Path, folder: Path
) -> None:
    """Check that :func:`export_voices` leaves no language without a voice.

    Raises:
        FileNotFoundError: If one has neither readings nor a voice that is listed.
    """
    voiced = {entry["language"] for entry in _listed_voices(folder).values()}
    for language in languages:
        if language in voiced:
            continue
        if not any(read_rows(corpus, language, speaker.name) for speaker in speakers):
            raise FileNotFoundError(
                f"no readings of {language} in {corpus}, and no voice in {folder}: run `data`, or name"
                " what has been read with --models"
            )


def export_voices(
    languages: Sequence[str], speakers: Sequence[Speaker], corpus: Path, folder: Path
) -> None:
    """Write a reference recording per language and speaker, and the list that names them.

    A language's default voice comes first: the speaker named first. A voice without readings in the corpus stays
    as it was exported before, and is left out where it never was. A voice that is listed stays, whoever is asked for.

    Args:
        languages: What is spoken in these voices.
        speakers: Whose voices they are.
        corpus: The readings, from which a voice's pace is known.
        folder: Where recordings and list lie.
    """
    known = _listed_voices(folder)
    for language in languages:
        for place, speaker in enumerate(speakers):
            name = f"{speaker.name}_{language}"
            rows = read_rows(corpus, language, speaker.name)
            if rows:
                file = f"{name}.wav" if place else f"{language}.wav"
                known[name] = _export_voice(language, speaker, folder / file, rows)
            elif name not in known:
                print(f"{name}: left out, {corpus} has no readings", flush=True)
    order = list(LANGUAGES)
    entries = sorted(known.values(), key=lambda entry: order.index(str(entry["language"])))
    text = yaml.safe_dump({"voices": entries}, sort_keys=False, allow_unicode=True)
    write_atomically(folder / VOICE_LIST, lambda path: path.write_text(text, encoding="utf-8"))


def _export_voice(
    language: str, speaker: Speaker, file: Path, rows: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Write one recording; answer its entry in the list."""
    reading = reference_reading(language, speaker)
    write_atomically(
        file,
        lambda path: soundfile.write(
            path, reading.samples, RATE_HZ, subtype="PCM_16", format="WAV"
        ),
    )
    return {
        "name": f"{speaker.name}_{language}",
        "file": file.name,
        "language": language,
        "transcript": reading.text,
        "licence": VOICE_LICENCE,
        "source": f"espeak-ng, voice {LANGUAGES[language].espeak}{speaker.variant}",
        # The line through a corpus whose texts are mostly longer may meet zero a little below it.
        "edge_frames": max(0.0, fit_duration(rows).edge_frames),
    }


def export_golden(model: CFM, reading: Reading, ids: Sequence[int], path: Path) -> None:
    """Write what upstream's sampler makes of a short request, for others to reproduce.

    ``ids`` are the reading's tokens; the reference is cut short, so the words mean nothing.
    """
    mel = torch.from_numpy(log_mel(reading.samples))[:_GOLDEN_REFERENCE_FRAMES]
    noise, spoken = sample(model, mel, ids, _GOLDEN_FRAMES, _GOLDEN_SEED)
    tensors = {
        "reference_mel": mel.contiguous(),
        "noise": noise,
        "token_ids": torch.tensor(ids),
        "mel": spoken.contiguous(),
    }
    settings = {"steps": str(STEPS), "cfg_strength": str(GUIDANCE), "sway": str(SWAY)}
    write_atomically(path, lambda unfinished: save_file(tensors, unfinished, metadata=settings))


def export_model(
    model: DemoModel,
    state: Path,
    folder: Path,
    vocabulary: Mapping[str, int],
    speaker: Speaker,
    architecture: Architecture,
) -> None:
    """Write one checkpoint with its golden mel and the runs that led to it."""
    average = read_parameters(state)
    weights = folder / model.name / "model.safetensors"
    export_weights(average, architecture, len(vocabulary), weights)
    reading = reference_reading(model.languages[0], speaker)
    ids = token_ids(reading.tokens, vocabulary)[:_GOLDEN_REFERENCE_FRAMES]
    history = [asdict(run) for run in read_history(state)]
    text = json.dumps(history, indent=2) + "\n"
    record = folder / model.name / TRAINING_RECORD
    write_atomically(record, lambda path: path.write_text(text, encoding="utf-8"))
    loaded = load_model(weights, architecture, len(vocabulary))
    export_golden(loaded, reading, ids, folder / model.name / "golden.safetensors")
