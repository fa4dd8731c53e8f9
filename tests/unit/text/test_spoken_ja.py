"""Japanese: the whole chain ends in kana, numbers with the sound changes of their counters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text import romaji
from f5serve.text.clean import clean
from f5serve.text.japanese import to_kana
from f5serve.text.spoken.ja import read_out
from tests.unit.text.spoken_properties import assert_takes_linear_time, loads, texts

PIECES = (
    "15:30 2024/12/6(金) ¥1,200 03-1234-5678 〒100-0001 千代田区1-2-3 3〜5人 3:2 25℃ 100km/h 50m² v1.2.3 1/2"
    " Wi-Fi OpenAI 第3回 4時 猫 三匹 20XX年 日本 です は を 円"
)
UNITS = (
    "1",
    "1,",
    "1.",
    "1-",
    "1:",
    "1/",
    "漢",
    "あ",
    "aB",
    "é",
    "3km",
    "$5",
    "〇",
    "々",
    "-1",
    "10日",
    "1⁶",
    "⁶",
    "Ⅲ",
    "第X",
    "アII",
    "AM1",
    "R6.1.",
)
COUNTED = {
    "一匹": "いっぴき",
    "三匹": "さんびき",
    "十匹": "じゅっぴき",
    "三百": "さんびゃく",
    "六百": "ろっぴゃく",
    "八千": "はっせん",
    "十分": "じゅっぷん",
    "四時": "よじ",
    "九時": "くじ",
    "三階": "さんがい",
    "四人": "よにん",
    "二十分": "にじゅっぷん",
    "六十秒": "ろくじゅうびょう",
    "九十": "きゅうじゅう",
    "三本": "さんぼん",
    "千円": "せんえん",
}
ROMAJI = {
    "Tanaka": "タナカ",
    "shinkansen": "シンカンセン",
    "Nikko": "ニッコ",
    "Namba": "ナンバ",
    "matcha": "マッチャ",
    "Ryokan": "リョカン",
    "to": None,
    "GitHub": None,
    "Schmidt": None,
    "": None,
}


@settings(max_examples=60)
@given(texts(PIECES, "年月日円時分はをにと漢 "))
def test_any_text_is_read_out_once_and_for_all_in_kana(text: str) -> None:
    spoken = read_out(clean(text))

    assert read_out(spoken) == spoken
    assert not re.search(r"\d", spoken)


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=[]), max_size=100))
def test_no_text_at_all_is_refused(text: str) -> None:
    assert isinstance(read_out(text), str)


def test_hostile_texts_take_linear_time() -> None:
    assert_takes_linear_time(read_out, UNITS)


@pytest.mark.parametrize(("counted", "kana"), COUNTED.items(), ids=str)
def test_numbers_and_counters_sound_as_they_do_beside_each_other(counted: str, kana: str) -> None:
    assert to_kana(counted) == kana


@pytest.mark.parametrize(
    ("text", "kana"),
    {
        "10⁶": "じゅうのろくじょう",
        "10⁻³": "じゅうのマイナスさんじょう",
        "x⁴": "エックスのよんじょう",
        "³⁄₄": "よんぶんのさん",
        "脚注⁵": "きゃくちゅう",
        "⑵と⒊": "に、とさん、",
    }.items(),
)
def test_a_number_above_another_is_its_power_and_no_part_of_it(text: str, kana: str) -> None:
    assert read_out(text) == kana


@pytest.mark.parametrize(("word", "katakana"), ROMAJI.items(), ids=str)
def test_romaji_is_read_as_japanese_and_other_words_are_not(
    word: str, katakana: str | None
) -> None:
    assert romaji.to_katakana(word) == katakana


def test_a_word_that_the_dictionary_lacks_is_read_by_its_parts_or_spelled() -> None:
    assert to_kana("OpenOffice") == "オープンオフィス"
    assert to_kana("Qwrtx") == "キューダブリューアールティーエックス"


def test_a_phrase_longer_than_the_library_takes_is_read_in_parts() -> None:
    assert read_out("漢字" * 5_000) == "かんじ" * 5_000


def test_kana_alone_loads_no_dictionary() -> None:
    assert not loads("ja", "あさのでんしゃ。", "pyopenjtalk")
    assert loads("ja", "朝", "pyopenjtalk")
