from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ConfigurationError
from f5serve.language import han, latin
from f5serve.language.table import FOLDER, Table
from scripts.language_tables import pack

ROWS = {7: (1, 2), 70_000: (255, 0), 4_294_967_295: (3, 4)}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "some.table"
    path.write_bytes(content)
    return path


def test_a_row_is_found_by_its_key(tmp_path: Path) -> None:
    table = Table(written(tmp_path, pack(ROWS, 2)), columns=2)

    assert len(table) == 3
    assert [table.row(key) for key in ROWS] == [bytes(row) for row in ROWS.values()]


@pytest.mark.parametrize("key", [0, 8, 69_999, 4_294_967_294])
def test_a_key_that_is_not_there_has_no_row(tmp_path: Path, key: int) -> None:
    assert Table(written(tmp_path, pack(ROWS, 2)), columns=2).row(key) is None


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.binary(min_size=3, max_size=3), max_size=50))
def test_what_is_packed_is_read(rows: dict[int, bytes]) -> None:
    with TemporaryDirectory() as folder:
        table = Table(written(Path(folder), pack(rows, 3)), columns=3)

    assert {key: table.row(key) for key in rows} == rows


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        pack(ROWS, 2)[:-1],
        pack(ROWS, 2) + b"\0",
        pack(ROWS, 2)[3::-1] + pack(ROWS, 2)[4:],
        pack({1: (1, 2, 3)}, 3),
    ],
    ids=["empty", "short", "cut off", "too long", "other byte order", "other columns"],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)

    with pytest.raises(ConfigurationError, match="make language-tables"):
        Table(path, columns=2)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.table"):
        Table(tmp_path / "nowhere.table", columns=2)


def test_the_package_carries_its_tables() -> None:
    words = Table(FOLDER / latin.FILE, columns=len(latin.LANGUAGES))
    characters = Table(FOLDER / han.FILE, columns=len(han.COLUMNS))

    assert len(words) > 50_000
    assert len(characters) > 100_000


@pytest.mark.parametrize(
    ("word", "language"),
    [("the", "en"), ("que", "es"), ("että", "fi"), ("les", "fr"), ("che", "it")],
)
def test_a_common_word_is_commonest_in_its_own_language(word: str, language: str) -> None:
    row = Table(FOLDER / latin.FILE, columns=len(latin.LANGUAGES)).row(latin.key_of(word))

    assert row is not None
    assert latin.LANGUAGES[row.index(max(row))] == language


@pytest.mark.parametrize(("gram", "sign"), [("駅", 1), ("株式", 1), ("们", -1), ("说话", -1)])
def test_odds_of_a_character_and_of_a_pair_have_the_right_sign(gram: str, sign: int) -> None:
    key = han.key_of(gram)
    assert key is not None

    row = Table(FOLDER / han.FILE, columns=len(han.COLUMNS)).row(key)

    assert row is not None
    # Japanese has to beat the nearer of both Chinese scripts.
    assert (min(row) - han.ZERO) * sign > 0
