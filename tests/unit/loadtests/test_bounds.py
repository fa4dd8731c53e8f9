"""What grows, and what is lost, is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from loadtests.bounds import cheap, looks, parts, violations, with_one_step
from loadtests.profile import load_profile
from loadtests.watch import Holding
from loadtests.workload import Workload, read_material

GOOD = Counter({"spoken": 2_400, "refused": 600})


def a_look(**changes: Any) -> Holding:
    steady: dict[str, Any] = {
        "at_s": 1.0, "processes": 9, "rss_bytes": 4 * 10**9, "own_bytes": 3 * 10**9, "kinds": {},
        "descriptors": 100, "threads": 50, "files": 20,
    }  # fmt: skip
    return Holding(**{**steady, **changes})


def at_last(**last: Any) -> list[Holding]:
    """The same at every look, but at the last ten of a hundred."""
    return [a_look()] * 90 + [a_look(**last)] * 10


def over_the_half(shares: Sequence[float]) -> list[Holding]:
    """As many steady looks as there are shares, then what is held grown by each share."""
    grown = [a_look(own_bytes=int(3e9 * (1 + share))) for share in shares]
    return [a_look()] * len(grown) + grown


def test_what_stays_as_it_is_is_fine() -> None:
    assert violations(GOOD, at_last(descriptors=110, own_bytes=3_005_000_000)) == []


def test_pages_of_files_are_no_leak() -> None:
    assert violations(GOOD, at_last(rss_bytes=5 * 10**9)) == []


def test_of_few_requests_memory_is_not_judged() -> None:
    few = Counter({"spoken": 80, "refused": 20})

    assert violations(few, at_last(own_bytes=4 * 10**9)) == []


def test_a_leak_of_three_in_a_hundred_is_told_through_swings_of_the_same_size() -> None:
    draw = np.random.default_rng(7)
    shares = [0.03 * place / 99 + draw.uniform(-0.015, 0.015) for place in range(100)]

    (told,) = violations(GOOD, over_the_half(shares))

    assert told.startswith("memory grew from ")
    assert "2% is allowed" in told


@pytest.mark.parametrize("teeth", [2, 3, 7, 10, 33])
def test_what_goes_up_and_comes_down_again_is_no_leak(teeth: int) -> None:
    shares = [0.03 * (place * teeth / 100 % 1.0) - 0.015 for place in range(100)]

    assert violations(GOOD, over_the_half(shares)) == []


def test_swings_without_a_trend_are_no_leak_though_the_last_look_is_high() -> None:
    draw = np.random.default_rng(7)
    shares = [draw.uniform(-0.015, 0.015) for _ in range(90)] + [0.025] * 5

    assert violations(GOOD, over_the_half(shares)) == []


def test_a_step_is_late_warm_up_near_the_beginning_and_growth_anywhere_else() -> None:
    def step(place: int) -> list[str]:
        return violations(GOOD, over_the_half([0.0] * place + [0.03] * (100 - place)))

    assert step(5) == step(10) == []
    assert all(step(place) for place in (20, 50, 80))


@pytest.mark.parametrize(
    ("grown", "told"),
    [
        ({"own_bytes": 3_300_000_000}, "memory grew from 29"),
        ({"descriptors": 200}, "descriptors: 100 before, 200 after"),
        ({"threads": 100}, "threads: 50 before"),
        ({"files": 60}, "files: 20 before"),
        ({"processes": 10}, "processes: 9 before"),
    ],
)
def test_each_thing_that_grows_is_told(grown: dict[str, Any], told: str) -> None:
    (found,) = violations(GOOD, at_last(**grown))

    assert told in found


def test_answers_that_are_wrong_are_told() -> None:
    assert violations(Counter({"spoken": 9, "wrong": 1}), at_last()) == ["1 wrong"]


def test_a_server_that_turns_good_requests_away_or_fails_them_by_name_does_not_pass() -> None:
    turned_away = Counter({"refused": 20, "shed": 70, "failed": 10})

    assert violations(turned_away, at_last()) == ["10 failed", "70 shed"]


def test_requests_are_cheap_and_a_fifth_of_them_is_bad() -> None:
    workload = Workload(cheap(load_profile("smoke")), read_material())
    wishes = [with_one_step(workload.wish(number)) for number in range(1_000)]
    good = [msgspec.json.decode(wish.body) for wish in wishes if wish.refusal is None]

    assert sum(wish.refusal is not None for wish in wishes) == pytest.approx(200, abs=50)
    assert all(fields["steps"] == 1 and "quality" not in fields for fields in good)


def test_every_request_is_sent_once() -> None:
    assert [number for part in parts(1_003, 20) for number in part] == list(range(1_003))


@pytest.mark.parametrize(("requests", "expected"), [(160, 20), (3_000, 60), (10_000, 200)])
def test_there_is_a_look_every_fifty_requests_and_there_are_twenty_at_least(
    requests: int, expected: int
) -> None:
    assert looks(requests) == expected
