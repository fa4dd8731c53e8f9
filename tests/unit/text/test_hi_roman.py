"""Hindi typed in Latin letters is read as the words that are meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.spoken import read_out
from f5serve.text.spoken.hi_roman import by_sound, in_devanagari

CASES = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "romanised.yaml").read_text(encoding="utf-8")
)["hindi"]


MIXED = (
    *(
        "kya",
        "main",
        "the",
        "है",
        "TV",
        "hai",
        "meeting",
        ",",
        "5",
        "krte",
        "km",
        "May",
        "Wi-Fi",
        "A.",
        "/",
    ),
    *("don't", "Smt.", "²", "10:30", "am", "₹", "chai-paani", "Kia", "KYA"),
)


def folded(text: str) -> list[str]:
    """Words, without what Hindi writers leave out as they like: nuktas, and the form of nasal signs."""
    return unicodedata.normalize("NFD", text).replace("़", "").replace("ँ", "ं").split()


def test_nearly_all_words_are_those_that_were_meant() -> None:
    right = words = 0
    for case in CASES:
        read, meant = folded(read_out(case["typed"], "hi")), folded(case["written"])
        assert len(read) == len(meant), case
        words += len(meant)
        right += sum(one == other for one, other in zip(read, meant, strict=True))

    assert right >= 0.97 * words, f"{right} of {words}"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Kya aap theek hain?", "क्या आप ठीक हैं?"),
        ("Usne kaha ki wo kal aayega.", "उसने कहा कि वो कल आएगा."),
        ("Ram ki kitaab kahan hai?", "राम की किताब कहाँ है?"),
        ("Mujhe 5 kg aaloo chahiye.", "मुझे पाँच किलोग्राम आलू चाहिए."),
        ("PM ne TV par kaha ki sab theek hai.", "पीएम ने टीवी पर कहा कि सब ठीक है."),
        ("Office late jaunga, traffic bahut hai.", "ऑफ़िस लेट जाऊंगा, ट्रैफ़िक बहुत है."),
        ("KYA BAAT HAI BHAI!", "क्या बात है भाई!"),
        ("यह शहर का main gate है", "यह शहर का मेन गेट है"),
        ("मुझे nahi पता", "मुझे नहीं पता"),
        ("Amit Mumbai mein rehta hai, pehle Pune mein tha.", "अमित मुंबई में रहता है, पहले पुणे में था."),
        ("humne humara ghar humse door dekha", "हमने हमारा घर हमसे दूर देखा"),
        ("haan/nahi mein jawab do mujhe", "हाँ/नहीं में जवाब दो मुझे"),
        ("m ghr ja rha hu", "मैं घर जा रहा हूँ"),
        ("Wi-Fi ka password kya hai bhai?", "वाई-फ़ाई का पासवर्ड क्या है भाई?"),
        ("Download karo app aur login karo", "डाउनलोड करो ऐप और लॉगिन करो"),
        ("M. K. Gandhi ne kaha ki sab ek hain.", "एम के गांधी ने कहा कि सब एक हैं."),
        ("Smt. Sharma kal aayi thi", "श्रीमती शर्मा कल आई थी"),
        ("KYA TUM IIT MEIN HO BHAI", "क्या तुम आई आई टी में हो भाई"),
        ("kṛpayā batāiye āp kaise haiṃ", "कृपया बताइए आप कैसे हैं"),
        ("Paani pilao.", "पानी पिलाओ."),
        ("Kia की नई car", "किया की नई कार"),
        ("Vande मातरम्", "वंड मातरम्"),
    ],
)
def test_a_text_is_read(typed: str, read: str) -> None:
    assert read_out(typed, "hi") == read


@pytest.mark.parametrize(
    "text",
    ["Hello, how are you?", "The main road is near us.", "Windows Update", "user@main.org", ""],
)
def test_english_stays_for_the_rules_of_english(text: str) -> None:
    assert in_devanagari(text) == text


@pytest.mark.parametrize(
    ("letters", "written"),
    [
        ("milaayein", "मिलाएँ"),
        ("parosein", "परोसें"),
        ("milao", "मिलाओ"),
        ("ramesh", "रमेश"),
        ("dukanon", "दुकनों"),
        ("pehnegi", "पहनेगी"),
        ("ganga", "गंगा"),
    ],
)
def test_a_word_in_no_list_is_written_as_it_sounds(letters: str, written: str) -> None:
    assert by_sound(letters) == written


@given(st.text(alphabet="aeiouyhkgcjtdnpbmrlvsz", min_size=1, max_size=20))
def test_any_word_becomes_devanagari(letters: str) -> None:
    assert all("\u0900" <= sign <= "\u097f" for sign in by_sound(letters))


@given(
    st.lists(
        st.sampled_from(
            [
                "kya",
                "main",
                "the",
                "है",
                "TV",
                "hai",
                "meeting",
                ",",
                "5",
                "krte",
                "km",
                "May",
                "Wi-Fi",
                "A.",
                "/",
                "don't",
            ]
        ),
        max_size=12,
    )
)
def test_reading_again_changes_nothing(words: list[str]) -> None:
    once = read_out(" ".join(words), "hi")

    assert read_out(once, "hi") == once
    assert not any("a" <= letter <= "z" for letter in once.lower())
