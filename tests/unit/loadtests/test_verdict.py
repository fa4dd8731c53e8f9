"""The verdict: exact percentiles, nothing lost, limits that bite."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from loadtests.profile import Limits, Profile, Stage, load_profile
from loadtests.report import draw, write_page
from loadtests.samples import Journal, Outcome, Run, Sample, Sent, percentile, read_run
from loadtests.verdict import (
    UNWATCHED,
    Part,
    Summary,
    Times,
    knee,
    summarise,
    table,
    violations,
)
from loadtests.watch import Growth, Holding, Kinds, Memory, growth, growths, holding


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


def judged(profile: Profile, run: Run, memory: Mapping[str, Growth] = UNWATCHED) -> list[str]:
    return violations(profile.limits, summarise(profile, run, memory))


def grown(share: float) -> Growth:
    after = 1e9 * (1 + share)
    return Growth(before_bytes=1e9, after_bytes=after, share=share, margin=0.004, looks=50)


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
        ({"max_unavailable_share": 0.45}, "2 of 4 good requests got no speech; 45.0% are allowed"),
        (
            {"max_memory_growth": 0.02},
            "memory grew from 1000 to 1030 MB (+3.0% ± 0.4%); 2.0% is allowed",
        ),
    ],
)
def test_each_limit_bites(limits: dict[str, Any], told: str) -> None:
    run = run_of(
        sample(1), sample(2, kind="stream", first_s=0.4), sample(3, "shed"), sample(4, "failed")
    )
    generous = {"max_shed_share": 0.5, "max_failed_share": 0.5, "max_memory_growth": 0.5}

    (found,) = judged(smoke(**{**generous, **limits}), run, {"own": grown(0.03), "rss": grown(0.9)})

    assert told in found


def test_a_limit_for_which_nothing_was_measured_is_not_kept() -> None:
    told = judged(smoke(first_audio_p95_s=9.0, max_memory_growth=0.5), run_of(sample(1)))

    assert len(told) == 2


def test_the_warm_up_is_left_out_of_times_but_not_of_what_is_lost() -> None:
    early = sample(1, "broken", due_s=0.5, elapsed_s=50.0)
    summary = summarise(smoke(), run_of(early, sample(2)))

    assert summary.total.sent == 1
    assert summary.total.whole.p99_s == 1.0
    assert summary.conservation.broken == 1


def test_speech_counts_in_the_stage_in_which_its_answer_ended() -> None:
    stages = [
        {"name": "few", "seconds": 10, "users": 2},
        {"name": "many", "seconds": 10, "users": 8},
    ]
    profile = msgspec.structs.replace(
        smoke(), warm_up_s=2.0, stages=msgspec.convert(stages, tuple[Stage, ...])
    )
    run = run_of(
        sample(1, due_s=1.0, elapsed_s=2.0),  # asked for in the warm-up, spoken after it
        sample(2, due_s=5.0, elapsed_s=2.0),
        sample(3, due_s=9.0, elapsed_s=4.0),  # asked for by the few, spoken in the time of the many
        sample(4, stage=1, due_s=12.0, elapsed_s=2.0),
        sample(5, stage=1, due_s=19.0, elapsed_s=30.0),  # spoken when all was over
    )

    summary = summarise(profile, run)

    assert [part.speech_s_per_s for part in summary.stages] == pytest.approx([4.0 / 8, 4.0 / 10])
    assert [part.spoken for part in summary.stages] == [2, 2]
    assert summary.total.speech_s_per_s == pytest.approx(8.0 / 18)


def test_who_asked_for_what_is_wrong_is_no_part_of_those_that_got_no_speech() -> None:
    refused = [sample(number, "refused") for number in range(2, 100)]
    run = run_of(sample(1), sample(100, "shed"), *refused)

    assert judged(smoke(max_shed_share=0.02, max_unavailable_share=0.02), run) == [
        "1 of 2 good requests got no speech; 2.0% are allowed"
    ]


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


def test_growth_is_the_rise_of_a_line_that_single_looks_do_not_move() -> None:
    steady = [100.0, 101.0, 99.0, 900.0, 100.0] * 6

    still, more = growth(steady), growth([1_000.0 + place for place in range(101)])

    assert still is not None
    assert abs(still.share) < 0.005
    assert more is not None
    assert (more.before_bytes, more.after_bytes) == pytest.approx((1_000.0, 1_100.0))
    assert (more.share, more.margin) == pytest.approx((0.1, 0.0))
    assert more.looks == 101
    assert growth([1.0] * 9) is None


@pytest.mark.parametrize(("together", "least"), [(0.0, 0.9), (0.8, 0.8)])
def test_the_margin_holds_the_growth_nearly_always(together: float, least: float) -> None:
    draw = np.random.default_rng(11)

    def looks() -> list[float]:
        """Grow by three in a hundred, with swings of one in a hundred that fade from look to look."""
        swing, told = 0.0, []
        for place in range(100):
            swing = together * swing + draw.normal(0.0, math.sqrt(1.0 - together**2))
            told.append(1_000.0 + 30.0 * place / 99 + 10.0 * swing)
        return told

    found = [one for _ in range(200) if (one := growth(looks())) is not None]

    assert sum(abs(one.share - 0.03) < one.margin for one in found) > least * len(found)
    assert all(one.margin > 0.003 for one in found), "an interval that is sure of swings is no use"


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


def test_memory_is_told_by_kind_of_process_and_pages_of_files_apart() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        processes = [psutil.Process(), psutil.Process(other.pid)]
        asked: list[int] = []

        def workers() -> dict[str, list[int]]:
            asked.append(1)
            return {"tts": [processes[0].pid], "f5_fr": [other.pid]}

        kinds = Kinds(workers)
        looks = [holding(processes, kinds, None, float(second)) for second in range(10)]
        other.communicate(b"\n")

    look = looks[-1]
    assert set(look.kinds) == {"router", "language"}
    assert look.processes == 2
    assert look.own_bytes == sum(kind.own_bytes for kind in look.kinds.values())
    assert 0 < look.own_bytes < look.rss_bytes
    assert len(asked) == 1, "the server is asked again only for processes that are new"
    assert set(growths(looks)) == {"own", "rss", "router", "language"}


def test_a_kind_that_grows_is_told_beside_the_others() -> None:
    def look(language: int) -> Holding:
        each = {
            "java": Memory(processes=1, rss_bytes=9, own_bytes=5),
            "language": Memory(processes=8, rss_bytes=language + 10, own_bytes=language),
        }
        return Holding(
            at_s=1.0, processes=9, rss_bytes=language + 19, own_bytes=language + 5, kinds=each,
            descriptors=1, threads=1, files=1,
        )  # fmt: skip

    found = growths([look(20)] * 10 + [look(30)] * 10)

    assert set(found) == {"own", "rss", "java", "language"}
    assert found["java"].share == 0.0
    assert found["language"].share > found["own"].share > found["rss"].share > 0.2
