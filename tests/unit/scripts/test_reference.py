"""The reference page: all that the document says, readable without script, mouse or network."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from f5serve import pages
from f5serve.errors import ConfigurationError
from scripts.reference import OPENAPI, documents, read_openapi, render
from scripts.setup import ROOT

LARGEST_PAGE_BYTES = 120_000


class Page(HTMLParser):
    """What a page links to, names and shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.links += [given[name] for name in ("href", "src") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        self.shown += data


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return read_openapi(ROOT / OPENAPI)


@pytest.fixture(scope="module")
def text(document: dict[str, Any]) -> str:
    return render(document)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_operation_field_status_and_code_is_shown(
    document: dict[str, Any], page: Page
) -> None:
    for path, item in document["paths"].items():
        assert path in page.shown
        for operation in item.values():
            assert operation["summary"] in page.shown
            assert operation["operationId"] in page.ids
    for name, schema in document["components"]["schemas"].items():
        assert f"schema-{name}" in page.ids
        assert all(field in page.shown for field in schema.get("properties", ()))
    assert all(code in page.shown for code in document["components"]["schemas"]["Code"]["enum"])
    assert all(header in page.shown for header in document["components"]["headers"])


def test_every_link_leads_to_a_place_on_the_page_or_to_a_path_beside_it(
    document: dict[str, Any], page: Page
) -> None:
    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    outer = {link for link in page.links if not link.startswith("#")}

    assert inner <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    beside = {link for link in outer if link != "data:,"}
    assert beside == {"openapi.yaml", "playground", "status"}
    assert {f"/predictions/tts/1.0/{link}" for link in beside} <= set(document["paths"])


def test_it_needs_no_script_and_nothing_from_elsewhere(text: str, page: Page) -> None:
    assert not {"script", "img", "link", "iframe"} & set(page.tags) - {"link"}
    assert page.tags.count("link") == 1  # an empty icon
    assert page.handlers == []
    assert not re.findall(r"@import|url\(", text)
    assert len(text.encode()) < LARGEST_PAGE_BYTES


def test_its_policy_allows_its_style_and_no_script(text: str, tmp_path: Path) -> None:
    (tmp_path / pages.REFERENCE_FILE).write_text(text, encoding="utf-8")

    answer = pages.reference_answer({"X-Correlation-Id": "id-1"}, tmp_path)

    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'none'; style-src 'sha256-" in policy
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["X-Correlation-Id"] == "id-1"


def test_marks_of_html_in_the_document_are_shown_and_not_obeyed(document: dict[str, Any]) -> None:
    changed = copy.deepcopy(document)
    changed["info"]["description"] = "<script>alert(1)</script> & `<b>`"

    page = Page(render(changed))

    assert "script" not in page.tags
    assert "<script>alert(1)</script> & <b>" in page.shown


def test_a_command_quotes_an_apostrophe_for_the_shell(page: Page) -> None:
    assert r"She said « c'\''est la vie » and left." in page.shown


def test_a_reference_to_nothing_is_refused_by_name(document: dict[str, Any]) -> None:
    changed = copy.deepcopy(document)
    changed["paths"]["/predictions/tts"]["post"]["responses"]["422"] = {
        "$ref": "#/components/responses/Nowhere"
    }

    with pytest.raises(ConfigurationError, match="responses/Nowhere points to nothing"):
        render(changed)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), ("a: [", "not valid YAML"), ("[]", "no OpenAPI")],
)
def test_a_document_that_cannot_be_used_is_told_with_its_path(
    tmp_path: Path, content: str | None, told: str
) -> None:
    path = tmp_path / "openapi.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=told):
        read_openapi(path)


def test_the_archive_gets_the_document_as_it_is_and_the_page(text: str) -> None:
    packed = documents(ROOT)

    assert packed == {
        "f5serve/pages/openapi.yaml": (ROOT / OPENAPI).read_text(encoding="utf-8"),
        "f5serve/pages/reference.html": text,
    }
