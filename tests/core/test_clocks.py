"""A clock has an identity: what is proven, ended, joined or given late is judged against the clock it belongs to."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Policy, Source
from tests import facts
from tests.reopening import DECISIONS, PHONE, call, decided, reopened
from tests.world import T0, World, sales

# R7: whose a proof is


def test_r07_what_ended_before_the_due_takes_late_proof_up_to_its_due() -> None:
    for late, status in ((9 * MINUTE, [("met", 1, "anna")]), (11 * MINUTE, [])):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0 + MINUTE, received=T0 + MINUTE))
        w.to(T0 + 20 * MINUTE)
        call(w, T0 + late)
        assert decided(w) == status
    assert w.of("call.ignored")[0].data["reason"] == "ended"


def test_r07_clocks_are_kept_for_the_retract_window() -> None:
    w = reopened()
    w.feed(facts.closed("L", w.now))
    w.after(6 * DAY)
    assert len(w.lead("L").clocks) == 2
    w.feed(facts.assigned("L", "vera", w.now), facts.reopened("L", w.now), facts.closed("L", w.now))
    w.after(2 * DAY)
    w.feed(facts.reopened("L", w.now))
    assert w.lead("L").clocks[0].start == T0 + 13 * MINUTE + 6 * DAY


# R5: before the start


def test_r05_what_happens_after_the_lead_came_and_before_its_start_counts_at_the_start() -> None:
    office = Hours("UTC", (((360, 1320),),) * 7)
    night = T0 - T0 % DAY + DAY + 23 * HOUR
    for fact in (facts.message(night + 5 * MINUTE, lead_id="L"), facts.called("c", night + 5 * MINUTE, lead_id="L")):
        w = World(sales(policy=Policy(calendar="office"), calendars={"office": office}), at=night)
        w.feed(facts.lead("L", night, owner_id="anna"))
        w.to(night + 10 * MINUTE)
        w.feed(fact)
        (met,) = w.of("sla.met")
        assert met.data["response_at"] == met.data["started_at"] == night + 7 * HOUR
        assert w.lead("L").status == "answered"


def test_r05_the_talk_that_answered_one_lead_meets_no_new_lead_of_the_number() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.called("c", T0 + MINUTE, number=PHONE, manager_id="anna"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.closed("A", w.now))
    w.to(T0 + 20 * MINUTE)
    w.feed(facts.lead("B", w.now, phones=(PHONE,)))
    assert w.lead("B").status == "waiting"
    assert [o.data["reason"] for o in w.of("call.ignored", "B")] == ["spoken_for"]


# R29: ends


def test_r29_a_closing_after_the_due_is_decided_all_the_same_and_nothing_follows() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.closed("L", w.now, "junk"))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna")]
    assert (w.lead("L").status, w.of("lead.reassigned")) == ("closed", [])


def test_r29_a_call_that_holds_the_decision_holds_it_through_a_closing() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna", phones=(PHONE,)))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.started("c", w.now, number=PHONE, direction="inbound"))
    w.to(T0 + 10 * MINUTE + 30 * SECOND)
    w.feed(facts.closed("L", w.now))
    assert decided(w) == []
    w.feed(facts.ended("c", w.now, number=PHONE, direction="inbound", outcome="no_answer", talk=0))
    assert decided(w) == [("breached", 1, "anna")]


def test_r29_a_closed_lead_that_turns_out_answered_is_held_by_no_call() -> None:
    w = World()
    w.feed(facts.lead("S", T0), facts.lead("L", T0, owner_id="anna", phones=(PHONE,)))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.started("c", w.now, number=PHONE, direction="inbound"))
    w.to(T0 + 10 * MINUTE + 30 * SECOND)
    w.feed(facts.closed("L", w.now, "merged", merged_into="S"))
    w.feed(facts.message(T0 + 9 * MINUTE, lead_id="L", received=w.now))
    assert decided(w) == [("met", 1, "anna")]
    assert (w.lead("L").status, w.lead("L").held_until) == ("joined", 0)


def test_r29_an_end_by_the_due_that_is_told_later_takes_the_breach_back() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.closed("L", T0 + 10 * MINUTE, "junk", received=w.now))
    (back,) = w.of("sla.breach_retracted")
    assert (back.data["reason"], back.data["holder_id"]) == ("closed_before_due", "anna")
    assert "response_at" not in back.data
    assert (w.lead("L").evaluated, w.lead("L").turns[0].result) == ("ended", "ended")


def test_r29_whatever_is_told_first_the_same_is_decided() -> None:
    """A response and a closing, each told in time or late, in either order."""
    minutes = (2, 5, 9, 10, 12, 15)
    for closed, answered in product(minutes, minutes):
        wanted = "in time" if answered <= 10 else "" if closed <= 10 else "late"
        for told in ("in time", "late", "late, the other way round"):
            assert judged(closed, answered, told) == wanted, (closed, answered, told)


def judged(closed: int, answered: int, told: str) -> str:
    """What the last decision of the clock says, with a closing and a response of these minutes."""
    w = World(sales("anna", "vera", sources={"crm": Source("crm", max_delay=HOUR)}))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    happened = sorted([(answered, "message"), (closed, "closing")], reverse=told == "late, the other way round")
    for minute, what in happened:
        at = T0 + minute * MINUTE
        w.to(at if told == "in time" else max(w.now, T0 + 20 * MINUTE))
        message = facts.message(at, "anna", lead_id="L", received=w.now)
        w.feed(message if what == "message" else facts.closed("L", at, received=w.now))
    w.after(HOUR)
    (*_, last) = ["", *(o for o in w.outcomes if o.type in DECISIONS and o.data["evaluated"] == "first")]
    if isinstance(last, str) or last.data.get("reason") == "closed_before_due":
        return ""
    return "late" if last.type == "sla.breached" else "in time"


def responded(w: World, lead_id: str = "L") -> list[tuple[int, int]]:
    """(turn, minute) of each late response that is announced."""
    return [(o.turn, (o.data["response_at"] - T0) // MINUTE) for o in w.of("sla.responded", lead_id)]


def test_r10_a_late_response_before_the_closing_is_announced_though_it_is_told_after_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE)
    w.feed(facts.closed("L", w.now))
    for minute in (15, 12):
        w.after(MINUTE)
        call(w, T0 + minute * MINUTE)
    assert responded(w) == [(1, 15)], "once, as the first that was known"
    w = reopened()
    call(w, T0 + 11 * MINUTE)
    assert responded(w) == [(1, 11)]
    assert w.lead("L").status == "waiting"


def test_r10_a_response_after_the_closing_is_none_though_it_may_be_the_conversation_that_was_due() -> None:
    for policy, credited in ((Policy(), False), (Policy(contact_target=HOUR), True)):
        w = World(sales("anna", "vera", policy=policy))
        w.feed(facts.lead("L", T0, owner_id="anna"))
        w.to(T0 + 11 * MINUTE)
        w.feed(facts.closed("L", w.now))
        w.after(4 * MINUTE)
        call(w, T0 + 12 * MINUTE)
        assert (responded(w), bool(w.of("call.credited"))) == ([], credited)


def test_r10_a_late_response_that_awaited_a_decision_is_announced_though_the_lead_was_closed_meanwhile() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.message(w.now, lead_id="L"), facts.closed("L", w.now))
    w.after(MINUTE)
    assert w.types("L")[-2:] == ["sla.breached", "sla.responded"]
    w = World(sales("anna", "vera", "zoya"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE + 3 * SECOND)  # vera's due has passed, and is not decided
    w.feed(facts.message(w.now, lead_id="L"), facts.closed("L", w.now))
    w.after(MINUTE)
    assert responded(w) == [(1, 20)]
    assert decided(w) == [("breached", 1, "anna"), ("breached", 1, "vera")]


def test_r11_what_a_notice_of_a_breach_taken_back_says_of_the_holder_is_who_has_the_lead_now() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    call(w, T0 + 3 * MINUTE)
    told = {send.manager_id: send.details for send in w.sent if send.kind == "retracted"}
    assert {"anna", "vera"} <= set(told)
    assert {(details["holder_id"], "reason" in details) for details in told.values()} == {("vera", False)}


def test_r29_a_notice_of_a_breach_taken_back_by_a_closing_says_why_and_that_nobody_has_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.closed("L", T0 + 9 * MINUTE, "junk", received=w.now))
    told = [send.details for send in w.sent if send.kind == "retracted"]
    assert told
    assert {(details["reason"], details.get("holder_id")) for details in told} == {("closed_before_due", None)}


def test_r29_a_source_is_believed_no_further_back_than_its_delay_and_people_here_not_at_all() -> None:
    for told, uri in ((8 * MINUTE, "/crm"), (10 * MINUTE, "/sla-monitor/board")):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"))
        w.to(T0 + 12 * MINUTE + SECOND)
        w.feed(facts.closed("L", T0 + told, "junk", received=w.now, uri=uri))
        assert decided(w) == [("breached", 1, "anna")]


def test_r29_later_turns_whose_due_came_after_the_end_are_taken_back_too() -> None:
    w = World(sales("anna", "vera", "zoya"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE + 5 * SECOND)
    w.feed(facts.closed("L", T0 + 19 * MINUTE, received=w.now))
    assert decided(w) == [("breached", 1, "anna"), ("breached", 1, "vera"), ("breach_retracted", 1, "vera")]


def test_r29_a_later_turn_whose_due_had_passed_at_the_end_is_decided() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE + 3 * SECOND)
    w.feed(facts.closed("L", w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("breached", 1, "vera")]


def test_r31_erasing_after_the_due_decides_in_the_same_step() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.erased("L", w.now))
    (breach,) = w.of("sla.breached")
    assert (breach.at, breach.data["confidence"], breach.data["holder_id"]) == (w.now, "degraded", "anna")
    assert w.types()[-1] == "lead.erased"


def test_r31_erasing_before_the_due_decides_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.erased("L", T0 + MINUTE))
    w.after(HOUR)
    assert decided(w) == []


# R14: nobody is blamed for minutes that were not theirs


def test_r14_an_owner_named_late_gets_a_fresh_target_and_the_due_is_nobodys() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=30 * MINUTE)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.assigned("L", "anna", w.now, assigned_by="human"))
    w.to(T0 + 11 * MINUTE)
    (breach,) = w.of("sla.breached")
    assert (breach.data.get("holder_id"), breach.data["late_given"], breach.data["delay"]) == (None, True, "named")
    assert (w.lead("L").holder, w.lead("L").current.due) == ("anna", T0 + 19 * MINUTE)


def test_r14_with_half_of_the_target_left_the_due_is_the_first_holders() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=30 * MINUTE)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.assigned("L", "anna", w.now, assigned_by="human"))
    w.to(T0 + 11 * MINUTE)
    assert decided(w) == [("breached", 1, "anna")]


def test_r14_a_pause_of_ours_costs_the_manager_nothing() -> None:
    w = World()
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.lead("L", T0, received=T0))
    w.to(T0 + 11 * MINUTE)
    (breach,) = w.of("sla.breached")
    assert (breach.data.get("holder_id"), breach.data["delay"]) == (None, "read")


def test_r14_what_a_source_tells_late_is_its_delay() -> None:
    w = World()
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.lead("L", T0, received=w.now, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    assert w.of("sla.breached")[0].data["delay"] == "told"


def test_r14_a_lead_that_waited_for_somebody_free_is_nobodys() -> None:
    w = World(sales("anna"))
    w.feed(facts.status("anna", "away", T0), facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.status("anna", "available", w.now))
    w.to(T0 + 11 * MINUTE)
    assert (w.of("sla.breached")[0].data["delay"], decided(w)) == ("desk", [("breached", 1, "")])


def test_r14_an_assignment_that_we_read_late_is_our_delay() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=30 * MINUTE)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.assigned("L", "anna", T0 + MINUTE, assigned_by="human", received=T0 + MINUTE))
    w.to(T0 + 11 * MINUTE)
    assert w.of("sla.breached")[0].data["delay"] == "read"


def waiting(**owners: str | None) -> World:
    """Leads that came three minutes apart, where an owner is waited for."""
    w = World(sales(policy=Policy(unowned="wait", unowned_after=30 * MINUTE)))
    for lead_id, owner in owners.items():
        w.feed(facts.lead(lead_id, w.now, owner_id=owner))
        w.after(3 * MINUTE)
    return w


def test_r14_a_due_that_was_given_too_late_is_nobodys_for_the_lead_that_takes_it_too() -> None:
    w = waiting(O=None, S="vera")
    w.feed(facts.assigned("O", "anna", w.now, assigned_by="human"), facts.closed("O", w.now, "merged", merged_into="S"))
    w.to(T0 + 11 * MINUTE)
    (breach,) = w.of("sla.breached")
    assert (breach.lead_id, breach.data.get("holder_id")) == ("S", None)
    assert (breach.data["late_given"], breach.data["delay"]) == (True, "named")


def test_r14_nor_is_it_met_by_whoever_has_the_taker() -> None:
    w = waiting(O=None, S="vera")
    w.feed(facts.assigned("O", "anna", w.now, assigned_by="human"), facts.closed("O", w.now, "merged", merged_into="S"))
    call(w, w.now, "S")
    assert decided(w, "S") == [("met", 1, "")]


def test_r14_a_taken_due_is_that_of_its_first_holder_though_the_takers_own_was_given_late() -> None:
    w = waiting(O="anna", S=None)
    w.after(3 * MINUTE)
    w.feed(facts.assigned("S", "vera", w.now, assigned_by="human"), facts.closed("O", w.now, "merged", merged_into="S"))
    w.to(T0 + 11 * MINUTE)
    (breach,) = w.of("sla.breached")
    assert (breach.lead_id, breach.data["holder_id"], "late_given" in breach.data) == ("S", "anna", False)


# R25, R26: one clock out of two


def absorbing(*, after: int) -> tuple[World, str]:
    """anna sits on a missed call; the CRM makes its lead, owned by vera."""
    w = World()
    w.feed(facts.missed("m", T0, number=PHONE))
    w.to(T0 + after)
    made = next(key for key in w.logs[Log.EVENTS].rows if key.startswith("missed"))
    w.feed(facts.lead("L", w.now, phones=(PHONE,), owner_id="vera"))
    return w, made


def test_r26_who_held_the_missed_call_answers_for_its_due() -> None:
    w, made = absorbing(after=9 * MINUTE + 30 * SECOND)
    (joined,) = w.of("lead.joined")
    assert (joined.lead_id, joined.data["clock"], joined.data["holder_id"]) == (made, "joined", "anna")
    w.to(T0 + 11 * MINUTE)
    assert decided(w) == [("breached", 1, "anna")]
    assert decided(w, made) == []
    lead = w.lead("L")
    assert (lead.holder, lead.current.kind, lead.current.due) == ("vera", "hand_over", T0 + 19 * MINUTE + 30 * SECOND)


def test_r25_a_clock_whose_due_has_passed_is_decided_by_its_own_lead() -> None:
    w = World()
    w.feed(facts.lead("O", T0, owner_id="anna"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.lead("S", w.now, owner_id="vera"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.closed("O", w.now, "merged", merged_into="S"))
    w.to(T0 + 20 * MINUTE)
    assert (decided(w, "O"), decided(w, "S")[:1]) == ([("breached", 1, "anna")], [("breached", 1, "vera")])
    assert [o.data["clock"] for o in w.of("lead.joined")] == ["own"]
    assert [o.at for o in w.of("sla.breached", "S")] == [T0 + 15 * MINUTE + 2 * SECOND]


def test_r25_a_lead_that_joins_one_whose_clock_is_decided_is_decided_by_nobody() -> None:
    for merged in (False, True):
        w = World()
        w.feed(facts.lead("O", T0, owner_id="anna", phones=(PHONE,)))
        w.to(T0 + 15 * MINUTE)
        w.feed(facts.lead("S", w.now, owner_id="vera", phones=() if merged else (PHONE,)))
        if merged:
            w.feed(facts.closed("S", w.now, "merged", merged_into="O"))
        w.after(DAY)
        assert [o.data["clock"] for o in w.of("lead.joined", "S")] == ["ended"]
        assert decided(w, "S") == []


def test_r29_a_response_in_time_that_is_told_after_the_joining_still_counts() -> None:
    w = World()
    w.feed(facts.lead("O", T0, owner_id="anna", phones=(PHONE,)))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.lead("S", w.now, owner_id="vera", phones=(PHONE,)))
    w.after(5 * MINUTE)
    call(w, T0 + 16 * MINUTE, "S")
    assert decided(w, "S") == [("met", 1, "vera")]


def test_r29_what_was_merged_after_its_due_is_taken_once_timely_proof_has_decided_it() -> None:
    w = World()
    w.feed(facts.lead("S", T0, owner_id="vera"), facts.lead("O", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.closed("O", w.now, "merged", merged_into="S"))
    w.feed(facts.message(T0 + 9 * MINUTE, lead_id="O", received=w.now))
    assert decided(w, "O") == [("met", 1, "anna")]
    assert [(o.data["into"], o.data["clock"]) for o in w.of("lead.joined")] == [("S", "own")]


@pytest.mark.parametrize("target", [5 * MINUTE, None])
def test_r25_a_contact_target_that_the_joined_lead_has_broken_is_not_broken_again(target: int | None) -> None:
    w = World(sales(policy=Policy(contact_target=5 * MINUTE)))
    w.feed(facts.lead("O", T0, owner_id="anna"))
    w.change_rules(replace(sales(policy=Policy(contact_target=target)), version=2))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.lead("S", w.now, owner_id="vera"))
    w.to(T0 + 6 * MINUTE)
    w.feed(facts.closed("O", w.now, "merged", merged_into="S"))
    w.to(T0 + 9 * MINUTE)
    w.feed(facts.message(w.now, lead_id="S"))
    assert [(o.lead_id, o.data["measure"]) for o in w.of("sla.breached")] == [("O", "contact")]


def test_r25_late_proof_takes_back_the_breach_of_a_joined_lead_too() -> None:
    w = World()
    w.feed(facts.lead("O", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.lead("S", w.now, owner_id="vera"), facts.closed("O", w.now, "merged", merged_into="S"))
    call(w, T0 + 3 * MINUTE, "O")
    assert decided(w, "O") == [("breached", 1, "anna"), ("breach_retracted", 1, "anna")]
    assert decided(w, "S") == []


def test_r25_a_refused_join_is_told_and_the_lead_stays_closed() -> None:
    for into, reason in (("L", "itself"), ("none", "unknown"), ("over", "not_open")):
        w = World()
        w.feed(facts.lead("over", T0), facts.closed("over", T0), facts.lead("L", T0, owner_id="anna"))
        w.feed(facts.closed("L", T0 + MINUTE, "duplicate", merged_into=into))
        told = [(o.data["into"], o.data["reason"]) for o in w.of("lead.join_refused", "L")]
        assert (told, w.lead("L").status, w.lead("L").joined_to) == ([(into, reason)], "closed", "")


def test_r25_a_merge_into_a_joined_lead_goes_on_to_where_that_is() -> None:
    w = World()
    w.feed(*(facts.lead(name, T0) for name in ("A", "B", "C")))
    w.feed(facts.closed("B", T0, "merged", merged_into="A"))
    w.feed(facts.closed("C", T0, "merged", merged_into="B"))
    assert (w.lead("C").status, w.lead("C").joined_to) == ("joined", "A")


def test_r25_claims_and_assignments_of_a_joined_lead_do_not_work_on_the_other() -> None:
    w = World()
    w.feed(facts.lead("S", T0, owner_id="vera"), facts.lead("O", T0, owner_id="anna"))
    w.feed(facts.closed("O", T0, "merged", merged_into="S"))
    w.feed(facts.claimed("O", "anna", 1, T0 + 1), facts.assigned("O", "anna", T0 + 2, assigned_by="human"))
    assert w.lead("S").holder == "vera"
    told = [(o.data["reason"], o.data["into"], o.data["to"]) for o in w.of("assignment.ignored")]
    assert told == [("joined", "S", "anna")] * 2


def test_r25_numbers_of_a_joined_lead_are_added_to_the_others() -> None:
    w = World()
    w.feed(facts.lead("S", T0, phones=("+1",)), facts.lead("O", T0), facts.closed("O", T0, "merged", merged_into="S"))
    w.feed(facts.updated("O", T0 + 1, phones=(PHONE,)))
    assert set(w.lead("S").phones) == {"+1", PHONE}


def test_r25_whoever_was_accepted_and_does_not_come_is_waited_for_no_longer() -> None:
    w = World()
    w.feed(facts.lead("S", T0, phones=(PHONE,)))
    w.accept(facts.lead("O", T0, phones=(PHONE,), owner_id="anna"))
    for log in (Log.EVENTS, Log.PHONES, Log.PHONES):
        w.step(log)
    w.accept(facts.erased("O", T0))
    w.run()
    assert (w.lead("S").joined, w.lead("S").joining) == ([], {})


def test_r05_an_attempt_between_the_lead_and_the_opening_counts_at_the_start() -> None:
    w = World(sales(policy=Policy(calendar="office"), calendars={"office": Hours("UTC", (((540, 1080),),) * 7)}))
    w.to(T0 + HOUR)  # the office has closed
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(T0 + 3 * HOUR)
    call(w, T0 + 2 * HOUR, talk=0, ring=30 * SECOND, outcome="no_answer")
    assert decided(w) == [("met", 1, "anna")]
    assert w.of("sla.met")[0].data["response_at"] == w.lead("L").started_at > w.now
