"""The table of lengths is measured in a corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from f5serve.text.lengths import COLUMNS
from f5serve.text.phonemes import TOKENS
from scripts.training import lengths


def test_a_mean_is_that_of_the_place() -> None:
    said = [
        ("G", 0.0),
        ("OW1", 0.1),
        ("T", 0.2),
        ("AH0", 0.25),
        ("G", 0.3),
        ("OW1", 0.4),
        (".", 0.7),
    ]

    table = lengths.measured([said] * 500)

    assert table["OW1"][COLUMNS.index("inner, consonant")] == pytest.approx(100, abs=3)
    assert table["OW1"][COLUMNS.index("last, pause")] == pytest.approx(300, abs=3)
    assert table["OW1"][COLUMNS.index("inner, vowel")] == pytest.approx(200, abs=3)  # never met
    assert set(table) == set(TOKENS)


def test_a_corpus_becomes_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"said": [[" ", 0.0], ["B", 4.7], ["IY1", 12.0], [".", 30.0]]}
    (tmp_path / "en-plain-1.jsonl").write_text(json.dumps(row) + "\n")
    table = tmp_path / "lengths.txt"
    monkeypatch.setattr(lengths, "TABLE", table)

    assert lengths.main([str(tmp_path)]) == 0

    told = dict(line.split(maxsplit=1) for line in table.read_text().splitlines())
    assert int(told["IY1"].split()[-1]) == pytest.approx(18 * 256 / 24, abs=1)


def test_a_corpus_without_english_is_refused_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lengths.main([str(tmp_path)]) == 1
    assert "train_demo data" in capsys.readouterr().err
