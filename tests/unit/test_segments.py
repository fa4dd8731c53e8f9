"""A text is cut where its language changes, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.language import build_detector
from f5serve.routing.segments import segment
from f5serve.routing.units import Border, units
from f5serve.text.clean import clean
from scripts.segment_bench import Case, found, read_cases, score
from tests.unit.growth import assert_time_grows_with_length

SERVED = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
CASES = read_cases()


def spoken(text: str, main: str = "en") -> list[tuple[str, str]]:
    main = build_detector(SERVED).detect(text).language or main if main == "auto" else main
    parts = segment(text, main=main, served=SERVED, detector=build_detector(SERVED))
    return [(part.language, part.text) for part in parts]


def test_the_table_is_large_and_holds_every_language() -> None:
    languages = {part.language for case in CASES for part in case.segments}

    assert len(CASES) >= 60
    assert languages == set(SERVED)
    assert sum(len(case.segments) == 1 for case in CASES) >= 20


def test_borders_of_the_table_are_found() -> None:
    detector = build_detector(SERVED)

    result = score([(case, found(case.text, detector, SERVED, "en")) for case in CASES])

    assert result.precision >= 95.0
    assert result.recall >= 95.0
    assert result.characters >= 97.0


@pytest.mark.parametrize(
    "text", ["मुझे pizza पसंद है।", "Vamos al shopping", "Son look est très cool."], ids=str
)
def test_a_borrowed_word_does_not_change_the_language(text: str) -> None:
    (case,) = [found(text, build_detector(SERVED), SERVED, "en")]

    assert [part.text for part in case] == [text]


def test_each_stretch_of_the_issue_is_spoken_in_its_language() -> None:
    assert spoken("She said « c'est la vie » and left. 今日は晴れ。") == [
        ("en", "She said "),
        ("fr", "« c'est la vie » "),
        ("en", "and left. "),
        ("ja", "今日は晴れ。"),
    ]


def test_letters_that_a_language_cannot_read_always_change_it() -> None:
    assert spoken("The word спасибо means thank you.") == [
        ("en", "The word "),
        ("ru", "спасибо "),
        ("en", "means thank you."),
    ]


@pytest.mark.parametrize(
    "parts",
    [
        [("en", "I was born on "), ("ja", "2024年1月1日 "), ("en", "in Tokyo.")],
        [("en", "The price is "), ("ja", "500円 "), ("en", "only.")],
        [("en", "We paid "), ("ja", "¥3,500円 "), ("en", "for lunch.")],
        [("en", "The ticket costs "), ("ru", "5000 рублей "), ("en", "in Moscow.")],
        [("fr", "La réunion est à "), ("ja", "15時 "), ("fr", "à Tokyo.")],
        [("zh", "COVID-19 疫情已经结束了。")],
        [("ja", "価格は500 dollarsです。")],
    ],
    ids=str,
)
def test_a_number_is_spoken_with_what_it_counts(parts: list[tuple[str, str]]) -> None:
    text = "".join(part for _, part in parts)

    assert spoken(text, main=parts[0][0]) == parts


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("東京 2020 was over", "2020 was"),
        ("I use version 2.0 を", "2.0 を"),
        ("the H2O は", "は"),
        ("a COVID-19 は", "は"),
        ("about -5 度", "-5 度"),
        ("number – 度", "度"),
    ],
)
def test_a_number_between_two_scripts_goes_with_the_letters_after_it(text: str, start: str) -> None:
    assert text[units(text)[-1].start :].startswith(start)


@pytest.mark.parametrize(
    "parts",
    [
        [("en", "The kanji "), ("ja", "日本 "), ("en", "means Japan.")],
        [("en", "The kanji “"), ("ja", "日本” "), ("en", "means Japan.")],
        [("en", "He lives in "), ("ja", "東京 "), ("en", "now. We went by train.")],
        [("ru", "Слушаю Queen и The Beatles.")],
    ],
    ids=str,
)
def test_after_letters_it_cannot_read_a_sentence_goes_on_in_its_own_language(
    parts: list[tuple[str, str]],
) -> None:
    text = "".join(part for _, part in parts)

    languages = [code for code, _ in spoken(text, main=parts[0][0])]

    assert languages == [code for code, _ in parts]


@pytest.mark.parametrize(
    "text",
    [
        "Los Angeles, San Francisco, and Santa Monica are in California.",
        "Buenos Aires, Montevideo, and Santiago are capitals.",
        "She visited Milano, Roma, Napoli and Palermo in May.",
        "I ordered spaghetti carbonara, tiramisu and panna cotta.",
        "My favourites are foie gras, crème brûlée and ratatouille.",
        "We had tiramisu, panna cotta and wine.",
    ],
    ids=str,
)
def test_names_and_dishes_in_a_list_stay_in_the_language_around_them(text: str) -> None:
    assert spoken(text) == [("en", text)]


def test_a_clause_that_says_more_than_two_words_changes_the_language() -> None:
    text = "The shop is closed until Monday, nos vemos mañana por la tarde."

    assert [code for code, _ in spoken(text)] == ["en", "es"]


def test_kana_within_chinese_is_spoken_by_the_one_who_can_read_it() -> None:
    assert spoken("这个日语单词是「ねこ」，意思是猫。", main="zh") == [
        ("zh", "这个日语单词是"),
        ("ja", "「ねこ」，"),
        ("zh", "意思是猫。"),
    ]


def test_a_text_of_names_is_spoken_by_who_can_read_the_rest_of_it() -> None:
    text = "Слушаю Queen, Pink Floyd, Led Zeppelin и The Beatles."

    assert spoken(text, main="en") == [("ru", text)]


def test_a_language_that_is_not_served_stays_with_its_neighbours() -> None:
    served = ("en", "fr")
    detector = build_detector(served)

    parts = segment(
        "How are you today? Мы едем домой.", main="en", served=served, detector=detector
    )

    assert [part.language for part in parts] == ["en"]


class Undecided:
    """A detector to which all languages fit alike."""

    def fits(self, text: str) -> Mapping[str, float]:
        return {}


def test_where_nothing_tells_the_language_of_the_whole_text_is_spoken() -> None:
    parts = segment("One. Two, three. « Four »!", main="fi", served=SERVED, detector=Undecided())

    assert [part.language for part in parts] == ["fi"]


def test_units_end_at_sentences_quotations_clauses_and_changes_of_script() -> None:
    text = "He said, « oui » and left. Слово 愛です."

    parts = units(text)

    assert [(text[part.start : part.end], part.border) for part in parts] == [
        ("He said, ", Border.SENTENCE),
        ("« oui » ", Border.QUOTE),
        ("and left. ", Border.QUOTE),
        ("Слово ", Border.SENTENCE),
        ("愛です.", Border.SCRIPT),
    ]


def test_what_begins_with_a_quotation_begins_a_sentence_all_the_same() -> None:
    text = "« Bonjour à tous », dit-elle.\n« Salut », dit-il."
    second = text.index("\n") + 1

    borders = {part.start: part.border for part in units(text, [second])}

    assert (borders[0], borders[second]) == (Border.SENTENCE, Border.SENTENCE)


def test_no_unit_goes_on_where_another_speaker_begins() -> None:
    text = "oui 12\n13, non\n…14"

    parts = units(text, [7, 15])

    assert [text[part.start : part.end] for part in parts] == ["oui 12\n", "13, non\n", "…14"]


def test_a_long_vowel_and_narrow_kana_are_part_of_their_word() -> None:
    (unit,) = units("コーヒーとﾃｰﾌﾞﾙ")

    assert (unit.script, unit.words) == ("kana", 5.0)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("She said \"he told me 'il faut partir' and left\" today.", "'il faut partir' "),
        ("The guide (who said «il faut partir» twice) was tired.", "«il faut partir» "),
        ("He wrote ‘je n’ai pas le temps’ there.", "‘je n’ai pas le temps’ "),
        ("He wrote 'je n'ai pas le temps' there.", "'je n'ai pas le temps' "),
        ('On a 5" screen it said "il faut partir" twice.', '"il faut partir" '),
    ],
    ids=["in double", "in brackets", "apostrophe", "straight apostrophe", "inches"],
)
def test_a_quotation_is_a_unit_wherever_it_stands(text: str, quoted: str) -> None:
    assert quoted in [text[part.start : part.end] for part in units(text)]


@pytest.mark.parametrize(
    "text", ["Don't say the dogs' bowls aren't ours", "rock'n'roll of l'amico d'un altro"], ids=str
)
def test_an_apostrophe_is_no_quotation_mark(text: str) -> None:
    assert len(units(text)) == 1


@pytest.mark.parametrize("sign", ["😘", "😂😂", "❤", "-", "/", "→", "="], ids=str)
def test_emoji_and_signs_between_words_part_them_as_a_comma_does(sign: str) -> None:
    text = f"see you {sign} hasta luego"

    assert [(text[part.start : part.end], part.border) for part in units(text)][1:] == [
        ("hasta luego", Border.CLAUSE)
    ]


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("la la la", "la mia casa"),
        ("Moi moi", "Moi taas"),
        ("the iPhone", "the phone"),
        ("see www.example.com/all-that-there-is", "see all that there is"),
        ("write to anna.maria@mail.example.com", "write to anna maria at mail"),
    ],
    ids=["repeated", "repeated with a capital", "mixed case", "address", "mail"],
)
def test_what_is_repeated_and_what_is_a_name_says_little(less: str, more: str) -> None:
    (few,), (many,) = units(less), units(more)

    assert few.words <= many.words - 0.5


def test_words_of_hindi_are_counted_whole_with_their_vowel_signs() -> None:
    (unit,) = units("मैं हिन्दी में लिखता हूँ")

    assert unit.words == 5.0


def test_romanised_text_that_no_language_fits_is_no_reason_to_change() -> None:
    assert [code for code, _ in spoken("Good morning. Arigatou gozaimasu. See you.")] == ["en"]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("Good morning. Aap kaise hain? See you.", ["en", "hi", "en"]),
        ("Namaste dosto. Aaj hum chai banayenge! Theek hai?", ["hi"]),
        ("Haan ji. Kya haal hai?", ["hi"]),
        ("मैं दिल्ली में हूँ. Kya haal hai bhai? सब ठीक.", ["hi"]),
    ],
)
def test_hindi_in_latin_letters_is_hindi(text: str, languages: list[str]) -> None:
    assert [code for code, _ in spoken(text, main="auto")] == languages


def test_names_and_abbreviations_say_less_than_words() -> None:
    (names,) = units("then Andrea Bocelli of BBC")
    (words,) = units("then all of us went home")

    assert names.words < words.words / 2 + 1


@given(
    st.text(
        alphabet="abcZé «»“”\"'‘’()「」（）.,!?。、:;\nдаहैन今かA1",
        max_size=300,
    )
)
def test_segments_joined_are_the_text_and_each_can_be_spoken(text: str) -> None:
    cleaned = clean(text + "a")

    parts = spoken(cleaned)

    assert "".join(part for _, part in parts) == cleaned
    assert all(any(map(str.isalnum, part)) for _, part in parts)
    assert all(first[0] != second[0] for first, second in pairwise(parts))


HOSTILE = {
    "brackets": "(",
    "quotes": "“" * 5 + "”" * 5,
    "pairs": "«a»",
    "scripts": "aд",
    "marks": "a\u0301",
    "words": "word ",
    "primes": "'",
    "inches": '"a ',
    "straight quotes": "'a ",
    "curved quotes": "‘a’b",
    "clauses": "a, b; c. ",
    "cjk": "今a",
    "emoji": "😂",
    "dashes": "- ",
    "Greek and primes": "'α",
    "kana and primes": "あ'い",
    "curved primes": "‘a’b",
    "numbers": "1",
    "numbers between scripts": "1 .あ1a",
}


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_of_the_longest_length_are_cut_completely(part: str) -> None:
    text = part * (5000 // len(part))

    parts = segment(text, main="en", served=SERVED, detector=build_detector(SERVED))

    assert "".join(part.text for part in parts) == text


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_the_time_for_units_grows_with_the_text_and_no_faster(part: str) -> None:
    assert_time_grows_with_length(units, part, 4_000, 64_000)


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_units_reach_to_the_end_of_a_long_text(part: str) -> None:
    text = part * (100_000 // len(part))

    assert units(text)[-1].end == len(text)


def test_a_score_counts_borders_and_letters() -> None:
    case, other = CASES[0], CASES[1]
    whole = Case(segments=(other.segments[0],))

    perfect = score([(case, case.segments)])
    missed = score([(case, [type(case.segments[0])(text=case.text, language="fr")])])

    assert (perfect.precision, perfect.recall, perfect.exact) == (100.0, 100.0, 1)
    assert (missed.recall, missed.exact) == (0.0, 0)
    assert missed.characters < 100.0
    assert whole.text == other.segments[0].text
