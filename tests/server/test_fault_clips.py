"""Rows 10 to 17 of ``docs/reliability.md``: clips that are none, that lie, or that hold more than they seem to.

Whatever is sent, nobody gets a 5xx, and no process grows.
"""

from __future__ import annotations

import base64
import gzip
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.server.clips import (
    LIES,
    bomb,
    claiming_samples,
    encoded,
    silence,
    tone,
    with_header,
)
from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, heard, post, refused

pytestmark = pytest.mark.server

JSON = {"Content-Type": "application/json"}
FRENCH = "Bonjour tout le monde."
SAID = "Un deux trois."
MAX_GROWTH_BYTES = 48_000_000  # the clips of row 15 would take more, unpacked
CLIP = tone(2.0)


def tts(server: Server) -> str:
    return f"{server.inference_url}/predictions/tts"


def send(server: Server, clip: bytes, **fields: str) -> requests.Response:
    """Have a text spoken in the voice of a clip that travels as a file of a form."""
    return requests.post(
        f"{server.inference_url}/predictions/f5_fr",
        data={"text": FRENCH, "ref_text": SAID, "steps": "1", **fields},
        files={"ref_audio": ("clip.wav", clip, "audio/wav")},
        timeout=TIMEOUT_S,
    )


def bad_clip(answer: requests.Response) -> str:
    document = refused(answer, 422)
    assert (document["code"], document["field"]) == ("bad_reference_audio", "ref_audio")
    return str(document["detail"])


@pytest.mark.parametrize(
    "clip",
    [
        b"",
        bytes(range(256)) * 200,
        encoded(CLIP)[:30],
        encoded(CLIP)[:6_000],
        encoded(CLIP, kind="FLAC")[:2_000],
        encoded(CLIP, kind="OGG")[:1_000],
        b"<html>not found</html>",
    ],
    ids=["empty", "bytes", "header-cut", "samples-cut", "flac-cut", "ogg-cut", "html"],
)
def test_row_10_a_file_that_is_none_is_refused(server: Server, clip: bytes) -> None:
    bad_clip(send(server, clip))


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (encoded(tone(0.0)), "lasts 0.00 s"),
        (encoded(tone(0.9)), "lasts 0.90 s"),
        (encoded(silence(2.0)), "silent"),
        (encoded(silence(2.0) + 0.5), "off centre by 50%"),
        (encoded(silence(2.0) + float("nan"), subtype="FLOAT"), "not finite"),
        (encoded(silence(2.0) + float("inf"), subtype="FLOAT"), "not finite"),
        (encoded(CLIP * 100), "clipped"),
    ],
    ids=["no-samples", "short", "silent", "constant", "nan", "infinite", "clipped"],
)
def test_row_11_a_clip_without_speech_is_refused_with_the_reason(
    server: Server, clip: bytes, reason: str
) -> None:
    assert reason in bad_clip(send(server, clip))


def test_row_12_a_clip_that_is_too_long_is_refused_and_one_without_transcript_is_never_heard(
    server: Server,
) -> None:
    long = encoded(tone(12.5))

    assert "more than the 12 s" in bad_clip(send(server, long))
    document = refused(
        post(tts(server), text=FRENCH, ref_audio=base64.b64encode(long).decode()), 422
    )
    assert document["field"] == "ref_text"


@pytest.mark.parametrize(
    ("kind", "subtype", "rate_hz", "channels"),
    [
        ("WAV", "PCM_U8", 8_000, 2),
        ("WAV", "PCM_24", 48_000, 1),
        ("WAV", "PCM_32", 96_000, 2),
        ("WAV", "FLOAT", 44_100, 1),
        ("FLAC", "PCM_16", 48_000, 2),
        ("MP3", None, 44_100, 2),
        ("OGG", "VORBIS", 48_000, 1),
        ("OGG", "OPUS", 48_000, 2),
    ],
)
def test_row_13_a_clip_in_a_usual_form_is_taken(
    server: Server, kind: str, subtype: str | None, rate_hz: int, channels: int
) -> None:
    clip = tone(2.0, rate_hz=rate_hz, channels=channels)

    heard(send(server, encoded(clip, kind=kind, subtype=subtype, rate_hz=rate_hz)))


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "ULAW"),
        ("WAV", "ALAW"),
        ("WAV", "IMA_ADPCM"),
        ("WAV", "MS_ADPCM"),
        ("WAV", "GSM610"),
        ("AU", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("W64", "PCM_16"),
        ("PAF", "PCM_16"),
        ("MAT4", "PCM_16"),
        ("CAF", "ALAC_16"),
    ],
)
def test_row_13_a_rare_format_or_codec_is_refused(server: Server, kind: str, subtype: str) -> None:
    assert "allowed are" in bad_clip(send(server, encoded(CLIP, kind=kind, subtype=subtype)))


