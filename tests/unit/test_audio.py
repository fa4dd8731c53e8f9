"""Samples never wrap, levels are those of speech, decoding never trusts."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from f5serve import audio
from f5serve.errors import ValueRefusedError

Samples = NDArray[np.float32]


def tone(duration_s: float, *, rate_hz: int = 24_000, level: float = 0.3) -> Samples:
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def encoded(samples: Samples, rate_hz: int, kind: str, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=kind, subtype=subtype)
    return buffer.getvalue()


def refused(data: bytes) -> ValueRefusedError:
    with pytest.raises(ValueRefusedError) as caught:
        audio.decode_reference(data, min_s=1.0, max_s=12.0)
    return caught.value


def test_samples_beyond_full_scale_are_clipped_and_never_wrap() -> None:
    pcm = np.frombuffer(
        audio.to_pcm16(np.array([2.0, -2.0, 1.0, -1.0], dtype=np.float32)), dtype="<i2"
    )

    assert pcm.tolist() == [32_767, -32_767, 32_767, -32_767]


def test_float_samples_pass_between_model_and_router_unchanged() -> None:
    samples = tone(0.1)

    np.testing.assert_array_equal(audio.from_f32(audio.to_f32(samples)), samples)


def test_half_a_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        audio.from_f32(b"abc")


def test_silence_at_the_ends_of_a_clip_is_measured() -> None:
    clip = np.concatenate(
        [np.zeros(2_400, dtype=np.float32), tone(1.0), np.zeros(4_800, dtype=np.float32)]
    )

    assert audio.silent_ends_s(clip) == pytest.approx(0.3, abs=0.011)
    assert audio.silent_ends_s(tone(1.0)) == 0.0
    assert audio.silent_ends_s(np.zeros(2_400, dtype=np.float32)) == pytest.approx(0.1)


def test_silence_is_cut_off_both_ends_but_for_a_little() -> None:
    silence = np.zeros(24_000, dtype=np.float32)

    trimmed = audio.trim_ends(np.concatenate([silence, tone(1.0), silence]), keep_s=0.2)

    assert audio.seconds(trimmed) == pytest.approx(1.4, abs=0.011)
    assert len(audio.trim_ends(tone(1.0), keep_s=0.2)) == 24_000


def test_pauses_are_found_between_stretches_of_speech_and_not_at_the_ends() -> None:
    def silence(duration_s: float) -> Samples:
        return np.zeros(round(duration_s * 24_000), dtype=np.float32)

    parts = [silence(0.5), tone(0.2), silence(0.3), tone(0.2), silence(0.1), tone(0.2), silence(1)]
    clip = np.concatenate(parts)

    pauses = audio.pauses_s(clip, loudest_power=audio.loudest_power(clip))

    assert pauses.tolist() == pytest.approx([0.3, 0.1])
    assert not len(audio.pauses_s(silence(1.0), loudest_power=0.0))


def test_the_level_of_speech_does_not_depend_on_its_pauses() -> None:
    pause = np.zeros(24_000, dtype=np.float32)

    level = audio.speech_level(np.concatenate([pause, tone(1.0), pause]))

    assert level == pytest.approx(audio.rms(tone(1.0)), rel=0.02)
    assert audio.speech_level(pause) == 0.0


@pytest.mark.parametrize(
    ("kind", "subtype", "rate_hz"),
    [
        ("WAV", "PCM_16", 44_100),
        ("WAV", "FLOAT", 24_000),
        ("FLAC", None, 16_000),
        ("OGG", "VORBIS", 48_000),
        ("MP3", None, 22_050),
    ],
)
def test_a_reference_in_a_usual_format_is_brought_to_24_khz_mono(
    kind: str, subtype: str | None, rate_hz: int
) -> None:
    stereo = np.stack([tone(2.0, rate_hz=rate_hz)] * 2, axis=1)

    samples = audio.decode_reference(encoded(stereo, rate_hz, kind, subtype), min_s=1.0, max_s=12.0)

    assert samples.ndim == 1
    assert len(samples) == pytest.approx(48_000, rel=0.05)
    assert audio.rms(samples) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no WAV"),
        (b"RIFF\x00\x00", "no WAV"),
        (b"\x00" * 5000, "no WAV"),
        (encoded(tone(0.5), 24_000, "WAV"), "lasts 0.50 s"),
        (encoded(tone(13.0), 24_000, "WAV"), "more than the 12 s"),
        (encoded(np.zeros(48_000, dtype=np.float32), 24_000, "WAV"), "silent"),
        (encoded(np.full(48_000, np.nan, dtype=np.float32), 24_000, "WAV", "FLOAT"), "not finite"),
        (encoded(tone(2.0, level=0.002), 24_000, "WAV", "FLOAT"), "is silent"),
        (
            encoded(tone(2.0, level=0.004), 24_000, "WAV", "FLOAT"),
            "too soft: its speech lies at -51 dBFS",
        ),
        (encoded(np.clip(tone(2.0, level=3.0), -1, 1), 24_000, "WAV"), "clipped"),
        (encoded(tone(2.0) + 0.1, 24_000, "WAV"), "off centre by 10%"),
        (encoded(tone(2.0) * 32_768, 24_000, "WAV", "FLOAT"), "times full scale"),
        (encoded(tone(2.0), 24_000, "AIFF"), "AIFF"),
        (encoded(tone(2.0, rate_hz=4_000), 4_000, "WAV"), "4000 Hz"),
        (encoded(np.full(48_000, 0.5, dtype=np.float32), 24_000, "WAV"), "off centre by 50%"),
        (encoded(np.sign(tone(2.0)), 24_000, "WAV"), "clipped"),
        (encoded(tone(2.0), 24_000, "WAV", "ULAW"), "holds ULAW"),
        (encoded(tone(2.0), 24_000, "WAV", "IMA_ADPCM"), "holds IMA_ADPCM"),
        (encoded(np.stack([tone(2.0)] * 3, axis=1), 24_000, "WAV"), "3 channels"),
    ],
    ids=[
        *("empty", "cut", "zeros", "short", "long", "silent", "nan", "below speech", "soft"),
        *(
            "overload",
            "DC",
            "integers as floats",
            "aiff",
            "rate",
            "constant",
            "clipped",
            "u-law",
            "adpcm",
            "channels",
        ),
    ],
)
def test_a_reference_that_cannot_serve_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    error = refused(data)

    assert reason in error.detail
    assert (error.field, error.code) == ("ref_audio", "bad_reference_audio")


def test_a_small_offset_is_taken_away_and_does_not_pass_for_speech() -> None:
    spoken = tone(1.5) + np.float32(0.03)
    silent = [np.full(48_000, offset, dtype=np.float32) for offset in (0.004, 0.03)]

    samples = audio.decode_reference(encoded(spoken, 24_000, "WAV"), min_s=1.0, max_s=12.0)

    assert abs(float(samples.mean())) < 1e-3
    for silence in silent:
        assert "too soft" in refused(encoded(silence, 24_000, "WAV")).detail


def test_a_small_file_that_holds_hours_is_not_decoded_to_its_end() -> None:
    hours = encoded(np.zeros(24_000 * 600, dtype=np.float32), 24_000, "FLAC")

    assert len(hours) < 100_000
    assert "more than the 12 s" in refused(hours).detail
