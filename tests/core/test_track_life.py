"""A lead from before its birth to after its end: R23-R31."""

from __future__ import annotations

import pytest

from sla_monitor.core import track
from sla_monitor.core.events import Absorbed, Joined, Merged
from sla_monitor.core.lead import STATUSES
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Policy
from sla_monitor.core.track import IGNORED, TRANSITIONS
from tests import facts
from tests.world import T0, World, sales

PHONE = "+79990000001"


def test_every_pair_of_status_and_fact_is_handled_or_ignored_with_a_reason() -> None:
    kinds = {kind for _, kind in TRANSITIONS} | {kind for _, kind in IGNORED}
    pairs = {(status, kind) for status in STATUSES for kind in kinds}
    assert pairs == set(TRANSITIONS) | set(IGNORED)
    assert not set(TRANSITIONS) & set(IGNORED)


def test_r23_assigning_a_lead_that_is_not_open_changes_its_holder_only() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0 + MINUTE, lead_id="L"))
    w.feed(facts.assigned("L", "vera", T0 + 2 * MINUTE))
    assert (w.lead("L").holder, w.lead("L").turn, w.lead("L").status) == ("vera", 1, "answered")


def test_r23_an_answered_lead_is_forgotten_after_thirty_idle_days() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0 + MINUTE, lead_id="L"))
    w.to(T0 + 31 * DAY)
    assert "L" not in w.logs["events"].rows


def test_r24_a_call_by_number_credits_all_open_leads_of_it() -> None:
    w = World(sales(policy=Policy(join_same_number=False)))
    w.feed(facts.lead("A", T0, phones=(PHONE,)), facts.lead("B", T0, phones=(PHONE,)))
    w.feed(facts.called("c", T0 + MINUTE, number=PHONE))
    assert w.lead("A").status == w.lead("B").status == "answered"


def test_r24_a_call_that_came_before_its_lead_is_matched_when_the_lead_opens() -> None:
    w = World()
    w.feed(facts.called("c", T0 - 5 * MINUTE, number=PHONE))
    w.feed(facts.lead("L", T0, phones=(PHONE,)))
    assert w.lead("L").status == "answered"


def test_r24_a_number_learned_later_counts_from_the_start_and_a_removed_one_stops() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.called("c", T0 + MINUTE, number=PHONE))
    w.feed(facts.updated("L", T0 + 2 * MINUTE, phones=(PHONE,)))
    assert w.lead("L").status == "answered"
    w.feed(facts.lead("M", T0, phones=("+79990000002",)), facts.updated("M", T0 + MINUTE, phones=()))
    w.feed(facts.called("d", T0 + 2 * MINUTE, number="+79990000002"))
    assert w.lead("M").status == "waiting"


def test_r25_a_new_lead_with_the_number_of_an_open_one_joins_it() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.lead("B", w.now, phones=(PHONE,)))
    assert (w.lead("B").status, w.lead("B").joined_to) == ("joined", "A")
    assert w.lead("A").due_at == T0 + 10 * MINUTE
    w.feed(facts.message(w.now, lead_id="B"))
    assert w.lead("A").status == "answered"
    assert len(w.of("sla.met")) == 1


def test_r25_join_same_number_false_keeps_both_clocks() -> None:
    w = World(sales(policy=Policy(join_same_number=False)))
    w.feed(facts.lead("A", T0, phones=(PHONE,)), facts.lead("B", T0, phones=(PHONE,)))
    assert {w.lead("A").status, w.lead("B").status} == {"waiting"}


def test_r25_on_a_lead_that_is_not_open_the_number_starts_a_clock_of_its_own() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)), facts.message(T0 + MINUTE, lead_id="A"))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.lead("B", w.now, phones=(PHONE,)))
    assert (w.lead("B").status, w.lead("B").previous_lead_id) == ("waiting", "A")


def test_r25_merged_into_joins_the_other_with_the_earliest_start() -> None:
    w = World()
    w.feed(facts.lead("A", T0))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("B", w.now), facts.closed("A", w.now, "merged", merged_into="B"))
    assert w.lead("A").status == "joined"
    assert (w.lead("B").started_at, w.lead("B").due_at) == (T0, T0 + 10 * MINUTE)


def test_r25_a_fact_forwarded_too_often_is_a_dead_letter() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("A", T0, "merged", merged_into="B"))
    w.feed(facts.message(T0, lead_id="A", hops=3))
    assert [b.reason for b in w.buried] == ["loop"]


def test_r25_a_lead_that_is_not_open_accepts_nobody() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("B", T0))
    w.feed(facts.closed("A", T0, "merged", merged_into="B"))
    assert w.lead("A").status == "closed"


def test_r25_what_a_joined_lead_knew_counts_for_the_other() -> None:
    w = World(sales(policy=Policy(response="contact")))
    w.feed(facts.lead("B", T0))
    merged = Merged(
        lead_id="B", joined="A", at=T0, phones=(PHONE,), attempt_at=T0 + 1, contact_at=T0 + 2, contact_by="anna"
    )
    w._append("events", "B", merged)
    w.run()
    assert w.lead("B").status == "answered"
    assert w.lead("B").phones == (PHONE,)


