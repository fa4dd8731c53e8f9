"""One language, spoken and judged: everything that the record says about it.

Runs in a process of its own, which loads one model and speaks all that is needed of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from f5serve.errors import ServeError
from f5serve.settings import Voice
from scripts.hearing.leaks import after_tail, leaked_words, leaking
from scripts.hearing.recogniser import Recogniser, WordErrors, word_errors
from scripts.hearing.retrieval import closest_in_length, distances, found, length_spread, noises
from scripts.hearing.speaking import Narrator, model_of, narrator
from scripts.hearing.voices import nearest_voice
from scripts.training.espeak import Reading, read_aloud, trim
from scripts.training.languages import LANGUAGES, SPEAKERS, Speaker
from scripts.training.sentences import natural_sentences

if TYPE_CHECKING:
    from f5serve.audio import Samples

SENTENCES: Final = 20
RECOGNISED: Final = "en"  # the recogniser knows English alone
LENGTH_TOLERANCE: Final = 0.2
VOICE_SENTENCES: Final = 10
_FULL_SCALE: Final = 1.0
_NOISE_SEED: Final = 1
_SPEEDS: Final = (0.5, 2.0)  # what a request may ask for

Row = dict[str, object]
"""What is found about a language, ready for JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What one language is judged by.

    Attributes:
        language: Its code.
        readings: What is spoken, and looked for.
        others: For each of ``readings`` another text's reading, of nearly its length; or none at all.
        further: Spoken for the recogniser alone.
    """

    language: str
    readings: Sequence[Reading]
    others: Sequence[Reading] = ()
    further: Sequence[Reading] = ()


def speaker_behind(voice: str) -> Speaker:
    """Answer the espeak-ng speaker that a demo voice was recorded from; the voice's name begins with it."""
    return SPEAKERS.get(voice.rpartition("_")[0], SPEAKERS["plain"])


def held_out(language: str, speaker: Speaker) -> Material:
    """Answer the hand-written sentences of a language, those nearest in length to be looked for."""
    texts = natural_sentences(language)[1:]  # the first is the reference's
    pool = read_all(language, texts, speaker)
    chosen = closest_in_length(pool, SENTENCES)
    rest = [reading for place, reading in enumerate(pool) if place not in chosen]
    others = closest_in_length(rest, SENTENCES)
    return Material(
        language=language,
        readings=[pool[place] for place in chosen],
        others=[rest[place] for place in others],
        further=rest if language == RECOGNISED else (),
    )


def read_all(language: str, texts: Sequence[str], speaker: Speaker) -> list[Reading]:
    """Have espeak-ng read texts of one language.

    Raises:
        EspeakError: If it cannot.
    """
    return [
        read_aloud(text, LANGUAGES[language], speaker, seed=index)
        for index, text in enumerate(texts, start=1)
    ]


def measure(root: Path, language: str, texts: Sequence[str] | None = None) -> Row:
    """Speak one language and judge it.

    Args:
        root: The repository.
        language: Its code.
        texts: What to speak; the held-out sentences if absent.

    Raises:
        ConfigurationError: If the model cannot be loaded.
        EspeakError: If espeak-ng is missing or fails.
    """
    torch.set_num_threads(1)
    with narrator(root, model_of(root, language)) as model:
        voice = model.voices(language)[0]
        speaker = speaker_behind(voice.name)
        material = (
            held_out(language, speaker)
            if texts is None
            else Material(language=language, readings=read_all(language, texts, speaker))
        )
        return _judge(model, voice, material)


def measure_wrong_language(root: Path, language: str, through: str) -> Row:
    """Speak one language's held-out sentences with the model of another, and look for them."""
    torch.set_num_threads(1)
    with narrator(root, model_of(root, through)) as model:
        voice = model.voices(through)[0]
        readings = held_out(language, speaker_behind(voice.name)).readings
        spoken, _ = _spoken(model, voice, readings)
    return {
        "language": language,
        "model": model.model,
        "sentences": len(readings),
        **_retrieved(spoken, readings),
    }


