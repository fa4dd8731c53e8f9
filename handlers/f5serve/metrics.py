"""What is counted, under the names and labels that ``config/metrics.yaml`` declares.

A label's value is one of a few: a language, a model, a status, a reason. No text, voice or id is among them.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, Protocol


class Metric(NamedTuple):
    """One metric; a test holds all of them to the declaration.

    Attributes:
        name: As it is read on the metrics address.
        kind: A counter is added to; a histogram sorts what it is given, in seconds, into ``BUCKETS``.
        labels: Names of its labels; TorchServe adds the model's name and others.
    """

    name: str
    kind: Literal["counter", "histogram"]
    labels: tuple[str, ...] = ()


class Meter(Protocol):
    """Where something is counted."""

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Add to a counter, or sort a value into a histogram; one value for each label, in order."""


class Uncounted:
    """Counts nothing."""

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Forget it."""


OK: Final = "ok"
"""The reason of an answer that is no error."""
NONE: Final = "none"
"""Stands for a language or model that was not known yet when a request was refused."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper ends of every histogram's buckets: TorchServe's metrics library has these and no way to change them."""

# The router's, one request each.
REQUESTS: Final = Metric(
    "f5serve_requests_total", "counter", ("Language", "Model", "Code", "Reason")
)
RESOLUTIONS: Final = Metric("LanguageResolutions", "counter", ("Language", "Source"))
REQUEST_SECONDS: Final = Metric("f5serve_request_seconds", "histogram", ("Language",))
FIRST_AUDIO_SECONDS: Final = Metric("f5serve_first_audio_seconds", "histogram", ("Language",))
QUEUE_SECONDS: Final = Metric("f5serve_queue_seconds", "histogram", ("Language",))
ACCEPTED_SECONDS: Final = Metric("f5serve_accepted_audio_seconds_total", "counter", ("Language",))
FINISHED_SECONDS: Final = Metric("f5serve_finished_audio_seconds_total", "counter", ("Language",))
BACKEND_RETRIES: Final = Metric("f5serve_backend_retries_total", "counter", ("Model", "Reason"))

# A language model's, one batch each.
PIECES: Final = Metric("f5serve_pieces_total", "counter", ("Code", "Reason"))
AUDIO_SECONDS: Final = Metric("f5serve_audio_seconds_total", "counter", ("Language",))
INFERENCE_SECONDS: Final = Metric("f5serve_inference_seconds_total", "counter")
BATCHES: Final = Metric("f5serve_batches_total", "counter")
BATCH_FRAMES: Final = Metric("f5serve_batch_frames_total", "counter")
PADDING_FRAMES: Final = Metric("f5serve_padding_frames_total", "counter")
BATCHES_CUT: Final = Metric("f5serve_batches_cut_total", "counter")
GUARD_RETRIES: Final = Metric("GuardRetries", "counter", ("Reason", "Outcome"))

METRICS: Final = (
    REQUESTS, RESOLUTIONS, REQUEST_SECONDS, FIRST_AUDIO_SECONDS, QUEUE_SECONDS, ACCEPTED_SECONDS,
    FINISHED_SECONDS, BACKEND_RETRIES, PIECES, AUDIO_SECONDS, INFERENCE_SECONDS, BATCHES, BATCH_FRAMES,
    PADDING_FRAMES, BATCHES_CUT, GUARD_RETRIES,
)  # fmt: skip