def test_r25_an_answer_to_a_proposal_is_stale_once_the_lead_is_answered() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.message(T0, lead_id="A"))
    w._append("events", "A", Joined(lead_id="A", into="B", at=T0, started_at=T0, due_at=T0))
    w.run()
    assert w.lead("A").status == "answered"


def test_r26_a_missed_call_makes_a_lead_and_calling_back_is_the_response() -> None:
    w = World()
    w.feed(facts.missed("m", T0, number=PHONE))
    (made,) = w.logs["events"].rows
    assert w.lead(made).channel == "missed_call"
    assert w.lead(made).started_at == T0
    w.feed(facts.called("back", T0 + 3 * MINUTE, number=PHONE, manager_id="anna"))
    assert w.lead(made).status == "answered"


def test_r26_a_missed_call_of_an_open_lead_tells_the_holder_at_once() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE,)))
    w.feed(facts.missed("m", T0 + MINUTE, number=PHONE))
    assert "missed_call" in w.told("anna")
    assert list(w.logs["events"].rows) == ["L"]


def test_r26_a_call_answered_elsewhere_takes_the_missed_one_back() -> None:
    w = World()
    w.feed(facts.missed("m", T0, number=PHONE))
    (made,) = w.logs["events"].rows
    w.feed(
        facts.ended("n", T0 + 20 * SECOND, number=PHONE, direction="inbound", started_at=T0 - 10 * SECOND, talk=20_000)
    )
    assert w.lead(made).closed_reason == "not_missed"
    assert not w.of("sla.met")


def test_r26_a_web_form_with_the_number_absorbs_the_missed_call_and_takes_its_start() -> None:
    w = World()
    w.feed(facts.missed("m", T0, number=PHONE))
    (made,) = w.logs["events"].rows
    w.to(T0 + 4 * MINUTE)
    w.feed(facts.lead("L", w.now, phones=(PHONE,)))
    assert w.lead(made).status in ("closed", "joined")
    assert (w.lead("L").started_at, w.lead("L").due_at) == (T0, T0 + 10 * MINUTE)


def test_r27_facts_before_their_lead_wait_and_are_applied_in_their_order() -> None:
    w = World()
    w.feed(facts.message(T0 + 2, lead_id="L"), facts.assigned("L", "vera", T0 + 1), facts.lead("L", T0))
    assert (w.lead("L").status, w.lead("L").holder) == ("answered", "vera")


def test_r27_facts_whose_lead_never_comes_are_dead_letters() -> None:
    w = World()
    w.feed(facts.message(T0, lead_id="L"))
    w.to(T0 + 31 * MINUTE)
    assert [b.reason for b in w.buried] == ["unknown_lead"]
    assert "L" not in w.logs["events"].rows


def test_r27_a_dead_letter_counts_when_it_is_replayed_after_its_lead_came() -> None:
    w = World()
    record = facts.message(T0 + MINUTE, lead_id="L")
    w.feed(record, facts.closed("L", T0 + HOUR, received=T0 + HOUR))  # keeps the row, and what it has seen
    w.to(T0 + 31 * MINUTE)
    w.feed(facts.lead("L", T0), record)
    assert [b.fact for b in w.buried] == [record]
    assert w.lead("L").first_attempt_at == record.at


def test_r27_a_lead_whose_closing_came_first_is_born_closed() -> None:
    w = World()
    w.feed(facts.closed("L", T0))
    w.to(T0 + HOUR)
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").status == "closed"
    assert not w.of("lead.assigned")


def test_r27_too_many_facts_before_a_lead_become_dead_letters_from_the_oldest_on() -> None:
    w = World()
    w.feed(*(facts.message(T0 + n, lead_id="L") for n in range(track.MAX_PARKED + 1)))
    assert len(w.buried) == 1
    assert w.buried[0].fact.at == T0


def test_r28_the_same_lead_again_is_an_update_and_its_clock_stays() -> None:
    w = World()
    w.feed(facts.lead("L", T0, name="A"))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("L", w.now, name="B"))
    assert (w.lead("L").name, w.lead("L").due_at) == ("B", T0 + 10 * MINUTE)


def test_where_its_source_shows_a_lead_is_kept_changed_and_forgotten_with_the_person() -> None:
    w = World()
    w.feed(facts.lead("L", T0, url="https://crm.example/1"), facts.updated("L", T0 + 1, name="Ivan"))
    assert w.lead("L").url == "https://crm.example/1"
    w.feed(facts.updated("L", T0 + 2, url="https://crm.example/2"))
    assert w.lead("L").url == "https://crm.example/2"
    w.feed(facts.lead("L", T0 + 3, url="https://crm.example/3"))
    assert w.lead("L").url == "https://crm.example/3"
    w.feed(facts.erased("L", T0 + MINUTE))
    assert b"crm.example" not in w.logs["events"].rows["L"]


