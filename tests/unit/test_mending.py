"""A piece that is plainly no good is spoken once more, within its batch, and the better take is sent."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from f5serve import torchserve
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import CallerGoneError, NotFiniteError, OutOfMemoryError, ServeError
from f5serve.guard import Retry, retry_seed
from f5serve.handler import LanguageWorker, SpeechHandler
from f5serve.metrics import GUARD_RETRIES
from f5serve.pieces import Spoken
from f5serve.request import PieceRequest
from f5serve.settings import GuardSettings, ModelSettings
from f5serve.synthesis import Synthesizer
from tests.fakes import FakeContext
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive

BAD = 13
AGAIN = retry_seed(BAD)
SILENCE = np.zeros(24_000, dtype=np.float32)
MURMUR = np.full(24_000, 0.001, dtype=np.float32)
HOLE = np.concatenate([SILENCE + 0.1, SILENCE, SILENCE, SILENCE + 0.1])


@pytest.fixture
def engine() -> RecordingEngine:
    return RecordingEngine()


@pytest.fixture
def settings(tmp_path: Path) -> ModelSettings:
    return archive(tmp_path)


@pytest.fixture
def synthesizer(engine: RecordingEngine, settings: ModelSettings, tmp_path: Path) -> Synthesizer:
    return Synthesizer(engine, Vocabulary(ALPHABET), settings, tmp_path)


def piece(seed: int) -> PieceRequest:
    return PieceRequest(text="merci bien", seed=seed)


def spoken(result: Spoken | ServeError) -> Spoken:
    assert isinstance(result, Spoken), result
    return result


def test_only_the_bad_pieces_of_a_batch_are_spoken_again_and_all_at_once(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {BAD: SILENCE, 14: HOLE}

    results = [spoken(result) for result in synthesizer.speak([piece(1), piece(BAD), piece(14)])]

    assert [[item.seed for item in batch] for batch in engine.batches] == [
        [1, BAD, 14],
        [AGAIN, retry_seed(14)],
    ]
    assert [result.retry for result in results] == [
        None,
        Retry(reason="silence", mended=True),
        Retry(reason="pause", mended=True),
    ]
    assert all(float(result.samples[0]) == pytest.approx(0.5) for result in results)
    assert results[1].request.seed == BAD


def test_a_piece_gets_the_same_second_take_alone_and_in_a_batch(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {BAD: SILENCE}

    synthesizer.speak([piece(BAD)])
    synthesizer.speak([piece(2), piece(BAD), piece(3)])

    assert [item.seed for item in engine.batches[1]] == [AGAIN]
    assert [item.seed for item in engine.batches[3]] == [AGAIN]
    assert engine.batches[1][0].total_frames == engine.batches[3][0].total_frames


def test_a_second_take_that_nobody_waits_for_any_more_is_no_retry(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {BAD: SILENCE, AGAIN: CallerGoneError()}

    (result,) = synthesizer.speak([piece(BAD)])

    assert isinstance(result, CallerGoneError)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (SILENCE, MURMUR, MURMUR),
        (MURMUR, SILENCE, MURMUR),
        (SILENCE, HOLE, HOLE),
        (HOLE, SILENCE, HOLE),
        (HOLE, HOLE * 2, HOLE),
        (HOLE, NotFiniteError("nan"), HOLE),
        (HOLE, OutOfMemoryError("large"), HOLE),
        (NotFiniteError("nan"), HOLE, HOLE),
    ],
    ids=["louder", "softer", "a lesser fault", "a worse fault", "equal", "nan", "memory", "from nan"],
)  # fmt: skip
def test_where_both_takes_are_bad_the_better_one_is_sent(
    synthesizer: Synthesizer,
    engine: RecordingEngine,
    first: np.ndarray | ServeError,
    second: np.ndarray | ServeError,
    kept: np.ndarray,
) -> None:
    engine.sounds = {BAD: first, AGAIN: second}

    (result,) = synthesizer.speak([piece(BAD)])

    np.testing.assert_array_equal(spoken(result).samples, kept)
    retry = spoken(result).retry
    assert retry is not None
    assert not retry.mended


def test_a_piece_that_is_never_finite_is_an_error_and_its_mates_are_spoken(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {BAD: NotFiniteError("nan"), AGAIN: NotFiniteError("nan")}

    bad, good = synthesizer.speak([piece(BAD), piece(1)])

    assert isinstance(bad, NotFiniteError)
    assert bad.code == "synthesis_failed"
    assert spoken(good).retry is None


def test_what_does_not_fit_into_memory_is_not_tried_again(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {BAD: OutOfMemoryError("large")}

    synthesizer.speak([piece(BAD)])

    assert len(engine.batches) == 1


def test_without_the_guard_speech_is_sent_as_it_is(
    engine: RecordingEngine, settings: ModelSettings, tmp_path: Path
) -> None:
    off = msgspec.structs.replace(settings, guard=GuardSettings(enabled=False))
    engine.sounds = {BAD: SILENCE}

    (result,) = Synthesizer(engine, Vocabulary(ALPHABET), off, tmp_path).speak([piece(BAD)])

    assert len(engine.batches) == 1
    assert spoken(result).retry is None


def test_warming_up_speaks_once_whatever_two_steps_sound_like(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.sounds = {0: SILENCE}

    synthesizer.warm_up()

    assert len(engine.batches) == 1


def test_retries_are_told_in_the_header_and_counted_by_reason_and_outcome(
    synthesizer: Synthesizer, engine: RecordingEngine, settings: ModelSettings
) -> None:
    never, kept = NotFiniteError("nan"), 15
    engine.sounds = {BAD: SILENCE, 14: never, retry_seed(14): never}
    engine.sounds |= {kept: HOLE, retry_seed(kept): HOLE}
    context = FakeContext([{"Content-Type": "application/json"}] * 4)
    handler = SpeechHandler()
    handler._worker = LanguageWorker(settings, synthesizer)
    bodies = [json.dumps({"text": "merci", "seed": seed}).encode() for seed in (BAD, 14, kept, 1)]

    handler.handle([{"body": body} for body in bodies], context)

    assert [context.statuses[place] for place in range(4)] == [200, 500, 200, 200]
    assert [context.sent[place].get("X-Guard") for place in range(4)] == [
        "retried=1; mended=1; reason=silence",
        "retried=1; mended=0; reason=not_finite",
        "retried=1; mended=0; reason=pause",
        None,
    ]
    assert context.metrics.named(GUARD_RETRIES.name) == [
        ({"Reason": "silence", "Outcome": "mended"}, 1),
        ({"Reason": "not_finite", "Outcome": "failed"}, 1),
        ({"Reason": "pause", "Outcome": "kept"}, 1),
    ]


def test_an_error_without_the_guard_tells_of_no_retry(
    engine: RecordingEngine, settings: ModelSettings, tmp_path: Path
) -> None:
    off = msgspec.structs.replace(settings, guard=GuardSettings(enabled=False))
    engine.sounds = {BAD: NotFiniteError("nan")}
    worker = LanguageWorker(off, Synthesizer(engine, Vocabulary(ALPHABET), off, tmp_path))
    context = FakeContext()
    calls = torchserve.read_calls([{"body": b'{"text": "merci", "seed": 13}'}], context)

    (answer,) = worker.answers(calls)

    assert answer.status == 500
    assert "X-Guard" not in answer.headers
