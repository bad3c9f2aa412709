"""Whoever makes a request: who they are, what they see of the leads, and for whom they may act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sla_monitor.core.lead import Lead
from sla_monitor.core.rights import EVERYWHERE
from sla_monitor.core.rules import Rules
from sla_monitor.keys import Key

CONCERNED = ("holder_id", "holder_after", "from", "to", "by")
"""Details of an outcome that name somebody of the roster."""


class Role(StrEnum):
    """What somebody may do on the board. Scopes of keys become these: read, act, act, admin."""

    VIEWER = "viewer"  # looks, and sees no customer's name
    MANAGER = "manager"  # claims for themselves the leads of their team, and says where they are
    HEAD = "head"  # claims, reassigns, closes and says who is there, for their teams
    ADMIN = "admin"


class By(StrEnum):
    """How somebody is known."""

    KEY = "key"  # a bearer key: a program, which no web page can make act
    SESSION = "session"
    PROXY = "proxy"
    MACHINE = "machine"  # without keys: this machine


@dataclass(frozen=True, slots=True)
class Visitor:
    """name: of their key. manager_id: of the roster, empty if they are nobody there. teams: theirs; None: all.

    known: the teams of the policy; what is of another is of none.
    """

    name: str
    role: Role
    by: By
    manager_id: str = ""
    teams: frozenset[str] | None = None
    known: frozenset[str] = frozenset()

    @property
    def sees_names(self) -> bool:
        return self.role is not Role.VIEWER

    def sees(self, lead: Lead) -> bool:
        """Leads of their teams, and those that they hold."""
        return self.sees_of(lead.team_id, lead.holder)

    def sees_of(self, team_id: str | None, *people: str) -> bool:
        """Whether they see what concerns a team and these people of the roster."""
        return self.sees_team(team_id) or (bool(self.manager_id) and self.manager_id in people)

    def sees_team(self, team_id: str | None) -> bool:
        """Heads see what is of no team: somebody has to look after it."""
        if self.teams is None or team_id in self.teams:
            return True
        return self.leads and team_id not in self.known

    def sees_outcome(self, data: Mapping[str, Any]) -> bool:
        """Whether they see an outcome, by its own data: the team at that time, and whom it concerned."""
        return self.sees_of(data.get("team_id"), *(data.get(name) or "" for name in CONCERNED))

    @property
    def may(self) -> tuple[str, ...]:
        """Upon the leads of which teams they may act, as the acts that they make say it."""
        return (EVERYWHERE,) if self.teams is None else tuple(sorted(self.teams))

    def sees_manager(self, manager_id: str, rules: Rules) -> bool:
        """Themselves, and whoever is in one of their teams."""
        return manager_id == self.manager_id or self.teams is None or bool(self.teams & teams_of(manager_id, rules))

    def acts_for(self, manager_id: str, rules: Rules) -> bool:
        """Whether they may claim for somebody, or say where they are."""
        if self.role is Role.MANAGER:
            return manager_id == self.manager_id
        return self.leads and self.sees_manager(manager_id, rules)

    @property
    def leads(self) -> bool:
        """Whether they decide about other people's leads."""
        return self.role in {Role.HEAD, Role.ADMIN}

    def shown(self, name: str | None) -> str | None:
        """A customer's name as they may see it."""
        return name if self.sees_names or not name else masked(name)


MACHINE = Visitor("local", Role.HEAD, By.MACHINE)
"""Who comes from this machine while there are no keys."""


def visitor_of(key: Key, by: By, rules: Rules) -> Visitor:
    """Who a key makes somebody. Those that name a manager are bound to the teams that they are in or lead.

    Whoever has left the roster sees and does nothing, whatever their key may.
    """
    if key.manager and rules.managers and key.manager not in rules.managers:
        return Visitor(key.name, Role.VIEWER, by, teams=frozenset())
    teams = teams_of(key.manager, rules) if key.manager and rules.teams else None
    known = frozenset(rules.teams)
    if "admin" in key.scopes:
        return Visitor(key.name, Role.ADMIN, by, key.manager)
    if "act" not in key.scopes:
        return Visitor(key.name, Role.VIEWER, by, key.manager, teams, known)
    heads = not key.manager or any(team.head == key.manager for team in rules.teams.values())
    return Visitor(key.name, Role.HEAD if heads else Role.MANAGER, by, key.manager, teams, known)


def teams_of(manager_id: str, rules: Rules) -> frozenset[str]:
    """The teams that a manager is in or leads."""
    return frozenset(t.id for t in rules.teams.values() if manager_id in t.managers or manager_id == t.head)


def masked(name: str) -> str:
    """`Anna Schmidt` becomes `A*** S.`: enough to tell two leads apart, too little to tell who it is."""
    first, *others = name.split() or [""]
    return " ".join([f"{first[:1]}***", *(f"{other[:1]}." for other in others[:1])])
