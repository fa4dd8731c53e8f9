"""Does a model read? Its loss on the text that was spoken, against its loss on another text as long.

A low loss alone does not tell: the noisy speech that the model is shown, the reference and the number of
tokens betray much. A model that ignores its text loses nothing where the text is another one. That shows
within a minute, long before speech can be judged, so it tells early whether a run is worth going on with.

b   utterances    n   mel frames    d   mel channels (100)    nt  text tokens
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from f5_tts.model.cfm import CFM

from scripts.training.data import Utterance, collate, log_mel
from scripts.training.espeak import EspeakError, read_aloud
from scripts.training.languages import LANGUAGES, Speaker
from scripts.training.objective import flow_errors
from scripts.training.sentences import random_sentences, word_list
from scripts.training.text import demo_tokens, token_ids

BANDS = (0.0, 0.25, 0.5, 0.75)
"""Where the quarters of the flow's time begin; 0 is noise, and there the text matters most."""

_HELD_OUT_SEED = 90_001  # no shard of the corpus is drawn with it
_TEXTS = 2000  # drawn, so that most have another of their length
_LEAST_TOKENS = 12  # shorter texts say little,
_MOST_FRAMES = 400  # and longer speech takes long
_SPEAKING_SEED = 30_000
_NOISE_SEED = 11
_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One held-out reading, and the ids of another text with as many tokens."""

    utterance: Utterance
    other_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much the loss is higher on the other text; utterances are the sample.

    Attributes:
        mean: Of the paired differences.
        error: Its standard error.
    """

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured of one model in one language.

    Attributes:
        utterances: How many.
        own: Mean loss on the text that was spoken.
        other: Mean loss on the other text.
        difference: Over all times.
        by_band: In each quarter of the flow's time, as :data:`BANDS`.
    """

    utterances: int
    own: float
    other: float
    difference: Difference
    by_band: tuple[Difference, ...]


def held_out_trials(
    language: str, speaker: Speaker, vocabulary: dict[str, int], count: int
) -> list[Trial]:
    """Let espeak-ng read random texts that no corpus holds, each of which has another of its length.

    Raises:
        EspeakError: If espeak-ng is missing.
    """
    texts = random_sentences(word_list(LANGUAGES[language]), _TEXTS, _HELD_OUT_SEED)
    trials: list[Trial] = []
    for text, other in _pairs(texts, language):
        if len(trials) == count:
            break
        try:
            reading = read_aloud(text, LANGUAGES[language], speaker, seed=_SPEAKING_SEED)
        except EspeakError:
            if not trials:
                raise
            continue  # a word that espeak-ng has no sound for
        mel = log_mel(reading.samples).astype(np.float16)
        if mel.shape[0] > _MOST_FRAMES:
            continue
        utterance = Utterance(
            language=language,
            speaker=speaker.name,
            mel=mel,
            ids=tuple(token_ids(reading.tokens, vocabulary)),
        )
        other_ids = tuple(token_ids(demo_tokens(other, language), vocabulary))
        trials.append(Trial(utterance=utterance, other_ids=other_ids))
    return trials


def _pairs(texts: Sequence[str], language: str) -> Iterator[tuple[str, str]]:
    """Texts two by two, of equal token counts and not the same; each stands in one pair."""
    waiting: dict[int, str] = {}
    for text in texts:
        length = len(demo_tokens(text, language))
        if length < _LEAST_TOKENS:
            continue
        other = waiting.pop(length, None)
        if other is None or other == text:
            waiting[length] = text
        else:
            yield other, text


def measure_reading(model: CFM, trials: Sequence[Trial]) -> Reading:
    """Compare the losses on both texts, all speech masked, with equal noise and equal times.

    Args:
        model: Left in evaluation mode.
        trials: At least two.
    """
    model.eval()
    generator = torch.Generator().manual_seed(_NOISE_SEED)
    losses: dict[float, list[torch.Tensor]] = defaultdict(list)
    ordered = sorted(trials, key=lambda trial: trial.utterance.mel.shape[0])
    for first in range(0, len(ordered), _BATCH):
        some = ordered[first : first + _BATCH]
        for band in BANDS:
            losses[band].append(_both_losses(model, some, band, generator))
    by_band = torch.stack([torch.cat(losses[band]) for band in BANDS])
    own, other = by_band.mean(dim=(0, 1)).tolist()
    paired = by_band[..., 1] - by_band[..., 0]
    return Reading(
        utterances=len(trials),
        own=own,
        other=other,
        difference=_difference(
            paired.mean(dim=0)
        ),  # an utterance's times are no sample of their own
        by_band=tuple(_difference(row) for row in paired),
    )


def reading_line(reading: Reading) -> str:
    """A measurement in a line, for people."""
    bands = "  ".join(
        f"t {band:g}-{band + 1 / len(BANDS):g}: {_figure(difference)}"
        for band, difference in zip(BANDS, reading.by_band, strict=True)
    )
    return (
        f"own text {reading.own:.3f}, another {reading.other:.3f}, difference {_figure(reading.difference)} "
        f"({bands}) over {reading.utterances} utterances"
    )


def _figure(difference: Difference) -> str:
    return f"{difference.mean:.4f} ± {difference.error:.4f}"


def _difference(paired: torch.Tensor) -> Difference:
    error = paired.std() / paired.numel() ** 0.5
    return Difference(mean=paired.mean().item(), error=error.item())


def _both_losses(
    model: CFM, trials: Sequence[Trial], band: float, generator: torch.Generator
) -> torch.Tensor:
    """Mean squared error of the flow by utterance: ``[b 2]``, on the own text and on the other."""
    own = collate([(trial.utterance.mel, trial.utterance.ids) for trial in trials])
    other = collate([(trial.utterance.mel, trial.other_ids) for trial in trials])
    time = band + torch.rand(len(trials), generator=generator) / len(BANDS)
    noise = torch.randn(own.mel.shape, generator=generator)
    spoken = torch.arange(own.mel.shape[1]) < own.frames[:, None]
    columns = []
    for batch in (own, other):
        with torch.inference_mode():
            errors = flow_errors(model, batch, time, noise, spoken)
        columns.append((errors * spoken).sum(dim=1) / batch.frames)
    return torch.stack(columns, dim=1)
