"""The OpenAPI document says what the code does: fields, bounds, choices, defaults, codes and headers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from f5serve import encoding, errors, openai_api, pages
from f5serve.catalogue import load_catalogue
from f5serve.request import PieceRequest, SpeechRequest
from f5serve.routing.status import LINKS, UNTOLD
from f5serve.settings import Backend, Limits
from scripts.package import CATALOGUE, ROOT
from scripts.reference import OPENAPI, read_openapi

Node = Mapping[str, Any]
TOLD_TO_PEOPLE = {"description", "title"}
# They end a worker or keep one from starting, or their caller has gone: no caller meets them.
NEVER_SENT = {"device_lost", "configuration", "caller_gone"}
# Lengths are bounds of the settings, not of the structs.
LENGTHS = {"text": Limits().max_text_chars, "ref_text": Limits().max_reference_chars}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return read_openapi(ROOT / OPENAPI)


def resolved(document: Node, node: Node) -> Node:
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def plain(document: Node, node: Any) -> Any:
    """A schema without references and without what is told to people alone; choices in one order."""
    if isinstance(node, list):
        return sorted((plain(document, part) for part in node), key=repr)
    if not isinstance(node, Mapping):
        return node
    return {
        name: plain(document, value)
        for name, value in resolved(document, node).items()
        if name not in TOLD_TO_PEOPLE
    }


def schema_of(document: Node, name: str) -> Any:
    found = document["components"]["schemas"][name]
    return {
        **plain(document, {key: value for key, value in found.items() if key != "properties"}),
        "properties": {
            field: plain(document, schema) for field, schema in found["properties"].items()
        },
    }


def struct_schema(struct: type[msgspec.Struct]) -> Any:
    """The same of a struct, as the code checks it, with the lengths of the default settings."""
    (_, components) = msgspec.json.schema_components([struct])
    schema = components[struct.__name__]
    for name, longest in LENGTHS.items():
        if name in schema["properties"]:
            field = schema["properties"][name]
            text = field if "type" in field else field["anyOf"][0]
            text["maxLength"] = longest
    fields = {name: plain({}, field) for name, field in schema["properties"].items()}
    rest = {name: part for name, part in schema.items() if name != "properties"}
    return {**plain({}, rest), "properties": fields}


def test_it_is_a_valid_document(document: Node) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("struct", [SpeechRequest, PieceRequest])
def test_a_request_has_the_fields_bounds_choices_and_defaults_of_the_code(
    document: Node, struct: type[msgspec.Struct]
) -> None:
    assert schema_of(document, struct.__name__) == struct_schema(struct)


@pytest.mark.parametrize(
    ("form", "request_name"), [("SpeechForm", "SpeechRequest"), ("PieceForm", "PieceRequest")]
)
def test_a_form_has_the_fields_of_the_json_request(
    document: Node, form: str, request_name: str
) -> None:
    fields, wanted = (schema_of(document, name) for name in (form, request_name))

    assert fields["required"] == wanted["required"]
    assert fields["properties"].keys() == wanted["properties"].keys()
    for name, field in fields["properties"].items():
        if name == "ref_audio":
            continue
        given = wanted["properties"][name]
        choices = [given, *({**choice} for choice in given.get("anyOf", ()))]
        assert field in choices, name


def test_openai_s_request_has_the_fields_that_are_read(document: Node) -> None:
    fields = schema_of(document, "OpenAISpeechRequest")["properties"]

    assert set(fields) == set(openai_api._KNOWN)
    # Null counts as absent there, so it is allowed wherever a value is.
    own = struct_schema(SpeechRequest)["properties"]
    for name in openai_api._PASSED_ON:
        bare = {key: value for key, value in own[name].items() if key != "default"}
        nullable = bare.get("anyOf") or sorted([bare, {"type": "null"}], key=repr)
        assert fields[name]["anyOf"] == nullable, name
    formats = next(part for part in fields["response_format"]["anyOf"] if "enum" in part)
    assert formats["enum"] == sorted(encoding.CONTENT_TYPES)
    speed = next(part for part in fields["speed"]["anyOf"] if "minimum" in part)
    assert (speed["minimum"], speed["maximum"]) == (openai_api._SLOWEST, openai_api._FASTEST)


def test_what_status_tells_has_the_fields_of_the_code(document: Node) -> None:
    structs: tuple[tuple[str, type[msgspec.Struct]], ...] = (("Model", Backend), ("Limits", Limits))
    for name, struct in structs:
        told = dict(schema_of(document, name)["properties"])
        required = set(document["components"]["schemas"][name]["required"])
        if struct is Backend:  # what the router adds
            required.remove("ready")
            assert told.pop("ready") == {"type": "boolean"}
        known = struct_schema(struct)["properties"]
        assert told == {
            field: {key: value for key, value in schema.items() if key != "default"}
            for field, schema in known.items()
            if field not in UNTOLD
        }
        assert required == set(told)
    links = document["components"]["schemas"]["Status"]["properties"]["links"]["properties"]
    assert set(links) == set(LINKS)


def test_every_sound_format_has_its_content_type(document: Node) -> None:
    kinds = set(encoding.CONTENT_TYPES.values())

    for path, others in {
        "/predictions/tts": {"application/json"},
        f"/predictions/tts/1.0/{openai_api.SPEECH}": {openai_api.EVENT_STREAM},
    }.items():
        assert set(document["paths"][path]["post"]["responses"]["200"]["content"]) == kinds | others


def test_every_path_of_the_router_is_there_and_no_other(document: Node) -> None:
    served = {
        "status",
        pages.PLAYGROUND,
        pages.REFERENCE,
        pages.OPENAPI,
        openai_api.SPEECH,
        openai_api.MODELS,
        openai_api.VOICES,
        openai_api.REMOVAL,
    }

    assert set(document["paths"]) == {
        "/predictions/tts",
        "/predictions/{model}",
        *(f"/predictions/tts/1.0/{path}" for path in served),
    }
    assert set(LINKS.values()) <= set(document["paths"])


def test_the_models_are_those_of_the_catalogue(document: Node) -> None:
    (model, _) = document["paths"]["/predictions/{model}"]["post"]["parameters"]

    assert set(model["schema"]["enum"]) == set(load_catalogue(ROOT / CATALOGUE).models)


def test_every_code_that_a_caller_can_meet_is_listed_and_no_other(document: Node) -> None:
    listed = document["components"]["schemas"]["Code"]["enum"]

    assert listed == sorted(listed)
    assert set(listed) == sent_codes()


def test_the_table_of_errors_lists_the_same_codes() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    table = text.split("\n## Errors\n")[1]
    rows = re.findall(r"^\| \d{3} \|(.*?)\|(.*)\|$", table, re.MULTILINE)

    told = {code for codes, _ in rows for code in re.findall(r"`(\w+)`", codes)}
    told |= {code for _, when in rows for code in re.findall(r"`(\w+)` 5\d\d", when)}
    assert told == sent_codes()


def test_every_status_of_the_errors_is_answered_somewhere(document: Node) -> None:
    statuses = {
        status
        for item in document["paths"].values()
        for operation in item.values()
        for status in operation["responses"]
    }

    told = {error.status for error in kinds_of(errors.ServeError)}
    told -= {errors.CallerGoneError.status}  # nobody is there to read it
    assert statuses == {"200", "201", *map(str, told)}


def sent_codes() -> set[str]:
    own = {error.code for error in kinds_of(errors.ServeError)}
    return (own | narrower_codes()) - NEVER_SENT


def kinds_of(kind: type[errors.ServeError]) -> Iterator[type[errors.ServeError]]:
    """A class of errors and all below it."""
    yield kind
    for narrower in kind.__subclasses__():
        if narrower.__module__ == errors.__name__:
            yield from kinds_of(narrower)


def narrower_codes() -> set[str]:
    """The codes that the code gives where it raises: each ``code=``, and each argument of that name."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in Path(errors.__file__).parent.rglob("*.py")
    ]
    places = {
        node.name: [argument.arg for argument in node.args.args].index("code")
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and "code" in [argument.arg for argument in node.args.args]
    }
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given += [word.value for word in node.keywords if word.arg == "code"]
            place = places.get(getattr(node.func, "id", ""))
            given += node.args[place : place + 1] if place is not None else []
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
            given.append(node.value)
        found |= {code for value in given for code in constants(value)}
    return found


def constants(value: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: itself, or either branch of a condition."""
    if isinstance(value, ast.IfExp):
        yield from constants(value.body)
        yield from constants(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
