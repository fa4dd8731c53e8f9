"""A load profile: what is asked for, how fast, and what the server must keep to. One YAML file each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from f5serve.encoding import STREAMED
from f5serve.errors import ConfigurationError
from scripts.slo import Slo

FOLDER: Final = Path(__file__).parent / "profiles"

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]


class Stage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time with the same load: callers that wait for their answers, or arrivals that do not.

    Attributes:
        name: What the stage is called in tables.
        seconds: How long it lasts.
        users: Callers, each with one request at a time.
        rate_per_s: Mean arrivals a second, whether or not earlier ones are answered.
    """

    name: str
    seconds: Positive
    users: Annotated[int, Meta(ge=1)] | None = None
    rate_per_s: Positive | None = None

    def __post_init__(self) -> None:
        if (self.users is None) == (self.rate_per_s is None):
            raise ValueError(f"stage {self.name!r} needs one of users and rate_per_s")


class Mix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; shares are of all requests.

    Attributes:
        languages: Weight of each language.
        formats: Weight of each format.
        qualities: Weight of each quality.
        stream_share: Requests that are streamed.
        openai_share: Requests on OpenAI's path.
        explicit_share: Requests that name their language; the others leave it to be detected.
        bad_share: Requests that must be refused.
        voice_exponent: Exponent of Zipf's law over the voices of a script, the language's own being the first.
        longest_s: Texts of the trace are cut to so many seconds of speech.
    """

    languages: Mapping[str, Positive]
    formats: Mapping[Literal["wav", "flac", "mp3", "opus", "pcm"], Positive]
    qualities: Mapping[Literal["draft", "standard", "high"], Positive]
    stream_share: Share
    openai_share: Share
    explicit_share: Share
    bad_share: Share
    voice_exponent: Positive
    longest_s: Positive

    def __post_init__(self) -> None:
        if self.stream_share and not set(self.formats) & set(STREAMED):
            raise ValueError(f"stream_share needs one of the formats {', '.join(STREAMED)}")
        if not self.languages or not self.qualities or not self.formats:
            raise ValueError("languages, formats and qualities must each name one at least")


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run must keep to; what is absent is not judged.

    Nothing may be lost, broken or wrong in any run: that is no limit, it always holds.

    Attributes:
        min_spoken: Fewest spoken answers; a run that asked for nothing proves nothing.
        p50_s: Median time until a whole answer is there.
        p95_s: The same, of 95 in 100.
        p99_s: The same, of 99 in 100.
        first_audio_p95_s: Time until the first byte of a stream, of 95 in 100.
        max_shed_share: Requests that may be answered 429 or 503 with ``Retry-After``.
        max_failed_share: Requests that may be answered with another named error.
        max_unavailable_share: Good requests that may get no speech, be they turned away, failed or lost.
        max_memory_growth: Growth of what the server's processes hold besides pages of files, as a share,
            after the warm-up, by its trend (``watch.growth``).
    """

    min_spoken: Annotated[int, Meta(ge=1)]
    p50_s: Positive | None = None
    p95_s: Positive | None = None
    p99_s: Positive | None = None
    first_audio_p95_s: Positive | None = None
    max_shed_share: Share = 0.0
    max_failed_share: Share = 0.0
    max_unavailable_share: Share | None = None
    max_memory_growth: Positive | None = None


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A load profile.

    Attributes:
        about: What the run is to find out.
        seed: Of everything that is drawn; the same seed asks for the same, in the same order.
        warm_up_s: Answers to what was sent before are checked, and left out of times.
        deadline_s: An answer that takes longer counts as hung.
        think_s: Pause of a caller between an answer and its next request.
        model: Ask this language model directly; the router where absent.
        stages: The load, one stage after the other.
        mix: What is asked for.
        limits: What the run must keep to.
    """

    about: str
    seed: Annotated[int, Meta(ge=0)]
    warm_up_s: Annotated[float, Meta(ge=0)]
    deadline_s: Positive
    think_s: Annotated[float, Meta(ge=0)] = 0.0
    model: str | None = None
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]
    mix: Mix
    limits: Limits

    def __post_init__(self) -> None:
        if len({stage.rate_per_s is None for stage in self.stages}) > 1:
            raise ValueError("the stages must all have users, or all have rate_per_s")
        if self.warm_up_s >= self.seconds:
            raise ValueError("warm_up_s takes the whole run")
        if self.model is not None and (self.mix.stream_share or self.mix.openai_share):
            raise ValueError("a single model neither streams nor knows OpenAI's path")

    @property
    def seconds(self) -> float:
        """How long requests are sent."""
        return sum(stage.seconds for stage in self.stages)

    def lasting(self, minutes: float) -> Profile:
        """Answer the same load for another time, each stage with its share of it.

        The warm-up stays as long as it is: caches are full after so many requests, however long the run. As
        the time after it, so the fewest spoken answers.

        Raises:
            ConfigurationError: If that leaves nothing beside the warm-up.
        """
        factor = minutes * 60.0 / self.seconds
        try:
            stages = tuple(
                msgspec.structs.replace(stage, seconds=stage.seconds * factor)
                for stage in self.stages
            )
            changed = msgspec.structs.replace(self, stages=stages)
            judged = (changed.seconds - self.warm_up_s) / (self.seconds - self.warm_up_s)
            least = max(1, round(self.limits.min_spoken * judged))
            limits = msgspec.structs.replace(self.limits, min_spoken=least)
            return msgspec.structs.replace(changed, limits=limits)
        except (ValueError, OverflowError) as error:
            raise ConfigurationError(f"cannot take {minutes:g} minutes: {error}") from error

    def held_to(self, slo: Slo) -> Profile:
        """Answer the same load, whose answers must keep to the service's objectives as well.

        Of the share of requests that may fail those that are turned away are a part, as for the alerts; that share
        is judged besides the two of a profile's own.
        """
        return msgspec.structs.replace(
            self,
            limits=msgspec.structs.replace(
                self.limits,
                p95_s=_stricter(self.limits.p95_s, slo.request_p95_s),
                first_audio_p95_s=_stricter(self.limits.first_audio_p95_s, slo.first_audio_p95_s)
                if self.mix.stream_share
                else self.limits.first_audio_p95_s,
                max_shed_share=min(self.limits.max_shed_share, slo.shed_share),
                max_failed_share=min(self.limits.max_failed_share, 1.0 - slo.availability),
                max_unavailable_share=1.0 - slo.availability,
            ),
        )

    @property
    def is_open_loop(self) -> bool:
        """Whether requests arrive without waiting for answers."""
        return self.stages[0].rate_per_s is not None

    def stage_at(self, elapsed_s: float) -> int | None:
        """Answer the place of the stage at a time; None before the run and when it is over."""
        end = 0.0
        for place, stage in enumerate(self.stages):
            end += stage.seconds
            if elapsed_s < end:
                return place
        return None

    def users_at(self, elapsed_s: float, generators: int = 1) -> int | None:
        """Answer how many callers there are; None when the run is over.

        Args:
            elapsed_s: Seconds in the run.
            generators: Processes that share the load. Arrivals that wait for nobody need one caller in each.
        """
        place = self.stage_at(elapsed_s)
        return None if place is None else self.stages[place].users or generators


def _stricter(limit: float | None, objective: float) -> float:
    return objective if limit is None else min(limit, objective)


def names() -> list[str]:
    """Answer the names of all profiles."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name: str, folder: Path = FOLDER) -> Profile:
    """Read a profile.

    Args:
        name: Its file's name without ``.yaml``, or the path of a file elsewhere.
        folder: Where it lies.

    Raises:
        ConfigurationError: If there is none, or something in it is wrong; names the file and the place.
    """
    path = Path(name) if name.endswith(".yaml") else folder / f"{name}.yaml"
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Profile)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no profile {name!r}; there are {', '.join(names())}"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
