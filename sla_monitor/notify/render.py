"""A notice in words: the manager's language, the times of the manager's zone, the words of the manager's team."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, tzinfo
from itertools import accumulate
from typing import NamedTuple

from sla_monitor.core.calendar import zone
from sla_monitor.core.effects import Send
from sla_monitor.core.mailbox import DIGEST as DIGEST_KIND
from sla_monitor.core.people import headed_by, team_of, zone_name
from sla_monitor.core.rules import Rules, Template
from sla_monitor.policy.templates import named
from sla_monitor.values import local_text, span_text

from .address import to_one
from .defuse import clean, defuse, short
from .texts import BOARD, DIGEST, FALLBACK, OPEN, OTHER, REASONS, TAKE, TEST, TEXTS, WHO

PERSONAL = ("lead_name", "customer")
"""Details that tell who the customer is."""

FREE = frozenset({"lead_name", "source"})
"""Details that strangers write: shown short, and so that they do nothing."""

INSTANTS = {"due_at": "due", "response_at": "responded"}
MANAGERS = {"from_id": "from_name", "to_id": "to_name", "holder_id": "holder", "by": "by"}

CLAIMABLE = frozenset(
    {
        *("assigned", "warning", "missed_call", "breached", "contact_breached"),
        *("escalated", "unassignable", "no_team", "absent"),
    }
)
"""Kinds of a lead that waits for somebody to take it."""

UNLIMITED = 1 << 30

SPLIT = 1000
"""Characters that a service must take at least for a single notice to be cut; those that take less split it."""

Link = Callable[[Send], str | None]
"""Where the one who is told can take the lead of a notice, or see it (`address.to_one`), or all of a digest; None where
no link can be made."""


Button = Callable[[Send], str | None]
"""What a button that takes the lead of a notice sends back; None where it would find no room, or none is signed."""


class Action(NamedTuple):
    """What can be done about a notice: taking the lead, or looking at the board. url: where, if a link can be made.

    browser: what stands on the link where `label` stands on a button. takes: whether such a button can take the lead.
    claims: whether the link takes it, which is so where nobody else reads it.
    """

    label: str
    browser: str
    url: str | None
    takes: bool = True
    claims: bool = True

    @property
    def alone(self) -> str:
        """What stands on the link where there is no button."""
        return self.label if self.claims else self.browser


class Message(NamedTuple):
    title: str
    body: str
    action: Action | None = None

    @property
    def text(self) -> str:
        """The body, with the link of the action, for channels without buttons."""
        linked = self.action is not None and self.action.url
        return f"{self.body}\n{self.action.alone}: {self.action.url}" if self.action and linked else self.body


def no_link(_: Send) -> None:
    """For where no links, or no buttons, can be made."""


def render(
    send: Send, rules: Rules, *, personal: bool = True, link: Link = no_link, longest: int = UNLIMITED
) -> Message:
    """The text of a notice. Details that are missing or unusable leave out the lines that need them.

    personal: False for places that keep what they get: the customer's name and number are left out (R31).
    longest: characters of title, body and link that the channel takes.
    """
    language = language_of(send.manager_id, rules)
    if send.kind == DIGEST_KIND:
        board = Action(BOARD[language], BOARD[language], link(send), takes=False)
        return _digest(send, rules, Message(DIGEST[language].title, "", board), longest, personal=personal)
    title, body = _texts(send, rules, language, personal=personal)
    message = Message(title, body, _action(send, language, link) if send.kind in CLAIMABLE else None)
    over = len(title) + 1 + len(message.text) - longest
    return message._replace(body=f"{body[: -over - 1]}…") if over > 0 and longest >= SPLIT else message


def _action(send: Send, language: str, link: Link) -> Action:
    """A link that takes the lead is as good as the manager's word, so it goes to nobody else."""
    alone = to_one(send.channel)
    return Action(TAKE[language], (OPEN if alone else BOARD)[language], link(send), claims=alone)


def language_of(manager_id: str, rules: Rules) -> str:
    """The first of the manager's languages that we have."""
    manager = rules.managers.get(manager_id)
    spoken = manager.languages if manager else ()
    return next((language for language in spoken if language in WHO), FALLBACK)


