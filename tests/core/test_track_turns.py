"""Turns: who has the lead, and what happens when nobody reacts: R14-R22."""

from __future__ import annotations

from sla_monitor.core.events import Assigned, Away
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Policy, Rules
from tests import facts
from tests.world import T0, World, sales


def breached(rules: Rules | None = None) -> World:
    """A lead that nobody answered, just after its customer's due."""
    w = World(rules or sales())
    w.feed(facts.lead("L", T0))
    w.to(T0 + 10 * MINUTE + 3 * SECOND)
    return w


def test_r14_on_breach_the_lead_goes_to_another_manager_with_a_fresh_target() -> None:
    w = breached()
    (moved,) = w.of("lead.reassigned")
    assert (moved.turn, moved.data["from"], moved.data["to"], moved.data["reason"]) == (
        2,
        "anna",
        "vera",
        "no_response",
    )
    assert moved.data["due_at"] == moved.at + 10 * MINUTE
    assert w.told("vera") == ["assigned"]
    assert w.told("anna")[-1] == "reassigned_away"


def test_r14_a_turn_begins_when_it_is_read_so_that_our_pause_costs_the_manager_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.now = T0 + HOUR
    w.to(T0 + HOUR)
    assert w.lead("L").current.due == T0 + HOUR + 10 * MINUTE


def test_r14_a_turn_begun_by_a_breach_is_evaluated_for_its_holder() -> None:
    w = breached()
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.message(w.now, "vera", lead_id="L"))
    (met,) = w.of("sla.met")
    assert (met.turn, met.data["evaluated"], met.data["holder_id"]) == (2, "later", "vera")
    assert w.types("L")[-2:] == ["sla.met", "sla.responded"]


def test_r14_a_later_turn_without_a_response_is_a_breach_of_its_own() -> None:
    w = breached(sales("anna", "vera", "olga"))
    w.to(T0 + 21 * MINUTE)
    assert [(o.turn, o.data["evaluated"]) for o in w.of("sla.breached")] == [(1, "first"), (2, "later")]


def test_r14_on_breach_notify_tells_holder_and_head_and_the_turn_stays() -> None:
    w = breached(sales(policy=Policy(on_breach="notify")))
    assert w.lead("L").holder == "anna"
    assert "breached" in w.told("anna")
    assert w.told("boris") == ["breached"]
    w.to(T0 + HOUR)
    assert not w.of("lead.reassigned")


def test_r15_nobody_gets_the_same_lead_twice() -> None:
    w = breached()
    w.to(T0 + HOUR)
    given = [o.data["to"] for o in w.outcomes if o.type in ("lead.assigned", "lead.reassigned")]
    assert given == ["anna", "vera"]


def test_r16_a_hand_over_gives_a_fresh_target_and_leaves_the_customers_clock() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now, assigned_by="human"))
    lead = w.lead("L")
    assert (lead.holder, lead.turn, lead.current.due, lead.due_at) == ("vera", 2, T0 + 15 * MINUTE, T0 + 10 * MINUTE)
    assert lead.turns[0].result == "superseded"
    w.to(T0 + 12 * MINUTE)
    assert [o.turn for o in w.of("sla.breached")] == [1]
    assert not w.of("lead.reassigned")


def test_r16_an_unanswered_hand_over_is_reassigned_at_its_own_due_without_a_breach_of_its_own() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now))
    w.to(T0 + 16 * MINUTE)
    (moved,) = w.of("lead.reassigned")
    assert (moved.data["to"], moved.data["reason"], moved.turn) == ("olga", "no_response", 3)
    assert len(w.of("sla.breached")) == 1
    w.to(T0 + 27 * MINUTE)
    assert [o.turn for o in w.of("sla.breached")] == [1, 3]


def test_r16_a_claim_takes_the_lead_and_a_second_claim_of_the_turn_changes_nothing() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.feed(facts.claimed("L", "vera", 1, T0 + MINUTE), facts.claimed("L", "olga", 1, T0 + MINUTE + 1))
    assert w.lead("L").holder == "vera"
    assert w.counted("ignored_stale_claim") == 1


def test_r16_a_claim_by_the_holder_is_an_acknowledgement() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    before = w.lead("L")
    w.feed(facts.claimed("L", "anna", 1, T0 + MINUTE))
    assert (w.lead("L").turn, w.lead("L").due_at) == (before.turn, before.due_at)
    assert w.counted("acknowledged") == 1


