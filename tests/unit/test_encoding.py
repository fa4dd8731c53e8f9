"""What is encoded can be read back, whole or streamed, and a stream holds nothing back for long."""

from __future__ import annotations

import io
import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from f5serve import audio, encoding

Samples = NDArray[np.float32]
PIECES_S = (0.8, 2.0, 1.3)
MP3_DELAY_S = 0.1  # an MP3 stream has no table that would tell of the encoder's delay and padding


def tone(duration_s: float) -> Samples:
    time = np.arange(round(duration_s * 24_000)) / 24_000
    return (0.3 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def read(data: bytes) -> Samples:
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    assert (rate_hz, samples.ndim) == (24_000, 1)
    return np.asarray(samples, dtype=np.float32)


def streamed(name: str) -> list[bytes]:
    encoder = encoding.encoder(name)
    return [*(encoder.encode(tone(seconds)) for seconds in PIECES_S), encoder.finish()]


@pytest.mark.parametrize(
    ("name", "kind"), [("wav", "WAV"), ("flac", "FLAC"), ("mp3", "MP3"), ("opus", "OGG")]
)
def test_a_whole_file_is_of_its_format_and_lasts_as_long_as_its_samples(
    name: str, kind: str
) -> None:
    data = encoding.encode(tone(2.5), name)

    assert soundfile.info(io.BytesIO(data)).format == kind
    samples = read(data)
    assert len(samples) == pytest.approx(60_000, abs=10)
    assert audio.speech_level(samples) == pytest.approx(audio.speech_level(tone(2.5)), rel=0.05)


def test_wav_flac_and_pcm_hold_the_same_samples() -> None:
    wav, flac = (read(encoding.encode(tone(0.5), name)) for name in ("wav", "flac"))

    np.testing.assert_array_equal(wav, flac)
    np.testing.assert_allclose(wav, tone(0.5), atol=1 / 32_000)
    assert encoding.encode(tone(0.5), "wav")[44:] == encoding.encode(tone(0.5), "pcm")


def test_the_header_of_a_whole_wav_tells_its_length() -> None:
    data = encoding.encode(tone(0.5), "wav")

    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.getnframes() == 12_000
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_a_wav_stream_says_that_its_length_is_unknown_and_is_read_to_its_end() -> None:
    data = b"".join(streamed("wav"))

    assert data[4:8] == data[40:44] == b"\xff\xff\xff\xff"
    assert len(read(data)) == round(sum(PIECES_S) * 24_000)
    with wave.open(io.BytesIO(data)) as file:
        assert len(file.readframes(10**9)) == 2 * round(sum(PIECES_S) * 24_000)


@pytest.mark.parametrize("name", ["wav", "pcm"])
def test_a_stream_without_loss_holds_the_samples_of_the_whole(name: str) -> None:
    header = 44 if name == "wav" else 0
    whole = encoding.encode(np.concatenate([tone(seconds) for seconds in PIECES_S]), name)

    assert b"".join(streamed(name))[header:] == whole[header:]


@pytest.mark.parametrize("name", ["mp3", "opus"])
def test_a_stream_with_loss_sounds_as_long_and_as_loud_as_the_whole(name: str) -> None:
    samples = read(b"".join(streamed(name)))

    assert len(samples) / 24_000 == pytest.approx(sum(PIECES_S), abs=MP3_DELAY_S)
    level = audio.speech_level(samples)
    assert level == pytest.approx(audio.speech_level(tone(sum(PIECES_S))), rel=0.05)


@pytest.mark.parametrize("name", encoding.STREAMED)
def test_most_of_a_piece_can_be_heard_before_the_next_one_comes(name: str) -> None:
    first = encoding.encoder(name).encode(tone(PIECES_S[0]))

    samples = len(first) // 2 if name == "pcm" else len(read(first))
    assert samples / 24_000 >= PIECES_S[0] - 0.2


@pytest.mark.parametrize("name", encoding.STREAMED)
def test_a_very_short_piece_is_encoded_too(name: str) -> None:
    encoder = encoding.encoder(name)

    assert encoder.encode(tone(0.001)) + encoder.encode(tone(0.001)) + encoder.finish()


def test_the_decoder_is_not_loaded_before_an_answer_needs_it() -> None:
    code = (
        "import sys, numpy as np\n"
        "from f5serve import encoding\n"
        "encoding.encode(np.zeros(9, dtype=np.float32), 'wav'); encoding.encoder('pcm')\n"
        "assert 'soundfile' not in sys.modules\n"
        "encoding.encode(np.zeros(9, dtype=np.float32), 'flac')\n"
        "assert 'soundfile' in sys.modules"
    )

    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
