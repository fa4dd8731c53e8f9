"""What grows, and what is lost, is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from loadtests.bounds import LOOKS, cheap, parts, violations, with_one_step
from loadtests.profile import load_profile
from loadtests.watch import Holding
from loadtests.workload import Workload, read_material

GOOD = Counter({"spoken": 2_400, "refused": 600})


def looks(**last: Any) -> list[Holding]:
    """The same at every look, but at the last two."""
    steady = Holding(
        at_s=1.0, processes=9, rss_bytes=1_000, own_bytes=500, kinds={}, descriptors=100, threads=50, files=20
    )  # fmt: skip
    return [steady] * (LOOKS - 2) + [msgspec.structs.replace(steady, **last)] * 2


def test_what_stays_as_it_is_is_fine() -> None:
    assert violations(GOOD, looks(descriptors=110, own_bytes=505)) == []


def test_pages_of_files_are_no_leak() -> None:
    assert violations(GOOD, looks(rss_bytes=1_200)) == []


def test_of_few_requests_memory_is_not_judged() -> None:
    assert violations(Counter({"spoken": 80, "refused": 20}), looks(own_bytes=600)) == []


@pytest.mark.parametrize(
    ("grown", "told"),
    [
        ({"own_bytes": 550}, "memory grew from 0 to 0 MB (+10.0%)"),
        ({"descriptors": 200}, "descriptors: 100 before, 200 after"),
        ({"threads": 100}, "threads: 50 before"),
        ({"files": 60}, "files: 20 before"),
        ({"processes": 10}, "processes: 9 before"),
    ],
)
def test_each_thing_that_grows_is_told(grown: dict[str, Any], told: str) -> None:
    (found,) = violations(GOOD, looks(**grown))

    assert told in found


def test_answers_that_are_wrong_are_told() -> None:
    assert violations(Counter({"spoken": 9, "wrong": 1}), looks()) == ["1 wrong"]


def test_requests_are_cheap_and_a_fifth_of_them_is_bad() -> None:
    workload = Workload(cheap(load_profile("smoke")), read_material())
    wishes = [with_one_step(workload.wish(number)) for number in range(1_000)]
    good = [msgspec.json.decode(wish.body) for wish in wishes if wish.refusal is None]

    assert sum(wish.refusal is not None for wish in wishes) == pytest.approx(200, abs=50)
    assert all(fields["steps"] == 1 and "quality" not in fields for fields in good)


def test_every_request_is_sent_once() -> None:
    assert [number for part in parts(1_003, LOOKS) for number in part] == list(range(1_003))
