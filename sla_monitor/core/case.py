"""A lead while it is being decided: the row, the instant, the rules, and the effects so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from .calendar import ALWAYS, OpenTime, calendar, intersection, union
from .effects import Count, Deliver, Effect, Notify, Publish
from .lead import BUILT_IN, MISSED_CALL, Entry, Lead, Phase
from .lead_clock import LeadClock
from .people import shift
from .promise import Promise
from .rules import Policy, Rules, Team

TIMELINE = 20
"""Outcomes kept in the row, newest."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

SHORT = ("candidates", "after", "source", "evaluated", "objective")
"""What an outcome's entry in the timeline leaves out, besides whose clock it is."""


_known: dict[tuple[int, str], tuple[Rules, OpenTime]] = {}
"""Hours of teams, by the identity of the rules; holding these keeps their identity from being used again."""

_MOST_KNOWN = 256


def team_hours(rules: Rules, team: Team) -> OpenTime:
    """When anybody of a team works, found out once a policy; around the clock if there is nobody in it."""
    known = _known.get((id(rules), team.id))
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        shifts = [shift(rules, manager_id) for manager_id in team.managers]
        known = _known[id(rules), team.id] = rules, union(shifts) if shifts else ALWAYS
    return known[1]


def _known_of(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value not in (None, "")}


@dataclass(slots=True)
class Case:
    """One decision about one lead. `effects` grow in the order in which they are asked for.

    actor: who did what is decided about, if the event says. received: when it was accepted, ms. renewed: whether
    notices that wait are to name the customer anew.
    """

    lead: Lead
    now: int
    rules: Rules
    effects: list[Effect] = field(default_factory=list)
    actor: str = ""
    received: int = 0
    renewed: bool = False
    _policy: Policy | None = None
    _told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def policy(self) -> Policy:
        """The promise made at the lead's start (R33)."""
        if self._policy is None:
            self._policy = Policy(**self.lead.terms)
        return self._policy

    def promise(self, policy: Policy) -> None:
        """Store a policy's values with the lead."""
        self._policy = policy
        self.lead.terms = {
            f.name: value for f in fields(policy) if (value := getattr(policy, f.name)) != getattr(BUILT_IN, f.name)
        }
        for name in ("match", "title"):  # which lead it is for and how it is called are no terms
            self.lead.terms.pop(name, None)
        self.lead.rules_version = self.rules.version

    @property
    def team(self) -> Team | None:
        return self.rules.teams.get(self.lead.team_id or "")

    @property
    def head(self) -> str:
        """Who is told of escalations: whom the policy names, if they are there, else the team's head, else nobody."""
        named = self.policy.escalate_to
        if named != "head" and self.is_manager(named):
            return named
        return (self.team and self.team.head) or ""

    def runs(self, clock: LeadClock) -> bool:
        """Whether it is the present clock of a lead that waits for a response."""
        return self.lead.phase is Phase.OPEN and clock.cycle == self.lead.cycle

    def customer_calendar(self) -> OpenTime:
        """The policy's calendar; with none, the union of the team's shifts; with none, around the clock (R6)."""
        named = self.policy.calendar
        if named and named in self.rules.calendars:
            return calendar(self.rules.calendars[named])
        return team_hours(self.rules, self.team) if self.team else ALWAYS

    def to_customer(self) -> Promise:
        """What the customer was promised."""
        return Promise(self.customer_calendar(), self.policy.target, self.policy.warn_at)

    def to_speak(self) -> Promise | None:
        """The contact target, if there is one (R12)."""
        target = self.policy.contact_target
        return Promise(self.customer_calendar(), target) if target else None

    def of_turn(self, manager_id: str) -> Promise:
        """What a turn of its own gives a holder (R14)."""
        return Promise(self.turn_calendar(manager_id), self.policy.target, self.policy.warn_at)

    def turn_calendar(self, manager_id: str) -> OpenTime:
        """The customer's calendar within the holder's shift (R14); the former alone if they never meet."""
        both = intersection((self.customer_calendar(), shift(self.rules, manager_id)))
        return self.customer_calendar() if both.never_opens else both

    def is_manager(self, name: str) -> bool:
        """With no managers configured anybody is taken as one (R22)."""
        return not self.rules.managers or name in self.rules.managers

    def count(self, result: str) -> None:
        self.effects.append(Count(result))

    def flag(self, name: str) -> None:
        """Show something odd on the lead, and count it."""
        self.lead.flags = tuple(dict.fromkeys((*self.lead.flags, name)))
        self.count(name)

    def mark(self, flags: Iterable[str]) -> None:
        """Show on the lead what intake noticed, and has counted."""
        self.lead.flags = tuple(dict.fromkeys((*self.lead.flags, *flags)))

    def tell_lead(self, lead_id: str, fact: Any) -> None:
        self.effects.append(Deliver(lead_id, fact))

    def publish(
        self,
        kind: str,
        named: Mapping[str, Any] = NOTHING,
        /,
        *,
        turn: int | None = None,
        clock: LeadClock | None = None,
        qualifier: str = "",
        **data: Any,
    ) -> None:
        """Publish an outcome of this instant and put it into the timeline. Empty details are left out.

        clock: the one that it is about, if it is not the present one.
        """
        lead = self.lead
        number = lead.turn if turn is None else turn
        kept = {name: value for name, value in (*named.items(), *data.items()) if value not in (None, "")}
        if self.actor:
            kept["actor"] = self.actor
        told = self._clock(clock or lead.clock) | kept
        self._told.append(told)
        self.effects.append(
            Publish(type=kind, lead_id=lead.lead_id, turn=number, at=self.now, qualifier=qualifier, data=told)
        )
        shown = {name: value for name, value in kept.items() if name not in SHORT}
        lead.timeline.append(Entry(kind, self.now, number, shown))
        del lead.timeline[:-TIMELINE]

    def say_who_has_it(self) -> None:
        """The fold is over: each of its outcomes says who has the lead now."""
        holder = "" if self.lead.phase in (Phase.JOINED, Phase.ERASED) else self.lead.holder
        for told in self._told:
            told["holder_after"] = holder

    def _clock(self, clock: LeadClock) -> dict[str, Any]:
        """Whose clock an outcome is about: what a report counts it under, with no look at any other."""
        lead = self.lead
        known = {
            "started_at": clock.start or None,
            "cycle": clock.cycle if clock.start else None,
            "team_id": lead.team_id,
            "policy": lead.terms.get("name", BUILT_IN.name),
            "missed_call": lead.channel == MISSED_CALL or None,
            "test": lead.test or None,
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def shared(self) -> dict[str, Any]:
        """What every text may need."""
        lead, turn = self.lead, self.lead.current
        return _known_of(
            {
                "lead_name": lead.name,
                "source": lead.source,
                "customer": lead.phones[0] if lead.phones else None,
                "due_at": (turn.due if turn else 0) or lead.due_at or None,
            }
        )

    def notify(
        self,
        manager_id: str,
        kind: str,
        named: Mapping[str, Any] = NOTHING,
        /,
        *,
        qualifier: str = "",
        **details: Any,
    ) -> None:
        """Tell one manager; nobody if there is none to tell."""
        if not manager_id:
            return
        lead = self.lead
        parts = (lead.lead_id, str(lead.turn), kind, qualifier, manager_id)
        self.effects.append(
            Notify(
                notice_id=":".join(filter(None, parts)),
                lead_id=lead.lead_id,
                manager_id=manager_id,
                kind=kind,
                turn=lead.turn,
                at=self.now,
                test=lead.test,
                details=_known_of({**self.shared, **named, **details}),
            )
        )
