from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.language import LanguageDetector, build_detector
from tests.unit.growth import assert_takes_less_than

NINE = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")

SPOKEN = {
    "en": ["Good morning everyone", "The train to London is late again."],
    "es": ["¿Y tú?", "¡Sí!", "Buenos días a todos", "El tren a Madrid llega tarde otra vez."],
    "fi": ["Hyvää huomenta kaikille", "Juna Helsinkiin on taas myöhässä."],
    "fr": ["Bonjour à tous", "Le train pour Paris est encore en retard."],
    "hi": ["नमस्ते", "दिल्ली जाने वाली गाड़ी फिर देर से है।", "मुझे pizza पसंद है।"],
    "it": ["Buongiorno a tutti", "Il treno per Roma è di nuovo in ritardo."],
    "ja": [
        "おはよう",
        "東京行きの電車はまた遅れています。",
        "株式会社",
        "ﾃﾚﾋﾞ",
        "Wi-Fiが繋がらない",
    ],
    "ru": ["Да", "Поезд в Москву снова опаздывает.", "Напиши мне в WhatsApp"],
    "zh": [
        "日语的“ありがとう”是谢谢的意思。",
        "你好",
        "去北京的火车又晚点了。",
        "開往台北的火車又誤點了。",
        "我在用 LibreOffice",
    ],
}
FOREIGN = {
    "de": "Der Zug nach Berlin hat schon wieder Verspätung.",
    "de, short": "Das ist gut so.",
    "pt": "O trem para Lisboa não está atrasado outra vez.",
    "sv": "Tåget till Stockholm är försenat igen, tyvärr.",
    "ar": "القطار متأخر مرة أخرى",
    "el": "Το τρένο έχει πάλι καθυστέρηση",
    "ko": "기차가 또 늦었습니다",
    "th": "รถไฟมาสายอีกแล้ว",
    "he": "הרכבת שוב מאחרת",
    "uk": "Потяг до Києва знову запізнюється, вибачте.",
    "sr": "Воз за Београд опет касни, извините што ћемо закаснити.",
    "mr": "पुण्याला जाणारी गाडी पुन्हा उशिरा आहे आणि मला घरी जायचे आहे.",
    "ne": "काठमाडौं जाने रेल फेरि ढिलो भएको छ।",
}
NO_LANGUAGE = [
    "",
    " ",
    "12:30",
    "...",
    "😀👍",
    "A",
    "OK",
    "H2O",
    "iPhone 15 Pro",
    "https://example.com/hello-world",
    "\x00",
    "\ud83d",
]

any_text = st.text(st.characters(exclude_categories=[]), max_size=200)


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return build_detector(NINE)


@pytest.mark.parametrize(("language", "text"), [(c, t) for c, ts in SPOKEN.items() for t in ts])
def test_text_in_a_served_language_is_recognised(
    detector: LanguageDetector, language: str, text: str
) -> None:
    detection = detector.detect(text)

    assert detection.language == language
    assert detection.reason in ("script", "model")


@pytest.mark.parametrize("language", FOREIGN)
def test_text_in_another_language_is_unsupported(detector: LanguageDetector, language: str) -> None:
    detection = detector.detect(FOREIGN[language])

    assert (detection.language, detection.reason) == (None, "unsupported")


@pytest.mark.parametrize("text", NO_LANGUAGE)
def test_text_in_no_language_is_unsure(detector: LanguageDetector, text: str) -> None:
    detection = detector.detect(text)

    assert (detection.language, detection.reason) == (None, "unsure")


def test_a_word_that_japanese_and_chinese_share_leaves_both_open(
    detector: LanguageDetector,
) -> None:
    detection = detector.detect("安全第一")

    assert detection.reason == "unsure"
    assert set(detection.candidates) == {"ja", "zh"}