def test_r28_the_same_event_again_is_a_duplicate_and_with_other_data_a_conflict() -> None:
    w = World()
    w.feed(
        facts.lead("L", T0, id="x", digest=1),
        facts.lead("L", T0, id="x", digest=1),
        facts.lead("L", T0, id="x", digest=2),
    )
    assert (w.counted("duplicate"), w.counted("conflict")) == (1, 1)


def test_r28_an_older_update_is_only_counted() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.updated("L", T0 + 2, name="new"), facts.updated("L", T0 + 1, name="old"))
    assert w.lead("L").name == "new"


def test_r29_closing_before_due_evaluates_nothing() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0 + MINUTE, "junk"))
    w.to(T0 + HOUR)
    (gone,) = w.of("lead.closed")
    assert (gone.data["reason"], gone.data["responded"]) == ("junk", False)
    assert not w.of("sla.breached")
    assert not w.of("sla.met")


def test_r29_proof_of_a_timely_response_after_closing_still_counts() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0 + MINUTE))
    w.feed(facts.message(T0 + 30 * SECOND, lead_id="L"))
    assert len(w.of("sla.met")) == 1


def test_r29_reopening_starts_a_new_clock_with_the_next_turn_number() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.message(T0 + MINUTE, lead_id="L"), facts.closed("L", T0 + 2 * MINUTE))
    w.to(T0 + HOUR)
    w.feed(facts.reopened("L", w.now))
    lead = w.lead("L")
    assert (lead.status, lead.turn, lead.due_at, lead.holder) == ("waiting", 2, T0 + HOUR + 10 * MINUTE, "anna")
    w.after(11 * MINUTE)
    assert [o.turn for o in w.of("sla.breached")] == [2]


@pytest.mark.parametrize("before", [(), (facts.message(T0 + 1, lead_id="L"),), (facts.closed("L", T0 + 1),)])
def test_r31_erasure_leaves_lead_id_and_status(before: tuple[object, ...]) -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=(PHONE,), name="Ivan Secret", emails=("a@b.c",)), *before)
    w.feed(facts.erased("L", T0 + MINUTE))
    row = w.logs["events"].rows["L"]
    assert w.lead("L").status == "erased"
    assert b"Ivan" not in row
    assert PHONE.encode() not in row
    assert all(b"Ivan" not in value for log in w.logs.values() for value in log.rows.values())


def test_r31_later_events_of_an_erased_lead_are_dead_letters_without_data() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.erased("L", T0 + 1), facts.updated("L", T0 + 2, name="again"))
    assert [(b.reason, b.data) for b in w.buried] == [("erased", False)]


def test_a_start_is_not_taken_once_the_clock_is_evaluated() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 11 * MINUTE)
    w._append("events", "L", Absorbed(lead_id="L", started_at=T0 - HOUR, at=w.now))
    w.run()
    assert w.lead("L").started_at == T0


def test_r25_a_lead_that_closed_before_its_joining_was_accepted_stays_closed() -> None:
    w = World()
    w.feed(facts.lead("A", T0, phones=(PHONE,)))
    w.accept(facts.closed("B", T0, "junk"))
    w.accept(facts.lead("B", T0, phones=(PHONE,)))
    w.run()
    w.feed(facts.closed("B", T0 + 1, "junk"))
    assert w.lead("B").status == "closed"
    assert w.types("B") == ["lead.closed"]


def test_r25_a_merged_lead_is_closed_once() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0))
    w.feed(facts.closed("B", T0 + 1, "merged", merged_into="A"), facts.closed("B", T0 + 2, "deleted"))
    assert w.lead("B").status == "joined"
    assert w.types("B").count("lead.closed") == 1


def test_r29_a_merged_lead_that_nobody_took_can_be_reopened() -> None:
    w = World()
    w.feed(facts.lead("B", T0), facts.closed("B", T0 + 1, "merged", merged_into="nobody"))
    w.to(T0 + 2)
    w.feed(facts.reopened("B", T0 + 2))
    assert (w.lead("B").status, w.lead("B").joined_to) == ("waiting", "")


def test_r25_a_proof_that_comes_between_the_merge_and_its_acceptance_is_not_lost() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0))
    w.accept(facts.closed("B", T0 + 1, "merged", merged_into="A"))
    w.accept(facts.message(T0 + 2, lead_id="B"))
    w.run()
    assert (w.lead("A").status, w.lead("B").status) == ("answered", "joined")
    assert not w.of("sla.met", "B")


def test_r11_a_later_turn_is_taken_back_once_however_early_the_response_turns_out_to_have_been() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 25 * MINUTE)
    for minute in (15, 14, 13):
        w.feed(facts.message(T0 + minute * MINUTE, lead_id="L", received=w.now))
    assert [o.turn for o in w.of("sla.breached")] == [1, 2]
    assert [o.turn for o in w.of("sla.breach_retracted")] == [2]
