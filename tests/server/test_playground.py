"""What a person does on the playground, in a real browser against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.server.browser import Browser, chromium
from tests.server.harness import Server

pytestmark = [pytest.mark.tool("chromium"), pytest.mark.tool("chromedriver")]

FRENCH = "Demain matin, nous irons ensemble au marché."
MIXED_LANGUAGES = ["en", "fr", "en", "ru", "es"]
COLOURS = """
    const canvas = document.getElementById(arguments[0]);
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chrome: Browser, server: Server) -> Browser:
    chrome.width(1280)
    chrome.media(prefers_color_scheme="light")
    chrome.open(f"{server.inference_url}/predictions/tts/1.0/playground")
    chrome.choose("quality", "draft")
    return chrome


def speak(page: Browser) -> None:
    page.click("speak")
    page.until(lambda: page.text("state").startswith("Spoken") or page.text("error"))
    assert not page.text("error")


def test_a_typed_sentence_is_spoken_shown_and_heard(page: Browser) -> None:
    page.write("text", FRENCH)
    page.write("seed", "7")

    speak(page)

    page.until(lambda: page.run("return document.getElementById('audio').duration > 0.5"))
    facts = page.text("facts")
    assert "French (fr), detected" in facts
    assert "f5_fr: MIT" in facts
    assert re.search(r"Confidence\n[01]\.\d\d\n", facts)
    assert "Seed\n7" in facts
    assert re.search(r"Real-time factor\n\d+\.\d\d", facts)
    assert page.run(COLOURS, "wave") > 1
    assert page.run(COLOURS, "spectrogram") > 50
    assert page.complaints() == []
    page.shot("spoken")


def test_each_language_of_a_text_is_a_part_that_can_be_played(page: Browser) -> None:
    page.choose("sample", "mixed")

    speak(page)

    shown = page.run("""
        document.getElementById("audio").pause();
        return [...document.querySelectorAll("#segments button")].map(
            (button) => [button.innerText, getComputedStyle(button).backgroundColor]);
    """)
    parts = [re.search(r"(\w\w) ([\d.]+)–([\d.]+) s$", text) for text, _ in shown]
    assert [part and part[1] for part in parts] == MIXED_LANGUAGES
    colours = [colour for _, colour in shown]
    assert (colours[0] == colours[2], len(set(colours))) == (True, 4)
    last = parts[-1]
    assert last is not None
    page.run("document.querySelector('#segments button:last-child').click()")
    begun = page.run("return document.getElementById('audio').currentTime")
    assert begun == pytest.approx(float(last[2]), abs=0.3)
    page.width(1280, page.run("return document.documentElement.scrollHeight"))
    page.shot("mixed-light")  # the README's picture: make playground-picture
    page.media(prefers_color_scheme="dark")
    page.shot("mixed-dark")


def test_a_dialogue_is_heard_in_the_voices_of_its_speakers(page: Browser) -> None:
    page.choose("sample", "dialogue")

    speak(page)

    shown = page.run("""
        document.getElementById("audio").pause();
        return [...document.querySelectorAll("#segments small")].map((part) => part.innerText);
    """)
    assert [part.split()[:2] for part in shown] == [["fr", "f2_fr"], ["fr", "plain_fr"]]
    assert '"speakers":{"Anna":"f2_fr","Marc":"plain_fr"}' in page.text("curl")
    page.shot("dialogue")


def test_speakers_that_are_none_are_told_in_the_server_s_words(page: Browser) -> None:
    page.write("text", FRENCH)
    page.write("speakers", "Anna")
    page.run("document.getElementById('speak').click()")

    page.until(lambda: "names and voices such as" in page.text("error"))
    assert page.focused() == "speakers"


def test_what_the_server_refuses_is_told_and_the_field_gets_the_focus(page: Browser) -> None:
    page.write("text", FRENCH)
    page.write("seed", "many")

    page.click("speak")

    page.until(lambda: page.text("error"))
    assert "field 'seed'" in page.text("error")
    assert "code invalid_value" in page.text("error")
    assert page.focused() == "seed"
    page.shot("refused")
    page.press("1")
    assert page.text("error") == ""


def test_an_empty_text_is_told_in_the_server_s_words(page: Browser) -> None:
    page.click("speak")

    page.until(lambda: "no_speakable_text" in page.text("error"))
    assert page.focused() == "text"


