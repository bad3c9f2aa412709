"""The channels by the scheme of their addresses.

A new one is a file beside this, a line in `registry` and one in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sla_monitor.clock import Clock
from sla_monitor.core import attempts
from sla_monitor.core.effects import Send

from . import apprise_channel, log_channel, mail_channel, slack_channel, telegram_channel
from .address import scheme
from .provider import Provider
from .render import Button, Message, no_link

OTHERS = ""
"""The scheme under which the channel for all other schemes stands."""


NOWHERE = Provider("")
"""For channels that are not set up."""


class Channel(Protocol):
    """personal: whether it may be given who the customer is; a channel that keeps what it gets may not (R31).

    at_once: attempts under way to one scheme and host; the others wait for their turn.
    """

    personal: bool
    at_once: int

    def longest(self, address: str) -> int:
        """Characters of a message, link included, that the service of an address takes."""

    async def send(self, notice: Send, message: Message) -> None:
        """Hand the message over. Raises Failed, or whatever went wrong; may be abandoned, never awaited further."""

    def close(self) -> None:
        """Take no more work. Never waits."""


Registry = Mapping[str, Channel]
"""The channels by scheme."""


def registry(
    data_dir: Path,
    clock: Clock,
    telegram: Provider = NOWHERE,
    slack: Provider = NOWHERE,
    button: Button = no_link,
) -> Registry:
    """Every channel. data_dir: where log:// writes `notifications.log`. telegram, slack: what those send by.

    button: what one in Telegram sends back.
    """
    others, mail = apprise_channel.AppriseChannel(), mail_channel.MailChannel()
    return {
        "log": log_channel.LogChannel(data_dir / "notifications.log", clock),
        "telegram": telegram_channel.TelegramChannel(telegram, button),
        "slack": slack_channel.SlackChannel(slack, others),
        **dict.fromkeys(attempts.MAIL, mail),
        OTHERS: others,
    }


def check(address: str) -> str | None:
    """What is wrong with a channel address, without repeating its secrets; None if it can be used. Sends nothing."""
    if not scheme(address):
        return "a channel address begins with a scheme, as in log:// or json://crm.example/hook"
    return CHECKS.get(scheme(address), apprise_channel.check)(address)


CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "log": log_channel.check,
    "telegram": telegram_channel.check,
    "slack": slack_channel.check,
    **dict.fromkeys(attempts.MAIL, mail_channel.check),
}
"""Those of the channels that are not apprise's."""
