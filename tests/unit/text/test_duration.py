from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text import MIN_UNITS, speech_units
from f5serve.text.duration import units_by_character

PARALLEL = {
    "en": "The weather will be fine tomorrow, but it will rain on Sunday.",
    "fi": "Huomenna sää on kaunis, mutta sunnuntaina sataa vettä.",
    "fr": "Il fera beau demain, mais il pleuvra toute la journée dimanche.",
    "hi": "कल मौसम अच्छा रहेगा, लेकिन रविवार को बारिश होगी।",
    "it": "Domani il tempo sarà bello, ma domenica pioverà.",
    "ja": "あしたはてんきがいいですが、にちようびはあめがふるでしょう。",
    "ru": "Завтра будет хорошая погода, но в воскресенье пойдёт дождь.",
    "es": "Mañana hará buen tiempo, pero el domingo lloverá.",
    "zh": "明天天气很好，但是星期天会下雨。",
}


@pytest.mark.parametrize("language", PARALLEL)
def test_the_same_sentence_is_about_as_long_in_every_language(language: str) -> None:
    assert 40 < speech_units(PARALLEL[language]) < 70


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        pytest.param("cat", "catfish and chips", id="more letters"),
        pytest.param("one two three four", "one, two, three, four", id="pauses"),
        pytest.param("room seven", "room 1984", id="digits are words"),
        pytest.param("अनुवाद", "अन्तर्राष्ट्रीयता", id="devanagari"),
    ],
)
def test_what_takes_longer_to_say_measures_more(shorter: str, longer: str) -> None:
    assert speech_units(shorter) < speech_units(longer)


@pytest.mark.parametrize("text", ["", " ", "a", "!", "\u0301", "\ud83d", "हाँ"])
def test_even_the_shortest_text_gets_room_to_be_spoken(text: str) -> None:
    assert speech_units(text) == MIN_UNITS


def test_repeated_marks_and_spaces_pause_once() -> None:
    assert speech_units("Well then we wait...  !!  ok") == speech_units("Well then we wait.ok")


@pytest.mark.parametrize(
    ("language", "written", "read"),
    [
        ("en", "1,234,567 people in 1984", "one million two hundred and thirty-four thousand five hundred and"
         " sixty-seven people in nineteen eighty-four"),
        ("fi", "12,50 € klo 15.30", "kaksitoista euroa viisikymmentä senttiä kello viisitoista kolmekymmentä"),
        ("fr", "97 % à 21h45", "quatre-vingt-dix-sept pour cent à vingt et une heures quarante-cinq"),
    ],
)  # fmt: skip
def test_digits_and_signs_measure_about_as_much_as_the_words_they_become(
    language: str, written: str, read: str
) -> None:
    assert speech_units(written, language) == pytest.approx(speech_units(read), rel=0.35)
    assert speech_units(written, language) > speech_units(written)


@given(st.text(st.characters(exclude_categories=[]), max_size=80), st.sampled_from(["en", "fi"]))
def test_the_characters_lengths_sum_to_the_texts_in_a_language_too(
    text: str, language: str
) -> None:
    units = units_by_character(text, language)

    assert len(units) == len(text)
    assert max(MIN_UNITS, sum(units)) == pytest.approx(speech_units(text, language))


@given(st.text(max_size=80))
def test_composed_and_decomposed_latin_text_are_equally_long(text: str) -> None:
    latin = "".join(c for c in unicodedata.normalize("NFC", text) if ord(c) < 0x250)

    assert speech_units(unicodedata.normalize("NFD", latin)) == pytest.approx(speech_units(latin))


@given(st.text(st.characters(exclude_categories=[]), max_size=120))
def test_the_characters_lengths_sum_to_the_texts(text: str) -> None:
    units = units_by_character(text)

    assert len(units) == len(text)
    assert min(units, default=0.0) >= 0.0
    assert max(MIN_UNITS, sum(units)) == pytest.approx(speech_units(text))
