"""Whether a model reads, on models whose answer is known: one that ignores its text, one that speaks it exactly."""

import pytest
import torch
from f5_tts.model.cfm import CFM

from scripts.training.data import Utterance
from scripts.training.languages import SPEAKERS
from scripts.training.model import Architecture, build_model
from scripts.training.reading import (
    BANDS,
    Trial,
    held_out_trials,
    measure_reading,
    reading_line,
)
from scripts.training.text import vocabulary

_TINY = Architecture(dim=64, depth=1, heads=1, text_dim=16, conv_layers=1)
_TOKENS = 12


def _trials(count: int = 20) -> list[Trial]:
    """Speech that is its text: a frame's level is the number of its token, five frames each."""
    generator = torch.Generator().manual_seed(1)
    trials = []
    for _ in range(count):
        own, other = torch.randint(0, 9, (2, _TOKENS), generator=generator)
        mel = own.repeat_interleave(5)[:, None].expand(-1, 100).half().numpy()
        utterance = Utterance(language="es", speaker="plain", mel=mel, ids=tuple(own.tolist()))
        trials.append(Trial(utterance=utterance, other_ids=tuple(other.tolist())))
    return trials


class _Speaks(torch.nn.Module):
    """Stands where upstream's transformer does, and predicts the flow towards the text's own levels."""

    def forward(
        self, *, x: torch.Tensor, text: torch.Tensor, time: torch.Tensor, **_: object
    ) -> torch.Tensor:
        said = text.repeat_interleave(5, dim=1)[..., None].expand_as(x)
        return (said - x) / (1 - time[:, None, None])


def _model(transformer: torch.nn.Module) -> CFM:
    model = build_model(_TINY, 9)
    model.transformer = transformer
    return model


def test_a_model_that_ignores_its_text_loses_nothing_on_another() -> None:
    untrained = build_model(
        _TINY, 9
    )  # upstream begins with zeros in the last layer: no text reaches it

    reading = measure_reading(untrained, _trials())

    assert reading.difference.mean == 0
    assert reading.own == pytest.approx(reading.other)


def test_a_model_that_reads_loses_on_another_text_and_significantly() -> None:
    reading = measure_reading(_model(_Speaks()), _trials())

    assert reading.own == pytest.approx(0, abs=1e-3)
    # The last quarter divides by what is left of the time, which makes a few draws large.
    assert all(band.mean > 5 * band.error > 0 for band in reading.by_band[:-1])
    assert reading.difference.mean == pytest.approx(
        sum(band.mean for band in reading.by_band) / len(BANDS)
    )


def test_a_measurement_repeats_exactly() -> None:
    model = _model(_Speaks())

    assert measure_reading(model, _trials()) == measure_reading(model, _trials())


def test_padding_is_not_measured() -> None:
    short = _trials(1)[0].utterance
    trials = [
        Trial(
            utterance=Utterance(
                language="es", speaker="plain", mel=short.mel.repeat(times, axis=0), ids=short.ids
            ),
            other_ids=short.ids[::-1],
        )
        for times in (1, 1, 9)
    ]

    reading = measure_reading(build_model(_TINY, 9), trials)

    # The untrained model predicts nothing: its loss is the mean energy of speech and noise, however long they are.
    assert reading.own == pytest.approx(1 + float((short.mel.astype(float) ** 2).mean()), rel=0.1)


def test_the_line_tells_every_band() -> None:
    line = reading_line(measure_reading(_model(_Speaks()), _trials()))

    assert "t 0-0.25:" in line
    assert "t 0.75-1:" in line
    assert "over 20 utterances" in line


@pytest.mark.tool("espeak-ng")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_held_out_readings_have_another_text_of_their_length(language: str) -> None:
    ids = {token: index for index, token in enumerate(vocabulary(phonemes=True))}

    trials = held_out_trials(language, SPEAKERS["plain"], ids, 4)

    assert len(trials) == 4
    for trial in trials:
        assert trial.utterance.ids != trial.other_ids
        assert len(trial.utterance.ids) == len(trial.other_ids)
        assert trial.utterance.mel.shape[0] > 2 * len(trial.other_ids)
