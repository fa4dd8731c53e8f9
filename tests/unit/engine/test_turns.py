"""Step-level batching in the engine: whose turn it is, and that resting changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from f5serve.engine.dit import DiT
from f5serve.engine.engine import F5Engine
from f5serve.engine.sampler import Flight, SampleItem, sample
from f5serve.engine.steps import Steps
from f5serve.engine.turns import Landed, TurnLimits, Turns
from f5serve.errors import OutOfMemoryError, SynthesisError, ValueRefusedError
from tests.unit.engine.models import engine, item


class Clock:
    """A clock that moves by itself at every look, so that each turn takes one step."""

    def __init__(self, tick_s: float = 1.0) -> None:
        self.now = 0.0
        self.tick_s = tick_s

    def __call__(self) -> float:
        self.now += self.tick_s
        return self.now


def turns_of(speaker: F5Engine, *, patience_s: float = 1e9, clock: Clock | None = None) -> Turns:
    limits = TurnLimits(
        turn_s=0.5, patience_s=patience_s, max_batch_frames=4096, max_batch_items=8, batch_cost_frames=32
    )  # fmt: skip
    return Turns(speaker._model, speaker._vocoder, limits, clock=clock or Clock())


def all_landed(turns: Turns) -> list[Landed]:
    """Take turns until nothing is under way."""
    landed = []
    while turns.upcoming():
        through = turns.turn()
        if through is not None:
            landed.append(through)
    return landed


def test_a_batch_that_rests_between_its_steps_gives_the_same_mels() -> None:
    model = engine()._model
    items = [item(40, seed=1), item(38, seed=2)]

    flight = Flight(model, items)
    with pytest.raises(ValueError, match="steps are left"):
        flight.mels()
    while flight.steps_left:
        flight.advance()

    for rested, straight in zip(flight.mels(), sample(model, items), strict=True):
        assert torch.equal(rested, straight)


def test_every_piece_sounds_as_it_does_in_one_call() -> None:
    speaker = engine()
    pieces = {
        "a": item(40, seed=1),
        "b": item(90, seed=2, steps=5),
        "c": item(41, seed=3),
        "d": item(44, seed=4, cfg_strength=0.0),
    }
    turns = turns_of(speaker)

    assert turns.admit(pieces) == {}
    outcomes = {key: wave for landed in all_landed(turns) for key, wave in landed.outcomes.items()}

    assert outcomes.keys() == pieces.keys()
    for key, piece in pieces.items():
        alone, wave = speaker.synthesize([piece])[0][0], outcomes[key]
        assert isinstance(alone, np.ndarray)
        assert isinstance(wave, np.ndarray)
        np.testing.assert_allclose(wave, alone, atol=1e-4 * float(np.abs(alone).max()))


def test_a_short_piece_overtakes_a_long_one_that_is_under_way() -> None:
    turns = turns_of(engine())
    turns.admit({"long": item(200, seed=1, steps=8)})
    assert turns.turn() is None
    turns.admit({"short": item(30, seed=2, steps=4)})

    assert turns.upcoming() == ("short",)
    assert [list(landed.outcomes) for landed in all_landed(turns)] == [["short"], ["long"]]


def test_what_is_nearly_done_is_not_overtaken_by_what_has_more_ahead() -> None:
    turns = turns_of(engine())
    turns.admit({"long": item(100, seed=1, steps=8)})
    for _ in range(7):
        turns.turn()
    turns.admit({"other": item(50, seed=2, steps=4)})

    assert turns.upcoming() == ("long",)


def test_who_has_waited_too_long_goes_before_all_shorter_ones() -> None:
    turns = turns_of(engine(), patience_s=50.0)
    turns.admit({"long": item(200, seed=1, steps=8)})
    order: list[str] = []
    for number in range(40):
        turns.admit({f"short {number}": item(30, seed=2, steps=1)})
        landed = turns.turn()
        order += landed.outcomes if landed is not None else []

    assert "long" in order, "it starved"
    assert order.index("long") > 0, "nobody overtook it"


def test_the_turn_is_of_the_batch_that_was_announced_whatever_the_clock_says() -> None:
    clock = Clock()
    turns = turns_of(engine(), patience_s=50.0, clock=clock)
    turns.admit({"long": item(200, seed=1, steps=2)})
    turns.admit({"short": item(30, seed=2, steps=1)})

    assert turns.upcoming() == ("short",)
    clock.now += 100.0  # the long one's patience ends
    landed = turns.turn()

    assert landed is not None
    assert list(landed.outcomes) == ["short"]
    assert turns.upcoming() == ("long",)


def test_what_nobody_waits_for_takes_no_turn() -> None:
    turns = turns_of(engine())
    turns.admit({"gone": item(30, seed=1), "here": item(90, seed=2)})

    turns.keep({"here"})

    assert [list(landed.outcomes) for landed in all_landed(turns)] == [["here"]]


def test_what_is_to_be_spoken_apart_shares_no_batch() -> None:
    turns = turns_of(engine())
    turns.admit({"a": item(40, seed=1), "b": item(40, seed=2), "c": item(40, seed=3)}, apart={"b"})

    assert sorted(sorted(landed.outcomes) for landed in all_landed(turns)) == [["a", "c"], ["b"]]


def test_a_piece_out_of_range_is_refused_and_its_mates_are_taken_in() -> None:
    turns = turns_of(engine())

    refused = turns.admit({"bad": item(40, seed=1, steps=0), "good": item(40, seed=2)})

    assert refused.keys() == {"bad"}
    assert isinstance(refused["bad"], ValueRefusedError)
    assert [list(landed.outcomes) for landed in all_landed(turns)] == [["good"]]


def test_a_batch_without_enough_memory_is_cut_until_only_the_guilty_piece_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def starving(
        self: Flight, model: DiT, items: Sequence[SampleItem], runner: Steps | None = None
    ) -> None:
        if any(piece.seed == 3 for piece in items):
            raise torch.OutOfMemoryError("CUDA out of memory")
        original(self, model, items, runner)

    original = Flight.__init__
    monkeypatch.setattr(Flight, "__init__", starving)
    turns = turns_of(engine())
    turns.admit({str(seed): item(40, seed=seed) for seed in (1, 2, 3, 4)})

    outcomes = {key: wave for landed in all_landed(turns) for key, wave in landed.outcomes.items()}

    assert isinstance(outcomes["3"], OutOfMemoryError)
    assert all(isinstance(outcomes[key], np.ndarray) for key in ("1", "2", "4"))
    assert turns.cuts == 3


def test_a_failure_in_the_middle_of_a_batch_is_that_piece_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(self: Flight, steps: int = 1) -> None:
        if self.steps_left == 2 and any(piece.seed == 2 for piece in self._items):
            raise RuntimeError("no")
        original(self, steps)

    original = Flight.advance
    monkeypatch.setattr(Flight, "advance", failing)
    turns = turns_of(engine())
    turns.admit({"a": item(40, seed=1), "b": item(40, seed=2)})

    outcomes = {key: wave for landed in all_landed(turns) for key, wave in landed.outcomes.items()}

    assert isinstance(outcomes["a"], np.ndarray)
    assert isinstance(outcomes["b"], SynthesisError)


def test_the_cost_is_told_when_a_batch_is_through() -> None:
    turns = turns_of(engine())
    turns.admit({"a": item(40, seed=1), "b": item(38, seed=2)})

    (landed,) = all_landed(turns)

    assert (landed.frames, landed.padded_frames) == (78, 80)
    assert landed.inference_s > 0
