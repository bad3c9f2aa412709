"""A random day at two teams: what is sent when, and what was promised to each customer thereby."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from random import Random
from typing import Any

from tests.crosscheck.promises import MINUTE, Hours, Promise
from tests.e2e.process import event

AUTUMN = int(datetime.fromisoformat("2026-10-24T20:00:00+00:00").timestamp() * 1000)
"""In Berlin it is 22:00, before the night in which clocks are put back."""

NIGHT = Hours("Europe/Berlin", time(22), time(6))
CALCUTTA = Hours("Asia/Kolkata", time(4), time(11))

POLICY = """
version: 1
calendars:
  night: {timezone: Europe/Berlin, hours: {mon-sun: ["22:00-06:00"]}}
  calcutta: {timezone: Asia/Kolkata, hours: {mon-sun: ["04:00-11:00"]}}
managers:
  anna: {name: Anna}
  vera: {name: Vera}
  gleb: {name: Gleb}
  boris: {name: Boris}
  asha: {name: Asha}
  ravi: {name: Ravi}
  rosa: {name: Rosa}
teams:
  sales: {head: boris, managers: [anna, vera, gleb]}
  service: {head: rosa, managers: [asha, ravi]}
policies:
  - {name: marker, match: {channel: [marker]}, team: sales, target: 1m, on_breach: notify, unowned: wait}
  - {name: spoken, match: {channel: [spoken]}, team: sales, contact_target: 90m, target: 40m, on_breach: notify}
  - {name: service, match: {team: [service]}, target: 30m, calendar: calcutta, on_absence: reassign}
  - {name: default, team: sales, target: 45m, calendar: night}
