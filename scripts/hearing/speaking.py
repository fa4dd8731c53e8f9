"""Speech as users get it: the serving code over the files that packaging puts into an archive.

Only HTTP and processes are left out: text is cleaned and cut, pieces are spoken and joined, as the
router and the language model's worker do it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile

from f5serve.catalogue import load_catalogue
from f5serve.errors import ServeError
from f5serve.handler import load_synthesizer
from f5serve.pieces import Spoken
from f5serve.request import PieceRequest
from f5serve.routing.joiner import Joiner
from f5serve.routing.plan import Piece, plan_pieces
from f5serve.routing.segments import TextSegment
from f5serve.settings import ModelSettings, Voice, in_precision, read_settings
from f5serve.synthesis import Synthesizer
from f5serve.text.clean import clean, require_speakable
from scripts.convert import convert_weights
from scripts.package import CATALOGUE, model_job
from scripts.sources import VOICES, read_voices

if TYPE_CHECKING:
    from f5serve.audio import Samples

SEED: Final = 1
STEPS: Final = 16  # what a request that asks for nothing gets


class Narrator:
    """One loaded checkpoint of the demo.

    Args:
        synthesizer: What the worker speaks with.
        settings: The archive's settings.
        root: The folder that holds the archive's files.
        digest: SHA-256 of the checkpoint in the repository.
    """

    def __init__(
        self, synthesizer: Synthesizer, settings: ModelSettings, root: Path, digest: str
    ) -> None:
        self._synthesizer = synthesizer
        self._settings = settings
        self._root = root
        self.model = settings.model
        self.digest = digest

    def voices(self, language: str) -> list[Voice]:
        """Answer a language's voices, its default first."""
        return [voice for voice in self._settings.voices if voice.language == language]

    def clip(self, voice: Voice) -> Samples:
        """Answer a voice's recording, 24 kHz mono."""
        samples: Samples = soundfile.read(self._root / voice.file, dtype="float32")[0]
        return samples

    def speak(
        self, texts: Sequence[str], voice: Voice, speeds: Sequence[float] | None = None
    ) -> list[Samples | ServeError]:
        """Speak texts in a voice and its language, with the default quality and the seed :data:`SEED`.

        Args:
            texts: Any texts.
            voice: One of the model's.
            speeds: One for each text; all 1 if absent.

        Returns:
            For each text its speech, 24 kHz mono, or why it was refused.
        """
        rates = speeds or [1.0] * len(texts)
        plans = [
            self._pieces(text, voice.language, speed)
            for text, speed in zip(texts, rates, strict=True)
        ]
        requests = [
            _request(piece, voice, speed)
            for plan, speed in zip(plans, rates, strict=True)
            if not isinstance(plan, ServeError)
            for piece in plan
        ]
        spoken = iter(self._synthesizer.speak(requests))
        return [
            plan if isinstance(plan, ServeError) else _joined(plan, [next(spoken) for _ in plan])
            for plan in plans
        ]

    def speak_pieces(self, text: str, voice: Voice) -> list[Spoken | ServeError]:
        """Speak a text, and answer its pieces as the model gives them: each spoken once, whatever it sounds like."""
        plan = self._pieces(text, voice.language, 1.0)
        if isinstance(plan, ServeError):
            return [plan]
        requests = [_request(piece, voice, 1.0) for piece in plan]
        return self._synthesizer.speak(requests, guarded=False)

    @property
    def settings(self) -> ModelSettings:
        """What the worker would be told."""
        return self._settings

    def clip_bytes(self, voice: Voice) -> bytes:
        """Answer a voice's file."""
        return (self._root / voice.file).read_bytes()

    def _pieces(self, text: str, language: str, speed: float) -> tuple[Piece, ...] | ServeError:
        try:
            cleaned = clean(text)
            require_speakable(cleaned)
        except ServeError as error:
            return error
        segment = TextSegment(text=cleaned, language=language)
        longest = {language: self._settings.limits.max_piece_s}
        return plan_pieces([segment], max_piece_s=longest, speed=speed)


def _request(piece: Piece, voice: Voice, speed: float) -> PieceRequest:
    return PieceRequest(
        text=piece.text,
        language=voice.language,
        voice=voice.name,
        seed=SEED,
        steps=STEPS,
        speed=speed,
        piece=piece.index,
    )


def _joined(plan: Sequence[Piece], spoken: Sequence[Spoken | ServeError]) -> Samples | ServeError:
    joiner = Joiner()
    parts: list[Samples] = []
    for piece, said in zip(plan, spoken, strict=True):
        if isinstance(said, ServeError):
            return said
        joined = joiner.add(said.samples, speaker=said.voice, pause_s=piece.pause_s)
        parts.append(joined.samples)
    samples: Samples = np.concatenate(parts)
    return samples


def model_of(root: Path, language: str) -> str:
    """Answer the name of the model that speaks a language.

    Raises:
        ConfigurationError: If no model does.
    """
    return load_catalogue(root / CATALOGUE).select([language])[0]


@contextlib.contextmanager
def narrator(root: Path, model: str) -> Iterator[Narrator]:
    """Load one model of the demo as its worker does, on the CPU.

    Args:
        root: The repository.
        model: The model's name.

    Raises:
        ConfigurationError: If a file is missing or does not fit.
    """
    with unpacked(root, model) as (packaged, folder, digest):
        settings = in_precision(packaged, os.environ, "cpu")
        yield Narrator(load_synthesizer(settings, folder, "cpu"), settings, folder, digest)


@contextlib.contextmanager
def unpacked(root: Path, model: str) -> Iterator[tuple[ModelSettings, Path, str]]:
    """Lay out the files of one model of the demo as its archive holds them.

    Args:
        root: The repository.
        model: The model's name.

    Yields:
        The archive's settings, the folder, and the SHA-256 of the checkpoint in the repository.

    Raises:
        ConfigurationError: If a file is missing or does not fit.
    """
    catalogue = load_catalogue(root / CATALOGUE)
    job = model_job(root, catalogue, model, "demo", read_voices(root / VOICES))
    if job.model is None:
        raise TypeError(f"{model} is no language model")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        convert_weights(job.model.files, job.model.plan, folder)
        for inside, path in job.spec.files.items():
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).symlink_to(path.absolute())
        settings = read_settings(job.spec.model_config["handler"], ModelSettings)
        yield settings, folder, job.model.checkpoint_sha256
