"""What looks wrong and is not: each excuse that a decision may have for coming late, or for nothing to follow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Bounds, Hours, Manager, Policy, Rules
from tests import facts
from tests.audit.archive import Archive, Recorded, told
from tests.properties.shell import Shell
from tests.world import T0, sales

START = T0 + HOUR
NUMBER = "+79990000001"


class Office(Recorded, Shell):
    """A world whose logs can stand still. One lead of Anna's, created at START, unless said otherwise."""

    def __init__(self, rules: Rules | None = None, **fields: Any) -> None:
        super().__init__(rules or sales(), at=START)
        self.feed(facts.lead("L-1", START, **({"owner_id": "anna"} | fields)))

    def at(self, minutes: float) -> int:
        """Go on until so many minutes after the start."""
        self.to(START + int(minutes * MINUTE))
        return self.now


def quiet(archive: Archive, office: Office, minutes: float) -> bool:
    """Whether an audit finds nothing at so many minutes after the start, when nothing has waited."""
    now = START + int(minutes * MINUTE)
    if not office.stalled and not office.lagging:
        office.to(now)
    report = archive.save(office).audit(now, grace=SECOND)
    assert told(report) == [], report.findings
    return True


def test_a_live_call_holds_the_decision_as_long_as_it_may(archive: Archive) -> None:
    office = Office(sales(limits=Bounds(max_hold_ringing=2 * HOUR)))
    office.at(9)
    office.feed(facts.started("c", office.now, lead_id="L-1", direction="inbound"))
    for minutes in (11, 60, 128):
        assert quiet(archive, office, minutes)
    assert ("sla.held" in office.types(), "sla.breached" in office.types()) == (True, False)
    assert quiet(archive, office, 132)
    assert "sla.breached" in office.types()


def test_no_call_holds_a_decision_for_longer_than_the_policy_lets_it(archive: Archive) -> None:
    office = Office()
    office.at(9)
    office.feed(facts.started("c", office.now, lead_id="L-1", direction="inbound"))
    office.at(10.5)
    archive.save(office).change("L-1", held_until=START + DAY)
    assert told(archive.audit(START + 135 * MINUTE)) == []
    assert told(archive.audit(START + 138 * MINUTE)) == [("overdue_without_breach", "L-1")]


def test_what_arrived_late_is_asked_about_late(archive: Archive) -> None:
    office = Office()
    office.lagging = (NUMBER,)
    late = facts.lead("L-2", START - HOUR, received=START, owner_id="vera", phones=(NUMBER,))
    office.feed(late)
    office.fire(Log.EVENTS, 3)
    office.run()
    assert office.lead("L-2").unanswered == [NUMBER]
    assert quiet(archive, office, 1.5)


def test_a_number_that_answers_late_has_the_time_to(archive: Archive) -> None:
    office = Office(phones=(NUMBER,))
    office.at(9)
    office.lagging = (NUMBER,)
    office.to(START + 10 * MINUTE + 30 * SECOND)
    assert quiet(archive, office, 10.9)


def test_a_hand_over_has_a_due_of_its_own(archive: Archive) -> None:
    office = Office()
    office.at(5)
    office.feed(facts.assigned("L-1", "vera", office.now, assigned_by="human"))
    for minutes in (10.5, 13, 14.9, 15.1, 30, 60):
        assert quiet(archive, office, minutes)


def test_a_late_arrival_has_a_due_of_its_own(archive: Archive) -> None:
    office = Office()
    office.feed(facts.lead("L-2", START - HOUR, received=START, owner_id="vera"))
    office.at(1)
    assert office.types("L-2") == ["lead.assigned", "sla.breached"]
    for minutes in (2, 5, 9.9, 10.1, 30):
        assert quiet(archive, office, minutes)


def test_an_owner_who_was_not_told_of_a_late_arrival_has_one_too(archive: Archive) -> None:
    office = Office(sales(policy=Policy(notify_owner=False)))
    office.feed(facts.lead("L-2", START - HOUR, received=START, owner_id="vera"))
    assert quiet(archive, office, 5)
    assert office.types("L-2") == ["sla.breached"]


def test_a_policy_that_only_tells_is_followed_by_no_outcome(archive: Archive) -> None:
    office = Office(sales(policy=Policy(on_breach="notify")))
    assert quiet(archive, office, 30)
    assert "sla.breached" in office.types()


def test_it_was_told_before_that_nobody_can_take_the_lead(archive: Archive) -> None:
    office = Office(sales("anna", policy=Policy(on_absence="reassign")))
    office.feed(facts.status("anna", "offline", office.now))
    for minutes in (5, 11, 20):
        assert quiet(archive, office, minutes)
    assert [kind for kind in office.types() if kind in {"lead.unassignable", "sla.breached"}] == [
        "lead.unassignable",
        "sla.breached",
    ]
    archive.change("L-1", ask=9)
    assert told(archive.audit(office.now)) == [("breach_without_follow_up", "L-1")]


def test_it_was_told_before_that_the_head_has_the_lead(archive: Archive) -> None:
    policy = Policy(max_turns=1, apply_to_open=True)
    office = Office(sales(policy=policy))
    office.feed(facts.assigned("L-1", "vera", office.now, assigned_by="human"))
    office.change_rules(replace(sales(policy=replace(policy, target=30 * MINUTE)), version=2))
    office.at(40)
    assert office.types()[-2:] == ["lead.escalated", "sla.breached"]
    assert quiet(archive, office, 40)
    archive.change("L-1", escalated=False)
    assert told(archive.audit(office.now)) == [("breach_without_follow_up", "L-1")]


