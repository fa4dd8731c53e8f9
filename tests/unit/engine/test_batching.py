from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.engine.batching import plan

LENGTHS = st.lists(st.integers(min_value=1, max_value=3000), max_size=40)


@given(
    frames=LENGTHS,
    budget=st.integers(1, 10_000),
    items=st.integers(1, 16),
    cost=st.integers(0, 5_000),
)
def test_nothing_is_lost_or_repeated(frames: list[int], budget: int, items: int, cost: int) -> None:
    batches = plan(frames, budget, items, batch_cost_frames=cost)

    assert sorted(index for batch in batches for index in batch) == list(range(len(frames)))
    assert all(batches)


@given(
    frames=LENGTHS,
    budget=st.integers(1, 10_000),
    items=st.integers(1, 16),
    cost=st.integers(0, 5_000),
)
def test_only_an_item_that_is_too_long_by_itself_exceeds_the_budget(
    frames: list[int], budget: int, items: int, cost: int
) -> None:
    for batch in plan(frames, budget, items, batch_cost_frames=cost):
        padded = len(batch) * max(frames[index] for index in batch)
        assert len(batch) <= items
        assert padded <= budget or len(batch) == 1


@given(
    frames=LENGTHS,
    budget=st.integers(1, 10_000),
    items=st.integers(1, 16),
    cost=st.integers(0, 5_000),
)
def test_batches_never_cost_more_than_items_one_by_one(
    frames: list[int], budget: int, items: int, cost: int
) -> None:
    batches = plan(frames, budget, items, batch_cost_frames=cost)

    padded = sum(len(batch) * max(frames[index] for index in batch) for batch in batches)
    assert padded + cost * len(batches) <= sum(frames) + cost * len(frames)


def test_without_a_cost_of_a_batch_only_equal_lengths_share_one() -> None:
    assert plan([5, 9, 5, 7, 9], 100, 8) == [[1, 4], [3], [0, 2]]


def test_a_dear_batch_is_filled_with_unequal_lengths() -> None:
    assert plan([500, 900, 510, 880], 10_000, 8, batch_cost_frames=2_000) == [[1, 3, 2, 0]]


def test_a_short_item_is_not_padded_to_a_long_one_when_another_batch_is_cheaper() -> None:
    assert plan([100, 1_000, 90, 990], 10_000, 8, batch_cost_frames=200) == [[1, 3], [0, 2]]


def test_no_items_give_no_batches() -> None:
    assert plan([], 100, 8) == []


@pytest.mark.parametrize(("budget", "items", "cost"), [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_limits_that_allow_nothing_are_a_mistake(budget: int, items: int, cost: int) -> None:
    with pytest.raises(ValueError, match="limits of a batch"):
        plan([1], budget, items, batch_cost_frames=cost)
