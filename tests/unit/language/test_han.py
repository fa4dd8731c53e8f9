from __future__ import annotations

import pytest

from f5serve.language import PairHanClassifier
from f5serve.language.han import key_of


@pytest.fixture(scope="module")
def classifier() -> PairHanClassifier:
    return PairHanClassifier()


@pytest.mark.parametrize(
    "text",
    [
        "株式会社",
        "東京駅前広場",
        "働方改革",
        "都道府県",
        "円高傾向",
        "無料配達",
        "野球部員",
        "〆切",
    ],
)
def test_what_japanese_writes_is_japanese(classifier: PairHanClassifier, text: str) -> None:
    assert classifier.japanese_probability(text) > 0.8


@pytest.mark.parametrize(
    "text",
    ["我们的朋友", "這是什麼", "你好", "没关系", "說話", "他在公司工作", "春天來了", "天气预报"],
)
def test_what_chinese_writes_is_chinese(classifier: PairHanClassifier, text: str) -> None:
    assert classifier.japanese_probability(text) < 0.2


@pytest.mark.parametrize("text", ["安全", "", "hello", "人", "\x00", "\ud83d", "\u0301"])
def test_what_tells_nothing_stays_undecided(classifier: PairHanClassifier, text: str) -> None:
    assert classifier.japanese_probability(text) == pytest.approx(0.5, abs=0.1)


def test_characters_that_kana_parts_are_no_neighbours(classifier: PairHanClassifier) -> None:
    together = classifier.japanese_probability("株式")

    apart = classifier.japanese_probability("株の式")

    assert together > apart


def test_a_rare_character_beyond_sixteen_bits_tells_nothing(classifier: PairHanClassifier) -> None:
    assert key_of("\U00020000") is None
    assert classifier.japanese_probability("\U00020000\U00020001") == pytest.approx(0.5, abs=0.1)


def test_a_long_text_does_not_overflow(classifier: PairHanClassifier) -> None:
    assert classifier.japanese_probability("円" * 100_000) == pytest.approx(1.0, abs=0.01)
