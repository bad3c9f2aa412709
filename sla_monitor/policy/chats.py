"""Addresses of the channels with buttons: `telegram://CHAT` and `slack://MEMBER`. They name people, and no secrets.

What a button sends back names people in the same way, so an address also tells who may press it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sla_monitor.core.rules import Manager

TELEGRAM, SLACK = "telegram", "slack"

PATTERNS = {
    TELEGRAM: re.compile(r"telegram://(-?[1-9][0-9]{0,18})/?"),
    SLACK: re.compile(r"slack://([UWCGD][A-Z0-9]{6,20})/?"),
}

PERSONAL = {TELEGRAM: re.compile(r"[0-9]+"), SLACK: re.compile(r"[UW].*")}
"""What names a person, not a group or a channel."""

REMEDIES = {
    TELEGRAM: "must be telegram:// and the number of a chat, such as telegram://123456789; "
    "the token of the bot is the setting SLA_TELEGRAM_TOKEN",
    SLACK: "must be slack:// and the id of a member or channel, such as slack://U024BE7LH; "
    "the token of the app is the setting SLA_SLACK_TOKEN",
}


def native(address: str) -> str | None:
    """`telegram` or `slack` if the address is of a channel of ours; slack:// with a path is apprise's."""
    kind = address.partition("://")[0].lower()
    ours = kind == TELEGRAM or (kind == SLACK and "/" not in address.partition("://")[2].rstrip("/"))
    return kind if ours else None


def place(address: str) -> str | None:
    """The chat, member or channel of an address of ours, as the provider calls it; None if it is none."""
    found = PATTERNS[kind].fullmatch(address) if (kind := native(address)) else None
    return found[1] if found else None


def check_address(address: str) -> str | None:
    """What is wrong with an address of ours, without repeating it; None for those of others."""
    kind = native(address)
    return REMEDIES[kind] if kind and not place(address) else None


def person(address: str) -> str | None:
    """`telegram:123456789`: whom an address names, if it names one person."""
    kind, where = native(address), place(address)
    return f"{kind}:{where}" if kind and where and PERSONAL[kind].fullmatch(where) else None


def reached_at(managers: Mapping[str, Manager], kind: str, where: str) -> Iterator[Manager]:
    """The managers with an address of this chat, member or channel."""
    for manager in managers.values():
        if any(native(address) == kind and place(address) == where for address in manager.notify):
            yield manager
