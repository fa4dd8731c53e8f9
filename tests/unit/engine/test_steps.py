from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from f5serve.engine.dit import DiT
from f5serve.engine.engine import F5Engine
from f5serve.engine.modulation import StepModulation
from f5serve.engine.sampler import SampleItem, sample
from f5serve.engine.steps import (
    PlainSteps,
    RecordedSteps,
    Steps,
    Work,
    can_record,
    steps_of,
)
from tests.unit.engine.models import CPU, VOCABULARY, item, model, vocoder

BUCKET = 16


def recorded(speaker: DiT, *, most_shapes: int = 4, most_frames: int = 8192) -> RecordedSteps:
    """Make steps whose recordings do the work itself: all but the GPU's part of the real thing."""
    return RecordedSteps(
        speaker,
        lambda work: work,
        bucket_frames=BUCKET,
        most_shapes=most_shapes,
        most_frames=most_frames,
    )


def distance(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    return max(
        float((one - other).norm() / other.norm())
        for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize(
    "items",
    [
        [item(40)],
        [item(48)],  # a whole number of buckets: nothing is masked
        [item(40), item(23, seed=2), item(33, seed=3)],
        [item(40, cfg_strength=0.0)],
        [item(40), replace(item(23), cfg_strength=5.0)],
    ],
    ids=["one", "full-bucket", "mixed", "unguided", "strengths"],
)
def test_filling_up_a_bucket_changes_nothing(items: Sequence[SampleItem]) -> None:
    speaker = model()

    found = sample(speaker, items, recorded(speaker))

    assert [len(mel) for mel in found] == [piece.new_frames for piece in items]
    assert distance(found, sample(speaker, items)) < 1e-5


def test_a_recording_serves_other_texts_schedules_and_lengths_of_its_bucket() -> None:
    speaker = model()
    steps = recorded(speaker)
    pieces = [item(40, seed=1), item(37, seed=2, steps=7), item(46, seed=3, reference_frames=9)]

    found = [sample(speaker, [piece], steps)[0] for piece in pieces]

    assert len(steps.shapes) == 1
    assert distance(found, [sample(speaker, [piece])[0] for piece in pieces]) < 1e-5


def test_what_was_spoken_stays_as_it_was_when_the_recording_is_used_again() -> None:
    speaker = model()
    steps = recorded(speaker)

    (first,) = sample(speaker, [item(40, seed=1)], steps)
    before = first.clone()
    sample(speaker, [item(40, seed=2)], steps)

    assert torch.equal(first, before)


def test_of_too_many_shapes_the_one_unused_for_longest_is_forgotten() -> None:
    speaker = model()
    steps = recorded(speaker, most_shapes=2)

    for frames in (20, 40, 20, 60):
        sample(speaker, [item(frames)], steps)

    assert [shape[1] for shape in steps.shapes] == [32, 64]


def test_a_large_batch_is_not_recorded() -> None:
    speaker = model()
    steps = recorded(speaker, most_frames=50)
    items = [item(30), item(28, seed=2)]

    found = sample(speaker, items, steps)

    assert steps.shapes == ()
    assert distance(found, sample(speaker, items)) < 1e-5


def test_a_recording_that_does_other_than_the_step_is_found_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    speaker = model()

    def lies(work: Work) -> Work:
        return lambda: None

    steps = RecordedSteps(speaker, lies, bucket_frames=BUCKET)
    found = sample(speaker, [item(40)], steps)

    assert distance(found, sample(speaker, [item(40)])) < 1e-5
    assert not steps.usable
    assert steps.padded(40) == 40
    assert "differs from the plain one" in caplog.text


def test_where_recording_fails_speech_goes_on_without(caplog: pytest.LogCaptureFixture) -> None:
    speaker = model()

    def fails(work: Work) -> Work:
        raise RuntimeError("operation not permitted when stream is capturing")

    steps = RecordedSteps(speaker, fails, bucket_frames=BUCKET)
    found = sample(speaker, [item(40)], steps)

    assert distance(found, sample(speaker, [item(40)])) < 1e-5
    assert not steps.usable
    assert "cannot be recorded" in caplog.text


def test_where_memory_is_short_a_batch_goes_without_and_the_recordings_are_let_go() -> None:
    speaker = model()
    short = [False]

    def record(work: Work) -> Work:
        if short[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return work

    steps = RecordedSteps(speaker, record, bucket_frames=BUCKET)
    sample(speaker, [item(40)], steps)
    short[0] = True
    found = sample(speaker, [item(70)], steps)

    assert distance(found, sample(speaker, [item(70)])) < 1e-5
    assert steps.shapes == ()
    short[0] = False
    sample(speaker, [item(70)], steps)
    assert len(steps.shapes) == 1


def test_released_recordings_are_made_anew() -> None:
    speaker = model()
    steps = recorded(speaker)
    (expected,) = sample(speaker, [item(40)], steps)

    steps.release()

    assert steps.shapes == ()
    assert torch.equal(sample(speaker, [item(40)], steps)[0], expected)


def test_a_step_is_the_same_read_from_its_row() -> None:
    for step in model().time.steps(7, -1.0):
        again = StepModulation.of(step.width, step.row.clone())

        assert torch.equal(again.final_scale, step.final_scale)
        assert torch.equal(again.blocks[1].feed_gate, step.blocks[1].feed_gate)
        assert float(step.row[-1, 0]) == pytest.approx(step.width)


def test_a_cpu_has_no_graphs_and_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    assert not can_record(CPU)
    assert isinstance(steps_of(model(), cuda_graphs=True), PlainSteps)
    assert "cuda_graphs is of no effect: device=cpu" in caplog.text


def test_an_engine_asked_for_graphs_speaks_on_a_cpu_too() -> None:
    speaker = F5Engine(model(), vocoder(), VOCABULARY, cuda_graphs=True)
    plain = F5Engine(model(), vocoder(), VOCABULARY)

    found, expected = (speech.mels([item(40)])[0][0] for speech in (speaker, plain))

    assert isinstance(found, Tensor)
    assert isinstance(expected, Tensor)
    assert torch.equal(found, expected)


def test_both_ways_of_running_steps_are_steps() -> None:
    speaker = model()
    runners: list[Steps] = [PlainSteps(speaker), recorded(speaker)]

    assert [runner.padded(40) for runner in runners] == [40, 48]
