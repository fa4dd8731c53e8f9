"""Joining never clicks, loses nothing, and does not need to know what comes next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from f5serve import audio
from f5serve.routing.joiner import Joined, Joiner

Samples = NDArray[np.float32]


def tone(duration_s: float, *, level: float = 0.3) -> Samples:
    time = np.arange(round(duration_s * 24_000)) / 24_000
    return (level * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def join(
    pieces: Sequence[Samples], pauses_s: Sequence[float], speakers: Sequence[str] | None = None
) -> list[Joined]:
    joiner = Joiner()
    return [
        joiner.add(piece, speaker=speaker, pause_s=pause_s)
        for piece, speaker, pause_s in zip(
            pieces, speakers or ["a"] * len(pieces), [*pauses_s, None], strict=True
        )
    ]


def recording(joined: Sequence[Joined]) -> Samples:
    return np.concatenate([part.samples for part in joined])


def test_joined_pieces_keep_every_sample_and_stand_where_it_is_told() -> None:
    pieces = [tone(0.4), tone(0.3), tone(0.5)]

    joined = join(pieces, [0.2, 0.1])

    starts = [part.start for part in joined]
    assert starts == [0, 9_600 + 4_800, 9_600 + 4_800 + 7_200 + 2_400]
    assert [part.end - part.start for part in joined] == [len(piece) for piece in pieces]
    assert len(recording(joined)) == sum(map(len, pieces)) + 7_200


def test_the_middle_of_a_piece_is_left_as_it_is() -> None:
    first, second = tone(0.4), tone(0.3)

    samples = recording(join([first, second], [0.1]))

    np.testing.assert_array_equal(samples[: 9_600 - 360], first[:-360])
    np.testing.assert_array_equal(samples[9_600 + 2_400 + 360 :], second[360:])
    assert not samples[9_600 : 9_600 + 2_400].any()


def test_a_border_between_pieces_does_not_click() -> None:
    loud = np.full(4_800, 0.8, dtype=np.float32)  # a step of 0.8 at the border, were it not faded

    samples = recording(join([loud, -loud], [0.0]))

    assert float(np.abs(np.diff(samples)).max()) < 0.01


def test_one_piece_is_left_as_it_is() -> None:
    piece = tone(0.2)

    (joined,) = join([piece], [])

    np.testing.assert_array_equal(joined.samples, piece)
    assert (joined.start, joined.end) == (0, len(piece))


def test_speakers_of_one_text_are_brought_to_the_loudness_of_the_first() -> None:
    first, loud, soft = tone(1.0, level=0.2), tone(1.0, level=0.6), tone(1.0, level=0.1)

    joined = join([first, loud, first, soft], [0.0] * 3, ["a", "b", "a", "c"])

    levels = [audio.speech_level(part.samples) for part in joined]
    assert levels == pytest.approx([levels[0]] * 4, rel=0.02)


def test_louder_and_softer_places_of_one_speaker_stay() -> None:
    first, second, third = tone(1.0), tone(1.0, level=0.1), tone(1.0, level=0.2)

    joined = join([first, second, third], [0.0] * 2, ["a", "b", "b"])

    assert audio.rms(joined[2].samples) == pytest.approx(2 * audio.rms(joined[1].samples), rel=0.02)


def test_raising_a_soft_speaker_never_clips_nor_raises_without_end() -> None:
    burst = tone(1.0, level=0.05)
    burst[5_000:5_020] = 0.9
    whisper = tone(1.0, level=0.001)

    raised, bounded = join([tone(1.0), burst, whisper], [0.0] * 2, ["a", "b", "c"])[1:]

    assert float(np.abs(raised.samples).max()) <= 1.0
    assert audio.rms(bounded.samples) <= 4.01 * audio.rms(whisper)


def test_a_silent_piece_stays_silent_and_changes_no_other() -> None:
    silence = np.zeros(2_400, dtype=np.float32)

    before, after = join([silence, tone(0.5)], [0.0], ["a", "b"])
    assert not before.samples.any()
    np.testing.assert_array_equal(after.samples[360:], tone(0.5)[360:])
    assert not join([tone(0.5), silence], [0.0], ["a", "b"])[1].samples.any()


def test_a_silent_beginning_leaves_loudness_to_the_first_who_speaks() -> None:
    silence = np.zeros(2_400, dtype=np.float32)
    first, loud, soft = tone(1.0, level=0.2), tone(1.0, level=0.6), tone(1.0, level=0.1)

    joined = join([silence, first, loud, soft], [0.0] * 3, ["a", "b", "c", "a"])

    levels = [audio.speech_level(part.samples) for part in joined[1:]]
    assert levels == pytest.approx([audio.speech_level(first)] * 3, rel=0.02)
