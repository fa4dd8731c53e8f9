"""Encoding never wraps, joining never clicks, decoding never trusts."""

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


def test_a_wav_answer_can_be_read_back() -> None:
    samples = tone(0.5)

    read, rate_hz = soundfile.read(io.BytesIO(audio.encode_wav(samples)), dtype="float32")

    assert rate_hz == 24_000
    np.testing.assert_allclose(read, samples, atol=1 / 32_000)


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


def test_joined_pieces_keep_every_sample_and_stand_where_it_is_told() -> None:
    pieces = [tone(0.4), tone(0.3), tone(0.5)]

    joined, starts = audio.join(pieces, [0.2, 0.1])

    assert starts == (0, 9_600 + 4_800, 9_600 + 4_800 + 7_200 + 2_400)
    assert len(joined) == sum(map(len, pieces)) + 7_200


def test_a_border_between_pieces_does_not_click() -> None:
    loud = np.full(4_800, 0.8, dtype=np.float32)  # a step of 0.8 at the border, were it not faded

    joined, _ = audio.join([loud, -loud], [0.0])

    assert float(np.abs(np.diff(joined)).max()) < 0.01


def test_one_piece_is_left_as_it_is() -> None:
    piece = tone(0.2)

    joined, starts = audio.join([piece], [])

    np.testing.assert_array_equal(joined, piece)
    assert starts == (0,)


def test_a_wrong_number_of_pauses_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 pieces need 1 pauses"):
        audio.join([tone(0.1), tone(0.1)], [])


def test_the_level_of_speech_does_not_depend_on_its_pauses() -> None:
    pause = np.zeros(24_000, dtype=np.float32)

    level = audio.speech_level(np.concatenate([pause, tone(1.0), pause]))

    assert level == pytest.approx(audio.rms(tone(1.0)), rel=0.02)
    assert audio.speech_level(pause) == 0.0


def test_speakers_of_one_text_are_brought_to_the_loudness_of_the_first() -> None:
    first, loud, soft = tone(1.0, level=0.2), tone(1.0, level=0.6), tone(1.0, level=0.1)

    matched = audio.match_levels([first, loud, first, soft], ["a", "b", "a", "c"])

    levels = [audio.speech_level(piece) for piece in matched]
    assert levels == pytest.approx([levels[0]] * 4, rel=1e-3)
    assert matched[0] is first


def test_a_silent_beginning_leaves_loudness_to_the_first_who_speaks() -> None:
    silence = np.zeros(2_400, dtype=np.float32)

    matched = audio.match_levels(
        [silence, tone(1.0, level=0.2), tone(1.0, level=0.6), tone(1.0, level=0.1)],
        ["a", "b", "c", "a"],
    )

    assert matched[0] is silence
    levels = [audio.speech_level(piece) for piece in matched[1:]]
    assert levels == pytest.approx([audio.speech_level(tone(1.0, level=0.2))] * 3, rel=1e-3)


def test_louder_and_softer_places_of_one_speaker_stay() -> None:
    first, second, third = tone(1.0), tone(1.0, level=0.1), tone(1.0, level=0.2)

    matched = audio.match_levels([first, second, third], ["a", "b", "b"])

    assert audio.rms(matched[2]) == pytest.approx(2 * audio.rms(matched[1]), rel=1e-3)


def test_raising_a_soft_speaker_never_clips_nor_raises_without_end() -> None:
    burst = tone(1.0, level=0.05)
    burst[:20] = 0.9
    whisper = tone(1.0, level=0.001)

    raised, bounded = audio.match_levels([tone(1.0), burst, whisper], ["a", "b", "c"])[1:]

    assert float(np.abs(raised).max()) <= 1.0
    assert audio.rms(bounded) <= 4.01 * audio.rms(whisper)


def test_a_silent_piece_is_left_alone() -> None:
    silence = np.zeros(2_400, dtype=np.float32)

    for pieces in ([silence, tone(0.5)], [tone(0.5), silence]):
        matched = audio.match_levels(pieces, ["a", "b"])
        np.testing.assert_array_equal(matched[1], pieces[1])


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
        (encoded(tone(2.0), 24_000, "AIFF"), "AIFF"),
        (encoded(tone(2.0, rate_hz=4_000), 4_000, "WAV"), "4000 Hz"),
    ],
    ids=["empty", "cut", "zeros", "short", "long", "silent", "nan", "aiff", "rate"],
)
def test_a_reference_that_cannot_serve_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    error = refused(data)

    assert reason in error.detail
    assert (error.field, error.code) == ("ref_audio", "bad_reference_audio")


def test_a_small_file_that_holds_hours_is_not_decoded_to_its_end() -> None:
    hours = encoded(np.zeros(24_000 * 600, dtype=np.float32), 24_000, "FLAC")

    assert len(hours) < 100_000
    assert "more than the 12 s" in refused(hours).detail