def _judge(model: Narrator, voice: Voice, material: Material) -> Row:
    spoken, refused = _spoken(model, voice, [*material.readings, *material.further])
    first = spoken[: len(material.readings)]
    reference = trim(model.clip(voice))
    row: Row = {
        "language": material.language,
        "model": model.model,
        "checkpoint_sha256": model.digest,
        "voice": voice.name,
        "sentences": len(material.readings),
        "refused": refused,
    }
    if len(material.readings) > 1:
        row |= {
            "length_spread": _rounded(length_spread(material.readings)),
            **_retrieved(first, material.readings),
            **_controls(model, voice, material),
        }
    row |= {
        **_sound(spoken, [*material.readings, *material.further]),
        **_leaks(model, voice, first, material.readings, reference),
        "voices": _voices(model, first, material),
    }
    if material.language == RECOGNISED:
        row["recogniser"] = _recognised(voice, spoken, [*material.readings, *material.further])
    return row


def _spoken(
    model: Narrator,
    voice: Voice,
    readings: Sequence[Reading],
    speeds: Sequence[float] | None = None,
) -> tuple[list[Samples | None], list[str]]:
    """Answer what a model says, None in place of what it refuses, and the reasons of the refusals."""
    results = model.speak([reading.text for reading in readings], voice, speeds)
    refused = [
        f"{reading.text}: {result.detail}"
        for reading, result in zip(readings, results, strict=True)
        if isinstance(result, ServeError)
    ]
    return [None if isinstance(result, ServeError) else result for result in results], refused


def _retrieved(spoken: Sequence[Samples | None], readings: Sequence[Reading]) -> Row:
    table = distances(_trimmed(spoken), readings)
    right = found(table)
    own = np.diagonal(table)
    others = np.where(np.eye(len(table), dtype=bool), np.inf, table).min(axis=1)
    heard = np.isfinite(own)
    return {
        "top_1": _rounded(right.mean()),
        "own_distance": _rounded(own[heard].mean()) if heard.any() else None,
        "nearest_other": _rounded(others[heard].mean()) if heard.any() else None,
        "found": [
            reading.text for reading, is_right in zip(readings, right, strict=True) if is_right
        ],
        "missed": [
            reading.text for reading, is_right in zip(readings, right, strict=True) if not is_right
        ],
    }


def _controls(model: Narrator, voice: Voice, material: Material) -> Row:
    """Answer how often noise, and the model saying something else, are taken for the sentence."""
    noise = found(distances(noises(material.readings, _NOISE_SEED), material.readings))
    row: Row = {"top_1_of_noise": _rounded(noise.mean()), "top_1_of_another_text": None}
    if material.others:
        pairs = zip(material.others, material.readings, strict=True)
        # As long as the sentence it stands for, so that its length speaks for it as far as it can.
        speeds = [
            float(np.clip(other.samples.size / reading.samples.size, *_SPEEDS))
            for other, reading in pairs
        ]
        others, _ = _spoken(model, voice, material.others, speeds)
        taken = found(distances(_trimmed(others), material.readings))
        row["top_1_of_another_text"] = _rounded(taken.mean())
    return row


def _sound(spoken: Sequence[Samples | None], readings: Sequence[Reading]) -> Row:
    """Answer how long and how loud the speech is."""
    ratios = np.array(
        [
            trim(samples).size / reading.samples.size
            for samples, reading in zip(spoken, readings, strict=True)
            if samples is not None
        ]
    )
    peaks = np.array([np.abs(samples).max() for samples in spoken if samples is not None])
    if not ratios.size:
        return {"duration": None, "duration_within_20_percent": 0.0, "peak": None, "clipped": 0}
    return {
        "duration": {
            "shortest": _rounded(ratios.min()),
            "median": _rounded(np.median(ratios)),
            "longest": _rounded(ratios.max()),
        },
        "duration_within_20_percent": _rounded(np.mean(np.abs(ratios - 1) <= LENGTH_TOLERANCE)),
        "peak": _rounded(peaks.max()),
        "clipped": int((peaks >= _FULL_SCALE).sum()),
    }


