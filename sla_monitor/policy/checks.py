"""Mistakes that show only when the parts of a policy file are compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sla_monitor.documents import Document, KeyPath, did_you_mean
from sla_monitor.errors import Problem

from .chats import person
from .model import Match, Policy, PolicyFile

DEFAULT = "default"
HEAD = "head"

Finding = tuple[KeyPath, str]

Wrong = Callable[[str], str | None]
"""What is wrong with a channel address, without its secrets; None: it can be used."""


def nothing_wrong(_: str) -> None:
    """For where nobody knows the channels."""


def check(file: PolicyFile, document: Document, wrong: Wrong) -> list[Problem]:
    """All of them. Names are looked up in the document, so that an entry with a mistake of its own is still known."""
    found = (
        *_names(file, document),
        *_managers(file),
        *_addresses(file, wrong),
        *_teams(file),
        *_policies(file),
        *_webhooks(file),
    )
    return [document.problem(path, message) for path, message in found]


def _names(file: PolicyFile, document: Document) -> Iterator[Finding]:
    """Names that are used, and are not there."""
    calendars, managers, teams = (document.keys(section) for section in ("calendars", "managers", "teams"))
    for name, manager in file.managers.items():
        yield from _unknown(("managers", name, "shift"), "calendar", manager.shift, calendars)
    for name, team in file.teams.items():
        yield from _unknown(("teams", name, "head"), "manager", team.head, managers)
        for index, member in enumerate(team.managers):
            yield from _unknown(("teams", name, "managers", index), "manager", member, managers)
    for index, policy in enumerate(file.policies):
        here = ("policies", index)
        yield from _unknown((*here, "calendar"), "calendar", policy.calendar, calendars)
        yield from _unknown((*here, "team"), "team", policy.team, teams)
        yield from _unknown((*here, "escalate_to"), "manager", policy.escalate_to, [*managers, HEAD])
        for place, team_id in enumerate(policy.match.team):
            yield from _unknown((*here, "match", "team", place), "team", team_id, teams)


def _unknown(path: KeyPath, kind: str, name: str | None, known: Iterable[str]) -> Iterator[Finding]:
    if name is not None and name not in known:
        yield path, f"`{name}` is no {kind} of this file{did_you_mean(name, known)}"


def _managers(file: PolicyFile) -> Iterator[Finding]:
    """Ids, extensions and phones each name one manager: events may carry any of them as `manager_id`.

    So do the addresses of a person, who presses the buttons in what comes there.
    """
    owners = {name: name for name in file.managers}
    if HEAD in owners:
        yield ("managers", HEAD), "`head` stands for the head of a team; give the manager another id"
    at_source: dict[tuple[str, str], str] = {}
    for name, manager in file.managers.items():
        for source, given in manager.ids.items():
            owner = at_source.setdefault((source, given), name)
            if owner != name:
                yield ("managers", name, "ids", source), f"already names {owner}; one of them has to go"
        for key in ("extensions", "phones"):
            for index, number in enumerate(getattr(manager, key)):
                owner = owners.setdefault(number, name)
                if owner != name:
                    yield ("managers", name, key, index), f"already names {owner}; one of them has to go"
        for index, address in enumerate(manager.notify):
            who = person(address)
            if who and (owner := owners.setdefault(who, name)) != name:
                yield ("managers", name, "notify", index), f"already reaches {owner}; one of them has to go"


def _addresses(file: PolicyFile, wrong: Wrong) -> Iterator[Finding]:
    """Channel addresses by which nobody can ever be told."""
    for name, manager in file.managers.items():
        for index, address in enumerate(manager.notify):
            if said := wrong(address):
                yield ("managers", name, "notify", index), said


def _teams(file: PolicyFile) -> Iterator[Finding]:
    teams: dict[str, str] = {}
    for name, team in file.teams.items():
        if not team.managers and "managers" in team.model_fields_set:
            yield ("teams", name, "managers"), "is empty; nobody could be given its leads"
        elif not team.managers:
            yield ("teams", name), "has no managers; nobody could be given its leads"
        for index, member in enumerate(team.managers):
            other = teams.setdefault(member, name)
            path = ("teams", name, "managers", index)
            if other != name:
                yield path, f"`{member}` is in team {other} already; a manager is in one team"
            elif team.managers.index(member) < index:
                yield path, f"`{member}` is in the list twice"


def _policies(file: PolicyFile) -> Iterator[Finding]:
    names: list[str] = []
    catch_all = ""
    for index, policy in enumerate(file.policies):
        here = ("policies", index)
        if policy.name in names:
            yield (*here, "name"), f"`{policy.name}` is the name of policies[{names.index(policy.name)}] already"
        if catch_all:
            yield here, f"is never reached, as `{catch_all}` takes every lead; put `{catch_all}` last"
        if policy.name == DEFAULT and not takes_all(policy):
            yield (*here, "match"), "`default` takes what no other policy matches; leave its match out"
        names.append(policy.name)
        catch_all = catch_all or (policy.name if takes_all(policy) else "")


def _webhooks(file: PolicyFile) -> Iterator[Finding]:
    names: list[str] = []
    for index, webhook in enumerate(file.webhooks):
        if webhook.known_as in names:
            other = f"webhooks[{names.index(webhook.known_as)}]"
            yield ("webhooks", index, "name"), f"`{webhook.known_as}` is the name of {other} already; give it another"
        names.append(webhook.known_as)


def takes_all(policy: Policy) -> bool:
    """Whether nothing is asked of a lead."""
    return policy.match == Match()
