"""A reopened lead has a clock of its own: whose each proof is, and who answers for it (R5, R7, R29, R30)."""

from __future__ import annotations

import pytest

from sla_monitor.core.lead_clock import MOST
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Policy
from tests import facts
from tests.reopening import PHONE, call, decided, reopened
from tests.world import T0, World, sales

# R5, R7: whose a proof is


def test_r07_late_proof_takes_back_the_breach_of_the_clock_it_fell_into_and_meets_no_other() -> None:
    w = reopened()
    call(w, T0 + 3 * MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("breach_retracted", 1, "anna")]
    (back,) = w.of("sla.breach_retracted")
    assert (back.turn, back.data["started_at"], back.data["due_at"]) == (1, T0, T0 + 10 * MINUTE)
    assert w.lead("L").status == "waiting"
    w.after(11 * MINUTE)
    assert decided(w)[2][:2] == ("breached", 3)


def test_r07_a_talk_before_a_reopening_that_answered_nothing_else_counts_for_it_once() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    call(w, T0 + MINUTE)
    w.to(T0 + HOUR)
    call(w, T0 + HOUR - 2 * MINUTE)
    w.feed(facts.reopened("L", T0 + HOUR))
    assert decided(w) == [("met", 1, "anna"), ("met", 2, "anna")]
    assert [o.data["response_at"] for o in w.of("sla.met")] == [T0 + MINUTE, T0 + HOUR]


def test_r07_the_talk_that_answered_a_clock_answers_no_later_one() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    call(w, T0 + MINUTE)
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.reopened("L", w.now))
    assert decided(w) == [("met", 1, "anna")]
    assert w.lead("L").status == "waiting"


def test_r07_a_talk_after_a_late_answer_counts_for_what_is_reopened_soon_after_whichever_is_told_first() -> None:
    for first in (True, False):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"))
        w.to(T0 + 14 * MINUTE)
        talk = facts.called("c", T0 + 12 * MINUTE, lead_id="L", manager_id="anna", received=w.now)
        told = [talk, facts.message(T0 + 11 * MINUTE, lead_id="L", received=w.now)]
        w.feed(*(told if first else reversed(told)))
        w.to(T0 + 15 * MINUTE)
        w.feed(facts.reopened("L", w.now))
        assert decided(w) == [("breached", 1, "anna"), ("met", 1, "vera"), ("met", 3, "vera")]
        assert w.types("L").count("sla.responded") == 1


def test_r07_proof_of_the_instant_of_a_reopening_counts_for_that_in_whatever_order_it_is_told() -> None:
    for first in (True, False):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"))
        told = [facts.message(T0, lead_id="L"), facts.reopened("L", T0)]
        w.feed(*(told if first else reversed(told)))
        assert decided(w) == [("met", 1, "anna"), ("met", 2, "anna")]


def test_r07_what_ended_a_clock_at_the_instant_of_its_reopening_counts_for_that_clock_alone() -> None:
    for first in (True, False):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"))
        w.to(T0 + 2 * MINUTE)
        told = [facts.message(T0 + MINUTE, lead_id="L", received=w.now), facts.reopened("L", T0 + MINUTE)]
        w.feed(*(told if first else reversed(told)))
        assert decided(w) == [("met", 1, "anna")]
        assert (w.lead("L").status, w.lead("L").cycle) == ("waiting", 2)


def test_r07_an_earlier_response_leaves_a_call_that_rang_before_the_next_reopening_whole() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.reopened("L", T0 + MINUTE))
    w.feed(facts.called("rang", T0 + MINUTE, lead_id="L", ring=SECOND, talk=MINUTE, manager_id="anna"))
    w.feed(facts.reopened("L", T0 + MINUTE + 2 * SECOND))
    w.feed(facts.called("earlier", T0 + 50 * SECOND, lead_id="L", ring=SECOND, talk=MINUTE, manager_id="anna"))
    assert decided(w) == [("met", 1, "anna"), ("met", 2, "anna")]
    assert w.lead("L").status == "waiting"


