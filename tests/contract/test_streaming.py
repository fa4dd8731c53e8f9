"""Streams as TorchServe's own code writes them: what each message says, and that one follows another."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import pytest
from ts.context import Context as RealContext
from ts.context import RequestProcessor
from ts.protocol.otf_message_handler import create_predict_response

from f5serve import torchserve
from f5serve.errors import BackendError, ServeError
from f5serve.response import Answer, StreamedAnswer


class FakeSocket:
    """Keeps what a worker sends to the frontend."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def sendall(self, message: bytes) -> None:
        self.messages.append(bytes(message))


def context_of(requests: int = 1) -> tuple[RealContext, FakeSocket]:
    context = RealContext("m", "/m", {}, 1, None, "0.12", model_yaml_config={"handler": {}})
    context.request_processor = [RequestProcessor({}) for _ in range(requests)]
    context.request_ids = {index: f"request-{index}" for index in range(requests)}
    socket = FakeSocket()
    context.cl_socket = socket
    return context, socket


def stream(*chunks: bytes, error: Exception | None = None) -> StreamedAnswer:
    def parts() -> Iterator[bytes]:
        yield from chunks
        if error is not None:
            raise error

    return StreamedAnswer(chunks=parts(), content_type="audio/wav", headers={"X-A": "b"})


def read(message: bytes) -> tuple[str, dict[str, str], bytes]:
    """Answer content type, headers and body of a message about one request."""
    stream = io.BytesIO(message)

    def number() -> int:
        return int(struct.unpack("!i", stream.read(4))[0])

    def text() -> str:
        return stream.read(number()).decode()

    number()  # code
    text()  # message
    assert text() == "request-0"
    content_type = text()
    assert number() == 200
    text()  # phrase
    headers = {text(): text() for _ in range(number())}
    return content_type, headers, stream.read(number())


def test_each_chunk_is_a_message_that_says_that_more_will_come_and_the_last_that_none_will() -> (
    None
):
    context, socket = context_of()

    bodies = torchserve.write_answers([stream(b"one", b"two")], context)
    last = create_predict_response(bodies, context.request_ids, "ok", 200, context)

    sent = [read(message) for message in [*socket.messages, last]]
    assert [body for _, _, body in sent] == [b"one", b"two", b""]
    assert [headers["ts_stream_next"] for _, headers, _ in sent] == ["true", "true", "false"]
    assert (sent[0][0], sent[0][1]["X-A"]) == ("audio/wav", "b")


def test_a_whole_answer_says_nothing_about_streaming() -> None:
    context, socket = context_of()
    answer = Answer(body=b"all", content_type="audio/wav", headers={})

    bodies = torchserve.write_answers([answer], context)

    _, headers, body = read(
        bytes(create_predict_response(bodies, context.request_ids, "ok", 200, context))
    )
    assert socket.messages == []
    assert (body, "ts_stream_next" in headers) == (b"all", False)


def test_an_error_after_the_first_chunk_is_raised() -> None:
    context, socket = context_of()

    with pytest.raises(BackendError):
        torchserve.write_answers([stream(b"one", error=BackendError("broken"))], context)

    assert len(socket.messages) == 1


def test_a_stream_of_nothing_never_ends_without_a_beginning() -> None:
    context, socket = context_of()

    with pytest.raises(ServeError):
        torchserve.write_answers([stream()], context)

    assert socket.messages == []


def test_in_a_batch_of_several_a_stream_is_sent_whole() -> None:
    context, socket = context_of(2)
    whole = Answer(body=b"all", content_type="audio/wav", headers={})

    assert torchserve.write_answers([stream(b"one", b"two"), whole], context) == [b"onetwo", b"all"]
    assert socket.messages == []
