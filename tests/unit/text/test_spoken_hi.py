"""Hindi: Devanagari alone, numbers in lakh and crore, Latin words as Hindi writes them."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.spoken.hi import read_out
from f5serve.text.spoken.hi_latin import in_devanagari, transliterate
from f5serve.text.spoken.hi_loans import LOANS
from f5serve.text.spoken.hi_numbers import cardinal, number, ordinal, quarters, year
from tests.unit.text.spoken_properties import assert_takes_linear_time, loads, texts

PIECES = (
    "₹1,00,000 3.5% 15/08/1947 15:30 +91 98765 43210 21वीं 1947 में 5वाँ 100 km/h -5°C v1.2.3 iPhone 5G BBC डॉ. ई.पू."
    " DL3CAB1234 3-2 से जीता पिन: 110001 है । रु. 300 १२३ U.S.A. Wi-Fi"
)
UNITS = (
    "1",
    "1,",
    "1.",
    "1-",
    "1:",
    "1/",
    "क1",
    "क",
    "ि",
    "aB",
    "A",
    "é",
    "3km",
    "₹5",
    "1वाँ ",
    "½",
    "a'",
    "A.",
    "A. ",
    "1⁶",
    "⁶",
    "①",
    "1 AM-",
    "1.30 ",
    "1900-",
    "Rs.5/-",
    "0222 ",
)
RULES = {
    "vikram": "विक्रम",
    "ramesh": "रमेश",
    "chopra": "चोप्रा",
    "priyanka": "प्रियंका",
    "nation": "नशन",
    "bridge": "ब्रिज",
    "stack": "स्टैक",
    "club": "क्लब",
    "table": "टबल",
    "knight": "नाइट",
}


@given(texts(PIECES, "कमाि।़्ँं ः"))
def test_any_text_is_read_out_once_and_for_all_without_digits_or_latin_letters(text: str) -> None:
    spoken = read_out(clean(text))

    assert read_out(spoken) == spoken
    assert not re.search(r"[\dA-Za-z]", spoken)
    assert spoken == unicodedata.normalize("NFC", spoken)


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_no_text_at_all_is_refused(text: str) -> None:
    assert isinstance(read_out(text), str)


def test_hostile_texts_take_linear_time() -> None:
    assert_takes_linear_time(read_out, UNITS)


@pytest.mark.parametrize("text", ["नमस्ते, दुनिया!", "यह क़लम है। वह ज़मीन॥", "", " ", "😀", "क्या?"])
def test_a_text_of_words_and_marks_stays_as_it_is(text: str) -> None:
    assert read_out(text) == unicodedata.normalize("NFC", text)


def test_a_nukta_is_written_in_one_way_whatever_comes_in() -> None:
    composed, apart = "\u095b", "\u091c\u093c"

    assert read_out(composed) == read_out(apart) == apart


@pytest.mark.parametrize(
    ("digits", "words"),
    {
        "0": "शून्य",
        "6": "छह",
        "100000": "एक लाख",
        "1234567": "बारह लाख चौंतीस हज़ार पाँच सौ सरसठ",
        "10000000": "एक करोड़",
        "10000001": "एक करोड़ एक",
        "1000000000": "एक अरब",
        "987654321012": "नौ खरब सत्तासी अरब पैंसठ करोड़ तैंतालीस लाख इक्कीस हज़ार बारह",
    }.items(),
)
def test_a_quantity_is_read_in_lakh_crore_and_beyond(digits: str, words: str) -> None:
    assert nfc(cardinal(digits)) == nfc(words)


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def test_both_groupings_of_digits_are_one_number() -> None:
    assert number("1,00,000") == number("100,000") == number("100000")


def test_years_of_the_last_centuries_are_counted_in_hundreds() -> None:
    assert nfc(year("1947")) == "उन्नीस सौ सैंतालीस"
    assert nfc(year("1900")) == "उन्नीस सौ"
    assert nfc(year("2001")) == nfc("दो हज़ार एक")


@pytest.mark.parametrize(
    ("text", "spoken"),
    {
        "10⁶": "दस की घात छह",
        "10⁻³": "दस की घात माइनस तीन",
        "x²": "एक्स का वर्ग",
        "5 m²": "पाँच वर्ग मीटर",
        "³⁄₄": "तीन चौथाई",
        "शब्द⁵": "शब्द",
    }.items(),
)
def test_a_number_above_another_is_its_power_and_no_part_of_it(text: str, spoken: str) -> None:
    assert read_out(text) == nfc(spoken)


def test_quarters_have_words_of_their_own() -> None:
    assert [nfc(quarters(whole, 2)) for whole in range(4)] == [
        nfc(words) for words in ("आधा", "डेढ़", "ढाई", "साढ़े तीन")
    ]
    assert [quarters(whole, 1) for whole in range(3)] == ["एक चौथाई", "सवा", "सवा दो"]
    assert [quarters(whole, 3) for whole in range(3)] == ["तीन चौथाई", "पौने दो", "पौने तीन"]


def test_ordinals_agree_with_what_they_stand_before() -> None:
    assert [ordinal("1", ending) for ending in ("ला", "ली", "ले")] == ["पहला", "पहली", "पहले"]
    assert [ordinal("5", ending) for ending in ("वाँ", "वीं", "वें")] == ["पाँचवाँ", "पाँचवीं", "पाँचवें"]


@pytest.mark.parametrize(("word", "written"), RULES.items(), ids=str)
def test_an_unknown_word_is_written_by_its_spelling(word: str, written: str) -> None:
    assert transliterate(word) == written


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_every_word_becomes_devanagari_without_a_sign_that_stands_alone(word: str) -> None:
    written = transliterate(word)

    assert re.fullmatch("[\u0900-\u097f]*", written)
    assert not re.match("[\u0900-\u0903\u093e-\u094d]", written)
    assert not re.search("[\u093e-\u094c][\u093e-\u094d]", nfc(written))


def test_known_words_are_in_small_letters_and_in_devanagari() -> None:
    assert len(LOANS) > 400
    for word, written in LOANS.items():
        assert re.fullmatch("[a-z-]+", word), word
        assert re.fullmatch("[\u0900-\u097f-]+", written), word


def test_acronyms_are_spelled_unless_they_are_known_as_words() -> None:
    assert in_devanagari("NASA") == "नासा"
    assert in_devanagari("XYZ") == nfc("एक्स वाई ज़ेड")
    assert in_devanagari("A") == "ए"
    assert in_devanagari("SHIVAM") == transliterate("shivam")


def test_a_text_without_numbers_loads_no_library() -> None:
    assert not loads("hi", "नमस्ते BBC", "indic_numtowords")
    assert loads("hi", "5", "indic_numtowords")
