"""Requests become engine items, each by itself; errors stay in their place."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from f5serve.engine.sampler import SampleItem
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError, RequestError, ServeError, SynthesisError
from f5serve.pieces import Spoken
from f5serve.references import MAX_UPLOADED_BYTES
from f5serve.request import PieceRequest
from f5serve.synthesis import Synthesizer, item_seed
from tests.unit.log_support import logged
from tests.unit.synthesis_support import ALPHABET, RecordingEngine, archive, clip


@pytest.fixture
def engine() -> RecordingEngine:
    return RecordingEngine()


@pytest.fixture
def synthesizer(engine: RecordingEngine, tmp_path: Path) -> Synthesizer:
    return Synthesizer(engine, Vocabulary(ALPHABET), archive(tmp_path), tmp_path)


def piece(text: str = "merci bien", **fields: object) -> PieceRequest:
    return PieceRequest(text=text, **{"seed": 1, **fields})  # type: ignore[arg-type]  # the fields vary by test


def spoken(result: Spoken | ServeError) -> Spoken:
    assert isinstance(result, Spoken), result
    return result


def test_one_bad_request_leaves_its_batch_mates_alone(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    bad = RequestError("broken")

    results = synthesizer.speak([piece(), bad, piece("日本語"), piece("!!!"), piece("au revoir")])

    assert isinstance(results[0], Spoken)
    assert results[1] is bad
    assert [r.code for r in results[2:4] if isinstance(r, ServeError)] == [
        "unknown_characters",
        "no_speakable_text",
    ]
    assert isinstance(results[4], Spoken)
    assert [len(batch) for batch in engine.batches] == [2]
    assert spoken(results[4]).batch_pieces == 2


def test_an_item_that_fails_in_the_model_fails_alone(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.fail_on_seed = 13

    results = synthesizer.speak([piece(), piece(seed=13), piece()])

    assert [isinstance(result, Spoken) for result in results] == [True, False, True]
    assert isinstance(results[1], SynthesisError)


def test_a_fault_of_ours_in_one_item_is_its_error_alone(
    synthesizer: Synthesizer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "anna.wav").unlink()

    results = synthesizer.speak([piece(), piece(ref_audio=clip(), ref_text="oui")])

    assert isinstance(results[0], ServeError)
    assert results[0].status == 500
    assert isinstance(results[1], Spoken)
    assert "FileNotFoundError" in caplog.text


def test_speed_shortens_the_speech(synthesizer: Synthesizer) -> None:
    slow, fast = synthesizer.speak(
        [piece("merci bien et au revoir"), piece("merci bien et au revoir", speed=2.0)]
    )

    assert len(spoken(fast).samples) == pytest.approx(len(spoken(slow).samples) / 2, rel=0.02)


def test_the_reference_sets_the_pace(synthesizer: Synthesizer) -> None:
    (result,) = synthesizer.speak([piece("bonjour tout le monde.")])

    assert len(spoken(result).samples) == pytest.approx(2.0 * 24_000, rel=0.05)


def test_even_a_single_letter_lasts_a_syllable(synthesizer: Synthesizer) -> None:
    (result,) = synthesizer.speak([piece("a")])

    assert len(spoken(result).samples) >= 0.39 * 24_000


def test_a_text_far_too_long_is_refused_before_it_is_read_out(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr("f5serve.synthesis.as_spoken", never)

    for text in ("1\n" * 2500, "un deux " * 600):
        (result,) = synthesizer.speak([piece(text)])
        assert isinstance(result, ServeError)
        assert (result.status, result.code) == (422, "piece_too_long")


def test_what_markup_hides_is_no_reason_to_refuse_a_text(
    engine: RecordingEngine, tmp_path: Path
) -> None:
    settings = archive(tmp_path)
    frontend = msgspec.structs.replace(settings.frontend, spoken=True)
    settings = msgspec.structs.replace(settings, frontend=frontend)
    synthesizer = Synthesizer(engine, Vocabulary(ALPHABET), settings, tmp_path)

    (result,) = synthesizer.speak([piece("merci " + f"<a href='{'x' * 250}'>bien</a> " * 15)])

    assert len(spoken(result).samples)


def test_a_text_too_long_for_one_piece_is_refused_with_the_remedy(synthesizer: Synthesizer) -> None:
    (result,) = synthesizer.speak([piece("merci bien " * 40)])

    assert isinstance(result, ServeError)
    assert (result.status, result.code) == (422, "piece_too_long")
    assert "/predictions/tts" in result.detail


def test_a_language_of_another_model_is_refused(synthesizer: Synthesizer) -> None:
    (result,) = synthesizer.speak([piece(language="ja")])

    assert isinstance(result, ServeError)
    assert (result.status, result.field) == (422, "language")


def test_a_voice_is_prepared_once(synthesizer: Synthesizer, engine: RecordingEngine) -> None:
    synthesizer.speak([piece(), piece()])
    synthesizer.speak([piece()])

    assert len(engine.references) == 1


@cache
def long_clip() -> bytes:
    """One file: a float WAV tells when it was written."""
    return clip(duration_s=10.0)


def upload(number: int) -> PieceRequest:
    return piece(ref_audio=long_clip(), ref_text=f"oui {'a' * (100 + number)}")


def test_a_clip_that_came_with_a_request_is_prepared_once(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    synthesizer.speak([upload(1), upload(1)])
    synthesizer.speak([upload(1), upload(2)])

    assert len(engine.references) == 2


def test_prepared_clips_are_bounded_in_bytes_and_the_last_used_are_kept(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    frames = 10 * 24_000 // 256 + 1
    kept = MAX_UPLOADED_BYTES // (frames * 100 * 4)
    synthesizer.speak([upload(number) for number in range(kept)])
    synthesizer.speak([upload(0), upload(kept)])  # 1 is the one unused for longest now
    prepared = len(engine.references)

    synthesizer.speak([upload(0), upload(kept)])
    recalled = len(engine.references) - prepared
    synthesizer.speak([upload(1)])

    assert (prepared, recalled) == (kept + 1, 0)
    assert len(engine.references) == prepared + 1


def test_clips_from_requests_never_push_out_a_registered_voice(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    synthesizer.speak([piece()])
    synthesizer.speak([upload(number) for number in range(60)])
    prepared = len(engine.references)

    synthesizer.speak([piece()])

    assert len(engine.references) == prepared


def test_a_quiet_reference_is_raised_for_the_model_and_the_speech_lowered_again(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    quiet, loud = synthesizer.speak(
        [piece(ref_audio=clip(0.02), ref_text="oui"), piece(ref_audio=clip(0.5), ref_text="oui")]
    )

    assert float(np.sqrt(np.mean(engine.references[0] ** 2))) == pytest.approx(0.1, rel=0.01)
    assert float(spoken(quiet).samples[0]) == pytest.approx(
        0.5 * (0.02 / np.sqrt(2)) / 0.1, rel=0.01
    )
    assert float(spoken(loud).samples[0]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("transcript", "code"),
    [
        ("...", "no_speakable_text"),
        ("oui " * 60, "transcript_mismatch"),
        ("b" * 401, "text_too_long"),
    ],
    ids=["marks", "another clip's", "endless"],
)
def test_an_unusable_transcript_is_refused_by_its_own_name(
    synthesizer: Synthesizer, transcript: str, code: str
) -> None:
    (result,) = synthesizer.speak([piece(ref_audio=clip(), ref_text=transcript)])

    assert isinstance(result, ServeError)
    assert (result.status, result.field, result.code) == (422, "ref_text", code)


def test_silence_around_a_clip_is_not_spoken_into_every_piece(synthesizer: Synthesizer) -> None:
    still = piece("merci bien", ref_audio=clip(silence_s=4.0), ref_text="bonjour tout le monde")
    brisk = piece("merci bien", ref_audio=clip(), ref_text="bonjour tout le monde")

    with_silence, without = synthesizer.speak([still, brisk])

    longer = len(spoken(with_silence).samples) - len(spoken(without).samples)
    assert 0 < longer / 24_000 < 0.5


def test_signs_and_emoji_that_have_no_token_are_counted_and_no_reason_to_refuse(
    synthesizer: Synthesizer,
) -> None:
    (result,) = synthesizer.speak([piece("merci 😀😀😀 + €")])

    assert spoken(result).unknown_characters >= 2


def test_characters_that_take_no_time_do_not_make_a_piece_longer_than_allowed(
    synthesizer: Synthesizer,
) -> None:
    (result,) = synthesizer.speak([piece('"' * 3_000 + "a")])

    assert isinstance(result, ServeError) or len(spoken(result).samples) / 24_000 <= 15.0


def test_a_clip_that_waits_between_two_sentences_does_not_make_the_speech_slow(
    synthesizer: Synthesizer,
) -> None:
    def lasts(silence_s: float) -> float:
        parts = [
            clip_samples(1.0),
            np.zeros(round(silence_s * 24_000), dtype=np.float32),
            clip_samples(1.0),
        ]
        buffer = io.BytesIO()
        soundfile.write(buffer, np.concatenate(parts), 24_000, format="WAV")
        request = piece(
            "merci bien", ref_audio=buffer.getvalue(), ref_text="bonjour. tout le monde"
        )
        (result,) = synthesizer.speak([request])
        return len(spoken(result).samples) / 24_000

    assert lasts(2.0) == pytest.approx(lasts(0.3), abs=0.03)


def clip_samples(duration_s: float) -> NDArray[np.float32]:
    samples, _ = soundfile.read(io.BytesIO(clip(duration_s=duration_s)), dtype="float32")
    return np.asarray(samples, dtype=np.float32)


def test_an_unusable_reference_is_refused(synthesizer: Synthesizer) -> None:
    (result,) = synthesizer.speak([piece(ref_audio=b"RIFF", ref_text="oui")])

    assert isinstance(result, ServeError)
    assert result.code == "bad_reference_audio"


def test_the_first_piece_has_the_requests_own_seed_and_the_others_their_own() -> None:
    seeds = [item_seed(42, index) for index in range(50)]

    assert seeds[0] == 42
    assert len(set(seeds)) == 50
    assert seeds == [item_seed(42, index) for index in range(50)]


def test_the_transcript_ends_like_a_sentence_before_the_text_begins(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    synthesizer.speak([piece("oui")])

    letters = {index: char for char, index in ALPHABET.items()}
    said = "".join(letters[token] for token in engine.batches[0][0].token_ids)
    assert said == "bonjour tout le monde. oui"


def test_a_checkpoint_that_cannot_speak_its_own_voice_is_refused_at_start(
    synthesizer: Synthesizer, engine: RecordingEngine
) -> None:
    engine.fail_on_seed = 0

    with pytest.raises(ConfigurationError, match="cannot speak the transcript of voice 'anna'"):
        synthesizer.warm_up()


def said(item: SampleItem) -> str:
    """What a batch item says, letter by letter."""
    letters = {index: char for char, index in ALPHABET.items()}
    return "".join(letters[token] for token in item.token_ids)


@pytest.fixture
def reader(engine: RecordingEngine, tmp_path: Path) -> Synthesizer:
    """A checkpoint of French whose frontend reads out."""
    settings = archive(tmp_path)
    frontend = msgspec.structs.replace(settings.frontend, spoken=True)
    settings = msgspec.structs.replace(settings, frontend=frontend)
    return Synthesizer(engine, Vocabulary(ALPHABET), settings, tmp_path)


def test_text_and_transcript_are_read_out_in_the_same_words(
    reader: Synthesizer, engine: RecordingEngine
) -> None:
    reader.speak([piece("21 pages", ref_audio=clip(), ref_text="80 livres")])

    assert said(engine.batches[0][0]) == "quatre vingts livres. vingt et une pages"


def test_without_normalisation_digits_are_left_and_counted(
    reader: Synthesizer, engine: RecordingEngine
) -> None:
    wish = piece("merci bien, 5 fois", normalize=False, ref_audio=clip(), ref_text="oui 8 non oui")

    (result,) = reader.speak([wish])

    assert spoken(result).unknown_characters == 1
    assert said(engine.batches[0][0]) == "oui   non oui. merci bien,   fois"


def test_a_clip_is_kept_apart_with_and_without_normalisation(
    reader: Synthesizer, engine: RecordingEngine
) -> None:
    for normalize in (True, False, True):
        upload = piece("oui", normalize=normalize, ref_audio=clip(), ref_text="oui, 8 fois")
        reader.speak([upload])

    assert len(engine.references) == 2
    assert said(engine.batches[1][0]) != said(engine.batches[2][0])


def test_a_number_lasts_as_long_as_the_words_it_is_read_in(reader: Synthesizer) -> None:
    digits, words = reader.speak([piece("le 1.234"), piece("le mille deux cent trente quatre")])

    lengths = [len(spoken(result).samples) for result in (digits, words)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.03)


def test_a_text_of_which_reading_leaves_nothing_is_refused(reader: Synthesizer) -> None:
    (result,) = reader.speak([piece("<br>")])

    assert isinstance(result, ServeError)
    assert (result.status, result.code) == (422, "no_speakable_text")


def test_unknown_characters_are_named_in_the_log_and_the_text_is_not(
    synthesizer: Synthesizer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        synthesizer.speak([piece("merci bien 😀 и вам")])

    (line,) = logged(caplog, "no token")
    assert line["characters"] == "U+0430 U+0432 U+0438 U+043C U+1F600", "each once, by its number"
    assert "merci" not in str(logged(caplog))
