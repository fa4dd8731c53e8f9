"""Torch's threads follow the cores that are this worker's, from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import torch

from f5serve.engine.dit import DiT
from f5serve.engine.engine import F5Engine
from f5serve.engine.threads import Threads
from tests.unit.engine.models import engine, item


class Cores:
    """Shares that change from look to look; the last one stays."""

    def __init__(self, shares: Sequence[int]) -> None:
        self.shares = list(shares)
        self.computing_now = False
        self.times = 0

    @contextmanager
    def computing(self) -> Iterator[None]:
        assert not self.computing_now
        self.computing_now = True
        self.times += 1
        try:
            yield
        finally:
            self.computing_now = False

    def share(self) -> int:
        assert self.computing_now
        return self.shares.pop(0) if len(self.shares) > 1 else self.shares[0]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many threads each step has."""
    noted: list[int] = []
    velocity = DiT.velocity

    def noting(self: DiT, *given: object) -> torch.Tensor:
        noted.append(torch.get_num_threads())
        return velocity(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(DiT, "velocity", noting)
    return noted


def spoken(speaker: F5Engine, steps: int) -> torch.Tensor:
    (mel,) = speaker.mels([item(steps=steps)])[0]
    assert isinstance(mel, torch.Tensor)
    return mel


def test_each_step_has_as_many_threads_as_there_are_cores_for_it(used: list[int]) -> None:
    # The first look is that of the batch, before its first step.
    spoken(engine(cores=Cores([2, 2, 1, 3])), steps=5)

    assert used == [2, 1, 3, 3, 3]


def test_a_worker_shares_while_it_computes_and_only_then() -> None:
    cores = Cores([1])
    speaker = engine(cores=cores, max_batch_items=1)

    outcomes, stats = speaker.synthesize([item(40), item(60)])

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert cores.times == stats.batches == 2
    assert not cores.computing_now


def test_turns_share_as_batches_do(used: list[int]) -> None:
    cores = Cores([2])
    turns = engine(cores=cores).turns(turn_s=0.0, patience_s=1e9)
    turns.admit({"one": item(steps=3)})

    landed = None
    while landed is None:
        landed = turns.turn()

    assert used == [2, 2, 2]
    assert cores.times == 3


def test_the_number_of_threads_is_not_heard(used: list[int]) -> None:
    one, changing = (spoken(engine(cores=Cores(shares)), steps=4) for shares in ([1], [1, 2, 1, 3]))

    assert set(used) == {1, 2, 3}
    assert torch.allclose(one, changing, atol=1e-5)


def test_without_cores_to_share_torch_is_left_as_it_is(used: list[int]) -> None:
    torch.set_num_threads(3)

    with Threads().computing():
        spoken(engine(), steps=2)

    assert used == [3, 3]
