from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ValueRefusedError
from f5serve.language import canonical

NINE = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")


@pytest.mark.parametrize("code", NINE)
def test_a_served_code_means_itself(code: str) -> None:
    assert canonical(code, NINE) == code


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        *[
            ("en-US", "en"),
            ("EN_us", "en"),
            ("eng", "en"),
            (" en-GB-oed ", "en"),
            ("en-Latn-US", "en"),
        ],
        *[
            ("zh-CN", "zh"),
            ("zh-TW", "zh"),
            ("zh-Hant", "zh"),
            ("cmn", "zh"),
            ("cmn-Hans-CN", "zh"),
        ],
        *[("zho", "zh"), ("chi", "zh"), ("zh-cmn-Hans", "zh"), ("ZH_hant_TW", "zh")],
        *[
            ("fra", "fr"),
            ("fre", "fr"),
            ("fr-CA", "fr"),
            ("jpn", "ja"),
            ("ja-JP", "ja"),
            ("ja-Hira", "ja"),
        ],
        *[
            ("rus", "ru"),
            ("hin", "hi"),
            ("hi-Deva-IN", "hi"),
            ("ita", "it"),
            ("spa", "es"),
            ("es-419", "es"),
        ],
        ("fin", "fi"),
    ],
)
def test_tags_and_older_codes_mean_a_served_language(tag: str, expected: str) -> None:
    assert canonical(tag, NINE) == expected


@pytest.mark.parametrize(
    "tag",
    [
        "yue",
        "zh-yue",
        "zh-yue-HK",
        "nan",
        "de",
        "pt-BR",
        "auto",
        "",
        " ",
        "e",
        "english",
        "en US",
        "en--US",
        "hi-Latn",
        "ja-Latn",
        "../en",
        "en\x00",
        "\ud83d",
        "en-" * 1000,
        "*",
    ],
)
def test_any_other_tag_is_refused_with_what_is_served(tag: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        canonical(tag, NINE)

    assert (caught.value.field, caught.value.code) == ("language", "language_not_supported")
    assert "en, es, fi, fr, hi, it, ja, ru, zh" in caught.value.detail
    caught.value.detail.encode("utf-8")


def test_a_language_of_the_nine_that_is_not_served_is_refused() -> None:
    with pytest.raises(ValueRefusedError):
        canonical("fr", ("en", "fi"))


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_is_a_served_language_or_refused(tag: str) -> None:
    try:
        assert canonical(tag, NINE) in NINE
    except ValueRefusedError as error:
        error.detail.encode("utf-8")
