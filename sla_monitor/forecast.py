"""What rules will do, said before they do it: the lines of `sla-monitor check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from .core import people
from .core.calendar import ALWAYS, OpenTime, calendar, intersection, union, zone
from .core.rules import DAY, HOUR, SECOND, Manager, Policy, Rules, Team
from .errors import Problem
from .values import clock_text, duration_text

AHEAD = 14 * DAY
"""How far hours without anybody on shift are looked for."""

LAST_CALL = 15 * SECOND
"""No reminder with less left than this (R13)."""


def explain(rules: Rules, now: int) -> list[str]:
    """For each policy: whom it is for, and what becomes of leads that come now, before closing and after it."""
    outlooks = [Outlook(rules, policy) for policy in rules.policies]
    return [line for outlook in outlooks for line in (outlook.headline(), *outlook.examples(now))]


def told_when(rules: Rules) -> list[str]:
    """In which zone each manager is told of times, and which hours of the day they want quiet."""
    people_of: dict[str, list[str]] = {}
    for manager in rules.managers.values():
        quiet = " and ".join(f"{clock_text(begin)}-{clock_text(end)}" for begin, end in manager.quiet)
        said = f"notices in {people.zone_name(rules, manager.id)}, {f'quiet {quiet}' if quiet else 'never quiet'}"
        people_of.setdefault(said, []).append(manager.id)
    return [f"{said}: {', '.join(names)}" for said, names in people_of.items()]


@dataclass(frozen=True)
class Outlook:
    """A policy with the team and the hours it works with. Leads and owners may name other teams."""

    rules: Rules
    policy: Policy

    @cached_property
    def team(self) -> Team | None:
        """The policy's, else the one it is for, else the only one."""
        wanted = [self.policy.team, *self.policy.match.get("team", ())]
        only = [*self.rules.teams] if len(self.rules.teams) == 1 else []
        return next((self.rules.teams[name] for name in (*wanted, *only) if name), None)

    @cached_property
    def staff(self) -> list[Manager]:
        """The managers of the team who have the skills."""
        members = [self.rules.managers[member] for member in (self.team.managers if self.team else ())]
        return [manager for manager in members if set(self.policy.require_skills) <= set(manager.skills)]

    @cached_property
    def hours(self) -> OpenTime:
        """The policy's calendar; with none, the union of the team's shifts; with none, around the clock (R6)."""
        if self.policy.calendar:
            return calendar(self.rules.calendars[self.policy.calendar])
        shifts = [self.shift(member) for member in (self.team.managers if self.team else ())]
        return union(shifts) if shifts else ALWAYS

    @cached_property
    def zone(self) -> tzinfo:
        """The zone in which its times are shown."""
        shifts = (self.rules.managers[member].shift for member in (self.team.managers if self.team else ()))
        names = [name for name in (self.policy.calendar, *shifts) if name]
        return zone(self.rules.calendars[names[0]].timezone if names else "UTC")

    def shift(self, manager_id: str) -> OpenTime:
        return people.shift(self.rules, manager_id)

    def headline(self) -> str:
        policy = self.policy
        wanted = ", ".join(f"{key} {' or '.join(values)}" for key, values in policy.match.items()) or "every other lead"
        hours = policy.calendar or ("around the clock" if self.hours is ALWAYS else "the team's shifts")
        response = "an attempt" if policy.response == "attempt" else "a contact"
        return f"{policy.name} ({wanted}): {response} within {duration_text(policy.target)} of open time ({hours})"

    def examples(self, now: int) -> Iterator[str]:
        close = self.hours.next_close(now)
        edges = () if close is None else (close - self.policy.target // 2, close + HOUR)
        for at in sorted({now, *edges}):
            yield "  " + self.example(at)

    def example(self, at: int) -> str:
        """What becomes of a lead that nobody answers."""
        start, due = self.hours.next_open(at), self.hours.add(at, self.policy.target)
        begins = f" -> starts {self.time(start)}" if start != at else ""
        day = self.time(due).rpartition(" ")[0] + " "
        reminders = ", ".join(self.time(reminder).removeprefix(day) for reminder in self.reminders(at, due))
        reminded = f", reminded {reminders}" if reminders else ""
        return f"lead of {self.time(at)}{begins} -> due {self.time(due)}{reminded}; {self.takers(start, due)}"

    def reminders(self, at: int, due: int) -> Iterator[int]:
        for share in self.policy.warn_at:
            reminder = self.hours.add(at, self.policy.target * share // 100)
            if due - reminder >= LAST_CALL:
                yield reminder

    def takers(self, start: int, due: int) -> str:
        if not self.rules.managers:
            return "no managers are configured, so there is nobody to give it to"
        first, then = self.on_shift(start), self.on_shift(due)
        if first == then:
            return f"on shift at start and due: {first}"
        return f"on shift at start: {first}; at due: {then}"

    def on_shift(self, at: int) -> str:
        return ", ".join(manager.id for manager in self.staff if self.shift(manager.id).is_open(at)) or "nobody"

    def time(self, at: int) -> str:
        return f"{datetime.fromtimestamp(at // 1000, self.zone):%a %Y-%m-%d %H:%M:%S}".removesuffix(":00")

    def unheard(self, manager_id: str, now: int) -> int | None:
        """The first instant of the next two weeks at which one of the staff is given leads, and wants quiet."""
        quiet = people.quiet_hours(self.rules, manager_id)
        given = intersection((self.hours, self.shift(manager_id), quiet)) if quiet else None
        at = given.next_open(now) if given and not given.never_opens else None
        return at if at is not None and at < now + AHEAD else None

    def uncovered(self, now: int) -> int | None:
        """The first open instant of the next two weeks at which none of the staff is on shift."""
        covered = union(self.shift(manager.id) for manager in self.staff)
        at: int | None = self.hours.next_open(now)
        while at is not None and at < now + AHEAD:
            if self.hours.is_open(at) and not covered.is_open(at):
                return at
            changes = (self.hours.next_change(at), covered.next_change(at))
            at = min((change for change in changes if change is not None), default=None)
        return None


def warnings(rules: Rules, now: int, kept: int = 0) -> list[Problem]:
    """What is allowed, and most likely not meant. kept: how long the logs with personal data are kept, ms (R31)."""
    found = [*_of_roster(rules), *_of_quiet(rules, now), *_of_sources(rules), *_of_retention(rules, kept)]
    for policy in rules.policies:
        outlook = Outlook(rules, policy)
        parts = (_of_targets(rules, policy), _of_reminders(policy), _of_staff(outlook, now), _of_escalation(outlook))
        found += [(f"policies.{policy.name}.{path}", message) for part in parts for path, message in part]
    return [Problem("", path, message) for path, message in found]


Warned = Iterator[tuple[str, str]]


def _of_roster(rules: Rules) -> Warned:
    if not rules.managers:
        yield "managers", "are none, so breached leads can be reassigned to nobody"
    busy = {member for team in rules.teams.values() for member in (*team.managers, team.head)}
    busy |= {policy.escalate_to for policy in rules.policies}
    for idle in (name for name in rules.managers if name not in busy):
        yield f"managers.{idle}", "is in no team, so gets no leads"
    for policy in rules.policies if len(rules.teams) > 1 else ():
        if not policy.team and "team" not in policy.match:
            said = "is not set; a lead that names neither team nor owner is `unassignable`, and every head is told"
            yield f"policies.{policy.name}.team", said


def _of_quiet(rules: Rules, now: int) -> Warned:
    """Each manager once, whichever policies their leads are of."""
    found: dict[str, str] = {}
    for outlook in (Outlook(rules, policy) for policy in rules.policies):
        for manager in outlook.staff:
            if (at := outlook.unheard(manager.id, now)) is not None:
                found.setdefault(manager.id, outlook.time(at))
    for manager_id, when in found.items():
        yield f"managers.{manager_id}.quiet", f"lies in working hours, such as {when}: leads given then are not told of"


def _of_sources(rules: Rules) -> Warned:
    for source in rules.sources.values():
        if source.calls == "after_end":
            message = "tells calls after their end: one longer than the time left breaches first, and is retracted then"
            yield f"sources.{source.name}.calls", message


def _of_retention(rules: Rules, kept: int) -> Warned:
    if kept > rules.limits.erase_within:
        promised = duration_text(rules.limits.erase_within)
        yield "limits.erase_within", f"promises {promised}, but logs with personal data are kept {duration_text(kept)}"


def _of_targets(rules: Rules, policy: Policy) -> Warned:
    talk = rules.limits.min_ring + rules.limits.min_talk
    needed = talk if policy.response == "contact" else rules.limits.min_ring
    if policy.target <= needed:
        yield "target", f"is too short to prove a response: a call that counts takes {duration_text(needed)}"
    if policy.contact_target is not None and policy.contact_target <= talk:
        yield "contact_target", f"is too short to prove a contact: a call that counts takes {duration_text(talk)}"


def _of_reminders(policy: Policy) -> Warned:
    for share in policy.warn_at:
        if policy.target - policy.target * share // 100 < LAST_CALL:
            yield "warn_at", f"{share}% is never sent: less than {duration_text(LAST_CALL)} would be left"


def _of_staff(outlook: Outlook, now: int) -> Warned:
    if outlook.team is None:
        return
    if not outlook.staff:
        skills = ", ".join(outlook.policy.require_skills)
        yield "require", f"asks for {skills}, which nobody in team {outlook.team.id} has"
        return
    at = outlook.uncovered(now)
    if at is not None:
        yield "calendar", f"is open at {outlook.time(at)}, when nobody who can take its leads is on shift"
    if outlook.policy.on_breach == "reassign" and outlook.policy.max_turns > len(outlook.staff):
        able = len(outlook.staff)
        yield "max_turns", f"is more than can take its leads ({able}): `unassignable` comes before `escalated`"


def _of_escalation(outlook: Outlook) -> Warned:
    if outlook.policy.escalate_to == "head" and outlook.team and outlook.team.head is None:
        yield "escalate_to", f"is the head, and team {outlook.team.id} has none: nobody is told of an escalation"
