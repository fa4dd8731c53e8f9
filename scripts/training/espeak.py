"""Speech by espeak-ng, trimmed and levelled the way the models learn it."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torchaudio

from f5serve.text.phonemes import heard
from scripts.training.alignment import AlignmentError, library, starts
from scripts.training.languages import Language, Speaker
from scripts.training.text import demo_tokens, fold, pinyin_text

Samples = npt.NDArray[np.float32]

RATE_HZ = 24_000
HOP_SAMPLES = 256
WORDS_PER_MINUTE = 170
LEVEL_DBFS = -23.0
DITHER_DBFS = -72.0  # a floor like a quiet room's: digital silence is far from any real recording
SILENCE_DB = -40.0  # below the loudest 10 ms
MARGIN_S = 0.05  # silence left at each end

_ESPEAK_RATE_HZ = 22_050
_WAV_HEADER_BYTES = 44
_WINDOW_S = 0.01
_FULL_SCALE = 32_768.0


class EspeakError(RuntimeError):
    """espeak-ng is missing, or could not read a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text and how it sounds.

    Attributes:
        text: What was read, in the language's own script.
        tokens: The same for the model.
        samples: ``[nw]`` mono at 24 kHz in ``[-1, 1]``, a whole number of hops.
        said: For English what is heard from which mel frame on, a space for the silence before; else empty.
    """

    text: str
    tokens: list[str]
    samples: Samples
    said: Sequence[tuple[str, float]] = ()


def require_espeak() -> None:
    """Fail early, with the remedy, where the program is missing.

    Raises:
        EspeakError: If ``espeak-ng`` is not on the path.
    """
    if shutil.which("espeak-ng") is None:
        raise EspeakError("espeak-ng is not installed; on Debian: apt-get install espeak-ng")


def read_aloud(text: str, language: Language, speaker: Speaker, seed: int = 0) -> Reading:
    """Read a text with espeak-ng.

    Args:
        text: Text in the language's own script.
        language: Who pronounces it.
        speaker: Whose voice it is.
        seed: Draws the noise floor.

    Returns:
        The text, its tokens and its sound.

    Raises:
        EspeakError: If espeak-ng fails or stays silent.
    """
    tokens = demo_tokens(text, language.code)
    # The dictionary of espeak-ng reads Han its own way; pinyin makes it say what the tokens say.
    spoken = pinyin_text(tokens) if language.code == "zh" else text
    voice = language.espeak + speaker.variant
    whole = _run(spoken, voice)
    samples = trim(whole)
    if samples.size == 0:
        raise EspeakError(f"espeak-ng is silent about {text!r}")
    said = _said(text, voice, _loud(whole)[0] - MARGIN_S) if language.code == "en" else ()
    return Reading(text=text, tokens=tokens, samples=level(samples, seed), said=said)


def _said(text: str, voice: str, start_s: float) -> list[tuple[str, float]]:
    """What is heard from which frame on, in a recording that was cut at a second."""
    sounds = heard(fold(text))
    try:
        begins = starts(sounds, library(WORDS_PER_MINUTE).say(text, voice))
    except AlignmentError as error:
        raise EspeakError(f"{text!r} cannot be timed: {error}") from error
    frames = [max(0.0, (at - start_s) * RATE_HZ / HOP_SAMPLES) for at in begins]
    return [(" ", 0.0), *zip(sounds, [round(at, 2) for at in frames], strict=True)]


def _run(text: str, voice: str) -> Samples:
    command = ["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise EspeakError(f"espeak-ng failed on {text!r}: {done.stderr.decode().strip()}")
    pcm = np.frombuffer(done.stdout[_WAV_HEADER_BYTES:], dtype="<i2")
    wave = torch.from_numpy(pcm.astype(np.float32) / _FULL_SCALE)
    resampled: torch.Tensor = torchaudio.functional.resample(wave, _ESPEAK_RATE_HZ, RATE_HZ)
    return resampled.numpy()


def trim(samples: Samples) -> Samples:
    """Cut silence at both ends, but for a margin; the result is a whole number of hops."""
    start_s, stop_s = _loud(samples)
    if start_s == stop_s:
        return samples[:0]
    margin = round(MARGIN_S * RATE_HZ)
    padded = np.pad(samples, margin)  # so that the margin is there even where speech starts at once
    start, stop = round(start_s * RATE_HZ), round(stop_s * RATE_HZ) + 2 * margin
    hops = -(-(stop - start) // HOP_SAMPLES)
    cut = padded[start : start + hops * HOP_SAMPLES]
    return np.pad(cut, (0, hops * HOP_SAMPLES - cut.size))


def _loud(samples: Samples) -> tuple[float, float]:
    """Seconds where sound begins and ends; the same where there is none."""
    window = round(_WINDOW_S * RATE_HZ)
    whole = samples[: samples.size // window * window].reshape(-1, window)
    if whole.size == 0:
        return 0.0, 0.0
    loudness = np.sqrt(np.mean(np.square(whole), axis=1))
    loud = np.flatnonzero(loudness > loudness.max() * 10 ** (SILENCE_DB / 20))
    if loud.size == 0:
        return 0.0, 0.0
    return int(loud[0]) * _WINDOW_S, (int(loud[-1]) + 1) * _WINDOW_S


def level(samples: Samples, seed: int) -> Samples:
    """Bring speech to one loudness, over a faint noise floor."""
    rms = float(np.sqrt(np.mean(np.square(samples))))
    levelled = samples * (10 ** (LEVEL_DBFS / 20) / max(rms, 1e-6))
    noise = np.random.default_rng(seed).standard_normal(samples.size)
    mixed = levelled + noise * 10 ** (DITHER_DBFS / 20)
    return np.clip(mixed, -1.0, 1.0).astype(np.float32)
