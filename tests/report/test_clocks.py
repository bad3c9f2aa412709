"""Which clock an outcome is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Publish
from sla_monitor.core.rules import DAY, HOUR, MINUTE, Policy, Source
from sla_monitor.records import Stored
from sla_monitor.report.clock import Clock
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.period import Period
from tests import facts
from tests.report.days import clocks_of
from tests.world import T0, World, sales

BEGIN, END = T0 - 12 * HOUR, T0 + 12 * HOUR
DAY_OF_T0 = datetime.fromtimestamp(T0 / 1000, UTC).date()
TODAY = Period(DAY_OF_T0, DAY_OF_T0, ZoneInfo("UTC"))


def fold(*outcomes: Publish, begin: int = BEGIN, end: int = END) -> list[Clock]:
    clocks = Clocks(begin, end)
    clocks.apply(codec.encode_outcome(outcome) for outcome in outcomes)
    return list(clocks)


def outcome(kind: str, start: int, /, **data: Any) -> Publish:
    return Publish(type=kind, lead_id="L", turn=1, at=start, data={"started_at": start, "policy": "default"} | data)


MET = {"measure": "response", "evaluated": "first", "due_at": T0, "response_at": T0}


def test_r29_a_reopened_lead_has_a_clock_of_its_own_even_if_it_starts_before_the_one_before() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"), facts.closed("L", T0 + MINUTE))
    again = outcome("lead.reopened", T0 - MINUTE, cycle=2)
    first, second = fold(*w.outcomes, again)
    assert (first.evaluated, second.evaluated) == ("met", "")
    assert second.start < first.start


def test_an_id_that_is_used_again_once_its_row_is_gone_has_a_clock_of_its_own() -> None:
    first, second = fold(outcome("sla.met", T0, **MET), outcome("lead.assigned", T0 + HOUR, to="vera"))
    assert (first.evaluated, second.evaluated, second.holder) == ("met", "", "vera")


def test_r25_a_clock_that_takes_an_earlier_start_moves_to_the_day_of_that_start() -> None:
    moved = outcome("lead.assigned", T0), outcome("sla.met", T0 - DAY, **MET)
    assert fold(*moved) == []
    (clock,) = fold(*moved, begin=BEGIN - DAY, end=END - DAY)
    assert clock.evaluated == "met"


def test_r30_a_test_lead_is_in_no_figure() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna", test=True), facts.message(T0, lead_id="L"))
    assert w.of("sla.met")
    assert fold(*w.outcomes) == []


def test_r30_a_lead_that_came_after_its_due_was_nobodys_to_lose() -> None:
    w = World()
    w.feed(facts.lead("L", T0 - HOUR, owner_id="anna", received=T0))
    w.to(T0 + MINUTE)
    (clock,) = fold(*w.outcomes)
    assert (clock.evaluated, clock.holder) == ("breached", "")


def test_r11_a_breach_that_is_retracted_after_the_period_was_none() -> None:
    w = World(sales("anna", "vera"), at=END - MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    w.to(END + 2 * HOUR)
    assert [clock.evaluated for clock in fold(*w.outcomes)] == ["breached"]
    w.feed(facts.message(END, lead_id="L"))
    (clock,) = fold(*w.outcomes)
    assert (clock.evaluated, clock.in_time, clock.late) == ("retracted", True, False)


def test_r25_a_lead_that_joined_another_ended_joined_even_when_it_is_closed_later() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=("+1",)), facts.lead("B", T0, phones=("+1",)))
    w.feed(facts.closed("B", T0 + MINUTE))
    ended = {clock.lead_id: clock.ended_undecided for clock in fold(*w.outcomes)}
    assert ended == {"A": "", "B": "joined"}


@pytest.mark.parametrize("merged", [False, True])
def test_r25_a_lead_that_joined_one_whose_clock_was_decided_joined_and_is_not_undecided_for_ever(merged: bool) -> None:
    w = World()
    w.feed(facts.lead("A", T0, owner_id="anna", phones=("+1",)))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.lead("B", w.now, owner_id="vera", phones=() if merged else ("+1",)))
    if merged:
        w.feed(facts.closed("B", w.now, "merged", merged_into="A"))
    w.after(HOUR)
    assert [clock.ended_undecided for clock in fold(*w.outcomes) if clock.lead_id == "B"] == ["joined"]


def test_r11_a_lead_in_time_was_not_answered_late_whatever_was_known_before() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.message(w.now, lead_id="L"))
    assert [clock.answered_late for clock in fold(*w.outcomes)] == [True]
    w.to(T0 + 40 * MINUTE)
    w.feed(facts.called("c", T0 + 5 * MINUTE, lead_id="L", manager_id="anna", talk=34 * MINUTE))
    assert [(clock.in_time, clock.answered_late) for clock in fold(*w.outcomes)] == [(True, False)]


def test_r10_a_lead_that_was_answered_before_its_closing_is_no_lead_without_a_response() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 20 * MINUTE)
    w.feed(facts.closed("L", w.now))
    assert [clock.responded for clock in fold(*w.outcomes)] == [False]
    w.feed(facts.called("c", T0 + 15 * MINUTE, lead_id="L", manager_id="anna"))
    assert [(clock.responded, clock.answered_late) for clock in fold(*w.outcomes)] == [(True, True)]


def test_r29_a_response_in_time_counts_though_a_closing_by_the_due_took_the_breach_back_before() -> None:
    back = outcome("sla.breach_retracted", T0, measure="response", evaluated="first", reason="closed_before_due")
    (clock,) = fold(outcome("sla.breached", T0, **MET), back, outcome("sla.met", T0, **MET))
    assert (clock.in_time, clock.responded) == (True, True)


WAITS = Policy(unowned="wait", unowned_after=5 * MINUTE)


def test_r23_nobody_gets_a_lead_on_their_line_by_an_assignment_after_its_end() -> None:
    w = World(sales("anna", "vera", policy=WAITS))
    w.feed(facts.lead("L", T0))
    w.to(T0 + MINUTE)
    w.feed(facts.closed("L", w.now, "junk"), facts.assigned("L", "vera", w.now, assigned_by="human"))
    assert w.of("lead.assigned")
    assert [clock.holder for clock in fold(*w.outcomes)] == [""]


def test_r25_nobody_gets_a_lead_on_their_line_by_an_assignment_after_it_joined() -> None:
    w = World(sales("anna", "vera", policy=WAITS))
    w.feed(facts.lead("B", T0, owner_id="anna", phones=("+1",)), facts.lead("A", T0, phones=("+1",)))
    w.feed(facts.assigned("A", "vera", T0, assigned_by="human"))
    assert w.of("assignment.ignored")
    assert [clock.holder for clock in fold(*w.outcomes) if clock.lead_id == "A"] == [""]


def test_r22_a_breach_in_nobodys_name_stays_nobodys_when_a_closing_takes_it_back() -> None:
    sources = {"crm": Source("crm", max_delay=HOUR)}
    w = World(sales("anna", "vera", policy=replace(WAITS, unowned_after=15 * MINUTE), sources=sources))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now, assigned_by="human"))
    w.to(T0 + 14 * MINUTE)
    w.feed(facts.closed("L", T0 + 8 * MINUTE, "junk", received=w.now))
    assert [(clock.holder, clock.decided) for clock in fold(*w.outcomes)] == [("", False)]


def test_r22_an_owner_of_whom_nothing_was_published_has_the_lead_on_their_line_all_the_same() -> None:
    """`notify_owner: false`: of an open lead its row says who has it and where it came from, of another its end."""
    w = World(sales("anna", "vera", policy=Policy(notify_owner=False)))
    w.feed(facts.lead("L", T0, owner_id="anna", phones=("+1",)))
    w.to(T0 + MINUTE)
    failed = {"talk": 0, "ring": 1000, "outcome": "failed"}
    w.feed(facts.called("c", T0, lead_id="L", manager_id="anna", **failed))
    assert w.types() == ["call.ignored"]
    assert [(clock.holder, clock.source) for clock in clocks_of(w, TODAY)] == [("anna", "crm")]
    w.feed(facts.closed("L", w.now, "junk"))
    assert [(clock.holder, clock.source) for clock in fold(*w.outcomes)] == [("anna", "crm")]


def test_r25_a_start_moves_back_as_far_as_a_long_target_lets_it() -> None:
    w = World(sales("anna", "vera", policy=Policy(target=5 * DAY)))
    w.feed(facts.lead("A", T0, owner_id="anna"))
    w.to(T0 + 4 * DAY)
    w.feed(facts.lead("B", w.now, owner_id="vera"), facts.closed("A", w.now, "merged", merged_into="B"))
    w.feed(facts.assigned("B", "anna", w.now, assigned_by="human"))
    assert [(clock.lead_id, clock.holder) for clock in clocks_of(w, TODAY)] == [("A", "anna"), ("B", "vera")]


def test_a_record_that_tells_no_instant_as_a_start_is_none_of_ours() -> None:
    for start in ("2030-03-17 soon", "soon", "2030-03-17T17:46:40"):
        clocks = Clocks(BEGIN, END)
        clocks.apply([b'{"type":"sla.met.v1","subject":"x","data":{"started_at":"%s"}}' % start.encode()])
        assert (clocks.unreadable, list(clocks)) == (1, [])


@pytest.mark.parametrize("into", ["NOPE", "L", "closed"])
def test_r25_a_closing_that_wishes_to_be_merged_is_no_joining(into: str) -> None:
    """Whether anything took it, only `lead.joined` says; until then it was closed without a response."""
    w = World()
    w.feed(facts.lead("closed", T0), facts.closed("closed", T0))
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0 + MINUTE, "duplicate", merged_into=into))
    w.to(T0 + HOUR)
    (clock,) = [clock for clock in fold(*w.outcomes) if clock.lead_id == "L"]
    assert clock.counts
    assert "joined" not in (clock.ended, clock.ended_undecided)


def test_r25_a_lead_that_joined_after_its_due_decides_its_own_clock() -> None:
    joined = outcome("lead.joined", T0, cycle=1, into="M", clock="own")
    (pending,) = fold(joined)
    assert (pending.ended_undecided, pending.is_open) == ("", False)
    (decided,) = fold(joined, outcome("sla.breached", T0, cycle=1, **MET))
    assert decided.decided
    (gone,) = fold(outcome("lead.joined", T0, cycle=1, into="M", clock="joined"))
    assert gone.ended_undecided == "joined"


def test_r7_a_late_proof_decides_the_clock_that_it_names_though_the_lead_was_reopened_since() -> None:
    first = outcome("sla.breached", T0, cycle=1, **MET)
    again = outcome("lead.reopened", T0 + HOUR, cycle=2)
    back = outcome("sla.breach_retracted", T0, cycle=1, **MET)
    assert [(clock.cycle, clock.evaluated) for clock in fold(first, again, back)] == [(1, "retracted"), (2, "")]
    assert [clock.evaluated for clock in fold(first, again, back, begin=T0 + MINUTE)] == [""]


def test_r29_a_breach_that_is_taken_back_because_the_lead_was_closed_by_its_due_decided_nothing() -> None:
    breached = outcome("sla.breached", T0, **MET)
    closed = outcome("lead.closed", T0, reason="junk", responded=False)
    back = outcome("sla.breach_retracted", T0, measure="response", evaluated="first", reason="closed_before_due")
    (clock,) = fold(breached, closed, back)
    assert (clock.decided, clock.in_time, clock.responded, clock.ended_undecided) == (False, False, False, "junk")


def test_r11_a_later_turn_that_is_taken_back_counts_for_nobody() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna", phones=("+1",)))
    w.to(T0 + 25 * MINUTE)  # anna's due and vera's have passed
    w.feed(facts.called("c", T0 + 4 * MINUTE, number="+1", manager_id="anna"))
    (clock,) = fold(*w.outcomes)
    assert (clock.evaluated, clock.holder) == ("retracted", "anna")
    assert [deed for deed in clock.deeds if deed.what.startswith("later")] == []


def test_r14_nobody_answers_for_a_lead_that_was_given_too_late() -> None:
    (clock,) = fold(outcome("sla.breached", T0, late_given=True, **MET))
    assert (clock.holder, clock.late_given) == ("", True)


@pytest.mark.parametrize("day", [0, 1])
def test_r25_what_was_told_before_a_start_moved_back_moves_with_it(day: int) -> None:
    begin = T0 - DAY + day * DAY
    start, earlier = T0 + 5 * MINUTE, T0 - MINUTE
    told = (
        outcome("call.credited", start, kind="attempt", response_at=start, open_seconds=5),
        outcome("lead.reassigned", start, **{"from": "anna", "to": "vera", "reason": "no_response"}),
        outcome("lead.unassignable", start, reason="assigned"),
        outcome("sla.met", earlier, holder_id="anna", **MET),
    )
    clocks = Clocks(begin, begin + DAY, begin + 3 * DAY)
    clocks.apply(codec.encode_outcome(one) for one in told)
    found = [(clock.attempt, [deed.what for deed in clock.deeds], clock.unassignable) for clock in clocks]
    assert found == ([(5, ["away", "taken"], True)] if day == 0 else [])


def test_r25_a_start_that_moved_back_without_a_word_is_known_by_the_leads_row() -> None:
    clocks = Clocks(BEGIN, END)
    clocks.apply([codec.encode_outcome(outcome("lead.assigned", T0 + HOUR, to="anna", cycle=1))])
    clocks.add(Clock("L", codec.rfc3339(T0), cycle=1))
    clocks.add(Clock("L", codec.rfc3339(T0 - HOUR), cycle=2))  # another clock, which is not told of yet
    assert [clock.start for clock in clocks] == [codec.rfc3339(T0)]


def test_an_earlier_attempt_that_is_told_later_shortens_the_wait() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna", phones=("+1",)))
    w.to(T0 + 6 * MINUTE)
    for name, minute in (("c1", 5), ("c0", 2)):
        w.feed(facts.called(name, T0 + minute * MINUTE, number="+1", manager_id="anna", talk=0, outcome="no_answer"))
    (clock,) = fold(*w.outcomes)
    assert (clock.attempt, clock.waited) == (120, 120)


def test_r26_a_missed_call_is_recovered_by_the_clock_that_it_became_part_of_whenever_that_began() -> None:
    """Not by an earlier or a later one of that lead; also if it began on another day."""

    def recovered(*told: Publish) -> list[bool]:
        clocks = Clocks(BEGIN, END)
        joined = outcome("lead.joined", T0, into="M", missed_call=True, clock="joined", cycle=1)
        records = [
            Stored(n, one.lead_id.encode(), codec.encode_outcome(one), one.at) for n, one in enumerate([joined, *told])
        ]
        clocks.apply(record.value for record in records)
        wanted = clocks.missing()
        clocks.want(wanted)
        clocks.apply_to(wanted, records)
        return [clocks.recovered(clock) for clock in clocks if clock.lead_id == "L"]

    def of_other(kind: str, at: int, cycle: int, **data: Any) -> Publish:
        clock = {"started_at": at, "policy": "default", "cycle": cycle}
        return Publish(type=kind, lead_id="M", turn=1, at=at, data=clock | data)

    answered = of_other("sla.met", T0 - 3 * DAY, 1, **MET)
    assert recovered(answered) == [True]
    assert recovered(answered, of_other("lead.reopened", T0 - HOUR, 2)) == [False]
    assert recovered(answered, of_other("lead.reopened", T0 + HOUR, 2)) == [True]
