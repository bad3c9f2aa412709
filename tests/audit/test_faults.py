"""Each fault that an audit is for, planted into the log of a world that was well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sla_monitor.core.effects import Publish
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Hours, Manager, Policy, Rules
from tests import facts
from tests.audit.archive import Archive, Recorded, only, told
from tests.world import SECOND, T0, sales

START = T0 + HOUR
"""Long enough after the policy came into force."""


def without(kind: str, turn: int = 1) -> Callable[[Publish], int]:
    return lambda outcome: not (outcome.type == kind and outcome.turn == turn)


def unanswered(minutes: int = 15, rules: Rules | None = None, **fields: object) -> Recorded:
    """Anna has L-1 and does not respond; so does Vera, who has it from 10:10 on."""
    world = Recorded(rules or sales(), at=START)
    world.feed(facts.lead("L-1", START, **({"owner_id": "anna"} | fields)))
    world.to(START + minutes * MINUTE)
    return world


def test_nothing_is_wrong_with_what_is_well(archive: Archive) -> None:
    report = archive.save(unanswered()).audit(START + 15 * MINUTE)
    assert (told(report), report.leads, report.outcomes) == ([], 1, 5)


def test_a_breach_that_was_not_published_is_found(archive: Archive) -> None:
    archive.keep = without("sla.breached")
    finding = only(archive.save(unanswered()).audit(START + 15 * MINUTE))
    assert (finding.kind, finding.lead_id, finding.since) == ("overdue_without_breach", "L-1", START + 10 * MINUTE)
    assert finding.what == "the row says that turn 1 was breached (response), and no outcome does"
    assert finding.command == "sla-monitor explain L-1"


def test_a_breach_of_a_later_turn_that_was_not_published_is_found(archive: Archive) -> None:
    archive.keep = without("sla.breached", turn=2)
    finding = only(archive.save(unanswered(25)).audit(START + 25 * MINUTE))
    assert (finding.kind, "turn 2 was breached" in finding.what) == ("overdue_without_breach", True)


def test_a_timer_that_never_fires_is_found(archive: Archive) -> None:
    archive.save(unanswered(minutes=5))
    assert told(archive.audit(START + 12 * MINUTE)) == []
    finding = only(archive.audit(START + 14 * MINUTE))
    assert (finding.kind, finding.what) == ("overdue_without_breach", "the response of turn 1 is still awaited")


def test_a_later_turn_whose_timer_never_fires_is_found(archive: Archive) -> None:
    archive.save(unanswered(minutes=15))
    finding = only(archive.audit(START + 24 * MINUTE))
    assert (finding.kind, finding.what) == ("overdue_without_breach", "the response of turn 2 is still awaited")


def test_a_turn_that_a_person_began_and_whose_timer_never_fires_is_found(archive: Archive) -> None:
    world = unanswered(minutes=5)
    world.feed(facts.assigned("L-1", "vera", world.now, assigned_by="human"))
    world.to(START + 12 * MINUTE)
    archive.save(world)
    assert told(archive.audit(START + 17 * MINUTE)) == []
    assert "turn 2 is still awaited" in only(archive.audit(START + 19 * MINUTE)).what


def test_a_contact_that_is_still_awaited_is_found(archive: Archive) -> None:
    world = unanswered(minutes=1, rules=sales(policy=Policy(contact_target=30 * MINUTE)))
    world.feed(facts.message(world.now, lead_id="L-1"))
    archive.save(world)
    assert "the contact of turn 1" in only(archive.audit(START + 40 * MINUTE)).what


def test_a_wrong_due_is_found_where_no_calendar_matters(archive: Archive) -> None:
    archive.save(unanswered(minutes=5)).change("L-1", due_at=START + DAY)
    assert only(archive.audit(START + 15 * MINUTE)).since == START + 10 * MINUTE


def test_a_wrong_start_is_found_by_what_came_in(archive: Archive) -> None:
    wrong = {"created_at": START + DAY, "started_at": START + DAY, "due_at": START + DAY + 10 * MINUTE}
    archive.save(unanswered(minutes=5)).change("L-1", **wrong)
    early, late = archive.audits([START + 6 * MINUTE, START + 15 * MINUTE])
    assert told(early) == []
    assert only(late).since == START + 10 * MINUTE


def test_with_a_calendar_the_rows_due_is_believed(archive: Archive) -> None:
    hours = {"office": Hours(week=(((0, 1430),),) * 7)}
    world = unanswered(minutes=5, rules=sales(policy=Policy(calendar="office"), calendars=hours))
    archive.save(world).change("L-1", due_at=START + DAY)
    assert told(archive.audit(START + 15 * MINUTE)) == []


def test_a_lead_of_people_with_shifts_is_no_lead_around_the_clock(archive: Archive) -> None:
    people = {name: Manager(name, shift="office") for name in ("anna", "vera", "boris")}
    rules = replace(sales(calendars={"office": Hours(week=(((0, 1430),),) * 7)}), managers=people)
    archive.save(unanswered(minutes=5, rules=rules)).change("L-1", due_at=START + DAY)
    assert told(archive.audit(START + 15 * MINUTE)) == []


def test_a_policy_that_came_after_the_lead_tells_nothing_of_its_calendar(archive: Archive) -> None:
    world = unanswered(minutes=5)
    world.change_rules(sales())
    archive.save(world).change("L-1", due_at=START + DAY)
    assert told(archive.audit(START + 15 * MINUTE)) == []


def test_a_lead_without_a_row_is_found(archive: Archive) -> None:
    archive.save(unanswered(minutes=0, owner_id=None, rules=sales(policy=Policy(unowned="wait")))).lose("L-1")
    assert told(archive.audit(START + 59 * SECOND)) == []
    finding = only(archive.audit(START + 2 * MINUTE))
    assert (finding.kind, finding.since) == ("lost_lead", START)
    assert finding.what == "accepted, and neither watched nor decided about"


def test_a_lead_that_nobody_has_come_to_is_found(archive: Archive) -> None:
    archive.accept("L-9", facts.lead("L-9", START), START)
    assert only(archive.audit(START + 2 * MINUTE)).what == "accepted, and nobody has come to it yet"


def test_a_lead_that_only_facts_wait_for_is_lost(archive: Archive) -> None:
    world = Recorded(at=START)
    world.feed(facts.message(START, lead_id="L-1"))
    archive.save(world).accept("L-1", facts.lead("L-1", START), START)
    early, late = archive.audits([START + 30 * SECOND, START + 2 * MINUTE])
    assert (told(early), told(late)) == ([], [("lost_lead", "L-1")])


def test_a_lead_too_old_for_a_promise_may_be_gone_without_a_word(archive: Archive) -> None:
    archive.accept("L-1", facts.lead("L-1", START - 2 * DAY, received=START), START)
    assert told(archive.audit(START + DAY)) == []


@pytest.mark.parametrize("kind", ["lead.reassigned", "lead.unassignable", "lead.escalated"])
def test_a_breach_that_nothing_followed_is_found(archive: Archive, kind: str) -> None:
    turns = Policy(max_turns=1) if kind == "lead.escalated" else Policy()
    people = ("anna",) if kind == "lead.unassignable" else ("anna", "vera")
    world = unanswered(rules=sales(*people, policy=turns))
    assert kind in world.types()
    archive.keep = lambda outcome: outcome.type != kind
    finding = only(archive.save(world).audit(START + 15 * MINUTE))
    assert (finding.kind, finding.what) == ("breach_without_follow_up", "nothing followed the breach of turn 1")
    assert finding.since == START + 10 * MINUTE + 2 * SECOND


def test_a_breach_that_was_just_decided_is_not_accused_of_it(archive: Archive) -> None:
    archive.keep = without("lead.reassigned", turn=2)
    assert told(archive.save(unanswered(11)).audit(START + 11 * MINUTE)) == []


def test_a_follow_up_that_was_missing_in_the_past_stays_found(archive: Archive) -> None:
    archive.keep = without("lead.reassigned", turn=2)
    archive.save(unanswered(25))
    for report in archive.audits([START + 25 * MINUTE, START + 26 * MINUTE]):
        assert only(report).what == "nothing followed the breach of turn 1 before the next"


def test_a_late_response_that_was_not_told_of_is_found(archive: Archive) -> None:
    world = unanswered(10, rules=sales(policy=Policy(allowance=5 * MINUTE)))
    world.to(START + 14 * MINUTE)
    world.feed(facts.message(world.now, lead_id="L-1"))
    world.to(START + 16 * MINUTE)
    archive.keep = lambda outcome: outcome.type != "sla.responded"
    assert only(archive.save(world).audit(START + 20 * MINUTE)).kind == "breach_without_follow_up"


def test_an_outcome_that_came_twice_is_found(archive: Archive) -> None:
    archive.keep = lambda outcome: 1 + (outcome.type == "sla.breached")
    finding = only(archive.save(unanswered()).audit(START + 15 * MINUTE))
    assert (finding.kind, finding.what) == ("doubled_outcome", "L-1:1:sla.breached:response at the offsets 3 and 4")


def test_when_too_many_leads_look_wrong_the_rest_is_counted(archive: Archive) -> None:
    for n in range(5):
        archive.accept(f"L-{n}", facts.lead(f"L-{n}", START), START)
    report = archive.audit(START + DAY, most=2)
    assert told(report) == [("lost_lead", "L-0"), ("lost_lead", "L-1")]
    assert report.unknown == ("3 leads more look wrong, and were not looked at twice",)


def test_what_went_wrong_long_ago_and_cannot_be_mended_may_be_left_out(archive: Archive) -> None:
    archive.keep = lambda outcome: 1 + (outcome.type == "sla.breached")
    archive.save(unanswered())
    doubled, awaited = ("doubled_outcome", "L-1"), ("overdue_without_breach", "L-1")
    assert told(archive.audit(START + DAY, past=DAY)) == [doubled, awaited]
    assert told(archive.audit(START + DAY, past=DAY - HOUR)) == [awaited]
