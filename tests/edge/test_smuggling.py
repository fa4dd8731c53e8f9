"""Requests that two servers could read in two ways: what is behind the edge sees one clean request, or none."""

from __future__ import annotations

import pytest

from tests.edge.edges import RunningEdge, raw

HIDDEN = b"GET /predictions/f5_hidden HTTP/1.1\r\nHost: x\r\n\r\n"
LINE = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
        LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + HIDDEN,
        LINE + b"Content-Length: 5, 5\r\n\r\nhello",
        LINE + b"Content-Length: +5\r\n\r\nhello",
        LINE + b"Content-Length: -1\r\n\r\n",
        LINE + b"Content-Length: 0x5\r\n\r\nhello",
        LINE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        LINE + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
        LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        LINE + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        LINE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + HIDDEN,
        LINE + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + HIDDEN,
        b"POST /predictions/tts HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        b"POST /predictions/tts HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
        b"POST /predictions/tts HTTP/2.0\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /predictions/tts HTTP/1.1 \x00\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_an_ambiguous_request_is_refused_and_reaches_nothing(
    edge: RunningEdge, request_bytes: bytes
) -> None:
    told = raw(edge, request_bytes)

    assert told[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 501", b"HTTP/1.1 505"} or told == b""
    assert told.count(b"HTTP/1.1 ") <= 1
    assert edge.backend.seen == []


def test_chunks_with_bare_line_feeds_arrive_as_one_body_of_known_length(edge: RunningEdge) -> None:
    body = b"2\n{}\n0\n\n"

    raw(edge, LINE + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    for seen in edge.backend.seen:
        assert seen.headers["content-length"] == str(len(seen.body))
        assert "transfer-encoding" not in seen.headers
    assert [seen.path for seen in edge.backend.seen] in ([], ["/predictions/tts"])


def test_two_requests_on_one_connection_are_two_requests(edge: RunningEdge) -> None:
    first = b"POST /predictions/tts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

    told = raw(edge, first + LINE + b"Content-Length: 2\r\n\r\n[]")

    assert told.count(b"HTTP/1.1 200 OK") == 2
    assert [seen.body for seen in edge.backend.seen] == [b"{}", b"[]"]


def test_a_request_of_http_0_9_gets_no_speech(edge: RunningEdge) -> None:
    told = raw(edge, b"GET /predictions/tts\r\n")

    assert b"invalid_request" in told or told == b""
    assert edge.logged(), "each line of the log is JSON, without a status too"
    assert edge.backend.seen == []


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 9_000, {b"431"}),
        (b"GET /v1/models HTTP/1.1\r\nHost: x" + b"\r\nX-A: " * 10_000, {b"431"}),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x", {b"414"}),
    ],
    ids=["one large header", "many headers", "long address"],
)
def test_headers_beyond_some_kilobytes_are_refused(
    edge: RunningEdge, head: bytes, statuses: set[bytes]
) -> None:
    told = raw(edge, head + b"\r\nConnection: close\r\n\r\n")

    assert told[9:12] in statuses
    assert b"problem+json" in told or b'{"error"' in told
    assert edge.backend.seen == []
