"""What is plainly no good is found by its sound, told in a header, and spoken again with a seed of its own."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from f5serve.errors import NotFiniteError, OutOfMemoryError
from f5serve.guard import REASONS, Fault, Reason, Retry, heard, inspect, retry_seed, told
from f5serve.settings import GuardSettings
from scripts.guard_bench import LANGUAGES, RECORD
from scripts.package import ROOT

Samples = NDArray[np.float32]
RATE_HZ = 24_000
LIMITS = GuardSettings()
LEVEL = 0.1


def speech(duration_s: float, level: float = LEVEL) -> Samples:
    return np.random.default_rng(1).normal(0, level, round(duration_s * RATE_HZ)).astype(np.float32)


def silence(duration_s: float) -> Samples:
    return np.zeros(round(duration_s * RATE_HZ), dtype=np.float32)


def reason_of(*parts: Samples, speed: float = 1.0) -> str | None:
    fault = inspect(np.concatenate(parts), LIMITS, reference_level=LEVEL, speed=speed)
    return fault.reason if fault else None


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([speech(2.0)], None),
        ([silence(0.1), speech(2.0, LEVEL / 4), silence(0.2)], None),
        ([speech(1.0), silence(1.2), speech(1.0)], None),
        ([silence(0.15), speech(0.12), silence(0.15)], None),
        ([silence(2.0)], "silence"),
        ([speech(2.0, LEVEL / 20)], "silence"),
        ([speech(0.5), silence(2.0)], "length"),
        ([speech(1.0), silence(1.8), speech(1.0)], "pause"),
        ([speech(2.0, level=0.8)], "clipping"),
        ([silence(0.0)], "silence"),
    ],
    ids=[
        "good", "soft", "a pause", "a syllable", "silent", "murmur", "ends early", "a hole", "overload", "nothing",
    ],
)  # fmt: skip
def test_a_piece_is_judged_by_what_is_heard(parts: list[Samples], reason: str | None) -> None:
    assert reason_of(*parts) == reason


def test_slow_speech_may_have_longer_pauses_and_fast_speech_may_not() -> None:
    parts = [speech(1.0), silence(1.8), speech(1.0)]

    assert reason_of(*parts, speed=0.5) is None
    assert reason_of(speech(1.0), silence(1.2), speech(1.0), speed=2.0) == "pause"


def test_an_error_that_no_seed_would_mend_is_no_reason_to_speak_again() -> None:
    def fault(outcome: NotFiniteError | OutOfMemoryError) -> Fault | None:
        return inspect(outcome, LIMITS, reference_level=LEVEL, speed=1.0)

    assert fault(OutOfMemoryError("too large")) is None
    assert fault(NotFiniteError("nan")) == Fault(reason="not_finite")


def test_of_two_faults_the_one_that_is_heard_more_is_the_worse() -> None:
    faults = [Fault(reason=reason) for reason in REASONS]

    assert sorted(faults, key=Fault.badness, reverse=True) == faults
    assert Fault(reason="pause", excess=2.0).badness() > Fault(reason="pause").badness()


@given(st.integers(0, 2**63 - 1))
def test_the_second_seed_is_another_the_same_each_time_and_one_that_the_engine_takes(
    seed: int,
) -> None:
    assert retry_seed(seed) == retry_seed(seed) != seed
    assert 0 <= retry_seed(seed) < 2**63


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("mended", [True, False])
def test_the_router_hears_what_a_model_tells(reason: Reason, mended: bool) -> None:
    retry = Retry(reason=reason, mended=mended)

    assert heard(told([retry])) == retry


def test_of_several_pieces_the_numbers_are_told_and_each_reason_once() -> None:
    retries = [
        Retry(reason="clipping", mended=True),
        Retry(reason="silence", mended=False),
        Retry(reason="silence", mended=True),
    ]

    assert told(retries) == {"X-Guard": "retried=3; mended=2; reason=silence,clipping"}
    assert told([]) == {}


@pytest.mark.parametrize("value", ["", "nonsense", "retried=1; mended=1; reason=boredom"])
def test_a_header_that_is_not_understood_is_no_retry(value: str) -> None:
    assert heard({"X-Guard": value}) is None


def test_on_the_demos_speech_it_is_recorded_that_nearly_nothing_is_spoken_twice() -> None:
    record = json.loads((ROOT / RECORD).read_text(encoding="utf-8"))

    assert record["bounds"] == msgspec.to_builtins(LIMITS), "measure again: make guard-bench"
    assert sorted(record["languages"]) == sorted(LANGUAGES)
    assert all(row["texts"] >= 20 for row in record["languages"].values())
    assert record["spoken_twice"] <= 0.01 * record["pieces"]
