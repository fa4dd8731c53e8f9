"""The reference page in a real browser: shown, followed from the keyboard, linked from the playground."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.server.browser import Browser, chromium
from tests.server.harness import RoutedServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.tool("chromium"),
    pytest.mark.tool("chromedriver"),
]

SHOWN = """
    const box = document.getElementById(arguments[0]).getBoundingClientRect();
    return box.top >= 0 && box.top < innerHeight;
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chrome: Browser, router_alone: RoutedServer) -> Browser:
    chrome.width(1280)
    chrome.media(prefers_color_scheme="light")
    chrome.visit(f"{router_alone.url}/1.0/reference")
    return chrome


def test_the_policy_lets_the_page_have_its_style(page: Browser) -> None:
    assert page.complaints() == []
    assert (
        page.run("return getComputedStyle(document.querySelector('article')).borderStyle")
        == "solid"
    )
    page.shot("reference")


def test_the_keyboard_reaches_the_content_and_every_link(page: Browser) -> None:
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.className") == "skip"
    page.press(Keys.ENTER)
    assert page.run("return location.hash") == "#content"

    page.run("""document.querySelector("nav a[href='#createSpeech']").focus()""")
    page.press(Keys.ENTER)

    page.until(lambda: page.run(SHOWN, "createSpeech"))


def test_a_phone_shows_the_page_without_scrolling_sideways(page: Browser) -> None:
    page.width(360, 1400)
    page.media(prefers_color_scheme="dark")

    assert page.run("return document.documentElement.scrollWidth") <= 360
    page.shot("reference-phone")


def test_the_playground_leads_to_the_page(page: Browser, router_alone: RoutedServer) -> None:
    page.open(f"{router_alone.url}/1.0/playground")

    page.click("reference")

    page.until(lambda: page.run("return location.pathname").endswith("/tts/1.0/reference"))
    page.until(lambda: page.run("return document.title") == "f5serve API reference")