limits: {max_hold: {ringing: 1h, talking: 2h}, max_catch_up: 30m, match_window: 1h}
"""

TARGETS: dict[str, tuple[Hours, int]] = {
    "spoken": (NIGHT, 40 * MINUTE),  # what it leaves out is that of `default`
    "service": (CALCUTTA, 30 * MINUTE),
    "default": (NIGHT, 45 * MINUTE),
}
SALES, SERVICE = ("anna", "vera", "gleb"), ("asha", "ravi")


@dataclass
class Day:
    """sent: (instant of sending, event). promises: those that can be reckoned from what is sent. begins: ms."""

    begins: int
    sent: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)

    def send(self, kind: str, at: int, /, told: int | None = None, source: str = "/crm", **data: Any) -> None:
        """told: when it is sent, if later than it happened."""
        given = event(f"{kind}.v1", at, f"d{len(self.sent)}", source, **data)
        self.sent.append((at if told is None else told, given))


def make_day(seed: int, leads: int, hours: float, begins: int = AUTUMN) -> Day:
    """Leads that come within `hours`; everything about them follows in the hours after."""
    rng, day = Random(seed), Day(begins)
    stories = [rng.choice(STORIES) for _ in range(leads)]
    for number, story in enumerate(stories):
        came = begins + rng.randrange(int(hours * 60 * MINUTE))
        story(Lead(day, rng, f"L{number:04}", came, f"+4930{seed % 1000:03}{number:05}"))
    _presence(day, rng, hours)
    day.sent.sort(key=lambda one: one[0])
    return day


def _presence(day: Day, rng: Random, hours: float) -> None:
    """Somebody of each team is always there."""
    for manager in ("vera", "gleb", "ravi"):
        at = day.begins
        for status in ("away", "available", "offline", "available"):
            at += rng.randrange(int(hours * 20 * MINUTE)) + 1
            day.send("manager.status", at, source="/pbx", manager_id=manager, status=status)


class Lead:
    """A lead of a story. policy: the name of the promise."""

    def __init__(self, day: Day, rng: Random, lead_id: str, came: int, number: str) -> None:
        self.day, self.rng, self.lead_id, self.came, self.number = day, rng, lead_id, came, number
        self.policy = rng.choice(tuple(TARGETS))
        self.people = SERVICE if self.policy == "service" else SALES
        self.owner = rng.choice((*self.people, None))
        self.hours, self.target = TARGETS[self.policy]

    def create(self, *, promised: bool = True, **data: Any) -> Promise:
        named = {"owner_id": self.owner, "team_id": "service" if self.policy == "service" else "sales"}
        given = {name: value for name, value in named.items() if value} | {"phones": [self.number]}
        if self.policy == "spoken":
            given["channel"] = "spoken"
        self.day.send("lead.created", self.came, lead_id=self.lead_id, **given | data)
        return self.promise(self.came, promised=promised)

    def promise(self, came: int, *, promised: bool = True) -> Promise:
        made = Promise(self.lead_id, came, self.hours, self.target)
        if promised:
            self.day.promises.append(made)
        return made

    def during(self, promise: Promise, first: float, last: float) -> int:
        """An instant in these parts of the time from start to due; beyond 1 it is late."""
        share = self.rng.uniform(first, last)
        return int(promise.start + (promise.due - promise.start) * share) + 1

    def message(self, at: int, promise: Promise | None = None, told: int | None = None) -> None:
        kind = self.rng.choice(("message", "email", "manual"))
        by = self.rng.choice(self.people)
        self.day.send("contact.recorded", at, told, lead_id=self.lead_id, kind=kind, manager_id=by)
        if promise:
            promise.responses.append(at)

    def call(
        self, at: int, promise: Promise | None = None, told: int | None = None, *, by_number: bool = False
    ) -> None:
        """An outbound call that began at `at`: 20 s of ringing and a minute of talk, or nobody there."""
        talk = self.rng.choice((0, 60))
        ended = at + (20 + talk) * 1000
        to = {"customer_number": self.number} if by_number else {"lead_id": self.lead_id}
        self.day.send(
            "call.ended", ended, max(told or 0, ended), "/pbx", call_id=f"c{len(self.day.sent)}", direction="outbound",
            outcome="answered" if talk else "no_answer", talk_seconds=talk, ring_seconds=20,
            started_at=_rfc3339(at), manager_id=self.rng.choice(self.people), **to,
        )  # fmt: skip
        if promise:
            promise.responses.append(at)

    def close(self, at: int, told: int | None = None, reason: str = "") -> str:
        reason = reason or self.rng.choice(("converted", "junk", "deleted", "duplicate"))
        self.day.send("lead.closed", at, told, lead_id=self.lead_id, reason=reason)
        return reason


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().isoformat(timespec="milliseconds")


# what may become of a lead


def answered(lead: Lead) -> None:
    promise = lead.create()
    lead.rng.choice((lead.message, lead.call))(lead.during(promise, 0.05, 0.9), promise)


def answered_by_number(lead: Lead) -> None:
    promise = lead.create()
    lead.call(lead.during(promise, 0.05, 0.9), promise, by_number=True)


def answered_late(lead: Lead) -> None:
    promise = lead.create()
    lead.message(lead.during(promise, 1.1, 2.5), promise)


def forgotten(lead: Lead) -> None:
    lead.create()


def proven_late(lead: Lead) -> None:
    """Somebody called in time, and the exchange tells it after the due."""
    promise = lead.create()
    lead.call(lead.during(promise, 0.3, 0.9), promise, told=lead.during(promise, 1.2, 3))


def closed(lead: Lead) -> None:
    promise = lead.create()
    at = lead.during(promise, 0.1, 0.9)
    promise.ended = at, lead.close(at)


def answered_before_start(lead: Lead) -> None:
    """Half of them come while it is closed, and somebody is there all the same (R5)."""
    promise = lead.create()
    at = promise.came + int((promise.due - promise.came) * lead.rng.uniform(0.01, 0.5)) + 1
    lead.rng.choice((lead.message, lead.call))(at, promise)


def closed_told_late(lead: Lead) -> None:
    """The CRM tells after the due that it had closed the lead before (R29)."""
    promise = lead.create()
    at = promise.due - lead.rng.randrange(1, 60_000)
    promise.ended = at, lead.close(at, told=promise.due + lead.rng.randrange(10_000, 50_000))


def closed_late(lead: Lead) -> None:
    promise = lead.create()
    lead.close(lead.during(promise, 1.3, 2))


def answered_and_closed(lead: Lead) -> None:
    promise = lead.create()
    at = lead.during(promise, 0.1, 0.6)
    lead.message(at, promise)
    lead.close(at + 5 * MINUTE)


def reopened(lead: Lead) -> None:
    """The second clock is another promise; half of them are kept."""
    first = lead.create()
    at = lead.during(first, 0.1, 0.5)
    lead.message(at, first)
    again = at + lead.rng.randrange(5 * MINUTE, 60 * MINUTE)
    lead.close(at + 2 * MINUTE)
    lead.day.send("lead.reopened", again, lead_id=lead.lead_id)
    second = lead.promise(again)
    if lead.rng.random() < 0.7:
        lead.message(lead.during(second, 0.1, 2), second)


def handed_over(lead: Lead) -> None:
    promise = lead.create()
    to = lead.rng.choice(lead.people)
    given = {"lead_id": lead.lead_id, "owner_id": to, "assigned_by": lead.rng.choice(("human", "rule"))}
    lead.day.send("lead.assigned", lead.during(promise, 0.1, 0.8), **given)
    if lead.rng.random() < 0.5:
        lead.message(lead.during(promise, 0.85, 2), promise)


def erased(lead: Lead) -> None:
    promise = lead.create()
    at = lead.during(promise, 0.1, 0.9)
    lead.day.send("lead.erased", at, lead_id=lead.lead_id)
    promise.ended = at, "erased"


def trial(lead: Lead) -> None:
    promise = lead.create(promised=False, test=True)
    if lead.rng.random() < 0.5:
        lead.message(lead.during(promise, 0.1, 2))


def held(lead: Lead) -> None:
    """A call of the customer rings and is talked over beyond the due."""
    promise = lead.create()
    rang = lead.during(promise, 0.8, 0.95)
    call = {"call_id": f"h{lead.lead_id}", "customer_number": lead.number, "manager_id": lead.people[0]}
    lead.day.send("call.started", rang, source="/pbx", direction="inbound", **call)
    lead.day.send("call.answered", rang + 5000, source="/pbx", answered_by="manager", **call)
    over = promise.due + lead.rng.randrange(MINUTE, 10 * MINUTE)
    talk = (over - rang - 5000) // 1000
    ended = {"direction": "inbound", "outcome": "answered", "talk_seconds": talk}
    lead.day.send("call.ended", over, source="/pbx", **call, **ended)
    promise.responses.append(rang + 5000)


def twice(lead: Lead) -> None:
    """The customer sends the form again: one of two takes the other, which is not reckoned from what was sent."""
    promise = lead.create(promised=False)
    at = lead.during(promise, 0.05, 0.5)
    owner = {"owner_id": lead.rng.choice(lead.people)} if lead.rng.random() < 0.5 else {}
    lead.day.send("lead.created", at, lead_id=f"{lead.lead_id}-again", phones=[lead.number], **owner)
    if lead.rng.random() < 0.6:
        lead.call(lead.during(promise, 0.5, 2), by_number=True)


def merged(lead: Lead) -> None:
    into = Lead(lead.day, lead.rng, f"{lead.lead_id}-into", lead.came, f"{lead.number}9")
    into.create(promised=False)
    promise = lead.create(promised=False)
    at = lead.during(promise, 0.1, 1.5)
    lead.day.send("lead.closed", at, lead_id=lead.lead_id, reason="merged", merged_into=into.lead_id)
    if lead.rng.random() < 0.6:
        into.message(into.during(promise, 0.2, 2))


def missed(lead: Lead) -> None:
    """A call that nobody took; half are called back, some come by the form as well."""
    rang = {"direction": "inbound", "outcome": "no_answer", "talk_seconds": 0, "ring_seconds": 25}
    call = {"call_id": f"m{lead.lead_id}", "customer_number": lead.number}
    lead.day.send("call.ended", lead.came, source="/pbx", **call, **rang)
    if lead.rng.random() < 0.3:
        lead.came += lead.rng.randrange(MINUTE, 20 * MINUTE)
        lead.create(promised=False)
    if lead.rng.random() < 0.6:
        lead.call(lead.came + lead.rng.randrange(MINUTE, 90 * MINUTE), by_number=True)


STORIES = (
    answered, answered, answered_by_number, answered_late, forgotten, proven_late, closed, closed_late,
    answered_before_start, closed_told_late,
    answered_and_closed, reopened, handed_over, erased, trial, held, twice, merged, missed,
)  # fmt: skip
