import itertools

import numpy as np
import pytest
import torch

from scripts.hearing.features import pitch_hz
from scripts.training.data import MAX_ITEM_FRAMES, PADDING_ID, Utterance, batches
from scripts.training.espeak import (
    HOP_SAMPLES,
    LEVEL_DBFS,
    MARGIN_S,
    RATE_HZ,
    EspeakError,
    level,
    read_aloud,
    require_espeak,
    trim,
)
from scripts.training.flow import precision
from scripts.training.languages import LANGUAGES, SPEAKERS
from scripts.training.progress import Budget
from scripts.training.sentences import natural_sentences


def _tone(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)


def test_trim_leaves_speech_and_a_margin_of_whole_hops() -> None:
    speech = np.concatenate([np.zeros(9_000, np.float32), _tone(0.5), np.zeros(5_000, np.float32)])

    trimmed = trim(speech)

    assert trimmed.size % HOP_SAMPLES == 0
    assert trimmed.size / RATE_HZ == pytest.approx(0.5 + 2 * MARGIN_S, abs=0.035)


def test_trim_of_silence_is_empty() -> None:
    assert trim(np.zeros(0, np.float32)).size == 0
    assert trim(np.zeros(10_000, np.float32)).size == 0


def test_level_brings_loud_and_faint_speech_to_one_loudness() -> None:
    for gain in (0.01, 1.0):
        rms = float(np.sqrt(np.mean(np.square(level(gain * _tone(1.0), seed=0)))))
        assert 20 * np.log10(rms) == pytest.approx(LEVEL_DBFS, abs=0.1)


def test_a_missing_espeak_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EspeakError, match="apt-get install espeak-ng"):
        require_espeak()


@pytest.mark.tool("espeak-ng")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_variant_is_heard_in_every_language(language: str) -> None:
    text = natural_sentences(language)[0]

    plain, other = (
        pitch_hz(read_aloud(text, LANGUAGES[language], SPEAKERS[name]).samples)
        for name in ("plain", "f2")
    )

    assert other > 1.5 * plain


def test_batches_hold_items_of_nearly_one_length_within_the_budget() -> None:
    generator = np.random.default_rng(0)
    utterances = [
        Utterance(
            language="es",
            speaker="plain",
            mel=np.full((int(frames), 100), 0.5, np.float16),
            ids=tuple(range(1, 1 + int(frames) // 6)),
        )
        for frames in generator.integers(60, 400, size=300)
    ]

    stream = batches(utterances, 1800, np.random.default_rng(1))

    drawn = [next(stream) for _ in range(30)]

    for batch in drawn:
        rows, longest, _ = batch.mel.shape
        assert rows == 1 or rows * longest <= 1800
        assert longest == int(batch.frames.max()) <= MAX_ITEM_FRAMES
        assert (batch.ids >= PADDING_ID).all()
        for row, frames in enumerate(batch.frames.tolist()):
            assert (batch.mel[row, :frames] == 0.5).all()
            assert (batch.mel[row, frames:] == 0).all()
    computed = sum(batch.mel.shape[0] * batch.mel.shape[1] for batch in drawn)
    assert sum(int(batch.frames.sum()) for batch in drawn) > 0.9 * computed


def test_no_item_joins_two_speakers_or_two_languages() -> None:
    kinds = [(language, speaker) for language in ("es", "fi") for speaker in ("plain", "f2")]
    utterances = [
        Utterance(
            language=language,
            speaker=speaker,
            mel=np.full((100, 100), level, np.float16),
            ids=(10 + level,),
        )
        for level, (language, speaker) in enumerate(kinds, start=1)
        for _ in range(40)
    ]

    drawn = itertools.islice(batches(utterances, 1800, np.random.default_rng(1)), 60)
    items = [
        (mel[:frames].unique().tolist(), set(ids.unique().tolist()) - {PADDING_ID, 0})
        for batch in drawn
        for mel, ids, frames in zip(batch.mel, batch.ids, batch.frames.tolist(), strict=True)
    ]

    assert all(len(levels) == 1 and ids == {10 + levels[0]} for levels, ids in items)
    assert {levels[0] for levels, _ in items} == {1, 2, 3, 4}


def test_a_step_runs_in_bfloat16_only_where_the_cpu_has_units_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = torch.ones(2, 2)
    made = {}

    for amx in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda amx=amx: {"amx_bf16": amx})
        with precision("cpu"):
            made[amx] = (one @ one).dtype

    assert made == {True: torch.bfloat16, False: torch.float32}


def test_a_budget_ends_at_the_first_limit() -> None:
    budget = Budget(steps=100, minutes=10.0, peak_rate=1e-3, warmup_steps=10)

    assert budget.share_done(50, 60.0) == 0.5
    assert budget.share_done(50, 540.0) == 0.9
    assert budget.share_done(200, 0.0) == 1.0
    assert budget.learning_rate(0, 0.0) == pytest.approx(1e-4)
    assert budget.learning_rate(50, 0.5) < budget.learning_rate(10, 0.1) <= 1e-3
    assert 0 < budget.learning_rate(100, 1.0) < 1e-4
