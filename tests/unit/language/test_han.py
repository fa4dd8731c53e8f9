from __future__ import annotations

import pytest

from f5serve.language import CharacterHanClassifier


@pytest.mark.parametrize(
    "text", ["株式会社", "東京駅前広場", "働方改革", "都道府県", "円高傾向", "〆切"]
)
def test_what_only_japanese_writes_is_japanese(text: str) -> None:
    assert CharacterHanClassifier().japanese_probability(text) > 0.9


@pytest.mark.parametrize(
    "text", ["我们的朋友", "這是什麼", "你好", "没关系", "說話", "他在公司工作"]
)
def test_what_only_chinese_writes_is_chinese(text: str) -> None:
    assert CharacterHanClassifier().japanese_probability(text) < 0.1


@pytest.mark.parametrize("text", ["安全第一", "", "hello", "人"])
def test_what_both_write_alike_stays_undecided(text: str) -> None:
    assert CharacterHanClassifier().japanese_probability(text) == pytest.approx(0.5, abs=0.1)


def test_a_long_text_does_not_overflow() -> None:
    assert CharacterHanClassifier().japanese_probability("円" * 100_000) == pytest.approx(1.0)
