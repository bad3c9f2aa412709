"""slack://MEMBER or slack://CHANNEL: a message of an app's bot, with a button that takes the lead.

https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import json
from typing import Any

from sla_monitor.core.effects import Send
from sla_monitor.policy.chats import check_address, native, place

from . import apprise_channel
from .failure import Failed
from .provider import Answer, Provider, post, refused
from .render import Action, Message

REFUSED = frozenset(
    {
        *(
            "channel_not_found",
            "is_archived",
            "user_not_found",
            "user_disabled",
            "cannot_dm_bot",
            "messages_tab_disabled",
        ),
        *("no_text", "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"),
        *("invalid_arguments", "restricted_action", "channel_type_not_supported"),
    }
)
"""The member or channel is not there or takes no messages, or the message will never do. All else (a token that was
revoked, a scope that is missing, a bot that was not invited ...) an operator may put right within the day."""

LONGEST = 2900
"""Characters of a block; Slack takes 3000."""

BUTTON_CHARACTERS = 2000
"""What Slack lets a button send back."""


def check(address: str) -> str | None:
    """Other addresses of slack:// are apprise's."""
    return check_address(address) if native(address) else apprise_channel.check(address)


class SlackChannel:
    """provider: the app's bot. others: for addresses that hold tokens themselves, by apprise."""

    personal = True
    at_once = 1

    def __init__(self, provider: Provider, others: apprise_channel.AppriseChannel) -> None:
        self._provider, self._others = provider, others

    def longest(self, address: str) -> int:
        return LONGEST if native(address) else self._others.longest(address)

    async def send(self, notice: Send, message: Message) -> None:
        if not native(notice.channel):
            await self._others.send(notice, message)
            return
        where, token = place(notice.channel), self._provider.token
        if where is None:
            raise Failed("slack:// must have the id of a member or channel", permanent=True)
        if token is None:
            raise Failed("SLA_SLACK_TOKEN is not set")
        sent = {"channel": where, **self._message(notice, message)}
        headers = {"Authorization": f"Bearer {token}"}
        answer = await post(f"{self._provider.url}/api/chat.postMessage", sent, headers)
        if answer.status != 200 or answer.data.get("ok") is not True:
            raise _failure(answer)

    def _message(self, notice: Send, message: Message) -> dict[str, Any]:
        """Blocks of plain text: what comes from outside cannot become markup, nor mention anybody."""
        text = f"{message.title}\n{message.body}"
        blocks: list[dict[str, Any]] = [{"type": "section", "text": _plain(text)}]
        buttons = self._buttons(notice, message.action) if message.action else []
        if buttons:
            blocks.append({"type": "actions", "elements": buttons})
        return {
            "text": _escaped(message.title),
            "blocks": blocks,
            "unfurl_links": False,
            "metadata": {"event_type": "sla_notice", "event_payload": {"notice_id": notice.notice_id}},
        }

    def _buttons(self, notice: Send, action: Action) -> list[dict[str, Any]]:
        """One that takes the lead at once, if what it sends back is taken, and a link."""
        taking = json.dumps({"lead": notice.lead_id, "turn": notice.turn, "manager": notice.manager_id})
        buttons: list[dict[str, Any]] = []
        if action.takes and self._provider.buttons and len(taking) <= BUTTON_CHARACTERS:
            buttons.append({"type": "button", "action_id": "take", "text": _plain(action.label), "value": taking})
        if action.url:
            label = action.browser if buttons else action.alone
            buttons.append({"type": "button", "action_id": "open", "text": _plain(label), "url": action.url})
        return buttons

    def close(self) -> None:
        """Nothing is open."""


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _failure(answer: Answer) -> Failed:
    said = str(answer.data.get("error") or f"HTTP {answer.status}")
    return refused(said, permanent=said in REFUSED, retry_after=answer.retry_after)
