"""What is no word is read as words: the cases of every language, and what holds for any text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.spoken import read_out
from scripts.frontends import Case, languages, read_cases
from tests.unit.growth import assert_time_grows_with_length

LANGUAGES = languages()
LEAST_CASES = 40


def every_case() -> Iterator[tuple[str, Case]]:
    for language in LANGUAGES:
        for case in read_cases(language):
            yield language, case


@pytest.mark.parametrize(
    ("language", "case"),
    [pytest.param(code, case, id=f"{code}-{case.text[:40]}") for code, case in every_case()],
)
def test_a_text_is_read_as_a_native_speaker_would(language: str, case: Case) -> None:
    spoken = read_out(clean(case.text), language)

    assert spoken == case.spoken
    assert read_out(spoken, language) == spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_share_of_different_cases(language: str) -> None:
    texts = [case.text for case in read_cases(language)]

    assert len(set(texts)) == len(texts) >= LEAST_CASES


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_in_sentences_stay_as_they_are(language: str) -> None:
    plain = {
        "en": 'The weather will be fine tomorrow, but it will rain on Sunday; won\'t it? "Yes!" he said.',
        "es": "¿Dónde está la estación? ¡Qué día más bonito! El niño «comió» piña; después, durmió.",
        "fi": "Hyvää päivää! Tänään on kaunis sää, mutta sataako huomenna? Älä: «syö» – tätä…",
        "fr": "Le président a déclaré : « C’est l’été ! » ; où est Noël ? L'œuvre est là.",
        "hi": "नमस्ते, आप कैसे हैं? मैं ठीक हूँ।",
        "it": "Perché è così? L'università è lì; città, però, più… «Quell’uomo vide il mare.»",
        "ja": "きょうは、とてもいいてんきですね。",
        "ru": "Привет, как дела? Всё хорошо — спасибо!",
        "zh": "今天天气很好，我们去公园吧！你觉得怎么样？",
    }

    assert read_out(plain[language], language) == plain[language]


def is_number(character: str) -> bool:
    return unicodedata.category(character).startswith("N")


# What the patterns look for, in any order and neighbourhood.
FRAGMENTS = (
    *"0123456789.,:;/-–−+%€$£°'’\"#@&*_~`|<>()[]{}!?\\=^§№½²³ⅣXIVMCDabcdeéßäKFCÀ",
    *(
        "12,50",
        "1.234",
        "6.12.",
        "2024",
        "15:30",
        "15h30",
        " ",
        "\n",
        "  ",
        "km",
        "km/h",
        "°C",
        "EUR",
        "1er",
        "3º",
        "k",
    ),
    *(
        "https://a.example/x?y=1",
        "www.b.org",
        "a@b.com",
        "**",
        "# ",
        "- ",
        "| ",
        "<b>",
        "&amp;",
        "&#49;",
        "[a](b)",
        "😀",
    ),
    *(
        "USA",
        "NATO",
        "XIV",
        "Louis ",
        "siècle",
        "No. ",
        "Dr. ",
        "e.g.",
        "p.m.",
        "tel. ",
        "v2.0",
        "-5",
        "5-6",
        "klo ",
        ":n",
    ),
    *(
        "٣",
        "३",
        "５",
        "②",
        "¹",
        "Ⅻ",
        "一",
        "я",
        "한",
        "\u0301",
        "\u200d",
        "１．５",
        "...",
        "?!",
        "--",
        "→",
        "1️⃣",
        "10⁶",
        "⁻³",
        "^2",
        "❶",
        "〇",
        "$5-$",
        "1,2,",
        "30s",
        "7j/7",
        "S. P",
        "II e ",
        "16:9",
        "https://",
    ),
)
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3)), max_size=24).map(
    "".join
)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=250)
@given(text=hostile)
def test_any_text_is_read_without_a_digit_left_and_only_once(language: str, text: str) -> None:
    spoken = read_out(clean(text), language)

    assert not [character for character in spoken if is_number(character)]
    assert read_out(spoken, language) == spoken


ENDLESS = {
    "digits": "1234567890",
    "groups": "1.234",
    "groups with spaces": "1 234 ",
    "decimals": "3,14,",
    "dashes": "5-",
    "dates": "6/12/",
    "times": "15:30:",
    "versions": "1.2.3.",
    "capitals": "KFC",
    "romans": "XIV",
    "letters": "a",
    "stars": "*a",
    "underscores": "_a",
    "links": "[a](",
    "tags": "<a",
    "hosts": "a.b.",
    "mails": "a@b.",
    "bullets": "- \n",
    "tables": "|-",
    "headings": "# #",
    "quotes": "> >",
    "entities": "&amp;",
    "spaces": " 1 ",
    "endings": "5:n",
    "pluses": "+1 2 ",
    "lists": "1,",
    "powers": "1⁶",
    "carets": "1^",
    "sums": "$5-",
    "shares": "5 %-",
    "roman lists": "XIV, ",
    "decades": "90s, ",
    "schemes": "http://",
    "long hosts": "www.a.",
    "attributes": '<a b="',
    "compared": "> 5\n",
    "circles": "①",
    "saints": "via S. ",
    "notes": "abc¹,",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("repeated", ENDLESS.values(), ids=ENDLESS)
def test_the_time_is_proportional_to_the_length(language: str, repeated: str) -> None:
    assert_time_grows_with_length(
        lambda text: read_out(clean(text), language), repeated, 500, 4_000
    )


@pytest.mark.parametrize(
    ("language", "spoken"), [("zh", "二零二四年"), ("ja", "にせんにじゅうよねん")]
)
def test_a_han_zero_is_read(language: str, spoken: str) -> None:
    assert read_out("二〇二四年", language) == spoken


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("ru", "10⁶ и ①②❸", "десять в шестой степени и один, два, три"),
        ("hi", "10⁶ और ①②❸", "दस की घात छह और एक, दो, तीन"),
    ],
)
def test_powers_and_circled_numbers_stand_apart(language: str, text: str, spoken: str) -> None:
    assert read_out(text, language) == spoken


def test_a_language_without_a_module_is_cleaned_all_the_same() -> None:
    assert read_out("**Hei** <b>5</b> 😀", "xx") == "Hei 5"
    assert read_out("marks", "marks") == "marks"