def _leaks(
    model: Narrator,
    voice: Voice,
    spoken: Sequence[Samples | None],
    readings: Sequence[Reading],
    reference: Samples,
) -> Row:
    """Answer how often the reference's end is heard first, and how often it would be noticed."""
    pairs = [
        (samples, reading.samples)
        for samples, reading in zip(_trimmed(spoken), readings, strict=True)
        if samples is not None
    ]
    (said,) = model.speak([voice.transcript], voice)
    (repeated,) = _trimmed([None if isinstance(said, ServeError) else said])
    if not pairs or repeated is None:
        return {"leaking": None, "leaks_noticed": None}
    sounds, texts = zip(*pairs, strict=True)
    made = [after_tail(samples, repeated) for samples in sounds]
    return {
        "leaking": _rounded(leaking(sounds, texts, reference).mean()),
        "leaks_noticed": _rounded(leaking(made, texts, reference).mean()),
    }


def _voices(model: Narrator, default: Sequence[Samples | None], material: Material) -> Row | None:
    """Answer how often speech sounds most like its own reference, and is found; None for a single voice.

    Args:
        model: What speaks.
        default: The sentences in the first voice, which are judged elsewhere.
        material: The sentences.
    """
    first, *further = model.voices(material.language)
    if not further:
        return None
    spoken = {first.name: _trimmed(default)}
    shares: dict[str, float] = {}
    for voice in further:
        texts = [reading.text for reading in material.readings]
        readings = read_all(material.language, texts, speaker_behind(voice.name))
        spoken[voice.name] = _trimmed(_spoken(model, voice, readings)[0])
        shares[voice.name] = _rounded(found(distances(spoken[voice.name], readings)).mean())
    references = {voice.name: trim(model.clip(voice)) for voice in (first, *further)}
    right = [
        nearest_voice(samples, references) == name
        for name, said in spoken.items()
        for samples in said[:VOICE_SENTENCES]
        if samples is not None
    ]
    own = _rounded(np.mean(right)) if right else 0.0
    return {"voices": len(references), "own": own, "top_1_of_further": shares}


def _recognised(voice: Voice, spoken: Sequence[Samples | None], readings: Sequence[Reading]) -> Row:
    """Answer what a recogniser makes of the speech, and of espeak-ng's own reading of the same."""
    recogniser = Recogniser()
    model, espeak = WordErrors(errors=0, words=0), WordErrors(errors=0, words=0)
    rows: list[Row] = []
    for samples, reading in zip(spoken, readings, strict=True):
        heard = "" if samples is None else recogniser.transcribe(samples)
        read = recogniser.transcribe(reading.samples)
        own, theirs = word_errors(reading.text, heard), word_errors(reading.text, read)
        model, espeak = model + own, espeak + theirs
        rows.append(
            {
                "text": reading.text,
                "heard": heard,
                "errors": own.errors,
                "words": own.words,
                "leaked": leaked_words(heard, reading.text, voice.transcript),
                "espeak_ng_heard": read,
                "espeak_ng_errors": theirs.errors,
                "espeak_ng_leaked": leaked_words(read, reading.text, voice.transcript),
            }
        )
    return {
        "sentences": len(rows),
        "wer": _rounded(model.rate),
        "espeak_ng_wer": _rounded(espeak.rate),
        "leaked": _rounded(np.mean([bool(row["leaked"]) for row in rows])),
        "espeak_ng_leaked": _rounded(np.mean([bool(row["espeak_ng_leaked"]) for row in rows])),
        "rows": rows,
    }


def _trimmed(spoken: Sequence[Samples | None]) -> list[Samples | None]:
    """Cut silent ends as espeak-ng's readings are cut; what is silent throughout counts as unspoken."""
    cut = [None if samples is None else trim(samples) for samples in spoken]
    return [samples if samples is not None and samples.size else None for samples in cut]


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 3)
