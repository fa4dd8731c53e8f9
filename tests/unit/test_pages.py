"""The playground: who gets it, and that it is one small file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from f5serve import pages, torchserve
from f5serve.response import Answer
from f5serve.router import Router
from tests.fakes import FakeContext
from tests.unit.routing_support import FakeModel, fake_model, settings, speech

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LARGEST_PAGE_BYTES = 40_000
FETCHED = {"src", "href", "action", "formaction", "poster", "data", "srcset"}


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(lambda _: speech()) as model:
        yield model


def get(model: FakeModel, path: str = "", **headers: str) -> Answer:
    context = FakeContext([{"url_path": path, **headers}])
    (call,) = torchserve.read_calls([{}], context)
    answer = Router(settings(model.url)).answer(call)
    assert isinstance(answer, Answer)
    return answer


class Page(HTMLParser):
    """What a page refers to, names, and labels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.named: set[str] = set()
        self.controls: list[str] = []
        self._in_label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.references += [value for name, value in given.items() if name in FETCHED]
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "label":
            self._in_label += 1
            self.named |= {given["for"]} if "for" in given else set()
        if tag in {"input", "select", "textarea"}:
            self.controls.append(given["id"])
            self.named |= {given["id"]} if self._in_label else set()

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"


@pytest.fixture
def answer() -> Answer:
    return pages.playground_answer({"X-Correlation-Id": "id-1"})


@pytest.fixture
def text(answer: Answer) -> str:
    return answer.body.decode("utf-8")


@pytest.mark.parametrize("path", ["playground", ""], ids=["path", "bare"])
def test_a_browser_gets_the_page_on_both_paths(model: FakeModel, path: str) -> None:
    answer = get(model, path, Accept=BROWSER)

    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    assert b"<title>f5serve playground</title>" in answer.body
    assert answer.headers["X-Correlation-Id"] == "request-0"


def test_the_page_s_own_path_needs_no_accept_header(model: FakeModel) -> None:
    assert get(model, "playground").content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("", ""),
        ("", "*/*"),
        ("", "application/json"),
        ("", "application/json, text/html;q=0.5"),
        ("status", BROWSER),
    ],
    ids=["nothing", "anything", "json", "json-first", "status-path"],
)
def test_a_client_that_is_no_browser_still_gets_the_status(
    model: FakeModel, path: str, accept: str
) -> None:
    answer = get(model, path, **({"accept": accept} if accept else {}))

    assert answer.content_type == "application/json"
    assert json.loads(answer.body)["languages"] == ["en", "fr", "ru", "zh"]


def test_a_browser_that_sends_a_text_gets_speech(model: FakeModel) -> None:
    headers = {"Accept": BROWSER, "Content-Type": "application/json"}
    (call,) = torchserve.read_calls([{"body": b'{"text": "Bonjour."}'}], FakeContext([headers]))

    assert Router(settings(model.url)).answer(call).content_type == "audio/wav"


def test_the_page_refers_to_nothing_on_another_host(text: str) -> None:
    references = [*Page(text).references, *re.findall(r"url\(([^)]*)\)", text)]

    assert all(value.startswith(("data:", "#")) for value in references), references
    assert not re.findall(r"@import|(?:https?|wss?):|[\"'`]//\w", text)


def test_the_page_is_small(answer: Answer) -> None:
    assert len(answer.body) < LARGEST_PAGE_BYTES


def test_no_data_becomes_markup_or_code(text: str) -> None:
    unsafe = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"

    assert not re.findall(unsafe, text)


def test_the_policy_allows_the_page_s_own_script_and_style_and_nothing_else(
    answer: Answer, text: str
) -> None:
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    (script,) = re.findall(r"<script>(.*)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert Page(text).handlers == []  # the policy would silence them


def test_a_script_that_was_changed_is_allowed_by_another_digest(text: str) -> None:
    changed = text.replace('"use strict";', '"use strict"; more();')

    assert pages.content_policy(changed) != pages.content_policy(text)


def test_every_control_has_a_label_and_every_id_is_one_element(text: str) -> None:
    page = Page(text)

    assert page.controls
    assert set(page.controls) <= page.named
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r'\$\("([\w-]+)"\)', text)) <= set(page.ids)


def luminance(colour: str) -> float:
    """Answer the relative luminance of ``#rgb`` or ``#rrggbb``, as WCAG defines it."""
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "page", 4.5),
        ("soft", "page", 4.5),
        ("soft", "card", 4.5),
        ("soft", "bad-card", 4.5),
        ("bad", "bad-card", 4.5),
        ("on-accent", "accent", 4.5),
        ("accent", "card", 3.0),
        ("field", "card", 3.0),
    ],
)
def test_text_and_borders_stand_out_in_light_and_in_dark(
    text: str, scheme: int, front: str, back: str, least: float
) -> None:
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): #(\w+);", blocks[scheme]))
    low, high = sorted(luminance(colours[name]) for name in (front, back))

    assert len(blocks) == 2
    assert (high + 0.05) / (low + 0.05) >= least


def test_the_samples_are_the_sentences_of_the_demo(text: str) -> None:
    sentences = yaml.safe_load(Path("config/sentences.yaml").read_text(encoding="utf-8"))

    for language, sentence in sentences.items():
        assert f'  {language}: "{sentence}",' in text
