"""The pronouncing dictionary: what is taken from its source, and that what lies there is of that form."""

from pathlib import Path

import pytest

from f5serve.text.phonemes import TOKENS, _dictionary
from scripts.training.dictionary import entries, main


def test_the_first_way_to_say_a_word_is_kept_and_notes_are_not() -> None:
    told = entries(
        [
            "read R EH1 D",
            "read(2) R IY1 D # present",
            "overnight OW2 V ER0 N AY1 T # adverb",
            "don't D OW1 N T",
            "'bout B AW1 T",
            "3d TH R IY1 D IY2",
        ]
    )

    assert told == ["don't D OW1 N T", "overnight OW1 V ER0 N AY1 T", "read R EH1 D"]


def test_a_source_that_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(tmp_path / "none.dict")]) == 1
    assert "none.dict" in capsys.readouterr().err


def test_every_line_of_the_dictionary_is_a_word_and_tokens_in_order() -> None:
    lines = _dictionary()

    assert len(lines) > 100_000
    assert lines == sorted(lines)
    assert {sound for line in lines for sound in line.split()[1:]} <= set(TOKENS)
    assert all(len(line.split()) > 1 for line in lines)
