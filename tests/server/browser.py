"""A real browser without a window, for what a person does with a page."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

SHOTS = Path("out/playground")
WAIT_S = 60.0
# The sandbox needs rights that a container lacks; the rest keeps the browser from calling its maker.
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)
HELD = (Keys.CONTROL, Keys.SHIFT)


class Browser:
    """One page in headless Chromium, addressed by the ids of its elements."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def visit(self, url: str) -> None:
        """Load a page that asks the server for nothing more."""
        self._driver.get(url)

    def open(self, url: str) -> None:
        """Load a page and wait until it knows what is served."""
        self._driver.get(url)
        self._loaded()

    def reload(self) -> None:
        """Load the same page anew."""
        self._driver.refresh()
        self._loaded()

    def _loaded(self) -> None:
        self.until(lambda: self.text("served").startswith("9 languages"))

    def run(self, script: str, *arguments: object) -> Any:
        """Answer what a function body in JavaScript returns; a promise is waited for."""
        return self._driver.execute_script(script, *arguments)

    def until(self, met: Callable[[], object]) -> None:
        """Wait for something to become true."""
        WebDriverWait(self._driver, WAIT_S, poll_frequency=0.1).until(lambda _: met())

    def text(self, name: str) -> str:
        """Answer what an element shows."""
        return self._driver.find_element(By.ID, name).text

    def click(self, name: str) -> None:
        """Click an element."""
        self._driver.find_element(By.ID, name).click()

    def write(self, name: str, text: str) -> None:
        """Put a text into a field in place of what it holds."""
        field = self._driver.find_element(By.ID, name)
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, value: str) -> None:
        """Choose an option by its value."""
        self._driver.find_element(By.CSS_SELECTOR, f"#{name} option[value='{value}']").click()

    def press(self, *keys: str) -> None:
        """Press keys where the focus is; keys within one string are held together."""
        for chord in keys:
            held = chord + Keys.NULL if len(chord) > 1 and chord[0] in HELD else chord
            self._driver.switch_to.active_element.send_keys(held)

    def focused(self) -> str:
        """Answer the id of the element that has the focus."""
        return str(self.run("return document.activeElement.id"))

    def media(self, **features: str) -> None:
        """Pretend to a colour scheme or another preference of the person."""
        given = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.devtools("Emulation.setEmulatedMedia", features=given)

    def width(self, pixels: int, height: int = 1000) -> None:
        """Pretend to a screen of that width."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=pixels < 600,
        )

    def devtools(self, command: str, **parameters: object) -> None:
        """Send a command of the DevTools protocol."""
        self._driver.execute_cdp_cmd(command, parameters)

    def shot(self, name: str) -> Path:
        """Write a picture of the whole page into ``out/``."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        assert self._driver.get_screenshot_as_file(str(path))
        return path

    def complaints(self) -> list[str]:
        """Answer warnings and errors of the console since the last call."""
        entries: list[dict[str, Any]] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries]


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile, and end it with the block.

    Args:
        folder: An empty folder for the profile.
    """
    options = ChromeOptions()
    for switch in SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={folder}")
    options.set_capability("goog:loggingPrefs", {"browser": "WARNING"})
    options.binary_location = shutil.which("chromium") or ""
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
