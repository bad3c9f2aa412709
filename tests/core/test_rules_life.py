"""Each sentence of R23-R34 that no other test holds to its word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_monitor import codec
from sla_monitor.core.effects import Log
from sla_monitor.core.events import Due
from sla_monitor.core.lead import OPEN, OPEN_NUMBERS, OPEN_TESTS
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy
from tests import facts
from tests.world import T0, World, sales

PHONE, OTHER = "+79990000001", "+79990000002"
MIDNIGHT = T0 - T0 % DAY
NINE = MIDNIGHT + DAY + 9 * HOUR
OFFICE = sales(policy=Policy(calendar="office"), calendars={"office": Hours("UTC", (((540, 1080),),) * 7)})


def everything(w: World) -> bytes:
    """All that is kept or waits anywhere."""
    rows = [value for log in w.logs.values() for value in log.rows.values()]
    return b"".join((*rows, *(value for log in w.logs.values() for _, value in log.queue)))


def test_r23_six_statuses_are_open() -> None:
    assert {"scheduled", "waiting", "held", "overdue", "unassignable", "escalated"} == OPEN


def test_r23_a_closed_lead_collects_no_calls_that_began_later() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE,)), facts.closed("L", T0 + MINUTE))
    w.feed(facts.called("c", T0 + 2 * MINUTE, number=PHONE))
    assert not w.of("call.credited")


def test_r23_what_happens_to_an_answered_lead_keeps_it() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0, lead_id="L"))
    w.to(T0 + 29 * DAY)
    w.feed(facts.message(w.now, lead_id="L"))
    w.to(T0 + 58 * DAY)
    assert w.lead("L").status == "answered"
    w.to(T0 + 59 * DAY)
    assert "L" not in w.logs["events"].rows


@pytest.mark.parametrize("end", [facts.message(T0 + 1, lead_id="L"), facts.closed("L", T0 + 1)])
def test_r23_nobody_unknown_becomes_the_holder_of_a_lead_that_is_not_open(end: Any) -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), end)
    w.feed(facts.assigned("L", "nobody", T0 + MINUTE))
    assert (w.lead("L").holder, w.counted("unknown_owner")) == ("anna", 1)


def test_r23_a_new_holder_of_an_answered_lead_gets_no_timer_and_takes_no_room() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.message(T0, lead_id="L"))
    w.feed(facts.assigned("L", "vera", T0 + 1))
    assert not w.told("vera")
    assert w.logs[Log.DESK].reducer.loads == {}  # type: ignore[attr-defined]


def test_r24_a_call_with_a_lead_and_a_number_is_that_leads_alone() -> None:
    w = World(sales(policy=Policy(join_same_number=False)))
    w.feed(facts.lead("A", T0, phones=(PHONE,)), facts.lead("B", T0, phones=(PHONE,)))
    w.feed(facts.called("c", T0 + MINUTE, lead_id="B", number=PHONE))
    assert (w.lead("A").status, w.lead("B").status) == ("waiting", "answered")


def test_r24_a_number_of_a_lead_made_again_counts_as_one_learned_later() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.called("c", T0 + MINUTE, number=PHONE))
    w.feed(facts.lead("L", T0 + 2 * MINUTE, phones=(PHONE,)))
    assert w.of("sla.met")[0].data["response_at"] == T0 + MINUTE


def test_r25_a_lead_runs_on_its_own_clock_until_it_is_accepted() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)))
    w.accept(facts.lead("B", T0, phones=(PHONE,)))
    w.step("events")
    assert (w.lead("B").status, w.lead("B").due_at) == ("waiting", T0 + 10 * MINUTE)
    w.feed(facts.closed("A", T0))
    assert (w.lead("B").status, w.lead("B").joined_to) == ("waiting", "")


def test_r25_what_happens_to_a_joined_lead_happens_to_the_other() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("B", T0, "merged", merged_into="A"))
    w.feed(facts.updated("B", T0 + 1, phones=(PHONE,)), facts.assigned("B", "vera", T0 + 1))
    assert (w.lead("A").phones, w.lead("A").holder) == ((PHONE,), "anna")
    w.feed(facts.lead("B", T0 + 2, name="again"), facts.called("c", T0 + 3, lead_id="B"))
    assert (w.lead("A").name, w.lead("A").status, w.lead("B").status) == ("again", "answered", "joined")


def test_r25_a_forwarded_fact_carries_its_hops() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("B", T0, "merged", merged_into="A"))
    w.accept(facts.message(T0, lead_id="B", hops=2))
    w.step("events")
    ((key, value),) = w.logs["events"].queue
    assert (key, codec.decode_record(value).origin.hops) == ("A", 3)
    w.run()
    assert not w.buried


def test_r25_a_missed_call_on_an_open_lead_of_another_number_joins_nothing() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)), facts.missed("m", T0, number=OTHER))
    assert [w.lead(lead).status for lead in w.logs["events"].rows] == ["waiting", "waiting"]


def test_r25_a_later_clock_does_not_move_the_earlier_one() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("B", w.now, phones=(PHONE,)))
    assert (w.lead("A").started_at, w.lead("A").due_at) == (T0, T0 + 10 * MINUTE)
    w.to(T0 + 11 * MINUTE)
    assert [o.lead_id for o in w.of("sla.breached")] == ["A"]


def test_r26_a_form_sent_after_a_call_that_was_missed_after_hours_starts_when_the_office_opens_too() -> None:
    w = World(OFFICE, at=NINE + 11 * HOUR)
    w.feed(facts.missed("m", w.now, number=PHONE))
    w.after(5 * MINUTE)
    w.feed(facts.lead("L", w.now, phones=(PHONE,)))
    lead = w.lead("L")
    assert (lead.started_at, lead.status) == (NINE + DAY, "scheduled")
    assert (lead.due_at, lead.holder) == (NINE + DAY + 10 * MINUTE, "")


def test_r26_a_form_sent_after_hours_takes_the_start_of_a_call_missed_before_and_is_given_to_somebody() -> None:
    w = World(OFFICE, at=NINE + 9 * HOUR - MINUTE)
    w.feed(facts.missed("m", w.now, number=PHONE))
    w.after(5 * MINUTE)
    w.feed(facts.lead("L", w.now, phones=(PHONE,)))
    lead = w.lead("L")
    assert (lead.started_at, lead.status) == (NINE + 9 * HOUR - MINUTE, "waiting")
    assert (lead.due_at, bool(lead.holder)) == (NINE + DAY + 9 * MINUTE, True)


@pytest.mark.parametrize(
    "fact",
    [
        facts.assigned("L", "vera", T0),
        facts.updated("L", T0),
        facts.message(T0, lead_id="L"),
        facts.called("c", T0 - 2 * MINUTE, lead_id="L"),
        facts.claimed("L", "vera", 1, T0),
        facts.reopened("L", T0),
    ],
)
def test_r27_what_comes_before_its_lead_waits_for_match_window_and_is_then_a_dead_letter(fact: Any) -> None:
    w = World()
    w.feed(fact)
    waits_until = fact.origin.received + 30 * MINUTE
    w.to(waits_until - 1)
    assert not w.buried
    w.to(waits_until)
    assert [(b.reason, b.fact) for b in w.buried] == [("unknown_lead", fact)]


@pytest.mark.parametrize("end", [facts.closed("L", T0), facts.erased("L", T0)])
def test_r27_closings_and_erasures_are_kept_for_max_event_age(end: Any) -> None:
    w = World()
    w.feed(end)
    w.to(T0 + 24 * HOUR - 1)
    w.feed(facts.lead("L", w.now, owner_id="anna", name="Ivan", phones=(PHONE,)))
    assert w.lead("L").status in ("closed", "erased")
    assert not w.sent
    w.to(T0 + 2 * DAY)
    assert not w.of("sla.breached")


def test_r27_an_erasure_that_came_before_an_old_lead_erases_it() -> None:
    w = World()
    w.feed(facts.erased("L", T0), facts.lead("L", T0 - 25 * HOUR, received=T0, name="Ivan", phones=(PHONE,)))
    assert w.lead("L").status == "erased"
    assert b"Ivan" not in everything(w)


def test_r28_of_two_data_under_one_identity_the_first_wins() -> None:
    w = World()
    w.feed(facts.lead("L", T0, id="x", digest=1, name="first"), facts.lead("L", T0, id="x", digest=2, name="second"))
    assert (w.lead("L").name, w.counted("conflict")) == ("first", 1)


def test_r28_a_lead_made_again_keeps_policy_team_holder_and_what_it_does_not_name() -> None:
    hot = Policy(name="hot", match={"channel": ("web",)}, target=MINUTE)
    w = World(replace(sales(), policies=(hot, Policy())))
    w.feed(facts.lead("L", T0, owner_id="anna", phones=(PHONE,)))
    w.feed(facts.lead("L", T0 + 1, owner_id="vera", channel="web"))
    lead = w.lead("L")
    assert (lead.holder, lead.due_at, lead.phones, lead.channel) == ("anna", T0 + 10 * MINUTE, (PHONE,), "web")


def test_r29_a_late_response_to_a_closed_lead_evaluates_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0 + MINUTE))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.message(w.now, lead_id="L"))
    assert not [kind for kind in w.types() if kind in ("sla.met", "sla.breached", "sla.responded")]


def test_r29_a_closing_after_a_response_says_so() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0, lead_id="L"), facts.closed("L", T0 + 1))
    assert w.of("lead.closed")[0].data["responded"] is True


def test_r29_a_breach_is_retracted_after_the_closing_too() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w.feed(facts.closed("L", w.now), facts.message(T0 + MINUTE, lead_id="L"))
    assert len(w.of("sla.breach_retracted")) == 1
    assert w.lead("L").status == "closed"


def test_r29_max_turns_begin_anew_when_a_lead_is_reopened() -> None:
    w = World(sales("a", "b", "c", "d", policy=Policy(max_turns=2)))
    w.feed(facts.lead("L", T0))
    w.to(T0 + HOUR)
    assert w.lead("L").status == "escalated"
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    assert (w.lead("L").turns[-1].kind, w.lead("L").holder) == ("first", "c")
    w.after(11 * MINUTE)
    assert (w.lead("L").status, w.lead("L").holder) == ("overdue", "d")


def test_r29_the_first_turn_of_a_reopened_lead_is_evaluated_even_if_the_last_ask_was_for_somebody_absent() -> None:
    w = World(sales(policy=Policy(on_absence="reassign")))
    w.feed(facts.lead("L", T0, owner_id="anna"), facts.status("anna", "offline", T0))
    w.to(T0 + 2 * MINUTE)
    assert w.lead("L").holder == "vera"
    w.feed(facts.closed("L", w.now), facts.reopened("L", w.now))
    w.after(11 * MINUTE)
    assert w.of("sla.breached")[0].data["holder_id"] == "vera"


def test_r30_an_old_lead_with_an_owner_tells_nobody_and_takes_no_room() -> None:
    w = World()
    w.feed(facts.lead("L", T0 - 25 * HOUR, received=T0, owner_id="anna", phones=(PHONE,)))
    w.feed(facts.called("c", T0, lead_id="L"), facts.message(T0, lead_id="L"))
    assert (w.lead("L").status, w.sent, w.measures) == ("closed", [], [])
    assert not [kind for kind in w.types() if kind.startswith("sla.")]


def test_r30_a_late_lead_that_is_answered_within_the_fresh_target_stays_breached_and_is_not_reassigned() -> None:
    w = World()
    w.to(T0 + 30 * MINUTE)
    w.feed(facts.lead("L", T0, received=w.now, owner_id="anna"))
    w.after(5 * MINUTE)
    w.feed(facts.message(w.now, lead_id="L"))
    w.after(HOUR)
    assert w.types("L")[-3:] == ["sla.breached", "call.credited", "sla.responded"]


def test_r30_a_response_before_a_late_lead_arrived_is_no_breach() -> None:
    w = World()
    w.to(T0 + 30 * MINUTE)
    w.feed(facts.called("c", T0 + 5 * MINUTE, number=PHONE, received=w.now))
    w.feed(facts.lead("L", T0, received=w.now, phones=(PHONE,)))
    w.after(HOUR)
    assert (w.lead("L").evaluated, w.of("sla.breached")) == ("met", [])


def test_r31_an_erasure_reaches_numbers_that_the_lead_no_longer_has() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE, OTHER)), facts.called("c", T0, number=PHONE, talk=0))
    w.feed(facts.updated("L", T0 + 1, phones=(OTHER,)), facts.erased("L", T0 + 2))
    assert not w.logs["phones"].rows


def test_r31_an_erasure_while_a_channel_is_dead_leaves_no_name_in_what_waits() -> None:
    w = World()
    w.feed(facts.lead("L", T0, name="Ivan", phones=(PHONE,), owner_id="anna"))
    w.accept(facts.erased("L", T0 + 1))
    w.step("events")
    w.run()
    assert b"Ivan" not in everything(w)
    assert PHONE.encode() not in everything(w)


def test_r31_no_outcome_carries_a_name_a_number_or_an_address() -> None:
    w = World(sales("anna", "vera", "olga", policy=Policy(contact_target=HOUR)))
    personal = {"name": "Ivan", "phones": (PHONE,), "emails": ("ivan@example.org",)}
    w.feed(facts.missed("m", T0, number=PHONE))
    w.after(MINUTE)
    w.feed(facts.lead("L", w.now, **personal))
    w.to(T0 + 25 * MINUTE)
    w.feed(facts.missed("n", w.now, number=PHONE), facts.called("c", T0 + 5 * MINUTE, number=PHONE))
    w.to(T0 + 2 * HOUR)
    w.feed(facts.lead("M", w.now, **personal), facts.closed("M", w.now), facts.erased("L", w.now))
    published = b"".join(map(codec.encode_outcome, w.outcomes))
    assert len(w.outcomes) > 15
    assert not [secret for secret in (b"Ivan", PHONE.encode(), b"ivan@") if secret in published]


def test_r31_an_erased_lead_keeps_its_status_for_good() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.erased("L", T0))
    w.to(T0 + 100 * DAY)
    assert w.lead("L").status == "erased"


@pytest.mark.parametrize(
    "later",
    [
        facts.lead("L", T0 + 1, name="Ivan"),
        facts.assigned("L", "vera", T0 + 1),
        facts.claimed("L", "vera", 1, T0 + 1),
        facts.closed("L", T0 + 1),
        facts.reopened("L", T0 + 1),
        facts.called("c", T0 + 1, lead_id="L"),
        facts.message(T0 + 1, lead_id="L"),
    ],
)
def test_r31_every_later_event_of_an_erased_lead_is_a_dead_letter_without_data(later: Any) -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.erased("L", T0), later)
    assert [(b.reason, b.data, b.fact) for b in w.buried] == [("erased", False, None)]


def test_r33_the_values_of_a_policy_are_stored_with_the_lead() -> None:
    w = World(sales(policy=Policy(max_turns=1, target=5 * MINUTE)))
    w.feed(facts.lead("L", T0))
    w.change_rules(replace(sales(policy=Policy(max_turns=3, target=HOUR)), version=2))
    w.to(T0 + 6 * MINUTE)
    assert w.lead("L").status == "escalated"


def test_r33_a_policy_that_applies_to_open_leads_leaves_those_that_are_not_open() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0 + 8 * MINUTE, lead_id="L"))
    w.change_rules(replace(sales(policy=Policy(target=5 * MINUTE, apply_to_open=True)), version=2))
    w.to(T0 + HOUR)
    assert (w.lead("L").due_at, w.of("sla.breached")) == (T0 + 10 * MINUTE, [])


def applying(w: World, **terms: Any) -> None:
    """Put a policy in force that applies to open leads, and let L ask for it."""
    version = w.rules.version + 1
    w.change_rules(replace(sales(policy=Policy(apply_to_open=True, **terms)), version=version))
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))


def test_r33_a_policy_that_applies_to_open_leads_moves_the_due_of_one_that_nobody_has() -> None:
    w = World(sales(policy=Policy(unowned="wait", unowned_after=HOUR)))
    w.feed(facts.lead("L", T0))
    applying(w, target=5 * MINUTE)
    assert w.lead("L").due_at == T0 + 5 * MINUTE


def test_r33_a_clock_that_was_evaluated_is_not_recomputed() -> None:
    w = World(sales(policy=Policy(on_breach="notify")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    applying(w, target=HOUR)
    assert (w.lead("L").due_at, w.lead("L").status) == (T0 + 10 * MINUTE, "overdue")


def test_r33_a_target_that_becomes_longer_keeps_the_due_of_a_hand_over() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.feed(facts.assigned("L", "vera", T0 + MINUTE))
    applying(w, target=HOUR)
    assert (w.lead("L").due_at, w.lead("L").current.due) == (T0 + HOUR, T0 + 10 * MINUTE)


def test_r25_a_merged_lead_is_closed_once() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("B", T0, "merged", merged_into="A"))
    w.feed(facts.closed("B", T0 + 1))
    assert (w.lead("B").status, len(w.of("lead.closed"))) == ("joined", 1)


def test_the_timeline_is_the_last_twenty_outcomes_without_candidates() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    for n in range(30):
        w.feed(facts.message(T0 - n, lead_id="L"))
    timeline = w.lead("L").timeline
    assert len(timeline) == 20
    assert all("candidates" not in entry.data for entry in timeline)


def test_ids_of_outcomes_are_unique_however_long_a_lead_lives() -> None:
    w = World(sales("a", "b", "c", "d", policy=Policy(contact_target=HOUR, warn_at=(50, 60, 70))))
    w.feed(facts.lead("L", T0, phones=(PHONE,)))
    for n in range(6):
        w.feed(*(facts.started(f"s{n}", w.now, lead_id="L", direction="inbound") for _ in range(2)))
        w.after(9 * MINUTE)
        w.feed(facts.missed(f"m{n}", w.now, number=PHONE), facts.missed(f"m{n}", w.now + SECOND, number=PHONE))
        w.feed(facts.assigned("L", "d", w.now), facts.assigned("L", "c", w.now + 1))
    w.feed(facts.message(w.now, lead_id="L"), facts.closed("L", w.now), facts.reopened("L", w.now))
    w.after(3 * HOUR)
    names = [codec.outcome_id(outcome) for outcome in w.outcomes]
    assert len(names) > 40
    assert len(names) == len(set(names))


def test_r30_who_is_credited_with_a_retraction_is_who_was_with_the_breach() -> None:
    w = World(OFFICE, at=NINE + HOUR)
    w.feed(facts.lead("L", NINE, owner_id="anna", received=w.now))
    w.after(MINUTE)
    w.feed(facts.message(NINE + MINUTE, lead_id="L"))
    ((breached,), (retracted,)) = w.of("sla.breached"), w.of("sla.breach_retracted")
    assert "holder_id" not in breached.data
    assert "holder_id" not in retracted.data
    assert w.told("anna") == ["assigned", "retracted"]


def test_r30_a_test_lead_is_in_no_gauge_and_takes_its_holders_time_all_the_same() -> None:
    rules = sales("anna", "vera")
    rules = replace(rules, managers=rules.managers | {"anna": Manager("anna", capacity=1)})
    w = World(rules)
    w.feed(facts.lead("trial", T0, owner_id="anna", test=True))
    assert w.lead("trial").header().status in OPEN_TESTS
    assert w.logs[Log.DESK].reducer.loads == {}  # type: ignore[attr-defined]
    w.feed(facts.lead("L", T0))
    w.to(T0 + 2 * MINUTE)
    assert w.lead("L").holder == "vera"
    assert w.lead("L").header().status in OPEN_NUMBERS
    assert w.logs[Log.DESK].reducer.loads == {"vera": 1}  # type: ignore[attr-defined]
    w.feed(facts.lead("second trial", w.now, test=True))
    w.to(w.now + 2 * MINUTE)
    assert w.lead("second trial").holder == "vera"
    w.feed(facts.closed("second trial", w.now), facts.closed("trial", w.now))
    assert w.logs[Log.DESK].reducer.loads == {"vera": 1}  # type: ignore[attr-defined]
