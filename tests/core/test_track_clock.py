"""The customer's clock: R1-R13, as a lead lives it."""

from __future__ import annotations

from dataclasses import replace

from sla_monitor.core.events import Asked
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Bounds, Hours, Policy, Rules
from tests import facts
from tests.world import T0, World, sales

OFFICE = Hours("UTC", ((((540, 1080)),),) * 5 + ((), ()))


def world(rules: Rules | None = None) -> World:
    return World(rules or sales())


def test_r03_an_attempt_happens_when_the_call_started_and_a_contact_when_talk_began() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", manager_id="anna"))
    lead = w.lead("L")
    assert lead.first_attempt_at == T0 + MINUTE
    assert lead.first_contact_at == T0 + MINUTE + 10 * SECOND


def test_r04_the_earliest_response_counts_whatever_the_arrival_order() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.called("late", T0 + 4 * MINUTE, lead_id="L"), facts.called("early", T0 + MINUTE, lead_id="L"))
    assert w.lead("L").first_attempt_at == T0 + MINUTE
    assert w.types("L").count("sla.met") == 1


def test_r04_any_managers_response_ends_the_clock_and_the_holder_is_told() -> None:
    w = world()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.message(T0 + MINUTE, "vera", lead_id="L"))
    (met,) = w.of("sla.met")
    assert (met.data["holder_id"], met.data["by"]) == ("anna", "vera")
    assert w.told("anna") == ["assigned", "answered"]


def test_r04_with_response_contact_an_attempt_is_not_enough() -> None:
    w = world(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("L", T0))
    w.feed(facts.called("a", T0 + MINUTE, lead_id="L", outcome="no_answer", talk=0, ring=30 * SECOND))
    assert w.lead("L").status == "waiting"
    w.feed(facts.called("b", T0 + 2 * MINUTE, lead_id="L"))
    assert w.of("sla.met")[0].data["response_at"] == T0 + 2 * MINUTE + 10 * SECOND


def test_r05_before_the_start_only_a_contact_that_ended_in_the_window_counts() -> None:
    w = world()
    w.feed(facts.called("attempt", T0 - MINUTE, lead_id="L", outcome="no_answer", talk=0, ring=30 * SECOND))
    w.feed(facts.lead("L", T0))
    assert w.lead("L").status == "waiting"
    w.feed(facts.called("contact", T0 - 20 * MINUTE, lead_id="L"))
    (met,) = w.of("sla.met")
    assert met.data["response_at"] == T0


def test_r06_the_clock_starts_at_the_next_open_moment() -> None:
    monday_nine = 1_900_227_600_000  # 2030-03-20 is a Wednesday; found below by the calendar itself
    rules = sales(policy=Policy(calendar="office"), calendars={"office": OFFICE})
    w = world(rules)
    night = monday_nine - monday_nine % DAY + 20 * HOUR
    w.to(night)
    w.feed(facts.lead("L", night))
    lead = w.lead("L")
    assert lead.status == "scheduled"
    assert lead.started_at % DAY == 9 * HOUR
    assert lead.due_at == lead.started_at + 10 * MINUTE
    assert w.types("L") == ["sla.scheduled"]
    w.to(lead.started_at)
    assert w.lead("L").status == "waiting"
    assert w.lead("L").holder == "anna"


def test_r07_the_customers_clock_is_evaluated_once_and_never_moves_with_the_lead() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 40 * MINUTE)
    firsts = [o for o in w.of("sla.breached") if o.data["evaluated"] == "first"]
    assert len(firsts) == 1
    assert firsts[0].data["due_at"] == T0 + 10 * MINUTE == w.lead("L").due_at


def test_r07_a_response_at_the_due_instant_is_in_time() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.feed(facts.message(T0 + 10 * MINUTE, lead_id="L"))
    assert w.types("L")[-1] == "sla.met"


def test_r08_a_breach_is_never_decided_before_due_and_allowance() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 10 * MINUTE + 2 * SECOND - 1)
    assert not w.of("sla.breached")
    w.to(T0 + 10 * MINUTE + 2 * SECOND)
    assert [o.at for o in w.of("sla.breached")] == [T0 + 10 * MINUTE + 2 * SECOND]


