"""Hindi typed in Latin letters is read as the words that are meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from f5serve.romanised import Lexicon
from f5serve.routing.plan import plan_pieces
from f5serve.routing.segments import TextSegment
from f5serve.text.spoken import hi_roman, read_out
from f5serve.text.spoken.hi_roman import by_sound, in_devanagari
from f5serve.text.spoken.hi_words import SCALES, UNITS

CASES = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "romanised.yaml").read_text(encoding="utf-8")
)["hindi"]


MIXED = [
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
    "Smt.",
    "²",
    "10:30",
    "am",
    "₹",
    "chai-paani",
    "Kia",
    "KYA",
]


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
    ("typed", "read"),
    [
        ("Dilli se Agra 200 km door hai", "दिल्ली से आगरा दो सौ किलोमीटर दूर है"),
        ("100 Mbps ka net hai bhai", "एक सौ मेगाबिट प्रति सेकंड का नेट है भाई"),
        ("5 km² ka khet hai", "पाँच वर्ग किलोमीटर का खेत है"),
        ("7 am ko aana kal", "सुबह सात बजे को आना कल"),
        ("15 Jan ko aana tum", "पंद्रह जनवरी को आना तुम"),
        ("Mera birthday 5 May ko hai", "मेरा बर्थडे पाँच मई को है"),
        ("खेत 5 ha का है।", "खेत पाँच हेक्टेयर का है।"),
        ("कंपनी को ₹5 mn का घाटा हुआ।", "कंपनी को पाँच मिलियन रुपये का घाटा हुआ।"),
        ("10 baje 5 log aaye, 500 rupaye do", "दस बजे पाँच लोग आए, पाँच सौ रुपए दो"),
    ],
)
def test_what_stands_beside_a_number_is_read_with_it(typed: str, read: str) -> None:
    assert read_out(typed, "hi") == read


@pytest.mark.parametrize(
    "name", sorted(name for name in {*UNITS, *SCALES} if name.isalpha() and name.isascii())
)
def test_a_unit_is_no_hindi_word(name: str) -> None:
    assert in_devanagari(f"Yahan se 5 {name} hai bhai").split()[3] == name


def test_a_short_piece_of_a_longer_text_is_hindi_too() -> None:
    text = "Namaste dosto, aaj hum chai banayenge. Sabse pehle ek bartan lijiye. Biscuit khilao."
    segments = (TextSegment(text=text, language="hi"),)
    pieces = plan_pieces(segments, max_piece_s={"hi": 2.5}, speed=1.0)

    apart = " ".join(read_out(piece.text, "hi") for piece in pieces)

    assert len(pieces) > 2
    assert apart == read_out(text, "hi")


def test_without_word_lists_the_rules_of_english_are_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hi_roman, "_lexicon", lambda: Lexicon(tmp_path))

    assert read_out("मेरा college gate पर है", "hi") == "मेरा कॉलेज गेट पर है"


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


@given(st.lists(st.sampled_from(MIXED), max_size=12))
def test_reading_again_changes_nothing(words: list[str]) -> None:
    once = read_out(" ".join(words), "hi")

    assert read_out(once, "hi") == once
    assert not any("a" <= letter <= "z" for letter in once.lower())
