"""A notice in words: the manager's language, the times of the manager's shift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from string import Formatter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import Rules

from .texts import FALLBACK, OTHER, REASONS, TEST, TEXTS, WHO

PERSONAL = ("lead_name", "customer")
"""Details that tell who the customer is."""

INSTANTS = {"due_at": "due", "response_at": "responded"}
MANAGERS = {"from_id": "from_name", "to_id": "to_name", "holder_id": "holder", "by": "by"}


class Message(NamedTuple):
    title: str
    body: str


def render(send: Send, rules: Rules, *, personal: bool = True) -> Message:
    """The text of a notice. Details that are missing or unusable leave out the lines that need them.

    personal: False for places that keep what they get: the customer's name and number are left out (R31).
    """
    language = language_of(send.manager_id, rules)
    words = _words(send, rules, language, personal=personal)
    text = TEXTS.get(send.kind, OTHER)[language]
    title = text.title.format_map(words)
    if send.test:
        title = f"{TEST[language]} {title}"
    return Message(title, "\n".join(_known((*text.lines, *WHO[language]), words)))


def language_of(manager_id: str, rules: Rules) -> str:
    """The first of the manager's languages that we have."""
    manager = rules.managers.get(manager_id)
    spoken = manager.languages if manager else ()
    return next((language for language in spoken if language in WHO), FALLBACK)


def zone_of(manager_id: str, rules: Rules) -> tzinfo:
    """The time zone of the manager's shift, else UTC."""
    manager = rules.managers.get(manager_id)
    hours = rules.calendars.get(manager.shift or "") if manager else None
    try:
        return ZoneInfo(hours.timezone) if hours else UTC
    except (KeyError, ValueError, OSError):  # the rules were resolved on a machine that knows a newer zone
        return UTC


def _words(send: Send, rules: Rules, language: str, *, personal: bool) -> dict[str, str]:
    """What a text may name and is known."""
    details = {k: v for k, v in send.details.items() if v not in (None, "") and (personal or k not in PERSONAL)}
    words = {name: _line(value) for name, value in details.items()}
    words |= {"lead_id": send.lead_id, "lead": words.get("lead_name", send.lead_id)}
    zone = zone_of(send.manager_id, rules)
    for detail, word in INSTANTS.items():
        with suppress(TypeError, ValueError, OverflowError, OSError):  # no instant, or none that a calendar has
            words[word] = _local(details.get(detail), zone)
    for detail, word in MANAGERS.items():
        if detail in words:
            words[word] = _name(words[detail], rules)
    if isinstance(left := details.get("left"), int):
        words["left"] = f"{left // 60_000}:{left // 1000 % 60:02}"
    if "reason" in words:
        words["reason"] = REASONS.get(words["reason"], {}).get(language, words["reason"])
    return words


def _line(value: Any) -> str:
    """A value from outside as part of one line: it cannot begin another."""
    return " ".join(str(value).split())


def _local(at: Any, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _name(manager_id: str, rules: Rules) -> str:
    manager = rules.managers.get(manager_id)
    return (manager and manager.name) or manager_id


def _known(lines: Iterable[str], words: Mapping[str, str]) -> Iterable[str]:
    """The lines that name only what is known."""
    for line in lines:
        if all(name in words for _, name, _, _ in Formatter().parse(line) if name):
            yield line.format_map(words)
