"""What the server says can be understood, in every language of which the record says so.

The whole measurement is `make quality`; this is one sentence a language of it, over HTTP.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from scripts.hearing.goals import missed_goals, passing
from tests.server.harness import Server
from tests.server.listening import heard, post

pytestmark = [pytest.mark.server, pytest.mark.tool("espeak-ng")]

RECORD: dict[str, Any] = json.loads(Path("docs/quality.json").read_text(encoding="utf-8"))
ROWS: dict[str, dict[str, Any]] = {row["language"]: row for row in RECORD["languages"]}
SEED = 1  # the record's: what was found there must be found here
CHOICES = 5
TRANSCRIBED = 5
# An answer's 16 bits may tip a doubtful word; a word that is heard wrongly takes a second one along.
WORDS_ALLOWED = 2


@pytest.fixture(scope="module", autouse=True)
def _dev_extra() -> None:
    """espeak-ng's readings and the recogniser need packages that serving does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes and old calls in other people's code
        for name in ("f5_tts.model", "faster_whisper", "jiwer", "torchaudio", "wordfreq"):
            pytest.importorskip(name, reason="listening needs the dev extra (make setup-dev)")


def require_passing(language: str) -> dict[str, Any]:
    """Answer the record's row of a language that it calls intelligible."""
    row = ROWS[language]
    if language not in passing(RECORD):
        pytest.skip(f"docs/quality.json: {language} misses {'; '.join(missed_goals(row))}")
    return row


@pytest.mark.parametrize("language", sorted(ROWS))
def test_speech_lies_nearest_to_the_reading_of_its_own_text(server: Server, language: str) -> None:
    from scripts.hearing.measure import read_all, speaker_behind
    from scripts.hearing.retrieval import distances, found
    from scripts.training.espeak import trim

    row = require_passing(language)
    texts = [*row["found"], *row["missed"]][:CHOICES]
    speaker = speaker_behind(row["voice"])

    answer = post(
        f"{server.inference_url}/predictions/tts", text=texts[0], language=language, seed=SEED
    )

    spoken = trim(heard(answer))
    assert found(distances([spoken], read_all(language, texts, speaker))).all()


def test_a_recogniser_understands_english_as_well_as_the_record_says(server: Server) -> None:
    from scripts.hearing.recogniser import Recogniser, WordErrors, word_errors

    rows = require_passing("en")["recogniser"]["rows"][:TRANSCRIBED]
    url, recogniser = f"{server.inference_url}/predictions/tts", Recogniser()
    made = WordErrors(errors=0, words=0)

    for row in rows:
        answer = post(url, text=row["text"], language="en", seed=SEED)
        made += word_errors(row["text"], recogniser.transcribe(heard(answer)))

    assert made.errors <= sum(row["errors"] for row in rows) + WORDS_ALLOWED