def test_r08_a_call_accepted_while_the_worker_was_down_is_applied_before_the_timer_decides() -> None:
    w = world()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    w.accept(facts.called("c", T0 + 5 * MINUTE, number="+79990000001"))
    w.now = T0 + HOUR
    w.to(T0 + HOUR)
    assert w.types("L")[-1] == "sla.met"
    assert not w.of("sla.breached")


def test_r08_without_answers_the_breach_is_decided_as_degraded_after_max_catch_up() -> None:
    w = world()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    answers = w.logs["phones"].queue
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", _due(w.now), w.now, w.rules))
    answers.clear()
    w.to(w.now + 60 * SECOND)
    assert w.of("sla.breached")[0].data["confidence"] == "degraded"


def _due(now: int) -> object:
    from sla_monitor.core.events import Due

    return Due(now)


def test_r08_an_answer_to_an_older_question_decides_nothing() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w._append("events", "L", Asked(lead_id="L", k=7, by="L", at=T0))
    w.run()
    assert w.counted("ignored_stale_answer") == 1


def test_r09_a_call_ringing_at_due_holds_the_decision_until_it_ends() -> None:
    w = world(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE + 50 * SECOND)
    w.feed(facts.started("c", w.now, lead_id="L", manager_id="anna"))
    w.to(T0 + 11 * MINUTE)
    assert w.lead("L").status == "held"
    w.feed(facts.ended("c", w.now, lead_id="L", talk=70 * SECOND, answered_at=T0 + 9 * MINUTE + 55 * SECOND))
    assert w.types("L")[-3:] == ["call.credited", "call.credited", "sla.met"]
    assert not w.of("sla.breached")


def test_r09_a_held_call_that_proves_nothing_releases_the_breach() -> None:
    w = world(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("L", T0))
    w.feed(facts.started("c", T0 + 9 * MINUTE, lead_id="L"))
    w.to(T0 + 10 * MINUTE + 30 * SECOND)
    w.feed(facts.ended("c", w.now, lead_id="L", talk=0, outcome="no_answer", ring=30 * SECOND))
    assert "sla.released" in w.types("L")
    assert len(w.of("sla.breached")) == 1


def test_r09_a_call_longer_than_max_hold_lets_the_decision_go() -> None:
    w = world()
    w.feed(facts.lead("L", T0), facts.started("c", T0 + 9 * MINUTE, lead_id="L", direction="inbound"))
    w.to(T0 + 11 * MINUTE + 1)
    assert w.of("sla.released")[0].data["reason"] == "limit"
    assert len(w.of("sla.breached")) == 1


def test_r10_a_breach_whose_response_is_known_is_counted_but_not_reassigned() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.message(w.now, lead_id="L"))
    assert w.lead("L").status == "waiting"
    w.to(T0 + HOUR)
    assert w.types("L")[-2:] == ["sla.breached", "sla.responded"]
    assert not w.of("lead.reassigned")
    assert w.lead("L").status == "answered"


def test_r11_late_proof_retracts_the_breach_once_and_tells_everybody() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 12 * MINUTE)
    assert w.lead("L").holder == "vera"
    w.feed(facts.called("c", T0 + 8 * MINUTE, lead_id="L", manager_id="anna"))
    w.feed(facts.called("d", T0 + 7 * MINUTE, lead_id="L", manager_id="anna"))
    assert len(w.of("sla.breach_retracted")) == 1
    lead = w.lead("L")
    assert (lead.status, lead.holder, lead.turns[-1].result) == ("answered", "vera", "ended")
    assert [w.told(name).count("retracted") for name in ("anna", "vera", "boris")] == [1, 1, 1]


def test_r11_each_breach_due_after_the_proof_is_retracted_and_earlier_ones_stand() -> None:
    w = world(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 21 * MINUTE)
    assert [o.turn for o in w.of("sla.breached")] == [1, 2]
    w.feed(facts.called("c", T0 + 15 * MINUTE, lead_id="L", manager_id="vera"))
    assert [o.turn for o in w.of("sla.breach_retracted")] == [2]
    assert "sla.responded" in w.types("L")


def test_r11_a_met_later_turn_stands_when_the_first_breach_is_retracted() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.message(w.now, "vera", lead_id="L"))
    w.feed(facts.message(T0 + 9 * MINUTE, "anna", lead_id="L"))
    assert [(o.turn, o.data["evaluated"]) for o in w.of("sla.met")] == [(2, "later")]
    assert [o.turn for o in w.of("sla.breach_retracted")] == [1]


