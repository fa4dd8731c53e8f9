"""A record says what was measured, and not what lay there when it was written."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.record import commit_and_date, write_record


def test_a_long_measurement_is_recorded_with_the_circumstances_of_its_beginning(
    tmp_path: Path,
) -> None:
    begun = {"commit": "abc1234", "date": "2026-11-25"}
    write_record(tmp_path / "long.json", {"n": 1}, measured=begun)
    write_record(tmp_path / "short.json", {"n": 1})

    long, short = (
        json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("long", "short")
    )
    assert long == {"circumstances": begun, "n": 1}
    assert short["circumstances"]["commit"] != "abc1234"
    assert short["circumstances"]["cores"] >= 1


def test_a_line_under_a_table_says_that_what_was_measured_is_no_commit() -> None:
    told = {"commit": "abc1234", "date": "2026-11-25"}

    assert commit_and_date({**told, "uncommitted_changes": False}) == "commit abc1234, 2026-11-25"
    assert (
        commit_and_date({**told, "uncommitted_changes": True})
        == "commit abc1234 with uncommitted changes, 2026-11-25"
    )
