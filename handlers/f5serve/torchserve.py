"""The one module that knows TorchServe's contract (version 0.12).

TorchServe hands a worker ``data``, one row a request, and a ``context`` with the headers of each. What
a row holds depends on the request's content type and on the server's settings; what comes back is a
list of bodies, with status, content type and headers set on the context by index. An exception, or a
list of another length, would answer *every* request of the batch with 503: nothing here raises for
what a caller sent.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol

from f5serve.departures import CALLER_HEADER, caller_of
from f5serve.errors import CallerGoneError, MediaTypeError, RequestError, ServeError
from f5serve.metrics import NONE, Metric
from f5serve.request import decode_json, require_object
from f5serve.response import Answer, StreamedAnswer, problem_answer

Row = Mapping[str, Any]
TRACE_HEADERS: Final = ("traceparent", "tracestate", "baggage")
LONGEST_TRACE: Final = 1024
START_HEADER: Final = "x-request-start"
LONGEST_WAIT_S: Final = 3600.0
_EPOCH: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
_TRACEPARENT: Final = re.compile("[0-9a-f]{2}-(?P<trace_id>[0-9a-f]{32})-")


class Dimension(NamedTuple):
    """A label of a metric, by the attributes that TorchServe reads."""

    name: str
    value: str


class Metrics(Protocol):
    """What is used of TorchServe's metrics; what is counted must be declared in ``config/metrics.yaml``."""

    def add_counter(
        self, name: str, value: float, idx: str | None = None, dimensions: Sequence[Dimension] = ()
    ) -> None:
        """Add to a counter; TorchServe appends the dimensions ModelName and Level to ours."""

    def add_metric(
        self,
        name: str,
        value: float,
        unit: str,
        idx: str | None = None,
        dimensions: Sequence[Dimension] = (),
        metric_type: Any = None,  # noqa: ANN401  # an enumeration that only workers have
    ) -> None:
        """The same for a metric of any type."""


