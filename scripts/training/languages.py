"""The nine languages, the eight demo models, and the espeak-ng voices that they learn from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How one language is written and who reads it aloud.

    Attributes:
        code: ISO 639-1 code, as requests name it.
        name: English name, for model cards.
        espeak: Voice of espeak-ng that reads the language.
        alphabet: Lower-case letters that a word may hold (after NFC).
        vowels: A word needs one of these, or espeak-ng spells it letter by letter. Empty where
            every sign can be read.
        short_words: One-letter words that are words and not abbreviations.
    """

    code: str
    name: str
    espeak: str
    alphabet: frozenset[str]
    vowels: frozenset[str] = frozenset()
    short_words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModel:
    """One checkpoint of the demo and the languages it speaks."""

    name: str
    languages: tuple[str, ...]

    @property
    def phonemes(self) -> bool:
        """Whether it reads phonemes, as English is written for the demo."""
        return "en" in self.languages

    @property
    def vocabulary(self) -> str:
        """Its vocabulary's file, within the folder of the demo: one of its own where it reads phonemes."""
        return f"{self.name}/vocab.txt" if self.phonemes else "vocab.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A variant of espeak-ng's formant voice, the same for every language."""

    name: str
    variant: str


LATIN = "abcdefghijklmnopqrstuvwxyz"
ACCENTED = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšž"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
KANA = "".join(chr(c) for c in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))) + "ー"
# Independent vowels, consonants, nukta, vowel signs and virama. The precomposed nukta letters
# (U+0958..U+095F) are absent: NFC takes them apart.
DEVANAGARI = "".join(
    chr(c) for c in (*range(0x0901, 0x093A), 0x093C, *range(0x093D, 0x094E), 0x0950)
)

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language(
            code="en",
            name="English",
            espeak="en-us",
            alphabet=frozenset(LATIN + "'"),
            vowels=frozenset("aeiouy"),
            short_words=frozenset("ai"),
        ),
        Language(
            code="es",
            name="Spanish",
            espeak="es",
            alphabet=frozenset(LATIN + "áéíóúüñ"),
            vowels=frozenset("aeiouáéíóúy"),
            short_words=frozenset("aeoyu"),
        ),
        Language(
            code="fi",
            name="Finnish",
            espeak="fi",
            alphabet=frozenset(LATIN + "äöå"),
            vowels=frozenset("aeiouyäöå"),
        ),
        Language(
            code="fr",
            name="French",
            espeak="fr",  # its alias "fr-fr" sounds the same, and ignores a variant
            alphabet=frozenset(LATIN + "àâæçèéêëîïôùûüÿœ'-"),
            vowels=frozenset("aeiouyàâæèéêëîïôùûüœ"),
            short_words=frozenset("aày"),
        ),
        Language(code="hi", name="Hindi", espeak="hi", alphabet=frozenset(DEVANAGARI)),
        Language(
            code="it",
            name="Italian",
            espeak="it",
            alphabet=frozenset(LATIN + "àèéìíòóù'"),
            vowels=frozenset("aeiouàèéìíòóù"),
            short_words=frozenset("aeoiè"),
        ),
        Language(code="ja", name="Japanese", espeak="ja", alphabet=frozenset(KANA)),
        Language(
            code="ru",
            name="Russian",
            espeak="ru",
            alphabet=frozenset(CYRILLIC),
            vowels=frozenset("аеёиоуыэюя"),
            short_words=frozenset("аиоуявкс"),
        ),
        Language(
            code="zh",
            name="Mandarin",
            espeak="cmn-latn-pinyin",
            alphabet=frozenset(chr(c) for c in range(0x4E00, 0xA000)),
        ),
    )
}

MODELS: dict[str, DemoModel] = {
    model.name: model
    for model in (
        DemoModel(name="f5_en_zh", languages=("en", "zh")),
        DemoModel(name="f5_fi", languages=("fi",)),
        DemoModel(name="f5_fr", languages=("fr",)),
        DemoModel(name="f5_hi", languages=("hi",)),
        DemoModel(name="f5_it", languages=("it",)),
        DemoModel(name="f5_ja", languages=("ja",)),
        DemoModel(name="f5_ru", languages=("ru",)),
        DemoModel(name="f5_es", languages=("es",)),
    )
}

# "plain" is espeak-ng's own voice. The demo knows it and "f2"; the others wait for a machine that can afford more.
SPEAKERS: dict[str, Speaker] = {
    speaker.name: speaker
    for speaker in (
        Speaker(name="plain", variant=""),
        Speaker(name="m3", variant="+m3"),
        Speaker(name="m7", variant="+m7"),
        Speaker(name="f2", variant="+f2"),
        Speaker(name="f4", variant="+f4"),
        Speaker(name="max", variant="+max"),
    )
}
