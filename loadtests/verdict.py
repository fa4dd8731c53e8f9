"""What a run has shown, and whether that is good enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from loadtests.profile import Limits, Profile
from loadtests.samples import Run, Sample, percentile
from loadtests.watch import Growth

PERCENTS: Final = (50, 95, 99)
REASONS_SHOWN: Final = 20
UNWATCHED: Final[Mapping[str, Growth]] = MappingProxyType({})


class Times(Struct, frozen=True, kw_only=True):
    """Exact percentiles of times in seconds, and of how many."""

    n: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class Part(Struct, frozen=True, kw_only=True):
    """What a stage, or the whole run, has shown; the warm-up is left out.

    Attributes:
        name: Of the stage.
        seconds: How long it lasted.
        sent: Requests sent in it.
        spoken: Answered with speech that is as it should be.
        shed: Answered 429 or 503 with ``Retry-After``.
        speech_s_per_s: Goodput: seconds of good speech whose answers ended in it, for each of its seconds.
        whole: Time until an answer was whole.
        first_byte: Time until the first byte of a stream.
    """

    name: str
    seconds: float
    sent: int
    spoken: int
    shed: int
    speech_s_per_s: float
    whole: Times
    first_byte: Times


class Conservation(Struct, frozen=True, kw_only=True):
    """Where every request went, the warm-up's too; ``sent`` is the sum of all others.

    Attributes:
        sent: Requests sent.
        spoken: Answered 200, and the body is what was asked for.
        refused: Bad requests, answered with the status that they should be.
        shed: Answered 429 or 503 with ``Retry-After``.
        failed: Answered with another named error.
        wrong: Answered with what was not asked for, or with a nameless error.
        broken: The connection broke.
        hung: Not answered within the deadline.
        unanswered: Nothing more was heard.
    """

    sent: int
    spoken: int
    refused: int
    shed: int
    failed: int
    wrong: int
    broken: int
    hung: int
    unanswered: int

    def losses(self) -> int:
        """Answer the requests that came to no good end."""
        return self.wrong + self.broken + self.hung + self.unanswered

    def holds(self) -> bool:
        """Tell whether sent is what was answered with speech or a named error, and no more or less."""
        answered = self.spoken + self.refused + self.shed + self.failed
        return self.losses() == 0 and self.sent == answered


class Summary(Struct, frozen=True, kw_only=True):
    """What a run has shown.

    Attributes:
        conservation: Where every request went.
        total: All stages together.
        stages: Each stage.
        languages: Spoken answers of each language.
        misheard: Answers in another language than the text's, where it had to be detected.
        headers_ms: Percentiles of the stage times that answers tell in their headers.
        reasons: What was wrong, and how often; the most frequent first.
        knee: The last stage that more callers brought more speech; None with a single stage.
        memory: Growth of the server's memory after the warm-up (see ``watch.growths``); empty if it was not
            watched, or not for long enough.
    """

    conservation: Conservation
    total: Part
    stages: tuple[Part, ...]
    languages: dict[str, int]
    misheard: int
    headers_ms: dict[str, dict[str, float | None]]
    reasons: dict[str, int]
    knee: str | None
    memory: dict[str, Growth]


KNEE_GAIN: Final = 1.1
"""More callers must bring a tenth more speech, or the knee is behind."""


def summarise(profile: Profile, run: Run, memory: Mapping[str, Growth] = UNWATCHED) -> Summary:
    """Add up a run, and add what its server's memory did."""
    warm = [sample for sample in run.samples if sample.due_s >= profile.warm_up_s]
    spoken = [sample for sample in run.samples if sample.outcome == "spoken"]
    parts = []
    begun_s = 0.0
    for place, stage in enumerate(profile.stages):
        own = [sample for sample in warm if sample.stage == place]
        span = Span(max(begun_s, profile.warm_up_s), begun_s + stage.seconds)
        parts.append(_part(stage.name, span, own, _speech_s(spoken, span)))
        begun_s += stage.seconds
    whole = Span(profile.warm_up_s, profile.seconds)
    reasons = Counter(
        f"{sample.outcome}: {sample.kind}: {sample.reason}"
        for sample in run.samples
        if sample.reason
    )
    return Summary(
        conservation=_conservation(run),
        total=_part("all", whole, warm, _speech_s(spoken, whole)),
        stages=tuple(parts),
        languages=dict(sorted(Counter(sample.language for sample in spoken).items())),
        misheard=sum(sample.told_language != sample.language for sample in spoken),
        headers_ms={
            name: _headers_ms(warm, name) for name in ("queue_ms", "inference_ms", "first_audio_ms")
        },
        reasons=dict(reasons.most_common(REASONS_SHOWN)),
        knee=knee(parts),
        memory=dict(memory),
    )


def knee(parts: Sequence[Part]) -> str | None:
    """Answer the last stage up to which each brought a tenth more speech than the one before."""
    if len(parts) < 2:
        return None
    best = parts[0]
    for part in parts[1:]:
        if part.speech_s_per_s < best.speech_s_per_s * KNEE_GAIN:
            break
        best = part
    return best.name


