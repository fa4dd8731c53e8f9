"""Is the right sentence heard? Retrieval among espeak-ng's readings, by DTW over MFCC.

For each held-out sentence the model speaks, the nearest of espeak-ng's readings of all these
sentences must be the reading of the same one.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch

from scripts.training.data import log_mel
from scripts.training.espeak import Reading, read_aloud
from scripts.training.languages import Language, Speaker
from scripts.training.sentences import natural_sentences
from scripts.training.synthesis import Mel

_COEFFICIENTS = 13

Speak = Callable[[Sequence[str], int], Mel]
"""New speech for tokens, in so many frames: ``[n d]`` log-mel as a listener hears it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """How often a sentence was recognised among its likes.

    Attributes:
        sentences: How many were spoken.
        top_1: Share of them that lay nearest to their own reading.
        own: Mean distance to the own reading.
        others: Mean distance to the nearest of the others.
        length_spread: Longest reading over shortest.
    """

    language: str
    sentences: int
    top_1: float
    own: float
    others: float
    length_spread: float

    def row(self) -> dict[str, object]:
        """The values, rounded, for a line of JSON."""
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def held_out_readings(language: Language, speaker: Speaker, count: int) -> list[Reading]:
    """Readings of the held-out sentences whose lengths lie nearest to their median."""
    texts = natural_sentences(language.code)[1:]  # the first is the reference's
    readings = [read_aloud(text, language, speaker, seed=index) for index, text in enumerate(texts)]
    median = np.median([reading.samples.size for reading in readings])
    return sorted(readings, key=lambda reading: abs(reading.samples.size - median))[:count]


def retrieve(language: str, readings: Sequence[Reading], speak: Speak) -> Retrieval:
    """Speak every sentence and look for it among the readings."""
    mels = [log_mel(reading.samples) for reading in readings]
    known = [mfcc(mel) for mel in mels]
    spoken = [
        mfcc(speak(reading.tokens, mel.shape[0]))
        for reading, mel in zip(readings, mels, strict=True)
    ]
    distances = np.array([[dtw(said, other) for other in known] for said in spoken])
    own = np.diagonal(distances)
    others = np.where(np.eye(len(readings), dtype=bool), np.inf, distances).min(axis=1)
    frames = [mel.shape[0] for mel in mels]
    return Retrieval(
        language=language,
        sentences=len(readings),
        top_1=float(np.mean(own < others)),
        own=float(own.mean()),
        others=float(others.mean()),
        length_spread=max(frames) / min(frames),
    )


def mfcc(mel: Mel) -> Mel:
    """Cepstral coefficients 1 to 13 of a log-mel ``[n d]``, free of level and mean: ``[n 13]``."""
    bands = mel.shape[1]
    orders = np.arange(1, _COEFFICIENTS + 1)[:, None]
    basis = np.cos(np.pi / bands * (np.arange(bands) + 0.5) * orders) * np.sqrt(2 / bands)
    coefficients = mel @ basis.T
    centred: Mel = (coefficients - coefficients.mean(axis=0)).astype(np.float32)
    return centred


def dtw(first: Mel, second: Mel) -> float:
    """Mean distance along the cheapest path through two sequences of vectors."""
    costs: npt.NDArray[np.float64] = torch.cdist(
        torch.from_numpy(first).double(), torch.from_numpy(second).double()
    ).numpy()
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(rows + columns - 1):  # cells of an anti-diagonal do not depend on another
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        best = np.minimum(
            total[row, column], np.minimum(total[row, column + 1], total[row + 1, column])
        )
        total[row + 1, column + 1] = costs[row, column] + best
    return float(total[rows, columns] / (rows + columns))
