from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.archive import file_digest
from scripts.language_bench import SERVED, Row, main, repository_rows
from scripts.language_record import FOREIGN, NAMES, language_table


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    summary: dict[str, float] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return summary


def write(folder: Path, *rows: Row) -> str:
    file = folder / "rows.jsonl"
    lines = [
        json.dumps({"text": row.text, "lang": row.lang, "kind": row.kind, "src": "test"})
        for row in rows
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file)


def test_the_repository_has_sentences_in_every_language_and_windows_of_their_words() -> None:
    rows = repository_rows()

    assert {row.lang for row in rows if row.kind == "sent"} == set(SERVED)
    assert {len(row.text.split()) for row in rows if row.kind == "w23"} == {2, 3}


def test_accuracy_per_kind_is_told_in_percent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path,
        Row("Buenos días a todos", "es", "sent"),
        Row("Good morning everyone", "fr", "sent"),
        Row("Der Zug nach Berlin hat Verspätung.", "de", "ood"),
    )

    assert main([file]) == 0

    summary = last_line(capsys)
    assert summary["sent"] == 50.0
    assert summary["ood_accepted"] == 0.0


def test_speed_and_the_cost_of_a_start_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([write(tmp_path, Row("Buenos días a todos", "es", "sent"))])

    summary = last_line(capsys)
    assert summary["detections_per_cpu_second"] > 0
    assert summary["start_cpu_s"] > 0
    assert "pss_mb" in summary or not Path("/proc/self/smaps_rollup").exists()


def test_precision_and_recall_of_segment_borders_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([write(tmp_path, Row("Buenos días a todos", "es", "sent"))])

    summary = last_line(capsys)
    assert 90.0 < summary["segment_border_precision"] <= 100.0
    assert 90.0 < summary["segment_border_recall"] <= 100.0


def test_a_file_without_rows_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([write(tmp_path)]) == 2

    assert "no rows" in capsys.readouterr().err


def test_a_record_tells_the_texts_by_their_digest_and_becomes_the_table(tmp_path: Path) -> None:
    rows = [Row("Buenos días a todos", "es", kind) for kind in NAMES]
    rows.append(Row("Good morning everyone", "fr", "w23"))  # wrong on purpose
    rows += [Row("Der Zug nach Berlin hat Verspätung.", "de", FOREIGN)] * 2
    file = write(tmp_path, *rows)
    record = tmp_path / "record.json"

    assert main([file, "--record", str(record)]) == 0

    told = json.loads(record.read_text(encoding="utf-8"))
    assert told["texts"] == {"name": "rows.jsonl", "sha256": file_digest(Path(file))}
    table = language_table(record)
    assert "| two or three words | 2 | 50.0 |" in table
    assert "| sentences | 1 | 100.0 |" in table
    own = sum(row.kind == "sent" for row in repository_rows())
    assert f"% of {own} sentences" in table
