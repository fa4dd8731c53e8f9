"""One field of a request at a time: is it known, is its value allowed, and if not, why, in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import inspect

from f5serve.errors import RequestError, ValueRefusedError

_LONGEST_SHOWN: Final = 60
_LARGEST_SHOWN: Final = 1e18
_TOLD: Final[Mapping[type, str]] = MappingProxyType(
    {
        inspect.BoolType: "true or false",
        inspect.BytesType: "an audio file in base64",
    }
)
LANGUAGE_PATTERN: Final = r"^[a-z]{2,3}$"
_CLIP: Final = "ref_audio"  # the one field of a form that is no text


def require_known(given: Mapping[str, object], known: Collection[str], required: str) -> None:
    """Refuse a field that nobody reads, and a request without the one that it is about.

    Raises:
        ValueRefusedError: Names the field and those that are known.
    """
    unknown = sorted(set(given) - set(known))
    if unknown:
        shown = _shortened(unknown[0])
        raise ValueRefusedError(
            f"unknown field {shown!r}; known are {', '.join(known)}",
            field=shown,
            code="unknown_field",
        )
    if required not in given:
        raise ValueRefusedError(
            f"the field {required!r} is missing", field=required, code="missing_field"
        )


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Answer the entries of a JSON object; what ``json`` asks for each.

    Raises:
        RequestError: If a name stands twice: which of the values is meant cannot be known.
    """
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise RequestError("an object of the body names a field twice", code="invalid_json")
    return entries


def converted(name: str, value: object, kind: object, *, from_form: bool) -> object:
    """Convert one field alone, so that the error names it.

    Args:
        name: The field's name.
        value: As decoded from JSON, or a form's bytes.
        kind: The type that it must have.
        from_form: Whether text may be read as numbers.

    Raises:
        ValueRefusedError: If the value has another type or is out of range; tells both in words.
        RequestError: If a form's text is not valid UTF-8, or an object in it names a field twice.
    """
    if from_form and isinstance(value, bytes | bytearray):
        if name == _CLIP:
            return bytes(value)
        value = _form_text(name, bytes(value))
        if inspect.DictType in _kinds(kind):
            value = _object_in(value)
    try:
        result = _exactly(value, kind, strict=not from_form)
    except (msgspec.ValidationError, UnicodeEncodeError, OverflowError) as error:
        code = "voice_not_found" if name == "voice" else None
        raise ValueRefusedError(
            f"field {name!r} must be {wanted(kind)}; got {_got(value, kind, from_form=from_form)}",
            field=name,
            code=code,
        ) from error
    if isinstance(result, float) and not math.isfinite(result):
        raise ValueRefusedError(f"field {name!r} is not a finite number", field=name)
    return result


def wanted(kind: object) -> str:
    """Tell in words what values a type has.

    Args:
        kind: A type that requests are made of: text, numbers with bounds, choices, bytes, or null beside one.

    Returns:
        Such as ``a whole number from 1 to 64, or null``.
    """
    told = inspect.type_info(kind)
    if isinstance(told, inspect.UnionType):
        parts = [_wanted(part) for part in told.types if not isinstance(part, inspect.NoneType)]
        return f"{' or '.join(parts)}{', or null' if told.includes_none else ''}"
    return _wanted(told)


def _wanted(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        return f"{noun} from {_number(kind.ge)} to {_number(kind.le)}"
    if isinstance(kind, inspect.LiteralType):
        return f"one of {', '.join(map(str, kind.values))}"
    if isinstance(kind, inspect.DictType):
        return f'an object of {kind.min_length} to {kind.max_length} names and voices such as {{"Anna": "plain_fr"}}'
    if isinstance(kind, inspect.StrType) and kind.pattern == LANGUAGE_PATTERN:
        return "the code of a language, such as fr"
    if isinstance(kind, inspect.StrType) and kind.pattern:
        return "a name of 1 to 64 small letters, digits, '_' and '-'"
    return _TOLD.get(type(kind), "a text")


def _number(value: float | None) -> str:
    if value is None:
        return "any"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _got(value: object, kind: object, *, from_form: bool) -> str:
    """Show a value that could have been right but for its content, and name the type of any other."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        # A number in JSON may have more digits than Python writes, or than a float holds.
        return str(value) if abs(value) <= _LARGEST_SHOWN else "a number too large"
    if isinstance(value, dict):
        return _object_got(value, kind)
    if isinstance(value, str):
        return _text_got(value, kind, from_form=from_form)
    return "a list" if isinstance(value, list) else "a file"


def _text_got(value: str, kind: object, *, from_form: bool) -> str:
    if inspect.BytesType in _kinds(kind):
        return "what is no base64"
    if from_form or _kinds(kind) & {inspect.LiteralType, inspect.StrType}:
        return repr(_shortened(value))
    return "a string"


def _object_got(value: Mapping[str, object], kind: object) -> str:
    """Show the first entry that is not allowed, or how many there are."""
    if inspect.DictType not in _kinds(kind):
        return "an object"
    for name, one in value.items():
        try:
            msgspec.convert({name: one}, kind)
        except (msgspec.ValidationError, UnicodeEncodeError):
            told = repr(_shortened(one)) if isinstance(one, str) else "what is no text"
            return f"{_shortened(name)!r} with {told}"
    return f"an object of {len(value)}"


def _exactly(value: object, kind: object, *, strict: bool) -> object:
    """Convert a value; the ``$`` of a pattern lets a line break pass after it."""
    result: object = msgspec.convert(value, kind, strict=strict)
    if isinstance(result, str) and result.endswith("\n") and _patterned(kind):
        raise msgspec.ValidationError
    return result


def _patterned(kind: object) -> bool:
    told = inspect.type_info(kind)
    parts = told.types if isinstance(told, inspect.UnionType) else (told,)
    return any(isinstance(part, inspect.StrType) and part.pattern is not None for part in parts)


def _kinds(kind: object) -> set[type]:
    told = inspect.type_info(kind)
    parts = told.types if isinstance(told, inspect.UnionType) else (told,)
    return {type(part) for part in parts}


def _shortened(text: str) -> str:
    """What may be shown of a caller's text: it may be a megabyte long, or hold what UTF-8 cannot."""
    return text[:_LONGEST_SHOWN].encode("utf-8", "replace").decode("utf-8")


def _object_in(text: str) -> object:
    """Answer the JSON object that a form has as text; the text itself if it is none."""
    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return text


def _form_text(name: str, value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(f"field {name!r} is not valid UTF-8", field=name) from error
