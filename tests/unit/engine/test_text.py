from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from f5serve.engine.text_embedding import stretched_index
from f5serve.engine.tokenizer import Vocabulary


@given(tokens=st.integers(1, 200), more=st.integers(0, 500))
def test_stretching_gives_every_frame_a_token_in_order_and_none_twice_as_much(
    tokens: int, more: int
) -> None:
    index = stretched_index(tokens, tokens + more)

    counts = torch.bincount(index, minlength=tokens)
    assert index.shape == (tokens + more,)
    assert bool((index.diff() >= 0).all())
    assert int(counts.max() - counts.min()) <= 1


def test_the_last_tokens_get_what_is_left_over() -> None:
    assert stretched_index(3, 8).tolist() == [0, 0, 1, 1, 1, 2, 2, 2]


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary({" ": 0, "a": 1, "zhong1": 2})


def test_an_unknown_token_becomes_the_space(vocabulary: Vocabulary) -> None:
    assert vocabulary.ids(["zhong1", "€", "a"]) == (2, 0, 1)


def test_unknown_tokens_are_told_as_often_as_they_occur(vocabulary: Vocabulary) -> None:
    assert vocabulary.unknown(["a", "€", " ", "€"]) == ["€", "€"]


def test_a_vocabulary_knows_its_size_and_its_tokens(vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == 3
    assert "a" in vocabulary
    assert "b" not in vocabulary
