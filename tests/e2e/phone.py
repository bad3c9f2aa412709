"""A manager's phone: Telegram, and the buttons in it."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable
from threading import Event, Thread
from typing import Any

from tests.e2e.process import Monitor
from tests.notify.providers import Telegram

SECRET = "webhook-s3cr3t"


class Elsewhere:
    """A loop in a thread of its own: the provider lives while the test waits."""

    def __init__(self) -> None:
        started = Event()
        self._thread = Thread(target=asyncio.run, args=(self._live(started),))
        self._thread.start()
        started.wait()

    async def _live(self, started: Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        started.set()
        await self._over.wait()

    def run(self, work: Awaitable[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    def end(self) -> None:
        """What is under way is cancelled, and its connections are closed."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()


def press(monitor: Monitor, who: int, message: dict[str, Any]) -> str:
    """What Telegram shows when somebody presses the button of a message."""
    button, link = Telegram.buttons(message)
    assert link["url"].startswith("https://sla.example/claim/")
    query = {"id": "1", "from": {"id": who}, "message": {"chat": {"id": message["chat_id"]}}}
    body = json.dumps({"callback_query": query | {"data": button["callback_data"]}}).encode()
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
    request = urllib.request.Request(f"{monitor.url}/callbacks/telegram", body, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["text"])


def to(telegram: Telegram, chat: int, holds: Callable[[str], bool]) -> list[dict[str, Any]]:
    return [message for message in telegram.got if message["chat_id"] == chat and holds(message["text"])]
