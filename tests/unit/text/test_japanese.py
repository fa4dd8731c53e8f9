"""Kanji, digits and Latin letters become kana, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.frontend import Frontend, tokens
from f5serve.text.japanese import to_kana

READINGS = {
    "今日は晴れ。": "きょうははれ。",
    "私は毎朝コーヒーを飲みます。": "わたしはまいあさコーヒーをのみます。",
    "東京の天気は良いです。": "とうきょうのてんきはよいです。",
    "コンサートは何時に始まりますか？": "コンサートはなんじにはじまりますか？",
    "AI技術": "エーアイぎじゅつ",
    "1,200円です。": "せんにひゃくえんです。",
    "12月6日": "じゅうにがつむいか",
    "「はい」と言いました。": "「はい」といいました。",
    "新しい 本": "あたらしい ほん",
    "あさのでんしゃは、しちじにでます。": "あさのでんしゃは、しちじにでます。",
    "ヴァイオリンを弾く": "ヴァイオリンをひく",
}
FRONTEND = Frontend(converter="char", lowercase=True, punctuation="ascii", kana=True)


@pytest.mark.parametrize(("text", "kana"), READINGS.items(), ids=str)
def test_a_text_is_read_in_kana_as_it_is_spelled(text: str, kana: str) -> None:
    assert to_kana(text) == kana


def test_tokens_of_japanese_are_kana_and_plain_marks() -> None:
    assert "".join(tokens("今日は、晴れ。", FRONTEND)) == "きょうは,はれ."


def test_the_same_text_gives_the_same_tokens_written_in_kanji_or_in_kana() -> None:
    for text, kana in READINGS.items():
        assert tokens(text, FRONTEND) == tokens(kana, FRONTEND)


@pytest.mark.parametrize("text", ["", "々", "😀", "\u0301", "…", "ー", "龘龘", "한국어", "a" * 300])
def test_what_has_no_reading_stays_or_is_spelled(text: str) -> None:
    assert isinstance(to_kana(text), str)
    assert to_kana("😀 本") == "😀 ほん"


@given(st.text(alphabet="あアー、。 ,.!?漢字本日1aB😀\u0301", max_size=60))
def test_marks_and_spaces_stay_in_their_order(text: str) -> None:
    cleaned = clean(text)

    marks = [character for character in to_kana(cleaned) if character in "、。!? "]

    assert marks == [character for character in cleaned if character in "、。!? "]


def test_kana_alone_loads_no_dictionary() -> None:
    code = (
        "import sys; from f5serve.text.japanese import to_kana;"
        "assert to_kana('あさのでんしゃ。') == 'あさのでんしゃ。';"
        "sys.exit('pyopenjtalk' in sys.modules)"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], env={"PYTHONPATH": "handlers"}, check=False
    )

    assert done.returncode == 0
