from __future__ import annotations

import pytest

from f5serve.errors import ConfigurationError
from f5serve.language import han, latin
from f5serve.language.table import FOLDER
from scripts import language_tables
from scripts.language_tables import han_rows, main, pack, without_accents, word_rows

HEADER = "Languages: zh-hans,zh-hant,ja UnigramTotals: 1,1,1"


def lists(**some: dict[str, float]) -> dict[str, dict[str, float]]:
    return {code: some.get(code, {}) for code in latin.LANGUAGES}


@pytest.mark.parametrize(
    ("word", "typed"),
    [("été", "ete"), ("œuvre", "oeuvre"), ("hyvää", "hyvaa"), ("mañana", "manana")],
)
def test_accents_go_and_letters_stay(word: str, typed: str) -> None:
    assert without_accents(word) == typed


def test_a_word_that_no_language_uses_often_is_left_out() -> None:
    rows = word_rows(lists(en={"common": 1e-4, "rare": 1e-7}))

    assert set(rows) == {latin.key_of("common")}


def test_a_common_word_keeps_its_rare_uses() -> None:
    row = word_rows(lists(en={"panel": 1e-5}, fi={"panel": 1e-7}))[latin.key_of("panel")]

    by_language = dict(zip(latin.LANGUAGES, row, strict=True))
    assert by_language["en"] > by_language["fi"] > 0
    assert by_language["fr"] == 0


def test_forms_that_fall_together_without_accents_add_up() -> None:
    rows = word_rows(lists(fr={"a": 1e-3, "à": 1e-3}))

    column = latin.LANGUAGES.index("fr")
    assert rows[latin.key_of("a")][column] > rows[latin.key_of("à")][column]


def test_values_fit_a_byte() -> None:
    row = word_rows(lists(en={"every": 1.0}))[latin.key_of("every")]

    assert max(row) <= 255


def test_odds_are_those_of_japanese_against_each_chinese() -> None:
    rows = han_rows([HEADER, "駅 0 0 -9.0", "说 -8.0 0 0", "人 -5.0 -5.0 -5.0"])

    japanese, chinese, both = (rows[ord(character)] for character in "駅说人")
    assert min(japanese) > han.ZERO
    assert chinese[0] < han.ZERO == chinese[1]
    assert both == [han.ZERO, han.ZERO]


def test_rare_pairs_are_left_out_and_rare_characters_kept() -> None:
    rows = han_rows([HEADER, "駅前 0 0 -15.0", "駅員 0 0 -12.0", "㐂 0 0 -15.0"])

    assert set(rows) == {han.key_of("駅員"), *map(ord, "㐂々〆")}


def test_counts_in_another_form_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"1\.0\.5"):
        han_rows(["Languages: ja,zh"])


def test_the_same_rows_give_the_same_bytes_in_any_order() -> None:
    assert pack({1: [1], 2: [2]}, 1) == pack({2: [2], 1: [1]}, 1)


def test_a_table_that_differs_is_told_and_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(language_tables, "make_tables", lambda: {han.FILE: b"other"})
    before = (FOLDER / han.FILE).stat().st_mtime_ns

    assert main(["--check"]) == 1

    assert "differs" in capsys.readouterr().out
    assert (FOLDER / han.FILE).stat().st_mtime_ns == before