def zone_of(manager_id: str, rules: Rules) -> tzinfo:
    """The time zone of the manager's shift, else of the policy, else UTC."""
    try:
        return zone(zone_name(rules, manager_id))
    except KeyError:  # the rules were resolved on a machine that knows a newer zone
        return UTC


def _texts(send: Send, rules: Rules, language: str, *, personal: bool) -> tuple[str, str]:
    """Title and body: the team's own words, else ours."""
    words = _words(send, rules, language, personal=personal)
    ours, own = TEXTS.get(send.kind, OTHER)[language], _template(send, rules, language)
    title = next(_known(filter(None, (own.title, ours.title)), words))
    if send.test:
        title = f"{TEST[language]} {title}"
    lines = own.body.splitlines() if own.body else (*ours.lines, *WHO[language])
    return title, "\n".join(_known(lines, words))


def _template(send: Send, rules: Rules, language: str) -> Template:
    """The words of the manager's team, or of a team that the manager heads."""
    team = team_of(rules, send.manager_id) or headed_by(rules, send.manager_id)
    return team.templates.get(send.kind, {}).get(language, Template()) if team else Template()


def _words(send: Send, rules: Rules, language: str, *, personal: bool) -> dict[str, str]:
    """What a text may name and is known."""
    details = {k: v for k, v in send.details.items() if v not in (None, "") and (personal or k not in PERSONAL)}
    words = {name: text for name, value in details.items() if (text := clean(value))}
    for name in words.keys() & FREE:
        words[name] = defuse(short(words[name]), send.channel)
    lead_id = defuse(clean(send.lead_id), send.channel)
    words |= {"turn": str(send.turn), "lead_id": lead_id, "lead": words.get("lead_name", lead_id)}
    where = zone_of(send.manager_id, rules)
    for detail, word in INSTANTS.items():
        with suppress(TypeError):
            words[word] = local_text(details.get(detail), send.at, where)
    if "due" in words:
        left = details["due_at"] - send.at
        words["left" if left >= 0 else "late"] = span_text(abs(left), language)
    for detail, word in MANAGERS.items():
        if detail in words:
            words[word] = _name(words[detail], rules, send.channel)
    if "reason" in words:
        words["reason"] = REASONS.get(words["reason"], {}).get(language) or defuse(words["reason"], send.channel)
    if "about" in words and words["about"] in TEXTS:
        words["about"] = TEXTS[words["about"]][language].title.partition(":")[0]
    return words


def _name(manager_id: str, rules: Rules, channel: str) -> str:
    """As the policy calls them; an id that it does not know is from outside."""
    manager = rules.managers.get(manager_id)
    return (manager and (manager.name or manager_id)) or defuse(short(manager_id), channel)


def _known(lines: Iterable[str], words: Mapping[str, str]) -> Iterator[str]:
    """The lines that name only what is known."""
    for line in lines:
        with suppress(ValueError):  # no template of ours: the policy may be that of a newer version
            if all(name in words for name in named(line)):
                yield line.format_map(words)


# digests


def _digest(send: Send, rules: Rules, empty: Message, longest: int, *, personal: bool) -> Message:
    """A line for each lead, what it says and by when, as there is room for; how many more there are; the link."""
    language = language_of(send.manager_id, rules)
    said, items, count = DIGEST[language], send.details["items"], send.details["count"]
    leads = send.details.get("leads", count)
    notices = [
        replace(send, kind=item["kind"], lead_id=item["lead_id"], turn=item["turn"], details=item) for item in items
    ]
    lines = [_digest_line(notice, rules, language, personal=personal) for notice in notices]
    empty = empty._replace(title=said.title.format(count=count))
    room = longest - len(empty.title) - len(empty.text) - len(said.more.format(count=leads)) - 2
    shown = [line for line, end in zip(lines, accumulate(len(line) + 1 for line in lines), strict=True) if end <= room]
    more = [said.more.format(count=leads - len(shown))] if leads > len(shown) else []
    return empty._replace(body="\n".join([*shown, *more]))


def _digest_line(notice: Send, rules: Rules, language: str, *, personal: bool) -> str:
    said, words = DIGEST[language], _words(notice, rules, language, personal=personal)
    title, _ = _texts(notice, rules, language, personal=personal)
    when = next(_known((said.when, said.late), words), "") if notice.kind in CLAIMABLE else ""
    return f"- {title} ({when})" if when else f"- {title}"
