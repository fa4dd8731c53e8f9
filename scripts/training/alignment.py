"""When espeak-ng says which phoneme: the times that English is learned with.

The library tells where each of its sounds begins. They are not those of the CMU dictionary, which serving reads words
with, so the two pronunciations of a text are laid side by side, and each phoneme of the dictionary takes the time of
what lies beside it.

e   sounds of espeak-ng    p   phonemes of the dictionary, and marks
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

import numpy as np

from f5serve.text.lengths import PAUSES, is_vowel

FRAMES_PER_TOKEN: Final = 3  # what serving repeats phonemes for: lengths.TOKEN_S

_LIBRARY: Final = "libespeak-ng.so.1"
_RETRIEVAL: Final = 1  # audio goes to the callback, not to a device
_PHONEME_EVENTS: Final = 1
_RATE: Final = 1
_UTF8: Final = 1
_CHARACTERS: Final = 1
_END, _WORD, _PHONEME = 0, 1, 7

_T = TypeVar("_T")
_PAUSE: Final = "_"
_PAUSES: Final = frozenset({_PAUSE, "_:", "_!", "_|", "_^_", "||"})
_SILENT: Final = frozenset(
    {";", "?"}
)  # palatalisation and a stop that the dictionary has no sign for
# espeak-ng's mnemonics, and what the dictionary would write.
_SOUNDS: Final = {
    "n": "N", "t": "T", "s": "S", "k": "K", "d": "D", "l": "L", "r": "R", "m": "M", "p": "P", "z": "Z", "b": "B",
    "f": "F", "v": "V", "w": "W", "N": "NG", "S": "SH", "h": "HH", "g": "G", "j": "Y", "dZ": "JH", "D": "DH",
    "tS": "CH", "T": "TH", "Z": "ZH", "t#": "T", "t2": "T", "r-": "R", "n-": "AH N", "x": "K", "@L": "AH L",
    "I": "IH", "I#": "IH", "I2": "IH", "@": "AH", "@2": "AH", "@-": "AH", "V": "AH", "a#": "AH", "E": "EH",
    "E2": "EH", "a": "AE", "aa": "AE", "eI": "EY", "3": "ER", "3:": "ER", "aI": "AY", "i:": "IY", "i": "IY",
    "u:": "UW", "oU": "OW", "0": "AA", "A:": "AA", "A@": "AA R", "A#": "AA", "O:": "AO", "O2": "AO", "O": "AO",
    "aU": "AW", "o@": "AO R", "O@": "AO R", "U": "UH", "e@": "EH R", "i@": "IY AH", "OI": "OY", "i@3": "IH R",
    "A~": "AA N", "O~": "AO N", "E~": "AE N", "W": "W", "U@": "UH R", "aI@": "AY AH", "aI3": "AY ER",
    "e": "EH", "o": "OW", "u": "UW",
}  # fmt: skip
_OTHER, _OTHER_KIND, _LACKING = 1.0, 3.0, 1.2


class AlignmentError(RuntimeError):
    """The library is missing, or a text cannot be laid beside what was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What the library said.

    Attributes:
        heard: Mnemonic of each sound, pauses among them, and the second at which it begins.
        end_s: Where the recording ends.
    """

    heard: list[tuple[str, float]]
    end_s: float


class _Name(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Library:
    """espeak-ng as a library; one in a process (:func:`library`).

    Args:
        words_per_minute: The pace of all it says.

    Raises:
        AlignmentError: If the library is missing.
    """

    def __init__(self, words_per_minute: int) -> None:
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise AlignmentError(
                f"{_LIBRARY} is missing; on Debian: apt-get install espeak-ng"
            ) from error
        self._rate_hz = self._library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS)
        self._samples = 0
        self._heard: list[tuple[str, int]] = []
        self._word_start: int | None = None
        self._callback = _Callback(self._take)  # kept: nothing else holds it
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)

    def say(self, text: str, voice: str) -> Spoken:
        """Read a text aloud.

        Raises:
            AlignmentError: If the voice is unknown.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise AlignmentError(f"espeak-ng has no voice {voice!r}")
        self._samples = 0
        self._heard.clear()
        self._word_start = None
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, _CHARACTERS, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        heard = [(name, at / self._rate_hz) for name, at in self._heard]
        return Spoken(heard=heard, end_s=self._samples / self._rate_hz)

    def _take(self, _wave: object, count: int, events: Any) -> int:  # noqa: ANN401  # a C array
        self._samples += count
        index = 0
        while (event := events[index]).type != _END:
            if event.type == _WORD:
                # A stop's own event comes behind its closure, which begins here.
                self._word_start = event.sample
            elif event.type == _PHONEME:
                start = event.sample if self._word_start is None else self._word_start
                self._heard.append((event.id.string.decode(), start))
                self._word_start = None
            index += 1
        return 0


