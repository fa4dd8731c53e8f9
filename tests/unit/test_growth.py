"""The measure of growth tells a square from what is proportional, and a busy moment from both."""

from __future__ import annotations

import time

import pytest

from tests.unit.growth import assert_takes_less_than, assert_time_grows_with_length


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_work_in_proportion_to_the_length_passes() -> None:
    assert_time_grows_with_length(lambda text: busy(len(text) * 1e-5), "a", 500, 4_000)


def test_work_with_the_square_of_the_length_fails() -> None:
    with pytest.raises(AssertionError, match=r"'a': 8 times the length takes 6. times as long"):
        assert_time_grows_with_length(
            lambda text: busy((len(text) / 500) ** 2 * 2e-3), "a", 500, 4_000
        )


def test_one_busy_moment_is_not_taken_for_a_square() -> None:
    moments = iter([0.5])

    assert_time_grows_with_length(
        lambda text: busy(len(text) * 1e-5 + (next(moments, 0.0) if len(text) > 500 else 0.0)),
        "a",
        500,
        4_000,
    )


def test_what_the_last_characters_cost_is_not_taken_for_a_square() -> None:
    def tripled_by_its_end(text: str) -> None:
        busy(len(text) * 1e-5 * (3 if text.endswith("bc") else 1))

    assert_time_grows_with_length(tripled_by_its_end, "abc", 500, 4_002)


def test_what_is_always_too_slow_fails_and_what_is_so_once_does_not() -> None:
    moments = iter([0.1])

    assert_takes_less_than(0.05, lambda _text: busy(next(moments, 0.0)), "a")
    with pytest.raises(AssertionError, match=r"took 0\.1. s at best"):
        assert_takes_less_than(0.05, lambda _text: busy(0.1), "a")
