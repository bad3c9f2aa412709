"""telegram://CHAT: a message of a bot, with a button that takes the lead. https://core.telegram.org/bots/api"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import SECOND
from sla_monitor.policy.chats import check_address, place

from .failure import Failed
from .provider import Answer, Provider, post, refused
from .render import Action, Button, Message

REFUSED = frozenset({400, 403})
"""The chat is not there, the bot was blocked or thrown out, the message will never do. 401 and 404: the token is wrong,
which an operator may put right within the day."""

LONGEST = 4000
"""Characters; Telegram takes 4096."""


def check(address: str) -> str | None:
    return check_address(address)


class TelegramChannel:
    """provider: the bot. button: what one that takes the lead sends back."""

    personal = True
    at_once = 1

    def __init__(self, provider: Provider, button: Button) -> None:
        self._provider, self._button = provider, button

    def longest(self, _: str) -> int:
        return LONGEST

    async def send(self, notice: Send, message: Message) -> None:
        chat, token = place(notice.channel), self._provider.token
        if chat is None:
            raise Failed("telegram:// must have the number of a chat", permanent=True)
        if token is None:
            raise Failed("SLA_TELEGRAM_TOKEN is not set")
        answer = await post(f"{self._provider.url}/bot{token}/sendMessage", self._message(int(chat), notice, message))
        if answer.status != 200 or answer.data.get("ok") is not True:
            raise _failure(answer)

    def _message(self, chat: int, notice: Send, message: Message) -> dict[str, Any]:
        """Plain text: what comes from outside cannot become markup."""
        buttons = self._buttons(notice, message.action) if message.action else []
        linked = any("url" in button for button in buttons)
        text = f"{message.title}\n{message.body if linked else message.text}"
        sent: dict[str, Any] = {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}
        return sent | ({"reply_markup": {"inline_keyboard": [buttons]}} if buttons else {})

    def _buttons(self, notice: Send, action: Action) -> list[dict[str, str]]:
        """One that takes the lead at once, if what it sends back finds room, and a link."""
        taking = self._button(notice) if action.takes and self._provider.buttons else None
        buttons = []
        if taking is not None:
            buttons.append({"text": action.label, "callback_data": taking})
        if action.url and _has_public_host(action.url):
            buttons.append({"text": action.browser if buttons else action.alone, "url": action.url})
        return buttons

    def close(self) -> None:
        """Nothing is open."""


def _has_public_host(url: str) -> bool:
    """Telegram refuses whole messages for links to hosts without a dot, such as localhost."""
    return "." in (urlsplit(url).hostname or "")


def _failure(answer: Answer) -> Failed:
    """What Telegram said, without what it quotes of the message."""
    parameters = answer.data.get("parameters")
    named = parameters if isinstance(parameters, dict) else {}
    said = re.sub(r"'[^']*'", "'...'", str(answer.data.get("description") or f"HTTP {answer.status}"))
    if moved := named.get("migrate_to_chat_id"):
        said = f"the group is a supergroup now: write telegram://{moved} into the policy"
    pause = named.get("retry_after")
    wait = pause * SECOND if isinstance(pause, int) else answer.retry_after
    return refused(said, permanent=answer.status in REFUSED, retry_after=wait)