def test_r07_where_only_a_talk_answers_what_answered_a_clock_answers_no_later_one_whatever_is_told_since() -> None:
    w = World(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", ring=SECOND, talk=MINUTE, manager_id="anna", received=w.now))
    w.feed(facts.message(T0 + 30 * SECOND, lead_id="L", received=w.now), facts.closed("L", T0 + 40 * SECOND))
    w.to(T0 + 10 * MINUTE)
    w.feed(facts.reopened("L", w.now), facts.message(T0 + 20 * SECOND, lead_id="L", received=w.now))
    assert [decision for decision in decided(w) if decision[1] > 1] == []


@pytest.mark.parametrize("times", [1, 2])
def test_r07_a_displaced_talk_is_kept_for_a_later_clock_as_one(times) -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", ring=SECOND, talk=MINUTE, manager_id="anna", received=w.now))
    for n in range(times):
        w.feed(facts.reopened("L", T0 + MINUTE - SECOND + n * 3 * SECOND, received=w.now))
    assert decided(w) == [("met", 1, "anna"), ("met", 2, "anna")]


def test_r05_a_talk_that_was_another_leads_is_near_no_clock_when_an_earlier_response_displaces_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 5 * MINUTE)
    talk = facts.called("c", T0 + 2 * MINUTE, lead_id="L", ring=SECOND, talk=MINUTE, received=w.now, spoken_for=True)
    w.feed(talk, facts.message(T0 + MINUTE, lead_id="L", received=w.now))
    w.feed(facts.reopened("L", w.now))
    assert decided(w) == [("met", 1, "anna")]
    assert w.lead("L").status == "waiting"


def test_r07_where_only_a_talk_answers_it_counts_when_it_began_and_not_when_it_rang() -> None:
    w = World(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.closed("L", T0 + 10 * MINUTE - 5 * SECOND))
    w.to(T0 + 15 * MINUTE)
    call(w, T0 + 10 * MINUTE - 8 * SECOND)
    w.feed(facts.reopened("L", w.now))
    assert decided(w) == [("met", 2, "anna")]


def test_r07_a_call_that_rang_before_a_reopening_and_was_answered_after_it_counts_once() -> None:
    for first in (True, False):
        w = World()
        w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0 + 3 * SECOND, received=T0 + 3 * SECOND))
        w.to(T0 + 5 * MINUTE)
        talk = facts.called("c", T0, lead_id="L", ring=10 * SECOND, manager_id="anna", received=w.now)
        told = [talk, facts.reopened("L", T0 + 5 * SECOND, received=w.now)]
        w.feed(*(told if first else reversed(told)))
        assert (decided(w), w.lead("L").status) == ([("met", 1, "anna")], "waiting")


def test_r10_a_late_response_is_announced_once_though_the_next_clock_has_it_since() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.message(T0 + 13 * MINUTE, lead_id="L", received=w.now))
    w.feed(facts.closed("L", T0 + 12 * MINUTE, received=T0 + 12 * MINUTE))
    w.feed(facts.reopened("L", T0 + 12 * MINUTE + SECOND, received=w.now))
    w.feed(facts.message(T0 + 11 * MINUTE, lead_id="L", received=w.now))
    assert decided(w) == [("breached", 1, "anna"), ("met", 1, "vera"), ("met", 3, "vera")]
    assert [o.data["response_at"] for o in w.of("sla.responded")] == [T0 + 13 * MINUTE]


def test_r07_proof_that_came_before_the_word_of_a_reopening_counts_for_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0 + MINUTE))
    w.to(T0 + HOUR)
    w.feed(facts.message(w.now, lead_id="L"))
    w.feed(facts.reopened("L", w.now - MINUTE, received=w.now))
    assert decided(w) == [("met", 2, "anna")]


def test_r07_a_clock_that_waited_when_its_lead_was_reopened_is_decided_all_the_same() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna")]
    assert w.lead("L").status == "waiting"


def test_r07_at_most_eight_clocks_are_kept_and_a_ninth_is_flagged() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    for _ in range(MOST):
        w.after(MINUTE)
        w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    assert [clock.cycle for clock in w.lead("L").clocks] == list(range(2, MOST + 2))
    assert w.lead("L").flags == ("clocks_dropped",)


def test_r07_an_answered_lead_whose_clock_is_forgotten_is_reopened_like_any_other() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    call(w, T0)
    w.after(8 * DAY)
    w.feed(facts.reopened("L", w.now))
    assert [clock.start for clock in w.lead("L").clocks] == [w.now]
    assert (w.lead("L").status, w.lead("L").holder) == ("waiting", "anna")


@pytest.mark.parametrize("first", ["talk", "reopening"])
@pytest.mark.parametrize("how", ["answered", "closed"])
def test_r05_the_talk_that_answered_another_lead_meets_no_clock_that_is_reopened_later(first: str, how: str) -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE,), owner_id="anna"))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.message(T0 + MINUTE, lead_id="L") if how == "answered" else facts.closed("L", T0 + MINUTE))
    w.to(T0 + 20 * MINUTE)
    w.feed(facts.lead("M", w.now, phones=(PHONE,), owner_id="vera"))
    w.to(T0 + 27 * MINUTE)
    talk = facts.called("c", T0 + 25 * MINUTE, number=PHONE, manager_id="vera", received=w.now)
    for fact in (talk, facts.reopened("L", w.now))[:: 1 if first == "talk" else -1]:
        w.feed(fact)
    assert decided(w, "M") == [("met", 1, "vera")]
    assert w.lead("L").status == "waiting"


