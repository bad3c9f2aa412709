"""Outcomes and rows of a made-up stretch of work, folded as the product does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sla_monitor import codec
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import Lead
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Hours, Manager, Policy, Rules
from sla_monitor.records import Stored
from sla_monitor.report import reading
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.period import Period
from tests import facts
from tests.world import World, sales

MOSCOW = ZoneInfo("Europe/Moscow")


def clocks_of(world: World, period: Period) -> Clocks:
    """What `reading.read` returns, without a log."""
    clocks = reading.clocks_of(world.rules, period)
    records = [
        Stored(number, outcome.lead_id.encode(), codec.encode_outcome(outcome), outcome.at)
        for number, outcome in enumerate(world.outcomes)
    ]
    clocks.apply(record.value for record in records)
    while wanted := clocks.missing():
        clocks.want(wanted)
        clocks.apply_to(wanted, records)
    reading.add_running(clocks, ((key.encode(), row) for key, row in world.logs[Log.EVENTS].rows.items()), period)
    return clocks


def leads(world: World) -> list[Lead]:
    return [world.lead(lead_id) for lead_id in world.logs[Log.EVENTS].rows]


MONDAY = 1_900_044_000_000
"""2030-03-18, 9:00 in Moscow."""

WEEK = Period(date(2030, 3, 18), date(2030, 3, 24), MOSCOW)


def office() -> Rules:
    """Three managers who work on weekdays from 9 to 18, in Moscow; anna reads Russian."""
    hours = Hours("Europe/Moscow", (((540, 1080),),) * 5 + ((), ()))
    policy = Policy(calendar="office", contact_target=4 * HOUR)
    rules = sales("anna", "vera", "gleb", policy=policy, calendars={"office": hours})
    named = {"anna": Manager("anna", "Анна Петрова", languages=("ru",)), "vera": Manager("vera", "Vera Lind")}
    return replace(rules, managers=rules.managers | named)


def a_week() -> World:
    """Everything that a sheet tells of happens to anna's leads once; vera answers hers."""
    w = World(office(), at=MONDAY)

    def at(day: int, hour: int, minute: int = 0) -> int:
        w.to(MONDAY + day * DAY + (hour - 9) * HOUR + minute * MINUTE)
        return w.now

    w.feed(facts.lead("crm:1", at(0, 9), owner_id="anna"), facts.lead("crm:2", w.now, owner_id="vera"))
    w.feed(facts.called("c1", at(0, 9, 3), lead_id="crm:1", manager_id="anna"))
    w.feed(facts.message(at(0, 9, 5), "vera", lead_id="crm:2"))
    w.feed(facts.lead("crm:3", at(0, 10), owner_id="anna"))  # nobody reacts: to vera, who is late
    w.feed(facts.message(at(0, 10, 12), "vera", lead_id="crm:3"))
    w.feed(facts.lead("crm:4", at(1, 11), owner_id="anna"))  # nobody ever reacts
    w.feed(facts.closed("crm:4", at(1, 14), "junk"))
    w.feed(facts.missed("m1", at(2, 9, 30), number="+74951234567"))
    w.feed(facts.called("c2", at(2, 9, 35), number="+74951234567", manager_id="gleb"))
    w.feed(facts.lead("crm:5", at(2, 12), owner_id="anna"))  # closed before its due
    w.feed(facts.closed("crm:5", at(2, 12, 2), "converted"))
    w.feed(facts.lead("crm:6", at(3, 9), owner_id="anna"))  # the call is told an hour late
    at(3, 10)
    w.feed(facts.called("c3", w.now - 56 * MINUTE, lead_id="crm:6", manager_id="anna"))
    w.feed(facts.lead("crm:7", at(4, 17, 55), owner_id="anna"))  # due on the next Monday
    at(5, 12)
    return w