def test_row_13_a_video_s_container_is_refused(server: Server) -> None:
    bad_clip(send(server, b"\x1a\x45\xdf\xa3" + bytes(2_000)))


@pytest.mark.parametrize("lie", LIES)
def test_row_14_a_header_that_lies_is_refused_and_costs_no_memory(server: Server, lie: str) -> None:
    with steady(server):
        bad_clip(send(server, with_header(encoded(tone(0.5)), LIES[lie])))


def test_row_14_a_length_that_was_not_known_when_the_header_was_written_is_no_lie(
    server: Server,
) -> None:
    heard(send(server, with_header(encoded(CLIP), {4: b"\xff" * 4, 40: b"\xff" * 4})))


@pytest.mark.parametrize("kind", ["flac", "vorbis", "opus", "mp3"])
def test_row_15_a_small_file_that_holds_minutes_is_not_unpacked(server: Server, kind: str) -> None:
    clip = bomb(kind)
    assert len(clip) < 6_000_000

    with steady(server):
        assert "more than the 12 s" in bad_clip(send(server, clip))


def test_row_15_a_header_that_claims_2_to_the_36_samples_gets_no_memory(server: Server) -> None:
    clip = claiming_samples(encoded(tone(0.5), kind="FLAC"), 2**36 - 1)

    with steady(server):
        bad_clip(send(server, clip))


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("a line break", lambda text: f"{text[:76]}\n{text[76:]}"),
        ("no padding", lambda text: f"{text}A"),
        ("the letters for URLs", lambda text: f"-_{text[2:]}"),
        ("a data URL", lambda text: f"data:audio/wav;base64,{text}"),
    ],
)
def test_row_16_base64_in_another_form_is_refused(server: Server, form: str, change: Any) -> None:
    text = base64.b64encode(encoded(CLIP)).decode()

    document = refused(post(tts(server), text=FRENCH, ref_text=SAID, ref_audio=change(text)), 422)

    assert (document["code"], document["field"]) == ("invalid_value", "ref_audio")


def test_row_16_a_clip_of_too_many_bytes_is_refused_before_it_is_decoded(server: Server) -> None:
    clip = base64.b64encode(bytes(6_000_001)).decode()

    document = refused(post(tts(server), text=FRENCH, ref_text=SAID, ref_audio=clip), 413)

    assert (document["code"], document["field"]) == ("too_large", "ref_audio")


@pytest.mark.parametrize("model", ["tts", "f5_fr"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_row_16_a_compressed_body_is_refused(server: Server, model: str, encoding: str) -> None:
    body = gzip.compress(b'{"text": "Bonjour."}')
    headers = {**JSON, "Content-Encoding": encoding}

    answer = requests.post(
        f"{server.inference_url}/predictions/{model}", data=body, headers=headers, timeout=TIMEOUT_S
    )

    assert refused(answer, 415)["code"] == "unsupported_media_type"


@pytest.fixture
def visitors() -> Iterator[tuple[int, list[object]]]:
    """A port that counts who comes."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    came.append(listener.accept()[1])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/clip.wav",
        "http://[::1]:{port}/clip.wav",
        "http://0x7f000001:{port}/clip.wav",
        "http://localhost:{port}/latest/meta-data",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/_GET",
    ],
)
@pytest.mark.parametrize("way", ["json", "base64", "file", "text"])
def test_row_17_an_address_in_place_of_a_clip_is_refused_and_nobody_is_called(
    server: Server, visitors: tuple[int, list[object]], address: str, way: str
) -> None:
    port, came = visitors
    url = address.format(port=port)
    fields = {"text": FRENCH, "ref_text": SAID}
    coded = base64.b64encode(url.encode()).decode()

    if way in {"json", "base64"}:
        answer = post(tts(server), **fields, ref_audio=url if way == "json" else coded)
    else:
        part = (None, url) if way == "text" else ("clip.wav", url.encode(), "audio/wav")
        files = {"ref_audio": part}
        answer = requests.post(tts(server), data=fields, files=files, timeout=TIMEOUT_S)

    assert refused(answer, 422)["field"] == "ref_audio"
    assert "root:" not in answer.text
    assert came == []


class steady:  # noqa: N801 - reads as a statement
    """No process of the server may need much more memory at its peak than before."""

    def __init__(self, server: Server) -> None:
        leader = psutil.Process(server.pid)
        self._processes = [leader, *leader.children(recursive=True)]

    def __enter__(self) -> None:
        self._before = self._peaks()

    def __exit__(self, *_: object) -> None:
        for pid, peak in self._peaks().items():
            assert peak - self._before[pid] < MAX_GROWTH_BYTES, f"process {pid} grew to {peak}"

    def _peaks(self) -> dict[int, int]:
        """The most memory that each Python process ever held, in bytes."""
        peaks = {}
        for process in self._processes:
            told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            if not process.name().startswith("java"):
                (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", told, re.MULTILINE)
                peaks[process.pid] = 1024 * int(kilobytes)
        return peaks