def test_r12_a_missed_contact_target_is_a_breach_of_contact_and_reassigns_nothing() -> None:
    w = world(sales(policy=Policy(contact_target=HOUR)))
    w.feed(facts.lead("L", T0))
    w.feed(facts.message(T0 + MINUTE, lead_id="L"))
    w.to(T0 + 2 * HOUR)
    (breach,) = w.of("sla.breached")
    assert (breach.data["measure"], breach.data["due_at"]) == ("contact", T0 + HOUR)
    assert not w.of("lead.reassigned")
    assert "contact_breached" in w.told("anna")
    assert "contact_breached" in w.told("boris")


def test_r12_a_contact_in_time_is_met_and_a_late_proof_retracts() -> None:
    w = world(sales(policy=Policy(contact_target=HOUR)))
    w.feed(facts.lead("A", T0), facts.called("c", T0 + MINUTE, lead_id="A"))
    assert {o.data["measure"] for o in w.of("sla.met", "A")} == {"response", "contact"}
    w.feed(facts.lead("B", T0), facts.message(T0 + MINUTE, lead_id="B"))
    w.to(T0 + 2 * HOUR)
    w.feed(facts.called("d", T0 + 50 * MINUTE, lead_id="B"))
    assert [o.data["measure"] for o in w.of("sla.breach_retracted", "B")] == ["contact"]


def test_r13_warnings_come_at_their_shares_of_the_target_each_once() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE)
    assert [(o.at - T0, o.data["share"]) for o in w.of("sla.warning")] == [(6 * MINUTE, 60), (8.5 * MINUTE, 85)]
    assert w.told("anna") == ["assigned", "warning", "warning"]


def test_r13_of_several_warnings_due_together_the_last_is_sent() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.now = T0 + 9 * MINUTE
    w.to(w.now)
    assert [o.data["share"] for o in w.of("sla.warning")] == [85]


def test_r13_no_warning_with_less_than_fifteen_seconds_left() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.now = T0 + 10 * MINUTE - 14 * SECOND
    w.to(w.now)
    assert not w.of("sla.warning")


def test_r30_a_lead_received_after_its_due_is_breached_and_its_holder_gets_a_fresh_target() -> None:
    w = world()
    w.to(T0 + 30 * MINUTE)
    w.feed(facts.lead("L", T0, received=w.now))
    w.after(3 * SECOND)
    (breach,) = w.of("sla.breached")
    assert breach.data["reason"] == "late_arrival"
    assert w.lead("L").current.due == T0 + 40 * MINUTE
    assert not w.of("lead.reassigned")
    w.to(T0 + 41 * MINUTE)
    assert w.of("lead.reassigned")[0].data["to"] == "vera"


def test_r30_an_old_lead_is_backfill_without_clock_notice_or_evaluation() -> None:
    w = world()
    w.feed(facts.lead("L", T0 - 25 * HOUR, received=T0))
    w.to(T0 + HOUR)
    assert not w.outcomes
    assert not w.sent
    assert w.counted("backfill") == 1


def test_r30_a_test_lead_is_timed_and_marked() -> None:
    w = world()
    w.feed(facts.lead("L", T0, test=True))
    w.to(T0 + 11 * MINUTE)
    assert all(o.data["test"] for o in w.outcomes)
    assert not w.measures
    assert {send.channel for send in w.sent} == {"log://"}


def test_r33_open_leads_follow_a_new_policy_only_with_apply_to_open_and_never_to_before_the_change() -> None:
    w = world()
    w.feed(facts.lead("A", T0))
    w.to(T0 + 7 * MINUTE)
    stricter = sales(policy=Policy(target=5 * MINUTE, apply_to_open=True), limits=Bounds())
    w.change_rules(_versioned(stricter, 2))
    w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
    assert w.lead("A").due_at == T0 + 7 * MINUTE
    w.to(T0 + 8 * MINUTE)
    assert w.of("sla.breached", "A")


