"""BCP 47 tags, and the older codes that clients still send, brought to the served codes."""

from __future__ import annotations

import re
from collections.abc import Collection

from f5serve.errors import ValueRefusedError

AUTO = "auto"
"""The value that asks for detection; it is no tag."""

_MAX_TAG_CHARS = 35  # RFC 5646 section 4.4.1: no registered tag is longer
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
# ISO 639-2 (both forms) and 639-3 codes of the nine.
_SHORT = {
    "eng": "en",
    "zho": "zh",
    "chi": "zh",
    "cmn": "zh",
    "fin": "fi",
    "fra": "fr",
    "fre": "fr",
    "hin": "hi",
    "ita": "it",
    "jpn": "ja",
    "rus": "ru",
    "spa": "es",
}
# Scripts that the checkpoints read; Latin where a language is not listed.
_SCRIPTS = {
    "zh": frozenset({"hans", "hant", "hani"}),
    "hi": frozenset({"deva"}),
    "ja": frozenset({"jpan", "hira", "kana", "hrkt", "hani"}),
    "ru": frozenset({"cyrl"}),
}
_LATIN = frozenset({"latn"})


def canonical(tag: str, served: Collection[str]) -> str:
    """The served code that a language tag means.

    Case and the separator are free, region and variant are ignored: ``en-US``, ``EN_us`` and ``eng``
    are ``en``; ``zh-TW``, ``cmn-Hans-CN`` and ``zh-cmn`` are ``zh``. Other Chinese languages (``yue``,
    ``zh-yue``) and scripts that no checkpoint reads (``hi-Latn``) are refused, not approximated.

    Args:
        tag: What the caller sent; anything is allowed.
        served: ISO 639-1 codes of the languages that can be spoken.

    Returns:
        One of ``served``.

    Raises:
        ValueRefusedError: 422 ``language_not_supported`` on field ``language``, listing ``served``.
    """
    folded = tag.strip().lower().replace("_", "-") if len(tag) <= 2 * _MAX_TAG_CHARS else ""
    if len(folded) > _MAX_TAG_CHARS or _TAG.fullmatch(folded) is None:
        raise refused(tag, served)
    primary, *rest = folded.split("-")
    code = _SHORT.get(primary, primary)
    if rest and len(rest[0]) == 3 and rest[0].isalpha():  # an extended language: zh-cmn, zh-yue
        code = _SHORT.get(rest.pop(0), "")
    script = rest[0] if rest and len(rest[0]) == 4 and rest[0].isalpha() else None
    readable = script is None or script in _SCRIPTS.get(code, _LATIN)
    if code not in served or not readable:
        raise refused(tag, served)
    return code


def refused(tag: str, served: Collection[str]) -> ValueRefusedError:
    """The error for a tag that is not served; it lists what is."""
    shown = tag if len(tag) <= _MAX_TAG_CHARS else tag[:_MAX_TAG_CHARS] + "…"
    return ValueRefusedError(
        f"language {shown!a} is not supported; give {AUTO} or one of {', '.join(sorted(served))}",
        field="language",
        code="language_not_supported",
    )