def test_r07_the_talk_that_answered_another_lead_answers_one_that_was_reopened_before_it_too() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE,), owner_id="anna"), facts.closed("L", T0))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("M", w.now, phones=(PHONE,), owner_id="vera"))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.called("c", T0 + 3 * MINUTE, number=PHONE, manager_id="vera", received=w.now))
    w.feed(facts.reopened("L", T0 + 2 * MINUTE, received=w.now))
    assert (decided(w, "M"), decided(w, "L")) == ([("met", 1, "vera")], [("met", 2, "anna")])


@pytest.mark.parametrize("told", [4 * MINUTE, 20 * MINUTE])
def test_r07_a_talk_after_the_answer_counts_for_the_clock_that_is_reopened_soon_after_whenever_it_is_told(told) -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0 + MINUTE, lead_id="L", received=T0))
    for at, fact in sorted(
        [
            (told, facts.called("c", T0 + 2 * MINUTE, lead_id="L", manager_id="anna", received=T0 + told)),
            (5 * MINUTE, facts.closed("L", T0 + 5 * MINUTE)),
            (15 * MINUTE, facts.reopened("L", T0 + 15 * MINUTE)),
        ],
        key=lambda each: each[0],
    ):
        w.to(T0 + at)
        w.feed(fact)
    assert decided(w) == [("met", 1, "anna"), ("met", 2, "anna")]


def test_r07_a_talk_that_decided_something_for_a_clock_counts_for_no_other() -> None:
    w = World(sales(policy=Policy(contact_target=4 * MINUTE)))
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0 + MINUTE, lead_id="L", received=T0))
    w.to(T0 + 4 * MINUTE)
    call(w, T0 + 2 * MINUTE)
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.closed("L", w.now))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.reopened("L", w.now))
    assert [(o.data["measure"], o.data["cycle"]) for o in w.of("sla.met")] == [("response", 1), ("contact", 1)]
    assert w.lead("L").status == "waiting"


# R29, R30: reopening


def test_r29_an_older_closing_does_not_close_what_was_reopened_since() -> None:
    w = reopened()
    w.feed(facts.closed("L", T0 + 12 * MINUTE + SECOND, received=w.now))
    assert w.lead("L").status == "waiting"


def test_r30_a_reopening_that_is_told_late_is_a_late_arrival_with_a_fresh_target() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0))
    w.to(T0 + HOUR)
    w.feed(facts.reopened("L", w.now - 30 * MINUTE, received=w.now))
    w.after(MINUTE)
    (breach,) = w.of("sla.breached")
    assert (breach.data["reason"], breach.data.get("holder_id")) == ("late_arrival", None)
    assert (w.lead("L").holder, w.lead("L").current.due) == ("anna", T0 + HOUR + 10 * MINUTE)


def test_r30_a_reopening_that_is_too_old_begins_no_clock() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0))
    w.to(T0 + 3 * DAY)
    w.feed(facts.reopened("L", T0 + MINUTE, received=w.now))
    assert (w.lead("L").status, w.of("lead.reopened"), w.counted("backfill")) == ("closed", [], 1)


def test_r29_a_head_who_had_it_by_escalation_is_not_the_first_holder_of_the_reopened_lead() -> None:
    w = World(sales("anna", "vera", policy=Policy(max_turns=1)))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    assert w.lead("L").holder == "boris"
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    assert w.lead("L").holder == "vera"


def test_r29_whoever_a_person_named_after_an_escalation_is() -> None:
    w = World(sales("anna", "vera", "zoya", policy=Policy(max_turns=1)))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.closed("L", w.now), facts.assigned("L", "zoya", w.now, assigned_by="human"))
    w.feed(facts.reopened("L", w.now))
    assert w.lead("L").holder == "zoya"


def test_r29_a_head_whom_a_person_named_is() -> None:
    w = World(sales("anna", policy=Policy(max_turns=1)))
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.assigned("L", "boris", T0, assigned_by="human"))
    w.feed(facts.closed("L", T0 + 1), facts.reopened("L", T0 + 2))
    assert w.lead("L").holder == "boris"


def test_r07_what_answered_a_lead_as_it_came_answers_no_reopening_of_that_instant_too() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.closed("L", T0))
    w.feed(facts.called("c", T0, lead_id="L"), facts.reopened("L", T0))
    assert [met.turn for met in w.of("sla.met")] == [1]