def test_who_took_the_lead_before_a_breach_was_decided_spoils_no_past(archive: Archive) -> None:
    """R22: assigned after the due, while its numbers are still asked; both breaches follow, and one hand-over."""
    office = Office(sales(policy=Policy(unowned="wait", unowned_after=DAY)), owner_id=None, phones=(NUMBER,))
    office.at(9)
    office.lagging = (NUMBER,)
    office.to(START + 10 * MINUTE + 10 * SECOND)
    office.feed(facts.assigned("L-1", "anna", office.now, assigned_by="human"))
    office.to(office.now + SECOND)
    office.lagging = ()
    office.run()
    for minutes in (11, 19, 21, 60):
        assert quiet(archive, office, minutes)
    story = [kind for kind in office.types() if kind in {"lead.assigned", "sla.breached", "lead.reassigned"}]
    assert story[:4] == ["lead.assigned", "sla.breached", "sla.breached", "lead.reassigned"]
    archive.expire(Log.OUTCOMES, START + 10 * MINUTE + 11 * SECOND)  # of the hand-over nothing is kept
    assert quiet(archive, office, 61)


def waiting_for_the_desk(rules: Rules | None = None, **fields: Any) -> Office:
    """Breached, while the desk stands still."""
    office = Office(rules, **fields)
    office.at(9)
    office.stalled = Log.DESK
    office.to(START + 11 * MINUTE)
    assert office.types()[-1] == "sla.breached"
    return office


@pytest.mark.parametrize("end", [facts.closed, facts.erased])
def test_a_lead_that_ended_before_the_desk_answered_needs_nobody(archive: Archive, end: Any) -> None:
    office = waiting_for_the_desk()
    office.feed(end("L-1", office.now))
    assert quiet(archive, office, 12)


def test_a_lead_that_was_joined_before_the_desk_answered_needs_nobody(archive: Archive) -> None:
    office = Office(phones=(NUMBER,))
    office.lagging = (NUMBER,)
    office.feed(facts.lead("L-2", START, owner_id="vera", phones=(NUMBER,)))
    office.at(9)
    office.stalled = Log.DESK
    office.to(START + 12 * MINUTE)
    office.lagging = ()
    office.run()
    assert office.types("L-2")[-2:] == ["sla.breached", "lead.joined"]
    archive.save(office)
    assert ("breach_without_follow_up", "L-2") not in told(archive.audit(START + 14 * MINUTE, grace=SECOND))


def test_a_breach_that_was_taken_back_before_the_desk_answered_needs_nobody(archive: Archive) -> None:
    office = waiting_for_the_desk()
    office.feed(facts.message(START + MINUTE, lead_id="L-1", received=office.now))
    assert "sla.breach_retracted" in office.types()
    assert quiet(archive, office, 12)


def test_so_does_one_that_was_answered_or_joined_before_the_desk_answered(archive: Archive) -> None:
    office = waiting_for_the_desk()
    office.feed(facts.lead("L-2", office.now, owner_id="vera"))
    office.feed(facts.closed("L-1", office.now, "merged", merged_into="L-2"))
    assert quiet(archive, office, 12)


def test_a_response_that_came_late_and_in_time_for_a_later_policy_is_a_follow_up(archive: Archive) -> None:
    office = waiting_for_the_desk()
    office.feed(facts.message(office.now, lead_id="L-1"))
    assert "sla.responded" in office.types()
    assert quiet(archive, office, 12)


def test_a_lead_that_nothing_was_told_of_yet_is_not_lost(archive: Archive) -> None:
    office = Office(sales(policy=Policy(unowned="wait", unowned_after=HOUR, target=DAY)), owner_id=None)
    assert office.types() == []
    assert quiet(archive, office, 30)


def test_the_clock_of_a_lead_that_was_opened_again_begins_anew(archive: Archive) -> None:
    office = Office()
    office.at(1)
    office.feed(facts.closed("L-1", office.now))
    office.at(60)
    office.feed(facts.reopened("L-1", office.now))
    assert quiet(archive, office, 69)
    archive.change("L-1", due_at=START + DAY)
    assert told(archive.audit(START + 74 * MINUTE)) == [("overdue_without_breach", "L-1")]


def test_a_lead_that_is_told_of_again_keeps_its_start(archive: Archive) -> None:
    office = Office()
    office.at(1)
    office.feed(facts.lead("L-1", START - HOUR, received=office.now))
    assert quiet(archive, office, 9)


def test_what_was_told_of_a_joined_lead_is_not_the_start_of_the_one_that_it_joined(archive: Archive) -> None:
    office = Office(phones=(NUMBER,))
    office.feed(facts.lead("L-2", START, phones=(NUMBER,)))
    office.at(3)
    office.feed(facts.lead("L-2", START - HOUR, received=office.now))
    archive.save(office).expire(Log.EVENTS, START + 2 * MINUTE)
    assert quiet(archive, office, 9)


def test_a_lead_that_was_forgotten_may_come_again_and_be_decided_again(archive: Archive) -> None:
    office = Office()
    office.feed(facts.message(office.now, lead_id="L-1"), facts.closed("L-1", office.now))
    office.to(START + 8 * DAY)
    office.feed(facts.lead("L-1", office.now, owner_id="anna"), facts.closed("L-1", office.now))
    assert office.types().count("lead.closed") == 2
    assert quiet(archive, office, 8 * DAY / MINUTE + 30)


def test_a_lead_of_the_night_waits_for_the_morning(archive: Archive) -> None:
    night = Hours(week=(((0, 60),),) * 7)
    people = {name: Manager(name, shift="night") for name in ("anna", "vera", "boris")}
    office = Office(replace(sales(calendars={"night": night}), managers=people), owner_id=None)
    for hours in (1, 5, 12, 30, 60):
        assert quiet(archive, office, 60 * hours)