class Context(Protocol):
    """What is used of ``ts.context.Context``; a test holds it to the real class."""

    @property
    def model_name(self) -> str:
        """The name under which TorchServe serves the archive."""

    @property
    def model_yaml_config(self) -> Mapping[str, Any]:
        """The archive's ``model-config.yaml``."""

    @property
    def system_properties(self) -> Mapping[str, Any]:
        """``model_dir``, ``gpu_id``, ``batch_size`` and others."""

    @property
    def request_ids(self) -> MutableMapping[int, str]:
        """TorchServe's own ids of the requests, by their places."""

    @property
    def metrics(self) -> Metrics | None:
        """Where to count; None before TorchServe has set it."""

    def get_request_id(self, idx: int = 0) -> str | None:
        """Answer TorchServe's own id of a request."""

    def get_all_request_header(self, idx: int) -> Mapping[str, str]:
        """Answer a request's headers, in the case in which the client wrote them."""

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Set one answer's status."""

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set one answer's content type."""

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Set one header of one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, freed of TorchServe's forms.

    Attributes:
        correlation_id: The caller's ``X-Request-Id`` or ``X-Correlation-Id``; TorchServe's own id if
            there is none.
        path: What followed ``/predictions/<model>/<version>/``; empty if nothing did.
        fields: The body's fields, or the error that reading them gave. None without any body.
        from_form: Whether the fields are text from a form.
        has_body: Whether anything was sent; some clients name a content type where nothing is.
        accepts_html: Whether a browser asks: HTML is named among what it takes, and JSON is not.
        trace: The caller's headers of W3C Trace Context and Baggage, for whoever is asked in its turn.
        waited_s: Since the edge had all of the request, seconds; 0 if no edge told.
        caller: By which the edge tells whether the caller has gone (``f5serve.departures``); empty without an edge.
    """

    correlation_id: str
    path: str
    fields: Mapping[str, object] | ServeError | None
    from_form: bool
    has_body: bool = False
    accepts_html: bool = False
    trace: Mapping[str, str] = field(default_factory=dict)
    waited_s: float = 0.0
    caller: str = ""

    @property
    def passed_on(self) -> dict[str, str]:
        """The headers that go on to whoever is asked in its turn."""
        return {**self.trace, **({CALLER_HEADER: self.caller} if self.caller else {})}

    @property
    def trace_id(self) -> str | None:
        """The trace that the request belongs to, by its ``traceparent``; None without a valid one."""
        found = _TRACEPARENT.match(self.trace.get("traceparent", ""))
        return found["trace_id"] if found and found["trace_id"].strip("0") else None


def read_calls(data: Sequence[Row], context: Context) -> list[Call]:
    """Answer one call for each row, in order."""
    return [read_call(row, context, index) for index, row in enumerate(data)]


def read_call(row: Row, context: Context, index: int) -> Call:
    """Answer the call of one row."""
    headers = {
        str(name).lower(): str(value)
        for name, value in (context.get_all_request_header(index) or {}).items()
    }
    given = headers.get("x-request-id") or headers.get("x-correlation-id") or ""
    own = context.get_request_id(index) or ""
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    fields: Mapping[str, object] | ServeError | None
    try:
        _require_plain(headers.get("content-encoding", ""))
        fields = _fields(row, content_type)
    except ServeError as error:
        fields = error
    return Call(
        correlation_id=_printable(given) or own,
        path=headers.get("url_path", "").strip("/"),
        fields=fields,
        from_form=content_type == "multipart/form-data",
        has_body=_has_body(row, content_type),
        accepts_html=_accepts_html(headers.get("accept", "")),
        trace=_trace(headers),
        waited_s=_waited_s(headers.get(START_HEADER, ""), time.time()),
        caller=caller_of(headers.get(CALLER_HEADER.lower(), "")),
    )


def write_answers(answers: Sequence[Answer | StreamedAnswer], context: Context) -> list[bytes]:
    """Set status, type and headers of every answer; answer the bodies.

    A streamed answer is sent chunk by chunk on the way, and what is returned of it is its empty end. An
    error among its chunks is raised: TorchServe then resets the connection, and the caller sees a body
    that broke off. In a batch of several that would meet the others too, so there it is sent whole.

    TorchServe says nothing of a caller who has gone: unless the edge tells (``f5serve.departures``), the rest is
    spoken for nobody, until its deadline.
    """
    for index, answer in enumerate(answers):
        _set_head(answer, context, index)
    if len(answers) == 1 and isinstance(answers[0], StreamedAnswer):
        return [_send(answers[0].chunks, context)]
    return [
        b"".join(answer.chunks) if isinstance(answer, StreamedAnswer) else answer.body
        for answer in answers
    ]


def write_finished(answers: Mapping[int, Answer], rows: int, context: Context) -> list[bytes]:
    """Answer the requests that are finished, and say nothing of the others; with ``continuousBatching`` only.

    A request whose id is not among those that are answered stays in TorchServe's batch, and comes again with the
    next call, whole. It hears nothing until then, so its answer is an ordinary one with a status of its own.

    Args:
        answers: By place in the batch.
        rows: Requests in the batch.
        context: Of the batch.
    """
    for index, answer in answers.items():
        _set_head(answer, context, index)
    for index in range(rows):
        if index not in answers:
            del context.request_ids[index]
    return [answers[index].body if index in answers else b"" for index in range(rows)]


def _set_head(answer: Answer | StreamedAnswer, context: Context, index: int) -> None:
    context.set_response_status(answer.status, _phrase(answer.status), index)
    context.set_response_content_type(index, answer.content_type)
    for name, value in answer.headers.items():
        context.set_response_header(index, name, value)


def _phrase(status: int) -> str:
    if status == CallerGoneError.status:  # nginx's, of no standard
        return CallerGoneError.title
    return HTTPStatus(status).phrase


def _send(chunks: Iterable[bytes], context: Context) -> bytes:
    """Send each chunk as a message of its own; the first carries status, type and headers.

    Each says by the header ``ts_stream_next`` that more will come; TorchServe itself says of what is
    returned here that it is the end. A caller would wait for ever if that were the first it hears of an
    answer, so there must be a chunk.
    """
    from ts.handler_utils.utils import send_intermediate_predict_response  # only workers have it

    sent = 0
    # To somebody who has gone the stream may end in any way, so it ends quietly.
    with contextlib.suppress(CallerGoneError):
        for chunk in chunks:
            send_intermediate_predict_response([chunk], context.request_ids, "ok", 200, context)
            sent += 1
    if not sent:
        raise ServeError("a stream had nothing to send")
    return b""


class Recorder:
    """Counts through TorchServe, which takes each update as a line on the worker's output.

    Args:
        context: Of the batch that is answered.
    """

    def __init__(self, context: Context) -> None:
        self._metrics = context.metrics

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Add to a counter, or sort a value into a histogram; one value for each label, in order."""
        if self._metrics is None:
            return
        dimensions = [
            Dimension(label, _plain_label(told))
            for label, told in zip(metric.labels, labels, strict=True)
        ]
        value = round(value, 6)
        if metric.kind == "counter":
            self._metrics.add_counter(metric.name, value, dimensions=dimensions)
            return
        from ts.metrics.metric_type_enum import MetricTypes  # only workers have it

        kind = MetricTypes(metric.kind)
        self._metrics.add_metric(
            metric.name, value, "seconds", dimensions=dimensions, metric_type=kind
        )


