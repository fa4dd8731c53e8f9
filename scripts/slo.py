"""The objectives of ``config/slo.yaml``, and the series by which alerts know them.

``make objectives`` writes ``config/monitoring/objectives.yaml``: one series for each objective, so that no
number stands in two places.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import yaml
from msgspec import Meta, Struct

from f5serve.errors import ConfigurationError
from f5serve.metrics import BUCKETS

ROOT: Final = Path(__file__).resolve().parent.parent
SLO: Final = Path("config/slo.yaml")
OBJECTIVES: Final = Path("config/monitoring/objectives.yaml")
PREFIX: Final = "f5serve:objective:"
HEAD: Final = "# Made from config/slo.yaml by `make objectives`.\n"

Share = Annotated[float, Meta(ge=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0)]


class Slo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service promises.

    Attributes:
        availability: Share of requests that are answered in full, over 30 days; 4xx do not count.
        first_audio_p95_s: 95 % of streams begin within this, seconds.
        request_p95_s: 95 % of answers are complete within this, seconds.
        queue_p95_s: 95 % of texts wait no longer beside their time in the model, seconds.
        rtf: Seconds in the model by seconds of speech.
        shed_share: Share of requests that may be turned away for want of room.
        guard_share: Share of pieces that may be spoken twice.
    """

    availability: Annotated[float, Meta(gt=0, lt=1)]
    first_audio_p95_s: Seconds
    request_p95_s: Seconds
    queue_p95_s: Seconds
    rtf: Annotated[float, Meta(gt=0)]
    shed_share: Share
    guard_share: Share


def read_slo(path: Path) -> Slo:
    """Read the objectives.

    Raises:
        ConfigurationError: If a value is missing, unknown or out of range, or a time is no end of a
            histogram's bucket: between two ends a percentile is only guessed, and beyond the last not known.
    """
    try:
        slo = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Slo)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    # Beyond the last end nothing is known, so an objective there could never be missed.
    ends = BUCKETS[:-1]
    for name in ("first_audio_p95_s", "request_p95_s", "queue_p95_s"):
        if getattr(slo, name) not in ends:
            shown = ", ".join(f"{end:g}" for end in ends)
            raise ConfigurationError(f"{path}: {name} must be an end of a bucket: one of {shown}")
    return slo


def objectives(slo: Slo) -> str:
    """Answer the rules file that makes a series of each objective."""
    rules = [
        {"record": f"{PREFIX}{name}", "expr": f"vector({value:g})"}
        for name, value in msgspec.structs.asdict(slo).items()
    ]
    document = {"groups": [{"name": "f5serve_objectives", "rules": rules}]}
    return HEAD + yaml.safe_dump(document, sort_keys=False)


def main() -> int:
    """Write the rules file."""
    try:
        text = objectives(read_slo(ROOT / SLO))
    except ConfigurationError as error:
        print(f"slo: {error}", file=sys.stderr)
        return 1
    (ROOT / OBJECTIVES).write_text(text, encoding="utf-8")
    print(f"slo: {OBJECTIVES} holds the objectives of {SLO}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
