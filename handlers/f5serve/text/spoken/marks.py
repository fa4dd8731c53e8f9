"""What is cleaned alike in every language before its numbers and signs are read.

Markup, pictures and repeated marks go; addresses of the web and of mail become words with a dot between
them; letters and digits in disguise (full width, bold, circled) become ordinary ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from f5serve.text import markup
from f5serve.text.spoken.numbers import RAISED, plain_digits

DOT_AT: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("dot", "at"),
    "es": ("punto", "arroba"),
    "fi": ("piste", "ät"),
    "fr": ("point", "arobase"),
    "hi": ("डॉट", "ऐट"),
    "it": ("punto", "chiocciola"),
    "ja": ("ドット", "アットマーク"),
    "ru": ("точка", "собака"),
    "zh": ("点", "艾特"),
}
"""How a dot and an at sign are called in addresses."""

# Names that end an address where no scheme tells that it is one. Short words of a language are none.
_ENDINGS: Final = (
    "com|org|net|edu|gov|info|dev|app|blog|shop|xyz|wiki|tech|cloud|io|ai|tv|co|uk|eu|us|ca|au|nz|ie|de|ch|nl|se"
    "|dk|pl|pt|br|mx|ar|cl|fr|es|it|fi|ru|jp|cn|tw|kr|рф"
)
# And those that do so only where a path follows: bit.ly/abc.
_SHORT_ENDINGS: Final = (
    "ly|be|gl|gd|me|to|cc|gg|fm|im|at|in|is|no|re|ac|id|il|tr|ua|cz|gr|hu|ro|sk|bg|hr|lt|lv|ee|za|ke|ng|link|page"
    "|site|online|store|news|live"
)
# And those that end the name of a file.
_FILES: Final = (
    "py|js|ts|json|yaml|yml|txt|md|csv|xml|html|css|pdf|docx|xlsx|pptx|exe|zip|jpg|jpeg|png|gif|mp3|mp4|wav|sql|toml"
    "|ini|log"
)
_SPELLED_FILES: Final = frozenset(
    {
        "py",
        "js",
        "ts",
        "txt",
        "md",
        "csv",
        "xml",
        "html",
        "css",
        "pdf",
        "exe",
        "png",
        "jpg",
        "mp3",
        "mp4",
        "sql",
    }
)
_PART: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_MAIL: Final = re.compile(
    rf"(?<![\w.+-])([\w.+-]{{1,64}})@((?:{_PART}\.){{1,5}}[^\W\d_]{{2,24}})(?!\w)"
)
_HOST: Final = re.compile(
    rf"(?<![\w.@-])((?:{_PART}\.){{1,6}})({_ENDINGS}|{_FILES}|(?:{_SHORT_ENDINGS})(?=/[A-Za-z0-9]))"
    r"(?![\w-])(?!\.[^\W\d_])((?:/[^\s<>\"«»]{0,2000})?)"
)
# A host whatever it ends with; letters of another script may follow it without a space.
_NAMED_HOST: Final = re.compile(
    r"(?i)(?<![a-z0-9.@-])(?:(?:https?|ftp)://(?:www\.)?|www\.)"
    rf"((?:{_PART}\.){{0,6}})([a-z]{{2,24}}(?![a-z0-9-])|{_PART})((?:[/?#:][^\s<>\"«»]{{0,2000}})?)"
)
_SCHEME: Final = re.compile(r"(?i)(?<![a-z0-9])(?:https?|ftp)://")
_MAILTO: Final = re.compile(r"(?i)(?<![a-z0-9])mailto:(?=[\w.+-]{1,64}@)")
_SPELLED: Final = frozenset(
    {"uk", "us", "eu", "fr", "fi", "de", "ch", "nl", "ru", "jp", "cn", "ai", "tv", "ly"}
)
_PATH_ENDS: Final = ".,;:!?)]}'’”…"

_MENTION: Final = re.compile(r"(?<![\w.@])@(?=[^\W\d])")
_HASHTAG: Final = re.compile(r"(?<![\w&#])#([^\W\d]\w{0,100})")
_HUMP: Final = re.compile(r"(?<=[a-zà-ÿа-я])(?=[A-ZÀ-ÞА-Я])")

_EMOTICON: Final = re.compile(
    r"(?<!\S)(?:[:;=8][-o']?[)(\]\[DPpOo/\\|*3]|<3|\^_?\^|[xX]D)(?=[\s.,!?]|\Z)"
)
_PICTURE: Final = re.compile(
    " ?[\u20e3\u2190-\u21ff\u2300-\u23ff\u2440-\u245f\u24eb-\u24ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\U0001f000-\U0001f0ff\U0001f1e6-\U0001faff\ufe0e\ufe0f\u200d]+(?=([\\s.,;:!?…)]|\\Z)?)"
)
_SEPARATOR_ARROW: Final = re.compile(r"\s(?:[-=]{1,2}>|[→⇒➔➜])\s")

# Letters and digits in another dress, each replaced by what Unicode calls compatible.
_DISGUISED: Final = re.compile(
    "[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff03-\uff06\uff0a\uff0b\uff0d\uff0f\uff1c-\uff1e\uff20\uffe0\uffe1"
    "\uffe5\uffe6\u2071\u207c-\u207e\u2080-\u2089\u24b6-\u24e9\ufb00-\ufb06\u210c\u2102\u2115"
    "\u211a\u211d\u2124\u3371-\u33df\U0001d400-\U0001d7ff\U0001f130-\U0001f149\u2126\u212a\u212b\u00b5]"
    f"|(?<![{RAISED}])[⁺⁻](?![{RAISED}])"
)
_CIRCLED: Final = {
    first + step: plain + step
    for first, count, plain in (
        (0x24EB, 10, 0x246A),  # ⓫
        (0x24F5, 10, 0x2460),  # ⓵
        (0x24FF, 1, 0x24EA),  # ⓿
        (0x2776, 10, 0x2460),  # ❶
        (0x2780, 10, 0x2460),  # ➀
        (0x278A, 10, 0x2460),  # ➊
    )
    for step in range(count)
}
"""Circled numbers in other dress, as those that each language reads: ❶ as ①."""

# The number of a note, after a word, after the mark that follows it, or a 1, which is no power.
_LETTER: Final = "[A-Za-z\u00c0-\u024f\u0370-\u04ff\u0900-\u097f]"
_FOOTNOTE: Final = re.compile(
    rf"(?:(?<={_LETTER}{{3}})(?<!sin)(?<!cos)(?<!tan)(?<!log)(?<!et[er]rs)(?<!etres)(?<!ètres)(?<!etros)(?<!etri)"
    rf"|(?<={_LETTER}{{2}}[.,;:!?\"”’»]))[{RAISED}]{{1,3}}(?:[,–-][{RAISED}]{{1,3}}){{0,5}}(?!\w)"
    rf"|(?<=\w)(?<![{RAISED}])¹(?![{RAISED}])"
)
# Groups of thousands with spaces; the modules of the other languages know them among all that looks alike.
_SPACED_THOUSANDS: Final = re.compile(
    r"(?<![0-9.,+-])(?<![0-9]\s)[1-9][0-9]{0,2}(?:[ \u00a0\u202f][0-9]{3})*?[ \u00a0\u202f]000"
    r"(?:[ \u00a0\u202f][0-9]{3})*(?![0-9-]|\s[0-9])"
)
_WITHOUT_SPACES: Final = frozenset({"hi", "ja", "zh"})
_WIDE_IN_NUMBER: Final = re.compile(r"(?<=[0-9])[．，：](?=[0-9])")
_WIDE_MARKS: Final = {"．": ".", "，": ",", "：": ":"}

_REPEATED: Final = re.compile(r"([!?,;:¡¿！？。，])\1+|(?<!\.)\.\.(?!\.)|\.{4,}|…{2,}|[-–—]{3,}")
_MIXED: Final = re.compile(r"[!?]{3,}")
_DOUBLE_HYPHEN: Final = re.compile(r"(?<!-)--(?!-)")
_SPACES: Final = re.compile(r"[ \t]{2,}")


def unmark(text: str, language: str) -> str:
    """Clean a text of all that is written for the eye alone.

    Args:
        text: Cleaned text (see ``text.clean``).
        language: Its language: a dot of an address is said in it.
    """
    text = markup.plain(text)
    # Powers and circled numbers are left to the modules of the languages.
    text = _FOOTNOTE.sub("", text.translate(_CIRCLED))
    text = plain_digits(_DISGUISED.sub(_undisguised, text))
    text = _WIDE_IN_NUMBER.sub(lambda mark: _WIDE_MARKS[mark[0]], text)
    if language in _WITHOUT_SPACES:
        text = _SPACED_THOUSANDS.sub(lambda number: "".join(number[0].split()), text)
    text = _addresses(text, language)
    text = _HASHTAG.sub(lambda tag: _HUMP.sub(" ", tag[1]).replace("_", " "), text)
    text = _MENTION.sub("", text)
    text = _SEPARATOR_ARROW.sub(", ", _EMOTICON.sub("", text))
    text = _PICTURE.sub(lambda shown: " " if shown[1] is None else "", text)
    text = _REPEATED.sub(_once, _MIXED.sub(_question_or_not, text))
    text = _DOUBLE_HYPHEN.sub(" – ", text)
    lines = (_SPACES.sub(" ", line).strip(" \t") for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _undisguised(character: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", character[0])


def _addresses(text: str, language: str) -> str:
    """Read addresses of mail and of the web as words."""
    if "." not in text and ":" not in text:
        return text
    dot, at = (f" {word} " for word in DOT_AT.get(language, (" ", " ")))

    def mail(address: re.Match[str]) -> str:
        name = re.sub(r"[._+-]+", lambda mark: dot if "." in mark[0] else " ", address[1])
        return f"{name.strip()}{at}{_dotted(address[2].split('.'), dot, language)}"

    def host(address: re.Match[str]) -> str:
        names = [*filter(None, address[1].split(".")), address[2]]
        if names[0].lower() == "www":
            names = names[1:]
        path = address[3]
        return _dotted(names, dot, language) + path[len(path.rstrip(_PATH_ENDS)) :]

    text = _MAIL.sub(mail, _MAILTO.sub("", text)) if "@" in text else text
    return _SCHEME.sub("", _HOST.sub(host, _NAMED_HOST.sub(host, text)))


def _dotted(names: list[str], dot: str, language: str) -> str:
    """Names with the word for a dot between them; countries of other languages are spelled."""
    last = names[-1]
    ending = last.upper() if last in (_SPELLED | _SPELLED_FILES) - {language} else last
    return dot.join([*(name.replace("_", " ").replace("-", " ") for name in names[:-1]), ending])


def _once(run: re.Match[str]) -> str:
    if run[1]:
        return run[1]
    if run[0][0] == ".":
        return "…" if len(run[0]) > 2 else "."
    return "…" if run[0][0] == "…" else " – "


def _question_or_not(run: re.Match[str]) -> str:
    return "?" if "?" in run[0] else "!"
