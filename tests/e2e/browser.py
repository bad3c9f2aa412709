"""A real Chromium, driven over the W3C WebDriver protocol: no more of it than these tests need."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
)
DESK, PHONE = (1280, 900), (390, 844)
"""Sizes of a window, CSS pixels."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 40.0
"""Real seconds after which what a test waits for is taken to be missing."""
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011", "Down": "\ue015"}


def require_browser() -> None:
    """Skip the test, or fail it in CI, where there is no browser."""
    missing = [tool for tool in ("chromium", "chromedriver") if shutil.which(tool) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{' and '.join(missing)} missing")


class Driver:
    """chromedriver in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        ports = (re.search(r"started successfully on port (\d+)", line) for line in self._process.stdout)
        self.url = f"http://127.0.0.1:{next(filter(None, ports)).group(1)}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Browser:
    """One browser with a profile of its own. size: of its page. languages: what it asks pages for."""

    def __init__(
        self, driver: Driver, size: tuple[int, int] = DESK, languages: str = "en", *, dark: bool = False
    ) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = {
            "args": [*FLAGS, f"--user-data-dir={self._profile.name}"],
            "prefs": {"intl.accept_languages": languages},
        }
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._base = driver.url
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/session/{session['sessionId']}"
        self.resize(size)
        self.darken(dark)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._call("DELETE", "")
        self._profile.cleanup()

    def resize(self, size: tuple[int, int]) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)

    def darken(self, dark: bool) -> None:
        """Put on the system's dark colours, or its light ones."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def go(self, url: str) -> None:
        self._call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body returns, run in the page; a promise is waited for."""
        return self._call("POST", "/execute/sync", {"script": script, "args": arguments})

    def cdp(self, command: str, **parameters: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def click(self, css: str) -> None:
        """A real click on the first element that a selector finds, once it can be clicked."""
        self.until(lambda: self._call("POST", f"/element/{self._find(css)}/click", {}) is None)

    @contextmanager
    def held(self, css: str) -> Iterator[None]:
        """The mouse's button down on an element, and up again at the end."""
        middle = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); "
        x, y = self.run(middle + "return [box.x + box.width / 2, box.y + box.height / 2]", css)
        press = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.cdp("Input.dispatchMouseEvent", type="mousePressed", **press)
        yield
        self.cdp("Input.dispatchMouseEvent", type="mouseReleased", **press)

    def type(self, css: str, text: str) -> None:
        self._call("POST", f"/element/{self._find(css)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Keys that go wherever the focus is."""
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def choose(self, css: str, value: str) -> None:
        """An option of a select, as a person would."""
        self.click(f'{css} option[value="{value}"]')

    def text(self, css: str) -> str:
        """What is written in the first element that a selector finds; empty if there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.textContent.trim() ?? ''", css))

    def texts(self, css: str) -> list[str]:
        found = self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())", css)
        return list(found)

    def until(self, holds: Callable[[], Any]) -> Any:
        """What is true at last; nothing tells, so the page is asked again and again."""
        deadline, why = time.monotonic() + PATIENCE, ""
        while True:
            try:
                if found := holds():
                    return found
            except NotYet as not_yet:
                why = str(not_yet)
            assert time.monotonic() < deadline, why or self.text("body")
            time.sleep(0.02)

    def until_text(self, css: str, part: str) -> str:
        """The text of an element, once it has a part."""
        return str(self.until(lambda: (text := self.text(css)) and part in text and text))

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """What the browser's console has complained of since it was asked last."""
        logs = self._call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in logs if entry["level"] in ("SEVERE", "WARNING")]

    def _find(self, css: str) -> str:
        return str(self._call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT])

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                told = json.load(error)["value"]
            if told["error"] in RETRIED:
                raise NotYet(told["message"]) from None
            raise AssertionError(told["message"]) from None


class NotYet(Exception):
    """Something is not in the page, or not in reach."""


RETRIED: Sequence[str] = (
    "no such element",
    "stale element reference",
    "element click intercepted",
    "element not interactable",
)


@contextmanager
def driving() -> Iterator[Driver]:
    driver = Driver()
    try:
        yield driver
    finally:
        driver.stop()
