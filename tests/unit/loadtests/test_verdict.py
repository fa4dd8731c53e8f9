"""The verdict: exact percentiles, nothing lost, limits that bite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadtests.profile import Limits, Profile, load_profile
from loadtests.report import draw, write_page
from loadtests.samples import Journal, Outcome, Run, Sample, Sent, percentile, read_run
from loadtests.verdict import Part, Summary, Times, knee, summarise, table, violations
from loadtests.watch import growth


def sample(number: int, outcome: Outcome = "spoken", **changes: Any) -> Sample:
    fields = {
        "number": number, "kind": "whole", "stage": 0, "due_s": 5.0 + number / 10, "elapsed_s": 1.0,
        "outcome": outcome, "language": "fr", "told_language": "fr", "audio_s": 2.0,
    }  # fmt: skip
    return Sample(**{**fields, **changes})


def run_of(*samples: Sample, lost: tuple[int, ...] = ()) -> Run:
    return Run(sent=(*(one.number for one in samples), *lost), samples=samples)


def smoke(**limits: Any) -> Profile:
    return msgspec.structs.replace(
        load_profile("smoke"), limits=Limits(**{"min_spoken": 1, **limits})
    )


def judged(profile: Profile, run: Run, rss_growth: float | None = None) -> list[str]:
    return violations(profile.limits, summarise(profile, run, rss_growth))


def test_percentiles_are_values_that_were_measured() -> None:
    values = [0.1234567 * n for n in range(100, 0, -1)]

    assert percentile(values, 50) == 0.1234567 * 50
    assert percentile(values, 99) == 0.1234567 * 99
    assert percentile(values, 100) == 0.1234567 * 100
    assert percentile([3.0], 1) == 3.0
    assert percentile([], 50) is None


def test_a_run_in_which_all_is_well_keeps_every_limit() -> None:
    run = run_of(sample(1), sample(2, "refused"), sample(3))

    assert judged(smoke(p95_s=1.0), run) == []


@pytest.mark.parametrize("outcome", ["wrong", "broken", "hung"])
def test_one_bad_end_breaks_any_profile(outcome: Outcome) -> None:
    (told,) = judged(smoke(), run_of(sample(1), sample(2, outcome)))

    assert f"{outcome} 1" in told


def test_a_request_of_which_nothing_was_heard_breaks_any_profile() -> None:
    (told,) = judged(smoke(), run_of(sample(1), lost=(2,)))

    assert "unanswered 1" in told


def test_a_request_that_was_answered_twice_breaks_any_profile() -> None:
    assert judged(smoke(), run_of(sample(1), sample(1)))


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"min_spoken": 5}, "at least 5"),
        ({"p50_s": 0.5}, "p50_s is 1.00 s"),
        ({"p95_s": 0.5}, "p95_s is 1.00 s"),
        ({"p99_s": 0.5}, "p99_s is 1.00 s"),
        ({"first_audio_p95_s": 0.1}, "first_audio_p95_s is 0.40 s"),
        ({"max_shed_share": 0.2}, "1 of 4 requests shed"),
        ({"max_shed_share": 1.0, "max_failed_share": 0.1}, "1 of 4 requests failed"),
        ({"max_rss_growth": 0.02}, "memory grew by 3.0%"),
    ],
)
def test_each_limit_bites(limits: dict[str, Any], told: str) -> None:
    run = run_of(
        sample(1), sample(2, kind="stream", first_s=0.4), sample(3, "shed"), sample(4, "failed")
    )
    generous = {"max_shed_share": 0.5, "max_failed_share": 0.5, "max_rss_growth": 0.5}

    (found,) = judged(smoke(**{**generous, **limits}), run, rss_growth=0.03)

    assert told in found


def test_a_limit_for_which_nothing_was_measured_is_not_kept() -> None:
    told = judged(smoke(first_audio_p95_s=9.0, max_rss_growth=0.5), run_of(sample(1)))

    assert len(told) == 2


def test_the_warm_up_is_left_out_of_times_but_not_of_what_is_lost() -> None:
    early = sample(1, "broken", due_s=0.5, elapsed_s=50.0)
    summary = summarise(smoke(), run_of(early, sample(2)))

    assert summary.total.sent == 1
    assert summary.total.whole.p99_s == 1.0
    assert summary.conservation.broken == 1


def part(name: str, speech: float) -> Part:
    times = Times(n=0, p50_s=None, p95_s=None, p99_s=None)
    return Part(
        name=name, seconds=1, sent=1, spoken=1, shed=0, speech_s_per_s=speech, whole=times,
        first_byte=times,
    )  # fmt: skip


def test_the_knee_is_where_more_callers_bring_no_more_speech() -> None:
    parts = [part("1", 2.0), part("2", 3.9), part("4", 5.0), part("8", 5.1), part("16", 9.0)]

    assert knee(parts) == "4"
    assert knee(parts[:1]) is None
    assert knee(parts[:3]) == "4"


def test_growth_is_told_by_medians_and_only_of_enough_looks() -> None:
    steady = [100.0, 101.0, 99.0, 900.0, 100.0] * 6

    assert growth(steady) == 0.0
    assert growth([100.0] * 20 + [110.0] * 20) == pytest.approx(0.1)
    assert growth([1.0] * 9) is None


def test_samples_of_several_processes_are_read_together(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "1.jsonl"), Journal(tmp_path / "2.jsonl")
    for number, journal in ((1, one), (2, other)):
        journal.write(Sent(number=number, due_s=1.0))
        journal.write(sample(number))
    other.write(Sent(number=3, due_s=2.0))

    run = read_run(tmp_path)

    assert run.sent == (1, 2, 3)
    assert run.unanswered() == [3]


def test_a_run_becomes_a_table_a_picture_and_a_page(tmp_path: Path) -> None:
    profile = smoke()
    run = run_of(sample(1), sample(2, "shed"), sample(3, "wrong", reason="<b> in place of speech"))
    summary: Summary = summarise(profile, run)
    draw(profile, run, [], tmp_path / "report.png")
    write_page(tmp_path / "report.html", tmp_path / "report.png", "smoke", summary, ["a < b"])

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert "&lt;b&gt; in place of speech" in page
    assert "a &lt; b" in page
    assert "wrong 1" in table(summary)
