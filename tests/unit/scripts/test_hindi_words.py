"""The word lists hold what is typed for a word, and how often it is used."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from f5serve.romanised.lexicon import HINDI, Lexicon
from scripts import hindi_words
from scripts.hindi_words import english_lines, hindi_lines, main, spellings


@pytest.mark.parametrize(
    ("word", "usual"),
    [
        ("करना", "karnaa"),
        ("नमस्ते", "namaste"),
        ("पत्र", "patra"),
        ("ज्ञान", "gyaan"),
        ("भाई", "bhaaee"),
        ("संबंध", "sambandh"),
        ("काम", "kaam"),
        ("ज़मीन", "zameen"),
    ],
)
def test_the_usual_spelling_is_the_likeliest(word: str, usual: str) -> None:
    assert min(spellings(word), key=lambda way: way[1])[0] == usual


@pytest.mark.parametrize(
    ("word", "other"), [("लड़का", "larkaa"), ("हैं", "hai"), ("खत्म", "khatam"), ("लड़का", "ladakaa")]
)
def test_other_spellings_are_less_likely(word: str, other: str) -> None:
    ways = dict(spellings(word))

    assert ways[other] > min(ways.values())


@pytest.mark.parametrize("word", ["", "abc", "नम॰ते"])
def test_what_is_no_hindi_word_has_none(word: str) -> None:
    assert list(spellings(word)) == []


def test_words_that_share_a_skeleton_stand_in_one_line_the_most_frequent_first() -> None:
    (line,) = (
        one for one in hindi_lines({"कम": 1e-3, "काम": 1e-2, "the": 1.0}) if one.startswith("kam\t")
    )

    assert [entry.split()[0] for entry in line.split("\t")[1:]] == ["काम", "कम"]


def test_rare_english_words_are_left_out() -> None:
    assert english_lines({"the": 0.05, "rare": 1e-9, "don't": 0.01}) == ["the -3.0"]


def test_what_it_writes_is_what_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {HINDI: hindi_lines({"काम": 1e-2})}
    monkeypatch.setattr(hindi_words, "FOLDER", tmp_path)
    monkeypatch.setattr(hindi_words, "make_lists", lambda: lines)

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert "differs" in capsys.readouterr().out
    assert lzma.decompress((tmp_path / HINDI).read_bytes()).decode().splitlines() == lines[HINDI]
    found = Lexicon(tmp_path).hindi("kaam")
    assert found is not None
    assert found.written == "काम"
