"""Mandarin: simplified characters, every number in words, Latin words as they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.frontend import Frontend, tokens
from f5serve.text.spoken import hi, ja, zh
from f5serve.text.spoken.zh import read_out
from f5serve.text.spoken.zh_numbers import cardinal, number, one_by_one
from tests.unit.text.spoken_properties import assert_takes_linear_time, loads, texts

PIECES = (
    "2024年12月6日 15:30 ￥1,234.50 3.5% 2个 第3名 13812345678 3:2 3/4 -5℃ 5kg 3-5km v1.2.3 京A12345 音樂 房间302"
    " 2020-2024年 Windows 第 年 月 日 到 点 元"
)
UNITS = (
    "1",
    "1,",
    "1.",
    "1-",
    "1:",
    "1/",
    "1年",
    "第1",
    "漢",
    "A1",
    "3km",
    "$5",
    "5%",
    "½",
    "QQ1",
    "电话",
    "1⁶",
    "⁶",
    "a^",
    "-1℃~",
    "010 ",
    "+1 2 ",
    "2000到",
)
TRADITIONAL = {
    "銀行": " yin2 hang2",
    "音樂": " yin1 yue4",
    "長大": " zhang3 da4",
    "行為": " xing2 wei2",
}


@given(texts(PIECES, "年月日个第元点 "))
def test_any_text_is_read_out_once_and_for_all_and_no_digit_is_left(text: str) -> None:
    spoken = read_out(clean(text))

    assert read_out(spoken) == spoken
    assert not re.search(r"\d", spoken)


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_no_text_at_all_is_refused(text: str) -> None:
    assert isinstance(read_out(text), str)


def test_hostile_texts_take_linear_time() -> None:
    assert_takes_linear_time(read_out, UNITS)


@pytest.mark.parametrize("rules", [zh._RULES, ja._RULES, hi._RULES], ids=["zh", "ja", "hi"])
def test_no_rule_begins_with_a_run_of_digits_that_it_would_give_back_one_by_one(
    rules: tuple[tuple[re.Pattern[str], object], ...],
) -> None:
    """Of n digits it would try each beginning with each end: n squared, where what follows is not there."""
    gives_back = re.compile(r"(?:\[0-9\]|\\d)[+*](?![+])(?!$)")

    assert gives_back.match("[0-9]+(?=元)")
    assert not gives_back.match("[0-9]++(?=元)")
    assert [pattern.pattern for pattern, _ in rules if gives_back.match(pattern.pattern)] == []


@pytest.mark.parametrize(("written", "pinyin"), TRADITIONAL.items(), ids=str)
def test_traditional_characters_get_the_readings_of_simplified_ones(
    written: str, pinyin: str
) -> None:
    assert "".join(tokens(read_out(written), Frontend(converter="pinyin"))) == pinyin


def test_a_character_that_is_simplified_in_two_steps_is_so_at_once() -> None:
    assert read_out("薴") == "苎"


@pytest.mark.parametrize(
    "text", ["你好，世界！", "Hello, world!", "A，B；C（D）", "", " ", "😀", "「你好」"]
)
def test_a_text_of_words_and_marks_stays_as_it_is(text: str) -> None:
    assert read_out(text) == text


@pytest.mark.parametrize(
    ("text", "spoken"),
    {
        "10⁶": "十的六次方",
        "10⁻³": "十的负三次方",
        "1.5×10⁸米": "一点五乘十的八次方米",
        "mc²": "mc的平方",
        "x^10": "x的十次方",
        "5km²": "五平方公里",
        "³⁄₄": "四分之三",
        "注释⁵": "注释",
    }.items(),
)
def test_a_number_above_another_is_its_power_and_no_part_of_it(text: str, spoken: str) -> None:
    assert read_out(text) == spoken


@pytest.mark.parametrize(
    ("digits", "words"),
    {
        "0": "零",
        "2": "二",
        "10": "十",
        "12": "十二",
        "20": "二十",
        "110": "一百一十",
        "202": "两百零二",
        "1005": "一千零五",
        "10050": "一万零五十",
        "100000005": "一亿零五",
        "1234500000000": "一万二千三百四十五亿",
        "0007": "七",
        "12345678901234567": "一二三四五六七八九零一二三四五六七",
    }.items(),
)
def test_a_quantity_is_read_with_its_places(digits: str, words: str) -> None:
    assert cardinal(digits) == words


def test_two_is_another_word_before_a_measure_word_only() -> None:
    assert cardinal("2", counted=True) == "两"
    assert cardinal("12", counted=True) == "十二"
    assert number("2.5", counted=True) == "二点五"
    assert number("2,000.05") == "两千点零五"


def test_one_is_another_word_in_telephone_numbers_only() -> None:
    assert one_by_one("110", telephone=True) == "幺幺零"
    assert one_by_one("110") == "一一零"


def test_what_holds_no_han_character_loads_no_dictionary() -> None:
    assert not loads("zh", "Hello 5", "opencc")
    assert loads("zh", "你好", "opencc")
