"""Russian: Cyrillic alone, numbers in the case that their sentence asks for."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.spoken import ru
from f5serve.text.spoken.ru import read_out
from f5serve.text.spoken.ru_words import HEADLINES, NAMES
from tests.unit.text.spoken_properties import assert_takes_linear_time, loads, texts

PIECES = (
    "2024 году 15:30 1 234,50 руб. $20 3% №5 XIX век т. е. г. ул. Ленина д. 5 100 км/ч США МГУ А. С. Пушкин +7 (495)"
    " 123-45-67 -5 °C 3:2 1990-х 5-й 1/2 «да» iPhone Wi-Fi 18+ СТОП ёлка и в с до"
)
UNITS = (
    "1",
    "1.",
    "1-",
    "1:",
    "1 ",
    "А.",
    "а",
    "А",
    "a",
    "г. ",
    "5 руб. ",
    "XIX ",
    "12:30 ",
    "№",
    "$5",
    "«",
    "т.",
    "1\n",
    "x\n",
    "1⁶",
    "⁶",
    "①",
    "8 800 ",
    "1х",
    "II ая ",
    "ст. 5 ",
    "USD ",
    "1 дек",
    "v1.1",
    "1 234 ",
)


@settings(max_examples=60)
@given(texts(PIECES, "абвАБВёЁ. "))
def test_any_text_is_read_out_once_and_for_all_in_cyrillic_without_digits(text: str) -> None:
    spoken = read_out(clean(text))

    assert read_out(spoken) == spoken
    assert not re.search(r"[\dA-Za-z]", spoken)


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=[]), max_size=100))
def test_no_text_at_all_is_refused(text: str) -> None:
    assert isinstance(read_out(text), str)


def test_hostile_texts_take_linear_time() -> None:
    assert_takes_linear_time(read_out, UNITS)


@pytest.mark.parametrize(
    "text",
    ["Привет, мир!", "Ещё ёлка: «да» — и „нет“…", "", " ", "\n", "😀", "Он ушёл.\nОна пришла."],
)
def test_a_text_of_words_and_marks_stays_as_it_is(text: str) -> None:
    assert read_out(text) == text


@given(st.text(st.sampled_from("абвё «»,!\n\t\u2028"), max_size=40), st.integers(0, 250))
def test_no_word_is_lost_or_cut_however_long(text: str, letters: int) -> None:
    text = f"{text}{'я' * letters} {text}"

    assert read_out(text) == text


def test_letters_of_other_scripts_stay_and_do_not_hinder_what_is_beside_them() -> None:
    assert read_out("слово 漢字 и \U00017000 \U00018b00 стоят 5 рублей") == (
        "слово 漢字 и \U00017000 \U00018b00 стоят пять рублей"
    )


def test_a_word_too_long_to_be_one_is_read_in_parts() -> None:
    assert read_out("я" * 250 + " 5 кг").endswith("яя пять килограмм")


def test_line_breaks_and_quotes_stay_where_they_were() -> None:
    assert read_out("В 5 ч\n«ФСБ» и “5”\n\nда") == "В пять часов\n«эф эс бэ» и “пять”\n\nда"


def test_no_stress_marks_are_added() -> None:
    assert not re.search("[+\u0301]", read_out("Замок на 5 замков, Google и 21 июня"))


@pytest.mark.parametrize(
    ("text", "spoken"),
    {
        "из 5 домов": "из пяти домов",
        "с 5 друзьями": "с пятью друзьями",
        "о 3 книгах": "о трёх книгах",
        "1 книга": "одна книга",
        "2 окна": "два окна",
        "к 21 июня": "к двадцать первому июня",
    }.items(),
)
def test_a_number_takes_the_case_and_gender_of_its_noun(text: str, spoken: str) -> None:
    assert read_out(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    {
        "10⁶": "десять в шестой степени",
        "10⁻³ м": "десять в минус третьей степени м",
        "n²": "эн в квадрате",
        "5 м²": "пять квадратных метров",
        "100 km²": "сто квадратных километров",
        "слово⁵ и": "слово и",
        "9,8 м/с²": "девять целых восемь десятых метра в секунду в квадрате",
    }.items(),
)
def test_a_number_above_another_is_its_power_and_no_part_of_it(text: str, spoken: str) -> None:
    assert read_out(text) == spoken


def test_a_time_is_told_with_its_units_and_a_score_without() -> None:
    assert read_out("в 21:21") == "в двадцать один час двадцать одну минуту"
    assert read_out("ничья 21:21") == "ничья двадцать один, двадцать один"


def test_the_data_is_written_as_it_is_looked_up() -> None:
    assert all(re.fullmatch("[a-z-]+", word) for word in NAMES)
    assert all(re.fullmatch("[а-яё-]+", written) for written in NAMES.values())
    assert all(word == word.lower() for word in HEADLINES)


def test_a_text_of_words_alone_loads_no_library() -> None:
    assert not loads("ru", "Привет, мир!", "ru_normalizr")
    assert loads("ru", "5", "ru_normalizr")


def test_the_library_writes_no_numbers_of_callers_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = "2" * 100 + " шт."

    assert not re.search("[0-9]", read_out(text))
    assert "2222" not in caplog.text


def test_lines_that_are_alike_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_once(words: str) -> str:
        read.append(words)
        return "слово"

    monkeypatch.setattr(ru, "_read_once", read_once)

    assert read_out("1\n1\n2\n1") == "слово\nслово\nслово\nслово"
    assert sorted(read) == ["1", "2"]


def test_the_index_of_english_words_finds_what_the_library_finds_without_it() -> None:
    ru.load()
    transcribe = import_module("eng_to_ipa.transcribe")
    words = ["smith", "read", "tomato", "qqqq"]
    path = Path(str(transcribe.__file__)).parent / "resources" / "CMU_dict.db"
    with closing(sqlite3.connect(path)) as file:
        query = "SELECT phonemes FROM dictionary WHERE word = ?"
        expected = {word: [row[0] for row in file.execute(query, (word,))] for word in words}

    found = dict(transcribe.fetch_words(words))

    assert {word: sorted(found.get(word, [])) for word in words} == {
        word: sorted(sounds) for word, sounds in expected.items()
    }
    assert expected["read"]
    assert not expected["qqqq"]