def test_everything_can_be_done_from_the_keyboard(page: Browser) -> None:
    page.reload()  # the focus is at the page's beginning
    order = []
    for _ in range(12):
        page.press(Keys.TAB)
        order.append(page.focused())
        typed = {"text": FRENCH, "quality": "d"}  # Draft, by its first letter
        page.press(typed.get(page.focused(), ""))
    assert order == [
        "sample", "text", "language", "voice", "quality", "seed", "speed", "loudness", "speakers", "normalize",
        "trim", "speak",
    ]  # fmt: skip

    page.press(Keys.CONTROL + Keys.ENTER)
    page.until(lambda: page.text("state").startswith("Spoken"))
    assert page.focused() == "speak"
    assert '"quality":"draft"' in page.text("curl")

    page.run("document.getElementById('audio').pause()")
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.parentElement.id") == "segments"
    page.press(Keys.ENTER)
    page.until(lambda: page.run("return !document.getElementById('audio').paused"))


def test_waiting_can_be_stopped_and_the_focus_is_not_lost(page: Browser) -> None:
    page.write("text", " ".join([FRENCH] * 8))
    page.click("speak")
    page.run("document.getElementById('stop').focus()")

    page.press(Keys.ESCAPE)

    page.until(lambda: page.text("state").startswith("Stopped"))
    assert page.focused() == "speak"
    assert page.text("error") == ""


def test_a_chosen_seed_can_be_used_again_and_stands_in_the_command(page: Browser) -> None:
    page.write("text", "C'est l'heure.")
    page.choose("language", "fr")
    speak(page)

    page.click("reuse")

    seed = page.run("return document.getElementById('seed').value")
    assert seed.isdigit()
    command = page.text("curl")
    assert f'"seed":{seed}' in command
    assert r"C'\''est l'\''heure." in command
    assert re.match(r"curl -X POST 'http://127\.0\.0\.1:\d+/predictions/tts' ", command)


def test_silence_loudness_and_reading_out_are_the_caller_s_choice(page: Browser) -> None:
    page.write("text", FRENCH)
    page.choose("loudness", "-23")
    page.click("trim")
    page.click("normalize")

    speak(page)

    assert re.search(r"Loudness\n-2\d\.\d LUFS", page.text("facts"))
    command = page.text("curl")
    assert '"loudness":-23' in command
    assert '"trim_silence":true' in command
    assert '"normalize":false' in command


@pytest.mark.parametrize("name", ["wav", "pcm"])
def test_the_speech_can_be_saved_in_a_format_that_the_server_lists(
    page: Browser, tmp_path: Path, name: str
) -> None:
    page.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.write("text", FRENCH)
    page.write("seed", "7")
    speak(page)

    page.choose("format", name)
    page.click("download")

    saved = tmp_path / f"speech-fr-7.{name}"
    page.until(saved.exists)
    header = 44 if name == "wav" else 0
    samples = page.run("return spoken.samples.length")
    page.until(lambda: saved.stat().st_size == header + 2 * samples)


def test_the_page_on_the_bare_path_asks_the_same_server(page: Browser, server: Server) -> None:
    page.open(f"{server.inference_url}/predictions/tts")

    assert page.run("return STATUS") == "/predictions/tts/1.0/status"


def test_the_page_keeps_the_prefix_that_a_proxy_puts_before_its_path(page: Browser) -> None:
    root = "/speech/v2/predictions/tts"
    paths = [root, f"{root}/", f"{root}/1.0", f"{root}/1.0/playground", f"{root}/1.0/playground/"]

    assert [page.run("return rootOf(arguments[0])", path) for path in paths] == [root] * len(paths)


def test_the_count_of_characters_is_the_server_s(page: Browser) -> None:
    page.write("text", "naïve 日本")

    assert page.text("count") == "8 of 5,000 characters"


def test_a_phone_shows_the_page_without_scrolling_sideways(page: Browser) -> None:
    page.width(360, 1400)
    page.choose("sample", "mixed")
    speak(page)

    assert page.run("return document.documentElement.scrollWidth") <= 360
    page.shot("phone")


def test_a_status_that_does_not_come_is_told_and_can_be_asked_for_again(page: Browser) -> None:
    page.devtools("Network.enable")
    page.devtools("Network.setBlockedURLs", urls=["*/status"])
    try:
        page.run("return askStatus()")
        assert "cannot be reached" in page.text("served")
        page.shot("no-status")
    finally:
        page.devtools("Network.setBlockedURLs", urls=[])

    page.click("retry")

    page.until(lambda: page.text("served").startswith("9 languages"))
