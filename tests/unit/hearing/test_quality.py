from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from f5serve.errors import ServeError, ValueRefusedError
from f5serve.settings import Voice
from scripts import quality
from scripts.hearing import measure
from scripts.hearing.retrieval import length_spread
from scripts.training.espeak import read_aloud
from scripts.training.languages import LANGUAGES, SPEAKERS, Speaker
from scripts.training.sentences import natural_sentences

Samples = NDArray[np.float32]

SPANISH = (
    "El panadero abre la tienda antes del amanecer.",
    "Mi hermana escribe largas cartas a sus amigos.",
    "El viejo puente fue reparado en primavera.",
    "El perro espera en la puerta cada tarde.",
)


class Mimic:
    """Speaks as espeak-ng does, but says what it likes.

    Args:
        said: What is said in place of a text; the text itself if absent. None refuses.
        speakers: Whose voices it has references of, the default first.
        imitates: Whether it speaks as its reference, or always as the first speaker.
    """

    model = "mimic"
    digest = "0"

    def __init__(
        self,
        said: dict[str, str | None],
        speakers: Sequence[str] = ("plain",),
        *,
        imitates: bool = True,
    ) -> None:
        self._said = said
        self._speakers = speakers
        self._imitates = imitates

    def voices(self, language: str) -> list[Voice]:
        text = {"es": "El tren sale a las siete.", "en": "The train leaves at seven."}[language]
        return [
            Voice(
                name=f"{name}_{language}", language=language, file="", transcript=text, licence=""
            )
            for name in self._speakers
        ]

    def clip(self, voice: Voice) -> Samples:
        return self._read(voice.transcript, voice.language, measure.speaker_behind(voice.name))

    def speak(
        self, texts: Sequence[str], voice: Voice, speeds: Sequence[float] | None = None
    ) -> list[Samples | ServeError]:
        del speeds
        speaker = measure.speaker_behind(voice.name if self._imitates else self._speakers[0])
        chosen = [self._said.get(text, text) for text in texts]
        return [
            ValueRefusedError("no", field="text")
            if text is None
            else self._read(text, voice.language, speaker)
            for text in chosen
        ]

    @staticmethod
    def _read(text: str, language: str, speaker: Speaker) -> Samples:
        return read_aloud(text, LANGUAGES[language], speaker, seed=99).samples


def measured(
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    texts: Sequence[str],
    said: dict[str, str | None] | None = None,
    model: Mimic | None = None,
) -> measure.Row:
    @contextlib.contextmanager
    def narrator(*_: object) -> Iterator[Mimic]:
        yield model or Mimic(said or {})

    monkeypatch.setattr(measure, "narrator", narrator)
    return measure.measure(Path(), language, texts)


@pytest.mark.tool("espeak-ng")
def test_a_model_that_speaks_like_espeak_is_found_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = measured(monkeypatch, "es", SPANISH)

    assert (row["top_1"], row["missed"], row["refused"]) == (1.0, [], [])
    assert (row["duration_within_20_percent"], row["clipped"], row["leaking"]) == (1.0, 0, 0.0)
    assert row["leaks_noticed"] == 1.0
    assert row["voices"] is None


@pytest.mark.tool("espeak-ng")
def test_a_model_that_says_something_else_or_refuses_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = measured(monkeypatch, "es", SPANISH, {SPANISH[0]: SPANISH[1], SPANISH[2]: None})

    assert row["missed"] == [SPANISH[0], SPANISH[2]]
    assert row["refused"] == [f"{SPANISH[2]}: no"]


@pytest.mark.tool("espeak-ng")
def test_a_second_voice_is_its_own_only_where_the_reference_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = ("plain", "f2")

    own = measured(monkeypatch, "es", SPANISH, model=Mimic({}, both))["voices"]
    deaf = measured(monkeypatch, "es", SPANISH, model=Mimic({}, both, imitates=False))["voices"]

    assert own == {"voices": 2, "own": 1.0, "top_1_of_further": {"f2_es": 1.0}}
    assert isinstance(deaf, dict)
    assert deaf["own"] == 0.5


@pytest.mark.tool("espeak-ng")
def test_a_leak_of_the_reference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, str | None] = {text: f"las siete. {text}" for text in SPANISH}

    assert measured(monkeypatch, "es", SPANISH, said)["leaking"] == 1.0


@pytest.mark.tool("espeak-ng")
def test_english_is_written_down_beside_espeaks_own_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = ("The weather will be warm and dry tomorrow.", "The doctor said that all is fine.")

    row = measured(monkeypatch, "en", texts, {texts[1]: "Bananas are yellow."})

    heard = row["recogniser"]
    assert isinstance(heard, dict)
    assert heard["sentences"] == 2
    assert heard["rows"][0]["errors"] <= 1 + heard["rows"][0]["espeak_ng_errors"]
    assert heard["wer"] > heard["espeak_ng_wer"]


@pytest.mark.tool("espeak-ng")
@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_sentences_last_nearly_the_same_and_none_is_the_references(language: str) -> None:
    material = measure.held_out(language, SPEAKERS["plain"])

    spoken, others = ({r.text for r in part} for part in (material.readings, material.others))
    assert len(spoken) == len(others) == measure.SENTENCES
    assert not spoken & others
    assert natural_sentences(language)[0] not in spoken | others
    assert length_spread(material.readings) <= 1.2  # each within 10 % of one length


def test_the_recogniser_is_given_fifty_english_sentences() -> None:
    assert len(set(natural_sentences("en"))) == 51  # one of them is the reference's


def test_rows_are_gathered_by_language_whatever_its_tag(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"text": "Hola.", "language": "es"}\n\n{"text": "Adiós.", "language": "es-ES"}\n',
        encoding="utf-8",
    )

    assert quality.read_sentences(path) == {"es": ["Hola.", "Adiós."]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"text": "Hallo.", "language": "de"}', "line 1"),
        ('{"text": "Hola."}', "line 1"),
        ('{"text": "Hola.", "language": "es"}\nno json', "line 2"),
        ("", "no rows"),
    ],
    ids=["language", "field", "json", "empty"],
)
def test_a_wrong_file_is_refused_with_the_place(
    content: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")

    assert quality.main(["--sentences", str(path)]) == 2
    assert problem in capsys.readouterr().err


def test_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quality.main(["--sentences", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err
