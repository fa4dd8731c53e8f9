from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from pypinyin import Style, lazy_pinyin

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from f5serve.settings import ModelSettings
from f5serve.text.frontend import Frontend
from scripts.coverage import PANGRAMS, covered, read_pangrams, remarks
from scripts.lock import Coverage
from scripts.package import CATALOGUE, ROOT

LETTERS: Mapping[str, str] = {
    "en": string.ascii_lowercase,
    "es": f"{string.ascii_lowercase}áéíóúüñ¿¡",
    "fi": f"{string.ascii_lowercase}åäöšž",
    "fr": f"{string.ascii_lowercase}àâæçéèêëîïôœùûüÿ",
    "hi": "अआइईउऊऋएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह" + "ािीुूृेैोौंँः़्ॉ",
    "it": f"{string.ascii_lowercase}àèéìòù",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "ja": "".join(
        chr(point) for point in range(0x3042, 0x3094) if chr(point) not in "ぃぅぇぉゎゐゑ"
    )
    + "".join(chr(point) for point in range(0x30A2, 0x30F5) if chr(point) not in "ゥヮヰヱ"),
}
INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s"
FINALS = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iou o ong ou u ua uai uan uang"
    " uei ueng uen uo v van ve vn"
)


@pytest.fixture
def pangrams() -> dict[str, str]:
    return read_pangrams(ROOT / PANGRAMS)


def test_every_language_of_the_catalogue_has_its_text(pangrams: dict[str, str]) -> None:
    assert pangrams.keys() == load_catalogue(ROOT / CATALOGUE).languages().keys()


@pytest.mark.parametrize("language", LETTERS)
def test_a_text_holds_every_letter_of_its_language(language: str, pangrams: dict[str, str]) -> None:
    text = unicodedata.normalize("NFC", pangrams[language].lower())
    apart = unicodedata.normalize("NFD", text)

    assert [letter for letter in LETTERS[language] if letter not in text + apart] == []


def test_the_chinese_text_holds_every_initial_and_every_final(pangrams: dict[str, str]) -> None:
    initials = lazy_pinyin(pangrams["zh"], style=Style.INITIALS, strict=True)
    finals = lazy_pinyin(pangrams["zh"], style=Style.FINALS, strict=True)

    assert set(INITIALS.split()) <= set(initials)
    assert set(FINALS.split()) <= set(finals)


def settings_of(*languages: str, lowercase: bool = False) -> ModelSettings:
    return ModelSettings(
        model="f5_xx",
        profile="full",
        languages=languages,
        licence="MIT",
        architecture={},
        vocoder_config={},
        frontend=Frontend(converter="char", lowercase=lowercase),
    )


def vocabulary_of(letters: str, folder: Path) -> Path:
    path = folder / "vocab.txt"
    path.write_text("".join(f"{letter}\n" for letter in letters), encoding="utf-8")
    return path


def test_tokens_that_the_vocabulary_lacks_are_named_once(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(" abcdefghijklm", tmp_path)

    (found,) = covered(settings_of("en"), vocabulary, {"en": "abcdefghijklm nöö"})

    assert found == Coverage(language="en", tokens=17, unknown=("n", "ö"))
    assert (
        "no token for these of 'en', they will be passed over: n ö"
        in remarks("f5_xx", ("en",), (found,))[0]
    )


def test_the_text_goes_through_the_model_s_own_frontend(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(" ab", tmp_path)

    (found,) = covered(settings_of("en", lowercase=True), vocabulary, {"en": "AB BA"})

    assert found.unknown == ()
    assert remarks("f5_xx", ("en",), (found,)) == ()


def test_a_vocabulary_that_lacks_more_than_a_request_may_is_refused(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(" abc", tmp_path)

    with pytest.raises(
        ConfigurationError,
        match=r"f5_xx: .*vocab\.txt has no token for 50% of the letters of 'en' \(d e f\)",
    ):
        covered(settings_of("en"), vocabulary, {"en": "abcdef"})


def test_a_language_without_a_text_is_packaged_and_said_to_be_unchecked(tmp_path: Path) -> None:
    assert covered(settings_of("de"), vocabulary_of(" abc", tmp_path), {"en": "abc"}) == ()
    (line,) = remarks("f5_xx", ("de",), ())
    assert "no text for 'de', so its vocabulary was not checked" in line


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "pangrams.yaml").write_text("- a list\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"pangrams\.yaml: a table of language code"):
        read_pangrams(tmp_path / "pangrams.yaml")