def test_r33_a_lead_keeps_the_policy_it_started_with() -> None:
    w = world()
    w.feed(facts.lead("A", T0))
    w.change_rules(_versioned(sales(policy=Policy(target=5 * MINUTE)), 2))
    w.to(T0 + 9 * MINUTE)
    assert not w.of("sla.breached")
    assert w.lead("A").due_at == T0 + 10 * MINUTE


def _versioned(rules: Rules, version: int) -> Rules:
    return replace(rules, version=version)


def test_r34_a_call_reported_only_after_its_end_breaches_first_and_is_then_retracted() -> None:
    w = world()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 15 * MINUTE)
    w.feed(facts.called("long", T0 + 9 * MINUTE, lead_id="L", talk=5 * MINUTE))
    assert w.types("L").count("sla.breached") == 1
    assert w.types("L").count("sla.breach_retracted") == 1


def test_r33_a_due_that_has_passed_is_not_moved_within_the_past_nor_by_a_stricter_policy() -> None:
    w = world()
    w.feed(facts.lead("A", T0))
    w.now = T0 + 10 * MINUTE + SECOND
    for version, target in ((2, 5 * MINUTE), (3, 10 * MINUTE + SECOND // 2)):
        w.change_rules(_versioned(sales(policy=Policy(target=target, apply_to_open=True)), version))
        w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
        assert w.lead("A").due_at == T0 + 10 * MINUTE


def test_r33_a_late_response_is_in_time_when_a_new_policy_moves_due_behind_it() -> None:
    w = world()
    w.feed(facts.lead("A", T0))
    w.to(T0 + 10 * MINUTE + SECOND)
    w.feed(facts.message(w.now, lead_id="A"))
    w.change_rules(_versioned(sales(policy=Policy(target=20 * MINUTE, apply_to_open=True)), 2))
    w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
    w.to(T0 + HOUR)
    assert w.types("A")[-1] == "sla.met"
    assert not w.of("sla.breached")


def test_r33_warnings_follow_the_new_policy() -> None:
    w = world()
    w.feed(facts.lead("A", T0))
    w.change_rules(_versioned(sales(policy=Policy(target=5 * MINUTE, apply_to_open=True)), 2))
    w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
    w.to(T0 + 4 * MINUTE)
    assert [o.at - T0 for o in w.of("sla.warning")] == [3 * MINUTE]


def test_r33_a_contact_target_moves_with_the_policy_until_it_is_evaluated() -> None:
    w = world(sales(policy=Policy(response="contact", target=HOUR, contact_target=2 * HOUR)))
    w.feed(facts.lead("A", T0))
    w.to(T0 + MINUTE)
    for version, target, due_at in ((2, HOUR, T0 + HOUR), (3, 1, T0 + MINUTE)):
        policy = Policy(response="contact", target=HOUR, contact_target=target, apply_to_open=True)
        w.change_rules(_versioned(sales(policy=policy), version))
        w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
        assert w.lead("A").contact_due_at == due_at
    w.to(T0 + 2 * MINUTE)
    assert w.lead("A").contact_evaluated == "breached"
    w.change_rules(_versioned(sales(policy=replace(policy, contact_target=3 * HOUR)), 4))
    w._perform("events", w.logs["events"].apply("A", _due(w.now), w.now, w.rules))
    assert w.lead("A").contact_due_at == T0 + MINUTE


def test_r08_another_due_that_passed_while_one_was_decided_is_asked_about_at_once() -> None:
    w = world()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + MINUTE)
    w.feed(facts.assigned("L", "vera", w.now))
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", _due(w.now), w.now, w.rules))
    w.logs["events"].queue.clear()
    w.now = T0 + 11 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", _due(w.now), w.now, w.rules))
    assert w.of("sla.breached")[0].data["confidence"] == "degraded"
    assert w.lead("L").unanswered
    w.run()
    assert w.lead("L").current.result == "ended"


def test_r08_an_answer_decides_only_what_was_due_when_it_was_asked_for() -> None:
    target = 10 * MINUTE
    w = world(sales(policy=Policy(target=target, contact_target=target + 30 * SECOND, allowance=0)))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + target + 10 * SECOND)
    assert [o.data["measure"] for o in w.of("sla.breached")] == ["response"]
    w.to(T0 + target + MINUTE)
    assert [o.data["measure"] for o in w.of("sla.breached")] == ["response", "contact"]