def _plain_label(value: str) -> str:
    """Keep what cannot be mistaken for another part of the line; a model of others may say anything."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", value)[:64] or NONE


def refuse(error: ServeError, call: Call) -> Answer:
    """Answer a call with a problem document."""
    return problem_answer(error, call.correlation_id, identity(call))


def identity(call: Call) -> dict[str, str]:
    """Answer the header by which a caller recognises the answer to its request.

    TorchServe overwrites ``X-Request-Id`` with an id of its own, so another name is needed.
    """
    return {"X-Correlation-Id": call.correlation_id}


def model_dir(context: Context) -> str:
    """Answer the folder into which the archive was unpacked."""
    return str(context.system_properties["model_dir"])


def gpu_id(context: Context) -> int | None:
    """Answer the index of the GPU that this worker was given, if any."""
    value = context.system_properties.get("gpu_id")
    return None if value is None else int(value)


def _waited_s(told: str, now: float) -> float:
    """Answer for how long a request has waited for a worker, by when the edge says that it began.

    Both stand on one machine and look at one clock. What is no time, lies in the future, or is more than an
    hour ago comes of a clock that was set meanwhile, and counts for nothing.
    """
    if _EPOCH.fullmatch(told) is None:
        return 0.0
    waited_s = now - float(told)
    return waited_s if 0.0 <= waited_s <= LONGEST_WAIT_S else 0.0


def _trace(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep what may stand in a header; the rest of a trace is nobody's loss."""
    told = {name: headers.get(name, "") for name in TRACE_HEADERS}
    return {
        name: value
        for name, value in told.items()
        if 0 < len(value) <= LONGEST_TRACE and value.isascii() and value.isprintable()
    }


def _require_plain(encoding: str) -> None:
    """Refuse a compressed body: a few kilobytes of it could unpack to gigabytes."""
    if encoding.strip().lower() not in {"", "identity"}:
        raise MediaTypeError(f"the content encoding is {encoding[:40]!r}; send the body as it is")


def _accepts_html(accept: str) -> bool:
    kinds = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    return "text/html" in kinds and "application/json" not in kinds


def _printable(value: str) -> str:
    """Keep what may stand in a header and in a log line; a caller's id is not trusted."""
    return "".join(char for char in value[:128] if "!" <= char <= "~")


def _fields(row: Row, content_type: str) -> Mapping[str, object] | None:
    if content_type == "multipart/form-data":
        return {name: _form_value(value) for name, value in row.items()}
    body = row.get("body", row.get("data"))
    empty = not _has_body(row, content_type)
    if empty and not content_type:
        return None
    if content_type != "application/json":
        shown = repr(content_type) if content_type else "none"
        raise MediaTypeError(
            f"the content type is {shown}; send application/json or multipart/form-data"
        )
    if empty:
        raise RequestError("the body is empty; send a JSON object with the field 'text'")
    if isinstance(body, bytes | bytearray):
        return decode_json(bytes(body))
    # Servers that were started with decode_input_request=true have read the JSON already.
    return require_object(body)


def _has_body(row: Row, content_type: str) -> bool:
    if content_type == "multipart/form-data":
        return bool(row)
    body = row.get("body", row.get("data"))
    return body is not None and not (isinstance(body, bytes | bytearray | str) and not body)


def _form_value(value: object) -> object:
    """Give form values as bytes; TorchServe decodes text parts by their declared type."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(value) if isinstance(value, bytearray) else value