def violations(limits: Limits, summary: Summary) -> list[str]:
    """Answer what a run did not keep to; empty if it is good."""
    kept, total = summary.conservation, summary.total
    told = [] if kept.holds() else [f"not every request came to a good end: {_lost(kept)}"]
    if total.spoken < limits.min_spoken:
        told.append(f"{total.spoken} spoken answers; at least {limits.min_spoken} are needed")
    for name, times, limit in (
        ("p50_s", total.whole.p50_s, limits.p50_s),
        ("p95_s", total.whole.p95_s, limits.p95_s),
        ("p99_s", total.whole.p99_s, limits.p99_s),
        ("first_audio_p95_s", total.first_byte.p95_s, limits.first_audio_p95_s),
    ):
        if limit is not None and times is None:
            told.append(f"{name} is limited, and nothing was timed for it")
        if limit is not None and times is not None and times > limit:
            told.append(f"{name} is {times:.2f} s; at most {limit:g} s are allowed")
    for name, count, share in (
        ("shed", kept.shed, limits.max_shed_share),
        ("failed", kept.failed, limits.max_failed_share),
    ):
        if count > share * kept.sent:
            told.append(f"{count} of {kept.sent} requests {name}; {share:.0%} are allowed")
    if limits.max_unavailable_share is not None:
        told += _unavailable(limits.max_unavailable_share, kept)
    if limits.max_memory_growth is not None:
        told += _growth(limits.max_memory_growth, summary.memory.get("own"))
    return told


def table(summary: Summary) -> str:
    """Lay a summary out for a terminal."""
    rows = [
        ("stage", "sent", "spoken", "shed", "speech s/s", "p50 s", "p95 s", "p99 s", "first p95 s")
    ]
    rows += [
            (
                part.name, str(part.sent), str(part.spoken), str(part.shed), f"{part.speech_s_per_s:.2f}",
                _shown(part.whole.p50_s), _shown(part.whole.p95_s), _shown(part.whole.p99_s),
                _shown(part.first_byte.p95_s),
            )
        for part in (*summary.stages, summary.total)
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    counts = msgspec.to_builtins(summary.conservation)
    lines.append("every request: " + ", ".join(f"{name} {n}" for name, n in counts.items()))
    lines += [f"  {count} x {reason}" for reason, count in summary.reasons.items()]
    lines += [f"memory, {name}: {growth}" for name, growth in summary.memory.items()]
    if summary.knee is not None:
        lines.append(f"knee: {summary.knee}")
    return "\n".join(lines)


class Span(NamedTuple):
    """A stretch of a run, in seconds since it began; empty where the warm-up takes all of a stage."""

    begin_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(self.end_s - self.begin_s, 0.0)


def _speech_s(spoken: Sequence[Sample], span: Span) -> float:
    """Answer the seconds of speech that ended within a stretch.

    An answer counts where it ended and not where it was asked for: at the end of a stage each caller has one
    under way, which the server speaks in the next stage's time. The more callers, the more that would flatter.
    """
    return sum(
        sample.audio_s
        for sample in spoken
        if span.begin_s <= sample.due_s + sample.elapsed_s < span.end_s
    )


def _part(name: str, span: Span, samples: Sequence[Sample], speech_s: float) -> Part:
    spoken = [sample for sample in samples if sample.outcome == "spoken"]
    return Part(
        name=name,
        seconds=span.seconds,
        sent=len(samples),
        spoken=len(spoken),
        shed=sum(sample.outcome == "shed" for sample in samples),
        speech_s_per_s=speech_s / span.seconds if span.seconds else 0.0,
        whole=_times([sample.elapsed_s for sample in spoken]),
        first_byte=_times([sample.first_s for sample in spoken if sample.first_s is not None]),
    )


def _times(values: Sequence[float]) -> Times:
    p50, p95, p99 = (percentile(values, percent) for percent in PERCENTS)
    return Times(n=len(values), p50_s=p50, p95_s=p95, p99_s=p99)


def _conservation(run: Run) -> Conservation:
    return Conservation(
        sent=len(set(run.sent)),
        spoken=run.count("spoken"),
        refused=run.count("refused"),
        shed=run.count("shed"),
        failed=run.count("failed"),
        wrong=run.count("wrong"),
        broken=run.count("broken"),
        hung=run.count("hung"),
        unanswered=len(run.unanswered()),
    )


def _headers_ms(samples: Sequence[Sample], name: str) -> dict[str, float | None]:
    values = [value for sample in samples if (value := getattr(sample, name)) is not None]
    return {f"p{percent}": percentile(values, percent) for percent in PERCENTS}


def _lost(kept: Conservation) -> str:
    counts: dict[str, int] = msgspec.to_builtins(kept)
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _unavailable(limit: float, kept: Conservation) -> list[str]:
    """Those turned away count, and what the caller did wrong does not, as for the alerts."""
    asked, missed = kept.sent - kept.refused, kept.shed + kept.failed + kept.losses()
    if missed <= limit * asked:
        return []
    return [f"{missed} of {asked} good requests got no speech; {limit:.1%} are allowed"]


def _growth(limit: float, own: Growth | None) -> list[str]:
    if own is None:
        return [
            "memory is limited, and was not watched, or too briefly: let the run start the server itself"
        ]
    if own.share > limit:
        return [f"memory grew from {own}; {limit:.1%} is allowed"]
    return []


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
