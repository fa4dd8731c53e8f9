"""What is asked for: the same seed and number give the same request, in whichever process.

Texts are sentences of ``config/sentences.yaml`` and of the demo's training texts, put together until they
are as long as the trace says. The trace is a list of lengths in seconds of speech.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import yaml

from f5serve.encoding import STREAMED
from f5serve.text.duration import UNIT_S, speech_units
from loadtests.profile import Mix, Profile

ROOT: Final = Path(__file__).resolve().parent.parent
TRACE: Final = Path(__file__).parent / "lengths.txt"
SENTENCES: Final = ROOT / "config" / "sentences.yaml"
MORE_SENTENCES: Final = ROOT / "scripts" / "training" / "sentences"
UNSPACED: Final = frozenset({"zh", "ja"})
# A voice of another script counts its text in other signs: its pace would say nothing of this text's.
LATIN_VOICES: Final = ("en", "es", "fr", "it", "fi")
LONG_TEXT: Final = "word " * 1_200  # 6,000 characters; 5,000 are allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One request, and what its answer must be.

    Attributes:
        number: Its place among all requests of the run.
        kind: What it is an example of, for tables.
        path: Where it goes.
        body: What is sent.
        content_type: What the body is said to be.
        language: The language of its text; empty for a request that must be refused.
        explicit: Whether the request names the language.
        text: What is to be said.
        response_format: The audio's format.
        stream: Whether the audio is to come piece by piece.
        refusal: The status that a bad request must be answered with; None for a good one.
    """

    number: int
    kind: str
    path: str
    body: bytes
    content_type: str = "application/json"
    language: str = ""
    explicit: bool = False
    text: str = ""
    response_format: str = "wav"
    stream: bool = False
    refusal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What texts are made of.

    Attributes:
        sentences: Of each language.
        lengths_s: The trace.
    """

    sentences: Mapping[str, Sequence[str]]
    lengths_s: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bad:
    """A request that must be refused."""

    kind: str
    status: int
    fields: Mapping[str, object] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"


BAD: Final = (
    Bad("no JSON", 400, body=b'{"text": "Hello'),
    Bad("another type", 415, body=b"Hello.", content_type="text/plain"),
    Bad("no text", 422, {"language": "fr"}),
    Bad("empty text", 422, {"text": "  "}),
    Bad("nothing to say", 422, {"text": "… \u200b 🎈"}),
    Bad("too long", 422, {"text": LONG_TEXT}),
    Bad("unknown field", 422, {"text": "Hello.", "pitch": 2}),
    Bad("wrong type", 422, {"text": 12}),
    Bad("unknown voice", 404, {"text": "Hello.", "voice": "nobody"}),
    Bad("a path as voice", 422, {"text": "Hello.", "voice": "../../etc/passwd"}),
    Bad("unknown language", 422, {"text": "Hello.", "language": "tlh"}),
    Bad("no steps", 422, {"text": "Hello.", "steps": 0}),
    Bad("half a voice", 422, {"text": "Hello.", "ref_text": "Hello."}),
    Bad("a clip of noise", 422, {"text": "Hello.", "ref_audio": "AAAA", "ref_text": "Hello."}),
)


def read_material() -> Material:
    """Read sentences and trace."""
    shown: dict[str, str] = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    return Material(
        sentences={
            language: (sentence, *_lines(MORE_SENTENCES / f"{language}.txt"))
            for language, sentence in shown.items()
        },
        lengths_s=tuple(float(line) for line in _lines(TRACE)),
    )


class Workload:
    """Draws requests for a profile.

    Args:
        profile: What is asked for.
        material: What texts are made of.
    """

    def __init__(self, profile: Profile, material: Material) -> None:
        self._profile = profile
        self._material = material

    def wish(self, number: int) -> Wish:
        """Answer the request of that number."""
        chance = random.Random(f"{self._profile.seed}:{number}")
        if chance.random() < self._profile.mix.bad_share:
            return self._bad(number, chance)
        return self._good(number, chance)

    def arrivals(self, rate_per_s: float, number: int) -> float:
        """Answer the seconds until the arrival of that number, from the one before: Poisson."""
        return random.Random(f"{self._profile.seed}:arrival:{number}").expovariate(rate_per_s)

    def _bad(self, number: int, chance: random.Random) -> Wish:
        bad = chance.choice(BAD)
        return Wish(
            number=number,
            kind=f"bad: {bad.kind}",
            path=self._path(),
            body=msgspec.json.encode(bad.fields) if bad.body is None else bad.body,
            content_type=bad.content_type,
            refusal=bad.status,
        )

    def _good(self, number: int, chance: random.Random) -> Wish:
        mix = self._profile.mix
        language = _drawn(mix.languages, chance)
        text = self._text(language, chance)
        voice = _voice(language, mix, chance)
        quality = _drawn(mix.qualities, chance)
        speech: dict[str, object] = {
            "text": text,
            "voice": voice,
            "quality": quality,
            "seed": chance.randrange(2**32),
        }
        explicit = chance.random() < mix.explicit_share
        if self._profile.model is not None:
            return self._wish(
                number,
                "model",
                {**speech, "language": language},
                language=language,
                text=text,
                explicit=True,
            )
        stream = chance.random() < mix.stream_share
        formats = {
            name: share for name, share in mix.formats.items() if not stream or name in STREAMED
        }
        response_format = _drawn(formats, chance)
        fields: dict[str, object] = {**speech, "response_format": response_format, "stream": stream}
        kind, path = "stream" if stream else "whole", ""
        if chance.random() < mix.openai_share:
            kind, path, stream, explicit = "openai", "/1.0/v1/audio/speech", False, False
            fields = {
                "model": "tts",
                "input": text,
                "voice": voice,
                "response_format": response_format,
            }
        if explicit:
            fields["language"] = language
        return self._wish(
            number,
            kind,
            fields,
            path=path,
            language=language,
            text=text,
            response_format=response_format,
            explicit=explicit,
            stream=stream,
        )

    def _wish(  # noqa: PLR0913 - the fields of a wish, by name
        self,
        number: int,
        kind: str,
        fields: Mapping[str, object],
        *,
        language: str,
        text: str,
        path: str = "",
        response_format: str = "wav",
        explicit: bool = False,
        stream: bool = False,
    ) -> Wish:
        return Wish(
            number=number,
            kind=kind,
            path=self._path() + path,
            body=msgspec.json.encode(fields),
            language=language,
            explicit=explicit,
            text=text,
            response_format=response_format,
            stream=stream,
        )

    def _path(self) -> str:
        return f"/predictions/{self._profile.model or 'tts'}"

    def _text(self, language: str, chance: random.Random) -> str:
        """Put sentences together until the text is as long as the trace says."""
        wanted_s = min(chance.choice(self._material.lengths_s), self._profile.mix.longest_s)
        space = "" if language in UNSPACED else " "
        text = chance.choice(self._material.sentences[language])
        while True:
            longer = f"{text}{space}{chance.choice(self._material.sentences[language])}"
            if expected_s(longer) > wanted_s:
                return text
            text = longer


def expected_s(text: str) -> float:
    """Answer about how many seconds it takes to say a text."""
    return speech_units(text) * UNIT_S


def _voice(language: str, mix: Mix, chance: random.Random) -> str:
    """Draw a voice by Zipf's law: the language's own first, then the others of its script in one order."""
    others = LATIN_VOICES if language in LATIN_VOICES else ()
    ranked = [language, *(code for code in others if code != language)]
    shares = {code: 1 / (rank**mix.voice_exponent) for rank, code in enumerate(ranked, start=1)}
    return f"plain_{_drawn(shares, chance)}"


Name = TypeVar("Name", bound=str)


def _drawn(shares: Mapping[Name, float], chance: random.Random) -> Name:
    return chance.choices(list(shares), weights=list(shares.values()))[0]


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