@cache
def library(words_per_minute: int) -> Library:
    """The library at a pace; to open it twice in a process would disturb it."""
    return Library(words_per_minute)


def starts(tokens: Sequence[str], spoken: Spoken) -> list[float]:
    """Lay the tokens of a text beside what was said, and tell when each begins.

    Args:
        tokens: Phonemes of the dictionary, and the marks that pause.
        spoken: The same text, said.

    Returns:
        Seconds ``[p]``, in order; those that lie beside nothing share the time between their neighbours.
    """
    heard = list(_expanded(spoken))
    beside = _beside([name for name, _ in heard], tokens)
    known = [(place, heard[at][1]) for place, at in enumerate(beside) if at is not None]
    known.append((len(tokens), spoken.end_s))
    if known[0][0] != 0:
        known.insert(0, (0, known[0][1]))
    places, times = zip(*known, strict=True)
    return [float(at) for at in np.interp(np.arange(len(tokens)), places, times)]


def _expanded(spoken: Spoken) -> Iterator[tuple[str, float]]:
    """What the dictionary would write for each sound; of one sound that it writes as two, each takes half."""
    stops = [at for _, at in spoken.heard[1:]] + [spoken.end_s]
    before = ""
    for (name, start), stop in zip(spoken.heard, stops, strict=True):
        paused, before = before in _PAUSES, name
        if name in _SILENT or (paused and name in _PAUSES):  # a pause in two parts is one
            continue
        names = [_PAUSE] if name in _PAUSES else _written(name)
        for index, written in enumerate(names):
            yield written, start + (stop - start) * index / len(names)


def _written(name: str) -> list[str]:
    try:
        return _SOUNDS[name].split()
    except KeyError:
        raise AlignmentError(
            f"no phoneme of the dictionary is known for the sound {name!r}"
        ) from None


def _beside(heard: Sequence[str], tokens: Sequence[str]) -> list[int | None]:
    """Answer for each token the sound that lies beside it, by the fewest differences: ``[p]``, indices into ``[e]``."""
    costs = np.zeros((len(heard) + 1, len(tokens) + 1))
    costs[:, 0] = np.arange(len(heard) + 1) * _LACKING
    costs[0, :] = np.arange(len(tokens) + 1) * _LACKING
    differences = [[_difference(sound, token) for token in tokens] for sound in heard]
    table = costs.tolist()
    for e in range(1, len(heard) + 1):
        above, row, different = table[e - 1], table[e], differences[e - 1]
        for p in range(1, len(tokens) + 1):
            row[p] = min(
                above[p - 1] + different[p - 1], above[p] + _LACKING, row[p - 1] + _LACKING
            )
    beside: list[int | None] = [None] * len(tokens)
    e, p = len(heard), len(tokens)
    while e and p:
        if table[e][p] == table[e - 1][p - 1] + differences[e - 1][p - 1]:
            e, p = e - 1, p - 1
            beside[p] = e
        elif table[e][p] == table[e - 1][p] + _LACKING:
            e -= 1
        else:
            p -= 1
    return beside


@cache
def _difference(sound: str, token: str) -> float:
    plain = token.rstrip("01")
    if sound == plain or (sound == _PAUSE and token in PAUSES):
        return 0.0
    kinds = [_kind(sound), _kind(plain)]
    return _OTHER if kinds[0] == kinds[1] else _OTHER_KIND


def _kind(name: str) -> str:
    if name in PAUSES or name == _PAUSE:
        return "pause"
    return "vowel" if is_vowel(name) else "consonant"


def placed(said: Sequence[tuple[_T, float]], count: int, frames: int) -> list[_T]:
    """The tokens of a recording, each where upstream will spread it.

    Upstream gives every token as many frames as go into it, and the last ones one more.

    Args:
        said: What is heard from which frame on.
        count: How many tokens to write, at least as many as are said.
        frames: Length of the recording.
    """
    bounds = [0]
    for _, start in said[1:]:
        bounds.append(max(round(_token_at(start, count, frames)), bounds[-1] + 1))
    bounds.append(count)
    for index in range(len(said) - 1, 0, -1):  # what was pushed beyond the end
        bounds[index] = min(bounds[index], bounds[index + 1] - 1)
    spans = zip(said, bounds[:-1], bounds[1:], strict=True)
    return [token for (token, _), start, stop in spans for _ in range(stop - start)]


def _token_at(frame: float, count: int, frames: int) -> float:
    each, longer = divmod(frames, count)
    even = each * (count - longer)
    if frame < even:
        return frame / each
    return count - longer + (frame - even) / (each + 1)