def test_a_borrowed_kana_does_not_make_chinese_japanese(detector: LanguageDetector) -> None:
    assert detector.detect("这家鲜の味餐厅的面条非常好吃，我们经常去。").language == "zh"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "la beaute du coucher de soleil"),
        ("fr", "il a ete tres agreable"),
        ("es", "manana sera otro dia"),
        ("fi", "hyvaa paivaa ystavani"),
        ("it", "la citta e piu bella"),
    ],
)
def test_text_typed_without_accents_is_recognised(
    detector: LanguageDetector, language: str, text: str
) -> None:
    assert detector.detect(text).language == language


def test_words_that_two_languages_share_are_told_with_little_confidence(
    detector: LanguageDetector,
) -> None:
    shared = detector.detect("la persona")
    plain = detector.detect("la persona que vive aquí al lado")

    assert shared.confidence < 0.9 < plain.confidence
    assert plain.language == "es"


@pytest.mark.parametrize("between", ["\x00", "\ud83d", "\u200b", "\u0301\u0301\u0301", "\ufeff"])
def test_what_cannot_be_read_hides_no_language(detector: LanguageDetector, between: str) -> None:
    text = f"Buenos días {between} a todos los {between}amigos de la casa"

    assert detector.detect(text).language == "es"


def test_case_and_decomposed_accents_make_no_difference(detector: LanguageDetector) -> None:
    assert detector.detect("HYVÄÄ HUOMENTA KAIKILLE").language == "fi"
    assert detector.detect("Hyva\u0308a\u0308 huomenta kaikille").language == "fi"


@pytest.mark.parametrize(
    "text",
    [
        "Il treno per Roma è di nuovo in ritardo.",
        "こんにちは",
        "Поезд опаздывает",
        "नमस्ते",
        "你们好吗",
    ],
)
def test_a_language_of_the_nine_that_is_not_served_is_not_answered(text: str) -> None:
    detection = build_detector(("en", "fi")).detect(text)

    assert (detection.language, detection.reason) == (None, "unsupported")


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_any_text_gets_a_served_language_or_none(text: str) -> None:
    detection = build_detector(NINE).detect(text)

    assert detection.language is None or detection.language in NINE
    assert 0.0 <= detection.confidence <= 1.0
    assert (detection.language is None) == (detection.reason in ("unsure", "unsupported"))
    assert set(detection.candidates) <= set(NINE)


@pytest.mark.parametrize(
    "unit", ["a", "a ", "人", "か", "1", " ", "😀", "\u0301", "a@", "www.", "\ud83d", "\ufdfa", "म"]
)
def test_a_megabyte_takes_no_longer_than_its_beginning(
    detector: LanguageDetector, unit: str
) -> None:
    assert_takes_less_than(1.0, detector.detect, unit * (1_000_000 // len(unit)))


def test_threads_share_one_detector_and_agree(detector: LanguageDetector) -> None:
    texts = [text for texts in SPOKEN.values() for text in texts] * 50
    alone = [detector.detect(text) for text in texts]

    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(detector.detect, texts))

    assert together == alone


class _AlwaysJapanese:
    def japanese_probability(self, text: str) -> float:
        return 1.0


def test_another_han_classifier_can_be_plugged_in() -> None:
    detector = build_detector(NINE, han=_AlwaysJapanese())

    assert detector.detect("安全第一").language == "ja"


@pytest.mark.parametrize(
    ("served", "text"),
    [(("en", "ja"), "東京の天気は良いです。"), (("en", "fr"), "Il fait très beau aujourd'hui.")],
    ids=["han", "latin"],
)
def test_how_well_languages_fit_is_told_of_served_ones_alone(
    served: tuple[str, ...], text: str
) -> None:
    fits = build_detector(served).fits(text)

    assert fits
    assert set(fits) <= set(served)


@pytest.mark.parametrize(
    "text", ["Eki wa doko desu ka", "OK", "12:30", "Zug fährt jetzt nach Berlin."]
)
def test_what_belongs_to_no_language_fits_none(text: str) -> None:
    assert build_detector(NINE).fits(text) == {}