def test_r17_an_absent_holder_is_superseded_under_reassign_without_a_breach() -> None:
    w = World(sales(policy=Policy(on_absence="reassign")))
    w.feed(facts.lead("L", T0))
    w.feed(facts.status("anna", "offline", T0 + MINUTE))
    w.to(T0 + 3 * MINUTE)
    assert w.lead("L").holder == "vera"
    assert w.of("lead.reassigned")[0].data["reason"] == "absent"
    assert not w.of("sla.breached")


def test_r17_under_wait_the_owner_keeps_the_lead_flagged() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.status("anna", "offline", T0 + MINUTE))
    w.to(T0 + 3 * MINUTE)
    assert w.lead("L").holder == "anna"
    assert "holder_absent" in w.lead("L").flags


def test_r17_a_live_call_wins_over_absence() -> None:
    w = World(sales(policy=Policy(on_absence="reassign", response="contact")))
    w.feed(facts.lead("L", T0))
    w.feed(facts.started("c", T0 + SECOND, lead_id="L", manager_id="anna"))
    w.feed(facts.status("anna", "offline", T0 + MINUTE))
    w.to(T0 + 2 * MINUTE + SECOND)
    assert w.lead("L").holder == "anna"
    assert w.counted("ignored_live_call") == 1


def test_r17_absence_of_somebody_who_no_longer_holds_it_changes_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w._append("events", "L", Away(lead_id="L", manager_id="vera", at=T0))
    w.run()
    assert w.counted("ignored_stale_answer") == 1


def test_r17_an_owner_absent_at_the_start_is_replaced_then_under_reassign() -> None:
    w = World(sales(policy=Policy(on_absence="reassign")))
    w.feed(facts.status("anna", "offline", T0))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    assert w.lead("L").holder == "vera"
    assert not w.of("sla.breached")


def test_r18_with_nobody_eligible_the_head_is_told_at_once_and_the_lead_is_offered_again() -> None:
    w = World()
    w.feed(facts.status("anna", "away", T0), facts.status("vera", "away", T0), facts.lead("L", T0))
    assert w.lead("L").status == "unassignable"
    assert w.told("boris") == ["unassignable"]
    w.feed(facts.status("vera", "available", T0 + MINUTE))
    assert (w.lead("L").status, w.lead("L").holder) == ("waiting", "vera")
    assert w.lead("L").current.due == T0 + 10 * MINUTE


