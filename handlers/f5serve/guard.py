"""Speech is looked at before it is sent: what is plainly no good is spoken once more, with another seed.

Found is what a listener would call broken whatever the text: silence, speech that ends far too early, a long hole,
overload. Whether the right words are said is not looked at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from f5serve import audio
from f5serve.errors import NotFiniteError, ServeError
from f5serve.settings import GuardSettings

if TYPE_CHECKING:
    from f5serve.audio import Samples

HEADER: Final = "X-Guard"
Reason: TypeAlias = Literal["not_finite", "silence", "length", "pause", "clipping"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
"""What can be wrong, the worst first."""

_LEAST_LEVEL: Final = 1e-6  # stands for silence where a logarithm is taken
_MARGINS_S: Final = 0.25
"""Silence around speech of any length: a word of one syllable lies in little else."""
_TOLD: Final = re.compile(r"retried=(\d+); mended=(\d+); reason=(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured of a piece of speech.

    Attributes:
        level_db: Its level by that of the reference, in decibels; pauses do not count.
        duration_s: Its length, seconds.
        spoken_s: From the beginning to the end of its speech, seconds.
        pause_s: The longest silence within its speech, seconds at speed 1.
        clipped_share: Samples beyond full scale, by all.
    """

    level_db: float
    duration_s: float
    spoken_s: float
    pause_s: float
    clipped_share: float

    @property
    def spoken_share(self) -> float:
        """How much of it lies between the beginning and the end of speech."""
        return self.spoken_s / self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a piece is no good.

    Attributes:
        reason: What is wrong with it; of several, the worst.
        excess: How far it is beyond what is allowed; compared within a reason only.
    """

    reason: Reason
    excess: float = 0.0

    def badness(self) -> tuple[int, float]:
        """Answer what faults are ordered by; the larger is the worse."""
        return -REASONS.index(self.reason), self.excess


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A piece that was spoken twice.

    Attributes:
        reason: What was wrong the first time.
        mended: Whether the second time nothing was.
    """

    reason: Reason
    mended: bool


def measure(samples: Samples, *, reference_level: float, speed: float) -> Measures:
    """Measure a piece of speech.

    Args:
        samples: 24 kHz mono, at least one.
        reference_level: Level of the reference's speech, RMS (full scale 1).
        speed: What the caller asked for; pauses grow with slowness.
    """
    loudest = audio.loudest_power(samples)
    first, last = audio.speech_extent(samples, loudest_power=loudest) or (0, 0)
    level = max(audio.speech_level(samples), _LEAST_LEVEL) / max(reference_level, _LEAST_LEVEL)
    return Measures(
        level_db=20 * float(np.log10(level)),
        duration_s=audio.seconds(samples),
        spoken_s=(last - first) / audio.SAMPLE_RATE_HZ,
        pause_s=float(audio.pauses_s(samples, loudest_power=loudest).max(initial=0.0)) * speed,
        clipped_share=float(np.mean(np.abs(samples) > 1.0)),
    )


def fault_of(measures: Measures, limits: GuardSettings) -> Fault | None:
    """Answer the worst fault of a piece, or None."""
    if measures.level_db < limits.min_level_db:
        return Fault(reason="silence", excess=limits.min_level_db - measures.level_db)
    least_s = limits.min_spoken_share * (measures.duration_s - _MARGINS_S)
    if measures.spoken_s < least_s:
        return Fault(reason="length", excess=least_s - measures.spoken_s)
    if measures.pause_s > limits.max_pause_s:
        return Fault(reason="pause", excess=measures.pause_s - limits.max_pause_s)
    if measures.clipped_share > limits.max_clipped_share:
        return Fault(reason="clipping", excess=measures.clipped_share - limits.max_clipped_share)
    return None


def inspect(
    outcome: Samples | ServeError, limits: GuardSettings, *, reference_level: float, speed: float
) -> Fault | None:
    """Look at what a model gave for a piece.

    Args:
        outcome: Speech at the level in which it is sent, or an error.
        limits: What is allowed.
        reference_level: Level of the reference's speech, RMS (full scale 1).
        speed: What the caller asked for.

    Returns:
        The fault; None for good speech, and for an error that another seed would not mend.
    """
    if isinstance(outcome, NotFiniteError):
        return Fault(reason="not_finite")
    if isinstance(outcome, ServeError):
        return None
    if not len(outcome):
        return Fault(reason="silence")
    return fault_of(measure(outcome, reference_level=reference_level, speed=speed), limits)


def retry_seed(seed: int) -> int:
    """Answer the seed of the second time: the same whatever else is in the batch."""
    digest = hashlib.blake2b(f"{seed}:again".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def told(retries: Sequence[Retry]) -> dict[str, str]:
    """Answer the header about pieces that were spoken twice; none where none was."""
    if not retries:
        return {}
    reasons = [reason for reason in REASONS if any(retry.reason == reason for retry in retries)]
    mended = sum(retry.mended for retry in retries)
    return {HEADER: f"retried={len(retries)}; mended={mended}; reason={','.join(reasons)}"}


def heard(headers: Mapping[str, str]) -> Retry | None:
    """Read the header of one piece; None where there is none, or it is not understood."""
    found = _TOLD.fullmatch(headers.get(HEADER, ""))
    reason = next((reason for reason in REASONS if found and found[3] == reason), None)
    if found is None or reason is None:
        return None
    return Retry(reason=reason, mended=found[2] != "0")
