"""Rows and headers, in all the forms in which TorchServe hands them over."""

from __future__ import annotations

import time
from typing import Any

import pytest

from f5serve import torchserve
from f5serve.errors import MediaTypeError, RequestError, ServeError
from tests.fakes import FakeContext

JSON = {"Content-Type": "application/json; charset=utf-8"}
FORM = {"content-type": "multipart/form-data; boundary=x"}


def read_one(row: dict[str, Any], headers: dict[str, str]) -> torchserve.Call:
    (call,) = torchserve.read_calls([row], FakeContext([headers]))
    return call


@pytest.mark.parametrize(
    "body",
    [b'{"text": "a"}', bytearray(b'{"text": "a"}'), {"text": "a"}],
    ids=["bytes", "bytearray", "decoded"],
)
def test_a_json_body_is_read_in_each_form_the_server_may_give_it(body: object) -> None:
    assert read_one({"body": body}, JSON).fields == {"text": "a"}


def test_a_form_gives_bytes_by_name() -> None:
    call = read_one({"text": bytearray(b"a"), "ref_text": "b"}, FORM)

    assert call.fields == {"text": b"a", "ref_text": b"b"}
    assert call.from_form


@pytest.mark.parametrize(
    ("row", "headers", "error"),
    [
        ({"body": bytearray(b"{")}, JSON, RequestError),
        ({"body": bytearray(b"[1]")}, JSON, RequestError),
        ({"body": [1]}, JSON, RequestError),
        ({"body": bytearray(b'{"speed": NaN}')}, JSON, RequestError),
        ({"body": bytearray(b'{"speed": 1e309}')}, JSON, RequestError),
        ({"body": bytearray(b"[" * 100_000)}, JSON, RequestError),
        ({"body": bytearray(b'{"text": "\xff"}')}, JSON, RequestError),
        ({"body": bytearray(b"")}, JSON, RequestError),
        ({"body": "hello"}, {"Content-Type": "text/plain"}, MediaTypeError),
        ({"body": bytearray(b"hello")}, {}, MediaTypeError),
        ({"text": bytearray(b"a")}, {"Content-Type": "application/x-www-form-urlencoded"}, ServeError),
        ({"body": bytearray(b'{"text": "a", "text": "b"}')}, JSON, RequestError),
        ({"body": bytearray(b'{"voice": {"id": "a", "id": "b"}}')}, JSON, RequestError),
        ({"body": bytearray(b'{"seed": ' + b"9" * 5000 + b"}")}, JSON, RequestError),
        ({"body": bytearray(b"{}")}, {**JSON, "Content-Encoding": "gzip"}, MediaTypeError),
    ],
    ids=[
        *("broken", "list", "decoded-list", "nan", "overflow", "deep", "utf8", "empty", "text", "untyped", "form"),
        *("twice", "twice-within", "digits", "gzip"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_an_error_in_its_place(
    row: dict[str, Any], headers: dict[str, str], error: type[ServeError]
) -> None:
    fields = read_one(row, headers).fields

    assert isinstance(fields, error)
    assert fields.status in {400, 415}


def test_a_call_without_body_and_type_has_no_fields() -> None:
    assert read_one({}, {}).fields is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "a-1"}, "a-1"),
        ({"x-correlation-id": "b-2"}, "b-2"),
        ({}, "request-0"),
        ({"X-Request-Id": "evil\r\nSet-Cookie: x"}, "evilSet-Cookie:x"),
        ({"X-Request-Id": "a" * 500}, "a" * 128),
    ],
    ids=["request-id", "correlation-id", "own", "header-injection", "long"],
)
def test_the_callers_id_is_kept_as_far_as_it_can_stand_in_a_header(
    headers: dict[str, str], expected: str
) -> None:
    assert read_one({"body": b"{}"}, {**JSON, **headers}).correlation_id == expected


def test_the_path_behind_the_version_is_told() -> None:
    assert read_one({}, {"url_path": "/status"}).path == "status"


@pytest.mark.parametrize(
    ("told", "waited_s"),
    [
        ("999990.250", 9.75),
        ("1000005.000", 0.0),
        ("1.0", 0.0),
        ("t=999990.250", 0.0),
        ("inf", 0.0),
        ("9" * 400, 0.0),
        ("９９９９９０.250", 0.0),
        ("", 0.0),
    ],
    ids=["told", "future", "another clock", "form", "infinite", "endless", "digits", "nothing"],
)
def test_how_long_a_request_has_waited_is_what_the_edge_tells(
    monkeypatch: pytest.MonkeyPatch, told: str, waited_s: float
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)

    assert read_one({"body": b"{}"}, {**JSON, "X-Request-Start": told}).waited_s == waited_s
