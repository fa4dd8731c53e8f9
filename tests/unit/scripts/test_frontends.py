"""``make frontends`` shows every case, and says which are not read as wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import frontends


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(frontends, "CASES", tmp_path)
    (tmp_path / "en.yaml").write_text(
        '- {text: "5 km", spoken: "five kilometres"}\n- {text: "7 km", spoken: "sieben"}\n',
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_each_case_is_shown_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert frontends.main([]) == 1

    shown = capsys.readouterr().out
    assert "en  5 km\n  → five kilometres\n" in shown
    assert "en  7 km\n  ✗ seven kilometres\n  wanted sieben\n" in shown
    assert "1 of 2" in shown


@pytest.mark.usefixtures("folder")
def test_only_what_is_wrong_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    frontends.main(["--wrong"])

    shown = capsys.readouterr().out
    assert "5 km" not in shown
    assert "7 km" in shown


@pytest.mark.usefixtures("folder")
def test_a_language_without_cases_is_told_with_those_that_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert frontends.main(["--languages", "xx"]) == 1
    assert "there are en" in capsys.readouterr().err


def test_the_repositorys_own_cases_are_all_read_as_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert frontends.main(["--wrong"]) == 0, capsys.readouterr().out
