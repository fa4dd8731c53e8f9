"""The reference page: ``config/openapi.yaml`` as one HTML file, without script and without outside resources.

Packaging puts it into the router's archive. The document's descriptions are plain paragraphs with code in
backquotes, and nothing else of Markdown; what is written here is what the document's own words need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from f5serve import pages
from f5serve.catalogue import read_yaml
from f5serve.errors import ConfigurationError
from scripts.archive import PACKAGE

OPENAPI: Final = "config/openapi.yaml"
Node = Mapping[str, Any]
_CODE: Final = re.compile(r"`([^`]+)`")
_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "pattern": "matches {}",
}

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b1f27; --soft: #555d6b; --line: #d5d9e0; --accent: #1d5fbf;
  --get: #1b6e3c; --post: #1d5fbf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1c2027; --ink: #e7eaf0; --soft: #a3acbb; --line: #333a45; --accent: #8db8f5;
    --get: #7fd3a0; --post: #8db8f5;
  }
}
* { box-sizing: border-box; }
html { background: var(--page); scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 1; }
h1 { font-size: 1.5rem; margin: 0 0 .4rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .3rem; }
h3 { font-size: 1.05rem; margin: 0 0 .3rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0; max-width: 48rem; }
.soft { color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem;
  margin: .9rem 0; min-width: 0; }
.route { display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; font-family: ui-monospace, monospace;
  font-size: .95rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
.method { font-weight: 700; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .45rem; font-size: .8rem; }
.get { color: var(--get); } .post { color: var(--post); }
code, pre { font-family: ui-monospace, monospace; font-size: .88em; }
code { background: var(--page); border-radius: .25rem; padding: .05rem .3rem; overflow-wrap: anywhere; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: .35rem; padding: .6rem .75rem;
  overflow-x: auto; margin: .4rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
td p { margin: 0 0 .3rem; }
td:first-child { white-space: nowrap; }
td:last-child { min-width: 12rem; }
details { margin: .7rem 0; }
summary { cursor: pointer; font-weight: 600; font-size: .95rem; }
nav ul { list-style: none; margin: .2rem 0 .8rem; padding: 0; font-size: .92rem; }
nav a { display: block; padding: .12rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }
@media (min-width: 62rem) {
  .sides { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 2.2rem; }
  nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; }
}
"""


def documents(root: Path) -> dict[str, str]:
    """Answer what the router's archive carries of these, by the paths within it.

    Args:
        root: The repository.

    Raises:
        ConfigurationError: If the document cannot be read, or refers to what it does not hold.
    """
    path = root / OPENAPI
    page = render(read_openapi(path))
    return {
        f"{PACKAGE}/pages/{pages.OPENAPI}": path.read_text(encoding="utf-8"),
        f"{PACKAGE}/pages/{pages.REFERENCE_FILE}": page,
    }


def read_openapi(path: Path) -> dict[str, Any]:
    """Read the document.

    Raises:
        ConfigurationError: If it cannot be read, or is no mapping.
    """
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: holds no OpenAPI document; restore it")
    return document


def render(document: Mapping[str, Any]) -> str:
    """Answer the page.

    Args:
        document: An OpenAPI document whose references all point into itself.

    Raises:
        ConfigurationError: If a reference points to nothing.
    """
    return "\n".join(_Page(document).parts()) + "\n"