def test_r18_the_customers_clock_runs_on_while_unassignable() -> None:
    w = World()
    w.feed(facts.status("anna", "away", T0), facts.status("vera", "away", T0), facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    assert len(w.of("sla.breached")) == 1
    assert w.lead("L").status == "unassignable"
    w.feed(facts.status("vera", "available", w.now))
    assert (w.lead("L").turn, w.lead("L").current.kind) == (2, "breach")


def test_r19_after_max_turns_the_head_holds_the_lead_without_a_timer() -> None:
    w = breached(sales("a", "b", "c", "d"))
    w.to(T0 + 3 * HOUR)
    assert [o.data["to"] for o in w.of("lead.escalated")] == ["boris"]
    assert (w.lead("L").status, w.lead("L").holder) == ("escalated", "boris")
    assert len(w.of("sla.breached")) == 3
    assert w.told("boris") == ["escalated"]


def test_r19_a_response_or_a_persons_assignment_ends_the_escalation() -> None:
    w = breached(sales("a", "b", "c", "d"))
    w.to(T0 + HOUR)
    w.feed(facts.assigned("L", "d", w.now))
    assert (w.lead("L").status, w.lead("L").holder) == ("overdue", "d")
    w.feed(facts.message(w.now, "d", lead_id="L"))
    assert w.lead("L").status == "answered"


def test_r20_a_reassignment_not_yet_announced_is_dropped_when_the_lead_was_answered() -> None:
    w = breached()
    w.feed(facts.lead("M", w.now))
    ask = w.lead("M").ask
    w.feed(facts.message(w.now, lead_id="M"))
    w._append("events", "M", Assigned(lead_id="M", n=ask, at=w.now, manager_id="vera"))
    w.run()
    assert not w.of("lead.reassigned", "M")
    assert w.counted("ignored_not_open") == 1


def test_r20_an_answer_to_a_replaced_ask_is_ignored() -> None:
    w = breached()
    w._append("events", "L", Assigned(lead_id="L", n=1, at=w.now, manager_id="anna"))
    w.run()
    assert w.lead("L").holder == "vera"


def test_r21_our_own_assignment_coming_back_starts_nothing() -> None:
    w = breached(sales("anna", "vera", "olga"))
    w.feed(facts.assigned("L", "olga", w.now))
    turn = w.lead("L").turn
    w.feed(
        facts.assigned("L", "anna", w.now, assigned_by="sla"),
        facts.assigned("L", "olga", w.now),
        facts.assigned("L", "vera", w.now),
    )
    assert w.lead("L").turn == turn
    assert w.counted("ignored_echo") == 3


def test_r21_an_assignment_older_than_the_one_in_force_is_only_shown() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.feed(facts.assigned("L", "vera", T0 + 2 * MINUTE), facts.assigned("L", "olga", T0 + MINUTE))
    assert w.lead("L").holder == "vera"
    assert w.counted("ignored_older") == 1


def test_r22_the_first_assignment_fills_turn_one_and_leaves_due_as_it_is() -> None:
    w = World(sales(policy=Policy(unowned="wait")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 30 * SECOND)
    w.feed(facts.assigned("L", "vera", w.now))
    lead = w.lead("L")
    assert (lead.turn, lead.holder, lead.current.due) == (1, "vera", T0 + 10 * MINUTE)


def test_r22_an_unowned_lead_waits_for_the_crm_and_is_then_assigned() -> None:
    w = World(sales(policy=Policy(unowned="wait")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 59 * SECOND)
    assert not w.lead("L").holder
    w.to(T0 + MINUTE)
    assert w.lead("L").holder == "anna"


def test_r22_an_assignment_after_the_customers_due_begins_the_next_turn() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=HOUR, on_breach="notify")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.assigned("L", "vera", w.now))
    assert (w.lead("L").turn, w.lead("L").current.kind) == (2, "breach")


def test_r22_a_turn_begun_after_the_response_is_no_breach_however_late_it_is_decided() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=HOUR)))
    w.feed(facts.lead("L", T0))
    w.now = T0 + 11 * MINUTE  # no timer was decided meanwhile
    w.feed(facts.message(w.now, "anna", lead_id="L"))
    w.feed(facts.assigned("L", "vera", w.now + SECOND))
    assert (w.lead("L").turn, w.lead("L").current.kind) == (2, "breach")
    w.now = T0 + HOUR
    w.to(T0 + HOUR)
    assert [breach.turn for breach in w.of("sla.breached")] == [1]
    assert not w.of("sla.breach_retracted")
    assert w.types("L")[-1] == "sla.responded"


def test_r22_an_owner_named_by_the_event_is_given_the_lead_with_one_notice() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="vera"))
    (given,) = w.of("lead.assigned")
    assert (given.data["to"], given.data["reason"]) == ("vera", "given")
    assert w.told("vera") == ["assigned"]


def test_r22_notify_owner_false_keeps_the_given_owner_unnotified() -> None:
    w = World(sales(policy=Policy(notify_owner=False)))
    w.feed(facts.lead("L", T0, owner_id="vera"))
    assert not w.told("vera")


def test_r22_an_unknown_owner_or_team_never_rejects_a_lead() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="nobody", team_id="none"))
    lead = w.lead("L")
    assert lead.holder == "anna"
    assert {"unknown_owner", "unknown_team"} <= set(lead.flags)


def test_r22_with_no_managers_any_owner_is_taken_and_r18_applies_at_the_breach() -> None:
    w = World(Rules(version=1))
    w.feed(facts.lead("L", T0, owner_id="zoe"))
    assert w.lead("L").holder == "zoe"
    w.to(T0 + 11 * MINUTE)
    assert w.lead("L").status == "unassignable"
    assert w.told("zoe")[0] == "assigned"


def test_r16_a_claim_of_a_turn_that_is_over_changes_nothing() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 11 * MINUTE)
    holder = w.lead("L").holder
    other = next(name for name in ("vera", "olga") if name != holder)
    w.feed(facts.claimed("L", other, 1, w.now))
    assert (w.lead("L").holder, w.counted("ignored_stale_claim")) == (holder, 1)