class _Page:
    """One rendering of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._tags = [tag["name"] for tag in document["tags"]]

    def parts(self) -> Iterator[str]:
        info = self._document["info"]
        yield "<!doctype html>"
        yield '<html lang="en">\n<head>\n<meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="color-scheme" content="light dark">'
        yield f"<title>{escape(info['title'])} API reference</title>"
        yield '<link rel="icon" href="data:,">'
        yield f"<style>{STYLE}</style>\n</head>\n<body>"
        yield '<a class="skip" href="#content">Skip to the content</a>'
        yield f"<header><h1>{escape(info['title'])} API reference</h1>"
        yield f'<p class="soft">{escape(info["summary"])}. Version {escape(info["version"])}; '
        yield '<a href="openapi.yaml">openapi.yaml</a>, <a href="playground">playground</a>, '
        yield '<a href="status">status</a>.</p></header>'
        yield '<div class="sides">'
        yield from self._contents()
        yield f'<main id="content" tabindex="-1">{_prose(info["description"])}'
        for tag in self._document["tags"]:
            yield f'<h2 id="tag-{tag["name"]}">{escape(tag["name"])}</h2>{_prose(tag["description"])}'
            for path, method, operation in self._operations(tag["name"]):
                yield from self._operation(path, method, operation)
        yield from self._schemas()
        yield "</main></div>\n</body>\n</html>"

    def _operations(self, tag: str) -> Iterator[tuple[str, str, Node]]:
        for path, item in self._document["paths"].items():
            for method, operation in item.items():
                if tag in operation["tags"]:
                    yield path, method, operation

    def _contents(self) -> Iterator[str]:
        yield '<nav aria-label="Contents">'
        for tag in self._tags:
            yield f'<a href="#tag-{tag}"><strong>{escape(tag)}</strong></a><ul>'
            for _, method, operation in self._operations(tag):
                name = operation["operationId"]
                mark = f'<span class="{method}">{method.upper()}</span>'
                yield f'<li><a href="#{name}">{mark} {escape(operation["summary"])}</a></li>'
            yield "</ul>"
        yield '<a href="#schemas"><strong>schemas</strong></a></nav>'

    def _operation(self, path: str, method: str, operation: Node) -> Iterator[str]:
        name = operation["operationId"]
        yield f'<article id="{name}" aria-labelledby="{name}-title">'
        yield f'<h3 id="{name}-title">{escape(operation["summary"])}</h3>'
        yield f'<p class="route"><span class="method {method}">{method.upper()}</span> {escape(path)}</p>'
        yield _prose(operation["description"])
        parameters = [self._resolved(parameter) for parameter in operation.get("parameters", [])]
        if parameters:
            yield "<h4>Parameters</h4>"
            yield _table(("name", "in", "meaning"), map(self._parameter_row, parameters))
        if "requestBody" in operation:
            yield from self._body(path, operation["requestBody"]["content"])
        yield "<h4>Answers</h4>"
        rows = [self._answer_row(*row) for row in operation["responses"].items()]
        yield _table(("status", "types", "meaning"), rows)
        yield from self._headers(operation["responses"])
        yield "</article>"

    def _parameter_row(self, parameter: Node) -> tuple[str, str, str]:
        return (
            f"<code>{escape(parameter['name'])}</code>",
            escape(parameter["in"]),
            _prose(parameter["description"]) + self._bounds(parameter["schema"]),
        )

    def _body(self, path: str, content: Mapping[str, Node]) -> Iterator[str]:
        for kind, body in content.items():
            is_form = kind.startswith("multipart/")
            title = f"Body: {escape(kind)}"
            yield f"<details><summary>{title}</summary>" if is_form else f"<h4>{title}</h4>"
            schema = self._resolved(body["schema"])
            yield _prose(schema["description"]) + self._fields(schema)
            for example in body.get("examples", {}).values():
                command = escape(self._curl(path, example["value"]))
                yield f"<p>{escape(example['summary'])}:</p><pre tabindex=0>{command}</pre>"
            if is_form:
                yield "</details>"

    def _curl(self, path: str, value: Node) -> str:
        """A command for a shell: single quotes within the text end the quotation, stand escaped, and begin it again."""
        body = json.dumps(value, ensure_ascii=False).replace("'", "'\\''")
        target = self._document["servers"][0]["url"] + path.replace("{model}", "f5_fr")
        kind = "-H 'Content-Type: application/json'"
        return f"curl -X POST {target} \\\n     {kind} \\\n     -d '{body}' -o out"

    def _answer_row(self, status: str, response: Node) -> tuple[str, str, str]:
        answer = self._resolved(response)
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in answer.get("content", {}))
        return f"<strong>{escape(status)}</strong>", kinds, _prose(answer["description"])

    def _headers(self, responses: Mapping[str, Node]) -> Iterator[str]:
        found: dict[str, Node] = {}
        for response in responses.values():
            for name, header in self._resolved(response).get("headers", {}).items():
                found[name] = self._resolved(header)
        if found:
            yield "<details><summary>Headers of the answers</summary>"
            rows = (
                (f"<code>{name}</code>", _prose(header["description"]))
                for name, header in found.items()
            )
            yield _table(("header", "meaning"), rows) + "</details>"

    def _schemas(self) -> Iterator[str]:
        yield '<h2 id="schemas">Schemas</h2>'
        for name, schema in self._document["components"]["schemas"].items():
            yield f'<article id="schema-{name}"><h3>{escape(name)}</h3>{_prose(schema.get("description", ""))}'
            yield self._fields(schema) if "properties" in schema else f"<p>{self._kind(schema)}</p>"
            yield "</article>"

    def _fields(self, schema: Node) -> str:
        required = schema.get("required", [])
        rows = []
        for name, given in schema["properties"].items():
            field = self._resolved(given)
            told = _prose(field.get("description", "")) + self._bounds(field)
            mark = " <strong>required</strong>" if name in required else ""
            rows.append((f"<code>{escape(name)}</code>{mark}", self._kind(given), told))
        return _table(("field", "type", "meaning"), rows)

    def _kind(self, schema: Node) -> str:
        """Say what a value is: a type, a choice, or the schema that tells more."""
        named = re.fullmatch(r"#/components/schemas/(\w+)", schema.get("$ref", ""))
        if named:
            return f'<a href="#schema-{named[1]}">{named[1]}</a>'
        field = self._resolved(schema)
        if "enum" in field:
            return "one of " + ", ".join(
                f"<code>{escape(str(one))}</code>" for one in field["enum"]
            )
        if "const" in field:
            return f"<code>{escape(json.dumps(field['const']))}</code>"
        if "anyOf" in field:
            return " or ".join(self._kind(choice) for choice in field["anyOf"])
        if field.get("type") == "array":
            return f"list of {self._kind(field['items'])}"
        return escape(str(field.get("type", "anything")))

    def _bounds(self, schema: Node) -> str:
        told = [
            text.format(f"<code>{escape(str(part[key]))}</code>")
            for part in (schema, *schema.get("anyOf", ()))
            for key, text in _BOUNDS.items()
            if key in part
        ]
        if schema.get("default") is not None:
            told.append(f"default <code>{escape(_plain(schema['default']))}</code>")
        return f'<p class="soft">{", ".join(told)}</p>' if told else ""

    def _resolved(self, node: Node) -> Node:
        """Follow references until there is something to read."""
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                if not isinstance(target, Mapping) or part not in target:
                    raise ConfigurationError(f"{OPENAPI}: {node['$ref']} points to nothing")
                target = target[part]
            node = target
        return node


def _prose(text: str) -> str:
    """Paragraphs, with what stands in backquotes as code."""
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    marked = (_CODE.sub(r"<code>\1</code>", escape(part, quote=False)) for part in paragraphs)
    return "".join(f"<p>{part}</p>" for part in marked if part)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table that scrolls by itself where the page is narrow; the cells are HTML."""
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
