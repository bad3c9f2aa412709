"""Numbers: who gets a call, and which missed calls become leads (R24-R27, R31)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor import codec
from sla_monitor.core import match
from sla_monitor.core.effects import Bury, CloseNumber, Count, Deliver, Effect, Join, Log, OpenNumber, Question
from sla_monitor.core.events import Absorbed, Asked, Due, LeadClosed, LeadCreated, RulesChanged
from sla_monitor.core.phone import TRANSITIONS, Bound, Kept, Number, State, Word
from sla_monitor.core.proof import call_key
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Bounds, Manager, Rules, Source
from tests import facts
from tests.world import T0, World, sales

NUMBER = "+74951112233"
LIMITS = Bounds()
WINDOW = LIMITS.match_window


class Phone:
    """One number: feed it facts, look at what its leads got. Its row passes through bytes, as in the product."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.codec = codec.RowCodec(match.REDUCER.kinds)
        self.bytes: bytes | None = None
        self.now = T0
        self.effects: list[Effect] = []

    @property
    def row(self) -> Any:
        return self.bytes and self.codec.decode(self.bytes)

    def feed(self, *told: Any, now: int | None = None) -> None:
        """Apply facts; the effects are those of this call alone."""
        self.now = max(self.now, now or 0)
        self.effects = []
        for fact in told:
            row, effects = match.decide(self.row, fact, self.now, self.rules)
            self.bytes = None if row is None else self.codec.encode(row)
            self.effects += effects

    def to(self, at: int) -> None:
        """Fire the row's timer at its instants."""
        gathered: list[Effect] = []
        while self.bytes and (due := codec.next_due(self.bytes)) <= at:
            self.feed(Due(due), now=due)
            gathered += self.effects
            assert not self.bytes or codec.next_due(self.bytes) > due
        self.now, self.effects = at, gathered

    def got(self, lead_id: str) -> list[Any]:
        return [e.fact for e in self.effects if isinstance(e, Deliver) and e.lead_id == lead_id]

    def calls(self, lead_id: str) -> list[str]:
        return [fact.call_id for fact in self.got(lead_id) if hasattr(fact, "call_id")]

    def spoken_for(self, lead_id: str) -> list[bool]:
        return [fact.spoken_for for fact in self.got(lead_id) if hasattr(fact, "spoken_for")]

    def made(self) -> list[LeadCreated]:
        return [e.fact for e in self.effects if isinstance(e, Deliver) and isinstance(e.fact, LeadCreated)]

    def closed(self) -> list[LeadClosed]:
        return [e.fact for e in self.effects if isinstance(e, Deliver) and isinstance(e.fact, LeadClosed)]

    def absorbed(self) -> list[tuple[str, int]]:
        told = [e.fact for e in self.effects if isinstance(e, Deliver) and isinstance(e.fact, Absorbed)]
        return [(fact.lead_id, fact.started_at) for fact in told]

    def joins(self) -> list[tuple[str, str]]:
        return [(e.joining, e.lead_id) for e in self.effects if isinstance(e, Join)]

    def counts(self) -> list[str]:
        return [e.result for e in self.effects if isinstance(e, Count)]


def opened(lead_id: str, since: int = T0, **fields: Any) -> OpenNumber:
    given = {"number": NUMBER, "lead_id": lead_id, "since": since, "at": since, "join": False, "absorb": True} | fields
    return OpenNumber(**given)


def closed(lead_id: str, at: int, **fields: Any) -> CloseNumber:
    return CloseNumber(number=NUMBER, lead_id=lead_id, at=at, **fields)


def called(call_id: str, start: int, **fields: Any) -> Any:
    return facts.called(call_id, start, number=NUMBER, **fields)


def missed(call_id: str, at: int, **fields: Any) -> Any:
    return facts.missed(call_id, at, number=NUMBER, **fields)


def inbound(call_id: str, start: int, **fields: Any) -> Any:
    return called(call_id, start, **{"direction": "inbound"} | fields)


def made_id(call_id: str) -> str:
    return f"missed:{call_key('/crm', call_id)}"


def made_and_opened(phone: Phone, call_id: str = "m", at: int = T0) -> str:
    """A lead made of a missed call, whose own opening has come back as track sends it."""
    phone.feed(missed(call_id, at), opened(made_id(call_id), at, join=True, absorb=False), now=at)
    return made_id(call_id)


# R24: matching


def test_r24_a_call_goes_to_every_open_lead_of_its_number() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B"), called("c", T0 + 1))
    assert phone.calls("A") == phone.calls("B") == ["c"]
    assert {fact.lead_id for fact in phone.got("A")} == {"A"}


def test_r24_started_answered_and_recorded_go_the_same_way() -> None:
    phone = Phone()
    told = (
        facts.started("c", T0, number=NUMBER),
        facts.answered("c", T0, number=NUMBER),
        facts.message(T0, number=NUMBER),
    )
    phone.feed(opened("A"), *told, called("d", T0))
    assert phone.got("A")[:3] == [replace(fact, lead_id="A") for fact in told]


def test_r24_of_very_many_leads_the_newest_get_a_call() -> None:
    phone = Phone()
    phone.feed(*(opened(f"L{n}") for n in range(Bound.SERVED + 1)), called("c", T0))
    assert phone.calls("L0") == []
    assert phone.calls("L1") == phone.calls(f"L{Bound.SERVED}") == ["c"]


def test_r24_a_lead_that_opens_later_gets_the_calls_of_the_window_once() -> None:
    phone = Phone()
    phone.feed(called("c", T0))
    assert not phone.got("A")
    phone.feed(opened("A", T0 + 10 * MINUTE), now=T0 + 10 * MINUTE)
    assert phone.calls("A") == ["c"]
    phone.feed(opened("A", T0 + 10 * MINUTE), now=T0 + 10 * MINUTE)
    assert phone.calls("A") == []


def test_r24_a_call_is_kept_for_another_lead_even_when_one_has_it() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0), opened("B", T0 + MINUTE))
    assert phone.calls("B") == ["c"]


def test_r24_a_call_that_waited_longer_than_match_window_is_counted_and_gone() -> None:
    phone = Phone()
    phone.feed(called("c", T0))
    phone.to(T0 + WINDOW - 1)
    assert not phone.effects
    phone.to(T0 + WINDOW)
    assert phone.counts() == ["unmatched"]
    phone.feed(opened("A", T0 + WINDOW), now=T0 + WINDOW)
    assert phone.calls("A") == []


def test_r24_a_matched_call_expires_in_silence() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0))
    phone.to(T0 + WINDOW)
    assert not phone.effects
    assert not phone.row.kept


def test_r24_an_expired_call_is_gone_even_if_its_timer_has_not_fired() -> None:
    phone = Phone()
    phone.feed(called("c", T0))
    phone.feed(opened("A", T0 + WINDOW), now=T0 + WINDOW)
    assert phone.counts() == ["unmatched"]
    assert phone.calls("A") == []


def test_r24_what_is_read_late_waits_for_its_lead_which_is_read_late_too() -> None:
    phone = Phone()
    phone.feed(called("c", T0), now=T0 + 3 * HOUR)
    phone.feed(opened("A", T0 + MINUTE), now=T0 + 3 * HOUR + MINUTE)
    assert phone.calls("A") == ["c"]


def test_r05_a_call_that_ended_before_the_window_of_the_start_is_not_shown() -> None:
    phone = Phone()
    phone.feed(called("old", T0 - WINDOW - 71 * SECOND), called("c", T0 - WINDOW - 70 * SECOND), opened("A", T0))
    assert phone.calls("A") == ["c"]


def test_r24_a_scheduled_lead_gets_the_calls_before_its_clock_starts() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + 10 * HOUR, at=T0), called("c", T0 + HOUR), now=T0 + 2 * HOUR)
    assert phone.calls("A") == ["c"]


def test_r24_a_number_counts_from_the_leads_start_whenever_we_learn_it() -> None:
    phone = Phone()
    phone.feed(called("c", T0 + MINUTE), opened("A", T0, at=T0 + 20 * MINUTE), now=T0 + 20 * MINUTE)
    assert phone.calls("A") == ["c"]


def test_r24_a_removed_number_stops_at_the_updates_time() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + MINUTE), called("after", T0 + MINUTE + 1), called("before", T0 + MINUTE))
    assert phone.calls("A") == ["before"]


def test_r11_a_call_from_before_the_closing_is_accepted_for_retract_window() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + MINUTE))
    phone.to(T0 + LIMITS.retract_window - 1)
    phone.feed(called("c", T0), now=phone.now)
    assert phone.calls("A") == ["c"]
    phone.to(T0 + LIMITS.retract_window)
    phone.feed(called("d", T0), now=phone.now)
    assert phone.calls("A") == []


def test_r23_an_answered_lead_still_collects_calls_until_it_is_closed() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + MINUTE, collect=True), called("c", T0 + HOUR), now=T0 + 2 * HOUR)
    assert phone.calls("A") == ["c"]
    phone.feed(closed("A", T0 + 3 * HOUR), called("d", T0 + 2 * HOUR), called("e", T0 + 4 * HOUR), now=T0 + 5 * HOUR)
    assert phone.calls("A") == ["d"]


def test_r29_a_reopened_lead_gets_new_calls_and_no_old_one_again() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("old", T0), closed("A", T0 + 2 * MINUTE), opened("A", T0 + 3 * MINUTE))
    assert phone.calls("A") == ["old"]
    phone.feed(called("new", T0 + 4 * MINUTE), now=T0 + 5 * MINUTE)
    assert phone.calls("A") == ["new"]


def test_r07_a_reopened_lead_still_gets_late_calls_of_the_clock_before() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + 2 * MINUTE), opened("A", T0 + HOUR), now=T0 + HOUR)
    phone.feed(called("first clock", T0 + MINUTE), called("between", T0 + 10 * MINUTE))
    assert phone.calls("A") == ["first clock"]
    phone.feed(missed("m", T0 + 30_000))
    assert phone.made() == []


def test_r07_an_answered_lead_that_is_reopened_keeps_what_it_collected_before() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + MINUTE, collect=True), opened("A", T0 + HOUR), now=T0 + HOUR)
    phone.feed(called("collected", T0 + 10 * MINUTE))
    assert phone.calls("A") == ["collected"]
    phone.feed(missed("m", T0 + 20 * MINUTE))
    assert len(phone.made()) == 1, "nobody had the lead open then"


def test_r07_spans_of_a_reopened_lead_are_bounded_and_kept_for_retract_window() -> None:
    phone = Phone()
    for n in range(Bound.SPANS + 2):
        phone.feed(opened("A", T0 + n * HOUR), closed("A", T0 + n * HOUR + MINUTE), now=T0 + n * HOUR)
    (opening,) = phone.row.openings
    assert [span.since for span in opening.spans] == [T0 + n * HOUR for n in range(2, Bound.SPANS + 2)]
    phone.feed(opened("A", T0 + 20 * HOUR), now=T0 + 20 * HOUR)
    phone.feed(missed("m", phone.now), now=phone.now + LIMITS.retract_window)
    assert phone.row.openings[0].past == []


def test_r05_a_talk_that_answered_one_lead_is_spoken_for_to_a_later_one_of_the_number() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0 + MINUTE), closed("A", T0 + MINUTE, collect=True))
    phone.feed(closed("A", T0 + 5 * MINUTE), opened("B", T0 + 20 * MINUTE), now=T0 + 20 * MINUTE)
    assert phone.spoken_for("B") == [True]


def test_r05_the_race_of_the_answer_and_the_new_lead_makes_no_difference() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0 + MINUTE), opened("B", T0 + 2 * MINUTE), now=T0 + 3 * MINUTE)
    assert phone.spoken_for("A") == [False]
    assert phone.spoken_for("B") == [True]


def test_r05_it_is_the_talk_that_falls_into_a_clock_not_the_ringing() -> None:
    phone = Phone()
    ringing_before = inbound("c", T0 - 5_000, ring=20_000)
    phone.feed(opened("A"), facts.started("c", T0 - 5_000, number=NUMBER, direction="inbound"), ringing_before)
    phone.feed(opened("B", T0 + 10 * MINUTE), now=T0 + 10 * MINUTE)
    assert phone.spoken_for("B") == [True, True]


def test_r05_a_lead_typed_in_during_a_talk_that_answered_nobody_else_is_met() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 - HOUR), closed("A", T0 - 10 * MINUTE), now=T0)
    phone.feed(opened("B", T0 + 30_000), called("c", T0), now=T0 + MINUTE)
    assert phone.spoken_for("B") == [False]


@pytest.mark.parametrize("kind", ["message", "meeting"])
def test_r05_a_record_that_answered_one_lead_is_spoken_for_too(kind: str) -> None:
    phone = Phone()
    phone.feed(opened("A"), facts.message(T0 + MINUTE, kind=kind, number=NUMBER))
    phone.feed(closed("A", T0 + MINUTE, collect=True), opened("B", T0 + 2 * MINUTE), now=T0 + 2 * MINUTE)
    assert phone.spoken_for("B") == [True]


def test_r05_while_a_lead_is_open_every_talk_is_its_own_too_and_afterwards_first_the_others() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B", T0 + MINUTE), called("c", T0 + 2 * MINUTE), now=T0 + 5 * MINUTE)
    assert phone.spoken_for("A") + phone.spoken_for("B") == [False, False]
    phone.feed(closed("B", T0 + 3 * MINUTE, collect=True), called("d", T0 + 4 * MINUTE))
    assert phone.spoken_for("B") == [True]


def test_r26_a_lead_made_of_the_missed_call_speaks_for_nobody() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(called("back", T0 + MINUTE), closed(made, T0 + MINUTE, collect=True), now=T0 + 3 * MINUTE)
    phone.feed(opened("B", T0 + 5 * MINUTE), now=T0 + 5 * MINUTE)
    assert phone.spoken_for("B") == [False, False]


def test_r25_a_lead_whose_clock_another_took_speaks_for_nobody() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + 10 * MINUTE), opened("B", T0, at=T0 + 11 * MINUTE), now=T0 + 11 * MINUTE)
    phone.feed(closed("B", T0 + 11 * MINUTE, joined=True), called("c", T0 + 5 * MINUTE))
    assert phone.spoken_for("A") == [False]


def test_r25_reopened_by_itself_it_speaks_again_for_what_it_has_since() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B"), closed("B", T0 + MINUTE, joined=True), closed("A", T0 + 2 * MINUTE))
    phone.feed(opened("B", T0 + HOUR), now=T0 + HOUR)
    phone.feed(called("c", T0 + HOUR + MINUTE), closed("B", T0 + HOUR + MINUTE, collect=True))
    later = T0 + HOUR + 10 * MINUTE
    phone.feed(opened("C", later), now=later)
    assert phone.spoken_for("C") == [True]
    (row,) = (opening for opening in phone.row.openings if opening.lead_id == "B")
    assert [span.joined for span in row.spans] == [True, False]


def test_r25_what_was_while_another_had_its_clock_it_does_not_speak_for_though_it_was_reopened_since() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + 10 * MINUTE), opened("B", T0, at=T0 + 11 * MINUTE), now=T0 + 11 * MINUTE)
    phone.feed(closed("B", T0 + 11 * MINUTE, joined=True), opened("B", T0 + 30 * MINUTE), now=T0 + 30 * MINUTE)
    phone.feed(called("c", T0 + 5 * MINUTE))
    assert phone.spoken_for("A") == [False]


def test_r25_the_talk_that_answered_a_lead_that_was_part_of_another_answers_no_new_one_of_the_number() -> None:
    w = World(sales())
    w.feed(facts.lead("A", T0, phones=(NUMBER,)), facts.lead("B", T0, phones=(NUMBER,)), facts.closed("A", T0))
    w.to(T0 + HOUR)
    w.feed(facts.reopened("B", w.now))
    w.after(4 * MINUTE)
    w.feed(facts.called("c", T0 + HOUR + 2 * MINUTE, number=NUMBER, manager_id="anna"))
    w.after(6 * MINUTE)
    w.feed(facts.lead("C", w.now, phones=(NUMBER,)))
    assert (w.lead("B").status, w.lead("C").status) == ("answered", "waiting")


def test_r31_closing_a_number_that_is_not_listed_changes_nothing() -> None:
    phone = Phone()
    phone.feed(closed("A", T0))
    assert phone.row is None
    assert not phone.effects


# identity


def test_r28_a_fact_is_applied_once_and_other_data_under_its_identity_is_a_conflict() -> None:
    phone = Phone()
    first = called("c", T0, id="same", digest=1)
    phone.feed(opened("A"), first, first, replace(first, talk=0, origin=replace(first.origin, digest=2)))
    assert phone.calls("A") == ["c"]
    assert phone.counts() == ["ok", "duplicate", "conflict"]


def test_r28_a_recorded_contact_is_applied_once() -> None:
    phone = Phone()
    record = facts.message(T0, number=NUMBER)
    phone.feed(opened("A"), record, record)
    assert len(phone.got("A")) == 1


def test_identities_are_remembered_for_seven_days_after_the_last_fact_then_the_row_goes() -> None:
    phone = Phone()
    call = called("c", T0)
    phone.feed(call)
    phone.to(T0 + 7 * DAY - 1)
    phone.feed(call, now=phone.now)
    assert phone.counts() == ["duplicate"]
    phone.to(T0 + 7 * DAY)
    assert phone.bytes is None


def test_identities_are_forgotten_while_a_lead_stays_open() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0))
    phone.to(T0 + 8 * DAY)
    assert not phone.row.seen
    assert phone.row.header().next_due is None


# bounds


def test_at_most_fifty_facts_are_kept_and_the_oldest_goes_first() -> None:
    phone = Phone()
    phone.feed(*(called(f"c{n}", T0) for n in range(Bound.KEPT + 1)))
    assert Counter(phone.counts()) == {"ok": Bound.KEPT + 1, "overflow": 1, "unmatched": 1}
    phone.feed(opened("A"))
    assert phone.calls("A") == [f"c{n}" for n in range(1, Bound.KEPT + 1)]


def test_at_most_256_identities_are_remembered() -> None:
    phone = Phone()
    phone.feed(*(called(f"c{n}", T0) for n in range(257)))
    assert len(phone.row.seen) == 256


def test_at_most_a_hundred_leads_are_listed_and_a_closed_one_goes_first() -> None:
    phone = Phone()
    phone.feed(*(opened(f"L{n}") for n in range(Bound.OPENINGS)), closed("L7", T0 + 1), opened("X"), opened("Y"))
    listed = [opening.lead_id for opening in phone.row.openings]
    assert len(listed) == Bound.OPENINGS
    assert "L7" not in listed
    assert "L0" not in listed
    assert phone.counts() == ["overflow", "overflow"]


def test_the_largest_row_fits_its_bound() -> None:
    phone = Phone()
    name = "ж" * 123
    phone.feed(*(opened(f"{name}{n:05}") for n in range(Bound.OPENINGS)))
    phone.feed(*(missed(f"{name}{n}", T0, manager_id=name, id=f"{name}{n}") for n in range(300)))
    assert phone.bytes
    assert len(phone.bytes) < 256 * 1024


# R25: joining


def test_r25_a_new_lead_is_offered_to_the_oldest_open_lead_of_its_number() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B"), opened("C", T0 + 5, join=True, due_at=T0 + 9))
    join = Join(lead_id="A", joining="C", at=T0 + 5, started_at=T0 + 5, due_at=T0 + 9, cycle=1)
    assert join in phone.effects
    assert phone.joins() == [("C", "A")]


def test_r25_both_get_calls_until_one_is_closed() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B", join=True), called("c", T0))
    assert phone.calls("A") == phone.calls("B") == ["c"]


def test_r25_a_lead_is_offered_once_and_never_when_it_may_not_join() -> None:
    phone = Phone()
    phone.feed(opened("A"), opened("B", join=True), opened("C"))
    phone.feed(opened("B", join=True))
    assert phone.joins() == []


def test_r25_nothing_joins_a_lead_that_is_answered_or_closed() -> None:
    phone = Phone()
    phone.feed(
        opened("A"), opened("B"), closed("A", T0 + 1), closed("B", T0 + 1, collect=True), opened("C", T0 + 2, join=True)
    )
    assert phone.joins() == []


# R26: missed calls


def test_r26_a_missed_call_makes_a_lead_that_starts_at_its_end() -> None:
    phone = Phone()
    call = missed("m", T0)
    phone.feed(call)
    assert phone.made() == [
        LeadCreated(
            lead_id=made_id("m"),
            at=T0,
            origin=call.origin,
            phones=(NUMBER,),
            channel="missed_call",
            give_after=T0 + LIMITS.missed_settle,
        )
    ]
    assert phone.counts() == ["missed_call"]
    assert phone.calls(made_id("m")) == []


@pytest.mark.parametrize("outcome", ["no_answer", "canceled", "voicemail", "busy", "answered"])
def test_r26_any_end_without_human_talk_is_missed(outcome: str) -> None:
    phone = Phone()
    phone.feed(missed("m", T0, outcome=outcome))
    assert len(phone.made()) == 1


@pytest.mark.parametrize("who", ["ivr", "queue", "machine"])
def test_r26_talk_with_a_machine_is_no_human_talk(who: str) -> None:
    phone = Phone()
    phone.feed(facts.answered("m", T0 - MINUTE, number=NUMBER, answered_by=who), inbound("m", T0 - 2 * MINUTE))
    assert len(phone.made()) == 1


def test_r26_outbound_and_answered_calls_make_none() -> None:
    phone = Phone()
    phone.feed(called("a", T0, outcome="no_answer", talk=0), inbound("b", T0))
    assert phone.made() == []
    assert phone.counts() == ["ok", "ok"]


RULES = Rules(own_numbers=("+74950000000",), managers={"anna": Manager("anna", phones=("+74954444444",))})


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"internal": True}, "internal"),
        ({"number": "+74950000000"}, "own_number"),
        ({"number": "+74954444444"}, "manager_number"),
        ({"started_at": T0 - LIMITS.short_abandon + 1}, "short_abandon"),
        ({"started_at": None, "ring": LIMITS.short_abandon - 1}, "short_abandon"),
        ({"received": T0 + LIMITS.max_event_age + 1}, "backfill"),
    ],
)
def test_r26_a_call_that_nobody_need_return_makes_none(fields: dict[str, Any], verdict: str) -> None:
    phone = Phone(RULES)
    phone.feed(facts.missed("m", T0, **{"number": NUMBER} | fields))
    assert phone.made() == []
    assert phone.counts() == [verdict]


@pytest.mark.parametrize(
    "fields",
    [
        {"started_at": T0 - LIMITS.short_abandon},
        {"started_at": None},
        {"started_at": None, "ring": LIMITS.short_abandon},
        {"received": 0},
    ],
)
def test_r26_a_call_of_unknown_or_sufficient_length_makes_one(fields: dict[str, Any]) -> None:
    phone = Phone(RULES)
    phone.feed(missed("m", T0, **fields))
    assert len(phone.made()) == 1


@pytest.mark.parametrize("outcome", ["busy", "rejected", "failed", "machine"])
def test_r26_a_call_that_the_caller_did_not_end_makes_one_however_short(outcome: str) -> None:
    phone = Phone()
    phone.feed(missed("m", T0, outcome=outcome, started_at=T0))
    assert len(phone.made()) == 1


@pytest.mark.parametrize("outcome", ["no_answer", "canceled", "voicemail"])
def test_r26_a_caller_who_hung_up_at_once_makes_none(outcome: str) -> None:
    phone = Phone()
    phone.feed(missed("m", T0, outcome=outcome, started_at=T0 - 4 * SECOND))
    assert phone.counts() == ["short_abandon"]


@pytest.mark.parametrize(
    ("outcome", "source", "made"), [("rejected", "crm", 0), ("busy", "crm", 1), ("rejected", "x", 1)]
)
def test_r26_rejections_of_a_source_may_be_its_block_list(outcome: str, source: str, made: int) -> None:
    phone = Phone(Rules(sources={"crm": Source("crm", rejected="ignore")}))
    phone.feed(missed("m", T0, outcome=outcome, source=source))
    assert len(phone.made()) == made


def test_r26_a_blocked_number_makes_none_in_either_spelling() -> None:
    phone = Phone(Rules(blocked_numbers=("+541123456789",)))
    phone.feed(facts.missed("m", T0, number="+5491123456789"))
    assert phone.counts() == ["blocked_number"]


def test_r26_legs_of_one_call_are_one_lead_and_stretch_what_answers_it() -> None:
    phone = Phone()
    phone.feed(missed("1", T0), missed("2", T0 + 25 * SECOND), missed("3", T0 + 50 * SECOND), now=T0 + 50 * SECOND)
    assert phone.counts() == ["missed_call", "missed_on_lead", "missed_on_lead"]
    phone.feed(opened(made_id("1"), T0, absorb=False), facts.started("4", T0, number=NUMBER, direction="inbound"))
    phone.feed(facts.answered("4", T0 + 75 * SECOND, number=NUMBER, answered_by="manager"), now=T0 + 75 * SECOND)
    assert [over.reason for over in phone.closed()] == ["not_missed"]


# numbers that many share


def shared(lead_id: str, since: int = T0, **fields: Any) -> OpenNumber:
    return opened(lead_id, since, join=True, shared=True, **fields)


def test_r25_nothing_joins_by_a_number_that_many_may_have() -> None:
    phone = Phone()
    phone.feed(shared("A"), shared("B", T0 + MINUTE))
    assert phone.joins() == []
    assert phone.got("B") == [], "nor is it told that another had the number"


def test_r24_a_call_of_a_shared_number_credits_the_lead_that_alone_has_it_open() -> None:
    phone = Phone()
    phone.feed(shared("A"), called("alone", T0 + MINUTE), now=T0 + 3 * MINUTE)
    assert phone.calls("A") == ["alone"]
    phone.feed(shared("B", T0 + 4 * MINUTE), called("two", T0 + 5 * MINUTE))
    assert phone.calls("A") == phone.calls("B") == []
    phone.feed(closed("A", T0 + 7 * MINUTE, collect=True), called("again alone", T0 + 8 * MINUTE))
    assert (phone.calls("A"), phone.calls("B")) == ([], ["again alone"])


def test_r24_a_call_of_a_shared_number_before_the_lead_is_anybodys() -> None:
    phone = Phone()
    phone.feed(called("before", T0 - 5 * MINUTE), shared("A"))
    assert phone.calls("A") == []


def test_r09_a_lead_that_saw_a_call_of_a_shared_number_ring_sees_it_end() -> None:
    phone = Phone()
    phone.feed(shared("A"), facts.started("c", T0 + MINUTE, number=NUMBER), shared("B", T0 + 2 * MINUTE))
    phone.feed(called("c", T0 + MINUTE, ring=2 * MINUTE), now=T0 + 5 * MINUTE)
    assert (phone.calls("A"), phone.calls("B")) == (["c"], [])


def test_r26_a_missed_call_of_a_shared_number_makes_a_lead_that_shares_it() -> None:
    phone = Phone()
    phone.feed(missed("m", T0, shared=True))
    assert [(lead.phones, lead.shared) for lead in phone.made()] == [((NUMBER,), (NUMBER,))]
    phone.feed(opened(made_id("m"), T0, absorb=False), shared("A", T0 + MINUTE), now=T0 + MINUTE)
    assert phone.absorbed() == []
    phone.feed(missed("two have it", T0 + 2 * MINUTE))
    assert len(phone.made()) == 1


def test_r26_calling_a_shared_number_back_answers_the_missed_call_and_the_lead_that_came_of_it() -> None:
    phone = Phone()
    phone.feed(missed("m", T0, shared=True))
    phone.feed(opened(made_id("m"), T0, absorb=False), shared("A", T0 + MINUTE), now=T0 + MINUTE)
    phone.feed(called("back", T0 + 3 * MINUTE), now=T0 + 4 * MINUTE)
    assert {lead_id for lead_id in (made_id("m"), "A") if "back" in phone.calls(lead_id)} == {made_id("m"), "A"}


def test_r26_legs_of_one_call_of_a_shared_number_make_one_lead_though_others_have_it() -> None:
    phone = Phone()
    phone.feed(shared("A"), shared("B"))
    phone.feed(*(missed(f"leg{n}", T0 + MINUTE + n * 1000, shared=True) for n in range(3)), now=T0 + 2 * MINUTE)
    assert len(phone.made()) == 1


def test_r26_a_missed_call_of_a_shared_number_lies_on_the_lead_that_alone_has_it() -> None:
    phone = Phone()
    phone.feed(shared("A"), missed("m", T0 + MINUTE))
    assert (phone.counts(), phone.calls("A")) == (["missed_on_lead"], ["m"])
    phone.feed(missed("before", T0 - MINUTE))
    assert phone.counts() == ["missed_call"], "it gives its start to nobody"


def test_a_record_tells_that_many_share_the_number_too() -> None:
    phone = Phone()
    phone.feed(facts.message(T0, number=NUMBER, shared=True), opened("A", T0 + MINUTE, join=True))
    assert phone.row.shared


def test_r26_a_missed_call_on_an_open_lead_is_handed_to_it_and_makes_none() -> None:
    phone = Phone()
    phone.feed(opened("A"), missed("m", T0 + MINUTE))
    assert phone.made() == []
    assert phone.calls("A") == ["m"]
    assert phone.counts() == ["missed_on_lead"]


def test_r26_a_missed_call_on_an_answered_or_closed_lead_makes_one() -> None:
    for collect in (True, False):
        phone = Phone()
        phone.feed(opened("A"), closed("A", T0 + MINUTE, collect=collect), missed("m", T0 + 2 * MINUTE))
        assert [lead.at for lead in phone.made()] == [T0 + 2 * MINUTE]


def test_r26_a_late_missed_call_from_before_the_closing_makes_none() -> None:
    phone = Phone()
    phone.feed(opened("A"), closed("A", T0 + 2 * MINUTE), missed("m", T0 + MINUTE))
    assert phone.made() == []


@pytest.mark.parametrize("collect", [True, False])
def test_r26_a_missed_call_after_a_closing_that_is_learned_late_makes_one_then(collect: bool) -> None:
    phone = Phone()
    phone.feed(opened("A"), missed("before", T0 + MINUTE), missed("after", T0 + 3 * MINUTE), called("c", T0))
    phone.feed(closed("A", T0 + 2 * MINUTE, collect=collect), now=T0 + 4 * MINUTE)
    assert [lead.lead_id for lead in phone.made()] == [made_id("after")]
    assert phone.calls(made_id("after")) == ["before", "c"]
    assert phone.counts() == []


def test_r26_a_second_missed_call_before_the_made_lead_opens_is_handed_to_it() -> None:
    phone = Phone()
    phone.feed(missed("m", T0), missed("n", T0 + MINUTE))
    assert len(phone.made()) == 1
    assert phone.calls(made_id("m")) == ["n"]


def test_r26_the_made_lead_never_sees_its_own_call_ring() -> None:
    phone = Phone()
    ringing, late = (
        facts.started("m", T0 - MINUTE, number=NUMBER, direction="inbound"),
        facts.answered("m", T0 - MINUTE, number=NUMBER, answered_by="queue"),
    )
    phone.feed(ringing, missed("m", T0), late)
    assert phone.calls(made_id("m")) == []


def test_r26_another_end_of_the_same_call_makes_no_second_lead() -> None:
    phone = Phone()
    phone.feed(missed("m", T0), missed("m", T0 + MINUTE))
    assert len(phone.made()) == 1
    assert phone.counts() == ["missed_call", "missed_on_lead"]


def test_r26_calling_back_reaches_the_made_lead() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(called("back", T0 + MINUTE), now=T0 + 3 * MINUTE)
    assert phone.calls(made) == ["back"]
    assert phone.closed() == []


def test_r26_a_made_lead_that_never_opens_hides_no_later_missed_call() -> None:
    phone = Phone()
    phone.feed(missed("m", T0))
    phone.feed(missed("n", T0 + MINUTE), now=T0 + MINUTE)
    phone.to(T0 + WINDOW)
    assert [lead.lead_id for lead in phone.made()] == [made_id("n")]


def test_r26_the_made_lead_closes_as_not_missed_when_another_leg_turns_out_answered() -> None:
    settle = LIMITS.missed_settle
    for began, seen_as in product((T0 - 10 * SECOND, T0 + settle), ("ended", "answered")):
        phone = Phone()
        made = made_and_opened(phone)
        leg = {"number": NUMBER, "direction": "inbound"}
        phone.feed(facts.started("leg", T0 - 20 * SECOND, **leg), now=T0)
        if seen_as == "answered":
            phone.feed(facts.answered("leg", began, number=NUMBER, answered_by="manager"))
        else:
            phone.feed(facts.ended("leg", began + MINUTE, answered_at=began, **leg), now=T0 + HOUR)
        (over,) = phone.closed()
        assert (over.lead_id, over.reason, over.at) == (made, "not_missed", max(began, T0))
        assert phone.calls(made) == []


def test_r26_talk_that_begins_after_missed_settle_leaves_the_made_lead_open() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(inbound("later", T0 + LIMITS.missed_settle - 10 * SECOND + 1), now=T0 + 5 * MINUTE)
    assert phone.closed() == []
    assert phone.calls(made) == ["later"]


def test_r26_talk_that_ended_before_the_missed_call_rang_is_another_matter() -> None:
    phone = Phone()
    phone.feed(inbound("talk", T0 - 2 * MINUTE), missed("m", T0))
    assert len(phone.made()) == 1


@pytest.mark.parametrize("fields", [{"internal": True}, {"direction": "outbound"}])
def test_r26_only_another_call_of_the_customer_shows_that_it_was_not_missed(fields: dict[str, Any]) -> None:
    phone = Phone()
    phone.feed(missed("m", T0), inbound("leg", T0 - 20 * SECOND, **fields))
    assert phone.closed() == []


def test_r26_a_missed_leg_of_a_ring_that_was_answered_makes_none() -> None:
    phone = Phone()
    phone.feed(inbound("leg", T0 - 20 * SECOND), missed("m", T0))
    assert phone.made() == []
    assert phone.counts() == ["ok", "answered_elsewhere"]


def test_r26_without_a_known_length_talk_within_missed_settle_of_the_end_answers_it() -> None:
    phone = Phone()
    phone.feed(inbound("leg", T0 - 20 * SECOND), missed("m", T0, started_at=None))
    assert phone.counts() == ["ok", "answered_elsewhere"]


def test_r26_the_same_call_answered_by_another_leg_is_not_missed_after_all() -> None:
    phone = Phone()
    phone.feed(missed("m", T0), inbound("m", T0 - 20 * SECOND))
    assert [over.reason for over in phone.closed()] == ["not_missed"]


def test_r26_a_missed_call_after_the_not_missed_one_makes_a_lead_of_its_own() -> None:
    phone = Phone()
    made_and_opened(phone)
    phone.feed(missed("again", T0 + 3 * MINUTE), now=T0 + 3 * MINUTE)
    assert phone.made() == []
    phone.feed(inbound("leg", T0), now=T0 + 4 * MINUTE)
    assert [lead.lead_id for lead in phone.made()] == [made_id("again")]


def test_r26_a_made_lead_that_others_may_have_joined_stays() -> None:
    phone = Phone()
    made_and_opened(phone)
    phone.feed(opened("A", T0 + MINUTE, absorb=False, join=True), inbound("leg", T0), now=T0 + 2 * MINUTE)
    assert phone.joins() == [("A", made_id("m"))]
    assert phone.closed() == []


def test_r26_the_opening_of_a_made_lead_that_is_over_opens_nothing() -> None:
    phone = Phone()
    phone.feed(missed("m", T0), inbound("leg", T0 - 20 * SECOND), opened(made_id("m"), T0, join=True, absorb=False))
    assert phone.counts()[-1] == "ignored_over"
    phone.feed(closed(made_id("m"), T0 + 1, collect=True), closed(made_id("m"), T0 + 1), called("c", T0 - MINUTE))
    assert phone.calls(made_id("m")) == []


def test_r29_a_made_lead_that_a_person_reopens_gets_calls_again() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(inbound("leg", T0), closed(made, T0 + 1), opened(made, T0 + HOUR, absorb=False), called("c", T0 + HOUR))
    assert phone.calls(made) == ["c"]


def test_r26_a_lead_created_in_the_window_absorbs_the_made_one_and_takes_its_start() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(opened("A", T0 + 10 * MINUTE, join=True), now=T0 + 10 * MINUTE)
    (over,) = phone.closed()
    assert (over.lead_id, over.reason, over.merged_into, over.at) == (made, "merged", "A", T0 + 10 * MINUTE)
    assert phone.absorbed() == []
    assert phone.joins() == []
    assert phone.calls("A") == ["m"]


def test_r26_a_made_lead_is_absorbed_before_its_own_opening_came_back() -> None:
    phone = Phone()
    phone.feed(missed("m", T0), opened("A", T0 + MINUTE), opened(made_id("m"), T0, join=True, absorb=False))
    assert phone.absorbed() == []
    assert phone.joins() == []


def test_r26_a_made_lead_that_is_already_answered_is_absorbed_too() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(closed(made, T0 + MINUTE, collect=True), opened("A", T0 + 2 * MINUTE))
    assert phone.absorbed() == []


def test_r26_a_lead_created_after_the_window_joins_the_made_one_instead() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    at = T0 + WINDOW + 1
    phone.feed(opened("A", at, join=True), now=at)
    assert phone.absorbed() == []
    assert phone.joins() == [("A", made)]


def test_r26_a_closed_made_lead_is_not_absorbed() -> None:
    phone = Phone()
    made = made_and_opened(phone)
    phone.feed(closed(made, T0 + MINUTE), opened("A", T0 + 2 * MINUTE))
    assert phone.absorbed() == []


def test_r26_a_missed_call_that_comes_after_the_lead_it_led_to_gives_it_its_start() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + 10 * MINUTE), missed("m", T0), missed("n", T0 + MINUTE), now=T0 + 11 * MINUTE)
    assert phone.made() == []
    assert phone.absorbed() == [("A", T0)]
    assert phone.calls("A") == ["m", "n"]
    assert phone.counts() == ["missed_before_lead", "missed_on_lead"]


def test_r26_a_missed_call_whose_lead_came_and_went_makes_none() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + MINUTE), closed("A", T0 + 2 * MINUTE), missed("m", T0))
    assert phone.made() == phone.absorbed() == []


def test_r25_a_missed_call_long_before_an_open_lead_makes_one_that_is_offered_to_it() -> None:
    phone = Phone()
    phone.feed(opened("A", T0 + HOUR), missed("m", T0), now=T0 + HOUR)
    assert len(phone.made()) == 1
    phone.feed(opened(made_id("m"), T0, at=T0 + HOUR, join=True, absorb=False))
    assert phone.joins() == [(made_id("m"), "A")]


def test_r26_a_known_lead_that_learns_the_number_of_a_made_one_absorbs_it() -> None:
    phone = Phone()
    made_and_opened(phone)
    phone.feed(opened("A", T0 - HOUR, at=T0 + MINUTE))
    assert phone.absorbed() == []


# R27: contacts


def test_r27_a_contact_that_finds_no_lead_in_the_window_is_a_dead_letter() -> None:
    phone = Phone()
    record = facts.message(T0, number=NUMBER)
    phone.feed(record)
    assert phone.counts() == ["ok"]
    phone.to(T0 + WINDOW)
    assert phone.effects == [Bury(reason="unknown_lead", fact=record)]


def test_r27_a_contact_that_was_a_dead_letter_finds_its_lead_when_it_is_replayed() -> None:
    phone = Phone()
    record = facts.message(T0, number=NUMBER)
    phone.feed(record)
    phone.to(T0 + WINDOW)
    phone.feed(opened("A", T0, at=T0 + WINDOW), record)
    assert [fact.origin for fact in phone.got("A")] == [record.origin]


def test_r27_a_contact_that_found_its_lead_is_none() -> None:
    phone = Phone()
    phone.feed(facts.message(T0, number=NUMBER), opened("A", T0 + MINUTE))
    phone.to(T0 + WINDOW)
    assert phone.effects == []


# R31: erasure


def test_r31_with_the_last_lead_everything_of_the_number_goes_at_once() -> None:
    phone = Phone()
    phone.feed(opened("A"), called("c", T0), facts.message(T0, number=NUMBER), closed("A", T0 + 1, erase=True))
    assert phone.bytes is None


def test_r31_another_lead_keeps_its_own_calls_and_what_was_only_the_erased_ones_goes() -> None:
    phone = Phone()
    phone.feed(opened("A", T0), called("first", T0), opened("B", T0 + HOUR), called("both", T0 + HOUR), now=T0 + HOUR)
    phone.feed(closed("A", T0 + HOUR, erase=True), opened("C", T0 + HOUR, at=T0))
    assert phone.calls("C") == ["both"]


# R8: questions


def test_r08_a_question_is_answered_behind_everything_accepted_before_it() -> None:
    phone = Phone()
    question = Question(lead_id="A", k=3, to=NUMBER, at=T0, log=Log.PHONES)
    phone.feed(opened("A"), called("c", T0), question)
    assert phone.got("A")[-1] == Asked(lead_id="A", k=3, by=NUMBER, at=T0)


def test_r08_a_question_to_an_unknown_number_leaves_no_row() -> None:
    phone = Phone()
    phone.feed(Question(lead_id="A", k=1, to=NUMBER, at=T0, log=Log.PHONES))
    assert phone.got("A") == [Asked(lead_id="A", k=1, by=NUMBER, at=T0)]
    assert phone.bytes is None


def test_r33_a_change_of_rules_changes_no_number() -> None:
    phone = Phone()
    phone.feed(RulesChanged(version=2, rules=Rules(), at=T0))
    assert (phone.bytes, phone.effects) == (None, [])


# the tables


def test_every_word_has_its_place_in_every_state() -> None:
    assert set(TRANSITIONS) == set(product(State, Word))


def test_a_kept_nothing_has_no_fact() -> None:
    with pytest.raises(ValueError, match="nothing"):
        _ = Kept(0).fact


def test_the_row_is_empty_at_first() -> None:
    assert Number().empty
    assert Number().header().next_due is None


# whatever the order

LEADS = tuple("ABC")


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """Openings, closings and calls of one number in any order; each lead opens before it closes."""
    minutes = st.integers(0, 20).map(lambda n: T0 + n * MINUTE)
    told: list[Any] = []
    for n in range(draw(st.integers(0, 8))):
        make = draw(st.sampled_from([called, missed, inbound, lambda c, at: facts.started(c, at, number=NUMBER)]))
        told.append(make(f"c{n}", draw(minutes)))
    for lead_id in LEADS:
        place = draw(st.integers(0, len(told)))
        told.insert(place, opened(lead_id, draw(minutes), join=draw(st.booleans())))
        if draw(st.booleans()):
            at = draw(minutes)
            told.insert(draw(st.integers(place + 1, len(told))), closed(lead_id, at, collect=draw(st.booleans())))
    return told


@given(histories())
@settings(max_examples=150, deadline=None)
def test_r24_in_any_order_each_lead_gets_each_call_of_its_time_exactly_once(told: list[Any]) -> None:
    phone = Phone()
    phone.feed(*told, now=T0 + 25 * MINUTE)
    calls = [fact for fact in told if hasattr(fact, "call_id")]
    ends = {fact.lead_id: fact.at for fact in told if isinstance(fact, CloseNumber) and not fact.collect}
    for lead_id in LEADS:
        times = Counter(phone.calls(lead_id))
        assert max(times.values(), default=1) == 1
        wanted = {call.call_id for call in calls if lead_id not in ends or call.at <= ends[lead_id]}
        assert wanted <= set(times)


@given(histories())
@settings(max_examples=150, deadline=None)
def test_r26_in_any_order_no_missed_call_goes_unanswered_for(told: list[Any]) -> None:
    phone = Phone()
    phone.feed(*told, now=T0 + 25 * MINUTE)
    held = {fact.call_id for lead_id in LEADS for fact in phone.got(lead_id) if hasattr(fact, "call_id")}
    made = {lead.lead_id for lead in phone.made()}
    for e in phone.effects:
        if isinstance(e, Deliver) and e.lead_id in made and hasattr(e.fact, "call_id"):
            held.add(e.fact.call_id)
    answered = any(isinstance(f, facts.events.CallEnded) and f.direction == "inbound" and f.talk for f in told)
    for call in told:
        if isinstance(call, facts.events.CallEnded) and call.direction == "inbound" and not call.talk:
            assert answered or call.call_id in held or made_id(call.call_id) in made


@given(histories())
@settings(max_examples=100, deadline=None)
def test_a_row_without_open_leads_goes_by_its_own_timers(told: list[Any]) -> None:
    phone = Phone()
    phone.feed(*told, *(closed(lead_id, T0 + 25 * MINUTE) for lead_id in LEADS), now=T0 + 25 * MINUTE)
    for lead in phone.made():
        phone.feed(closed(lead.lead_id, phone.now))
    phone.to(T0 + 9 * DAY)
    assert phone.bytes is None


# with the lead's own reducer


def test_r26_in_the_whole_core_a_missed_call_becomes_a_lead_and_a_callback_answers_it() -> None:
    world = World(sales())
    world.feed(facts.missed("m", T0, number=NUMBER))
    lead = world.lead(made_id("m"))
    assert (lead.status, lead.started_at, lead.channel) == ("waiting", T0, "missed_call")
    world.to(T0 + 3 * MINUTE)
    world.feed(facts.called("back", T0 + MINUTE, number=NUMBER, manager_id="anna"))
    assert world.lead(made_id("m")).status == "answered"


def test_r26_in_the_whole_core_the_absorbing_lead_takes_the_start() -> None:
    world = World(sales())
    world.feed(facts.missed("m", T0, number=NUMBER))
    world.to(T0 + 5 * MINUTE)
    world.feed(facts.lead("L", T0 + 5 * MINUTE, phones=(NUMBER,)))
    lead = world.lead("L")
    assert (lead.status, lead.started_at, lead.due_at) == ("waiting", T0, T0 + 10 * MINUTE)
    assert world.lead(made_id("m")).status in ("closed", "joined")


def test_r26_in_the_whole_core_not_missed_is_closed_unevaluated() -> None:
    world = World(sales())
    world.feed(facts.missed("m", T0, number=NUMBER))
    world.to(T0 + 2 * MINUTE)
    world.feed(facts.called("leg", T0 - 20 * SECOND, number=NUMBER, direction="inbound"))
    lead = world.lead(made_id("m"))
    assert (lead.status, lead.closed_reason) == ("closed", "not_missed")
    assert not world.of("sla.met")


def kinds_told(world: World) -> list[str]:
    return [send.kind for send in world.sent]


def test_r26_in_the_whole_core_four_legs_of_a_call_are_one_lead_and_one_notice() -> None:
    world = World(sales())
    world.feed(*(facts.missed(f"leg{n}", T0 + n * 15 * SECOND, number=NUMBER) for n in range(4)))
    world.to(T0 + 45 * SECOND + LIMITS.missed_settle - 1)
    assert kinds_told(world) == [], "another leg may turn out answered"
    world.to(T0 + 5 * MINUTE)
    assert kinds_told(world) == ["assigned"]
    lead = world.lead(made_id("leg0"))
    assert (lead.started_at, lead.due_at) == (T0, T0 + 10 * MINUTE), "the clock runs from the call's end"
    world.feed(facts.missed("another call", T0 + 5 * MINUTE, number=NUMBER))
    assert kinds_told(world) == ["assigned", "missed_call"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_r26_in_the_whole_core_a_leg_that_was_answered_tells_nobody_of_a_missed_call(order: tuple[int, ...]) -> None:
    told = (
        facts.missed("leg0", T0, number=NUMBER),
        facts.called("leg1", T0 - 20 * SECOND, ring=20 * SECOND, number=NUMBER, direction="inbound"),
    )
    world = World(sales())
    for place in order:
        world.feed(told[place])
        world.after(10 * SECOND)
    world.to(T0 + 20 * MINUTE)
    assert kinds_told(world) == []


def test_r26_on_an_open_lead_its_holder_is_told_of_a_call_once_whatever_its_legs() -> None:
    world = World(sales())
    world.feed(facts.lead("L", T0, phones=(NUMBER,), owner_id="anna"))
    world.feed(*(facts.missed(f"leg{n}", T0 + MINUTE + n * SECOND, number=NUMBER) for n in range(3)))
    assert kinds_told(world).count("missed_call") == 1
    world.feed(facts.missed("live", T0 + MINUTE, direction="outbound", outcome="failed", number=NUMBER))
    world.feed(facts.started("ringing", T0 + 3 * MINUTE, direction="inbound", number=NUMBER))
    world.feed(facts.missed("beside it", T0 + 3 * MINUTE + 20 * SECOND, number=NUMBER))
    assert kinds_told(world).count("missed_call") == 2, "a call that still rings was told to nobody"


def test_r25_in_the_whole_core_two_strangers_with_a_made_up_number_are_two_leads() -> None:
    world = World(sales())
    made_up = {"phones": ("+11111111111",), "shared": ("+11111111111",)}
    world.feed(facts.lead("one", T0, **made_up), facts.lead("two", T0, **made_up))
    world.feed(facts.message(T0 + 2 * MINUTE, lead_id="one"))
    assert (world.lead("one").status, world.lead("two").status) == ("answered", "waiting")


def test_r24_in_the_whole_core_a_call_finds_the_lead_by_another_spelling() -> None:
    world = World(sales())
    world.feed(facts.lead("L", T0, phones=("+541123456789",)))
    world.feed(facts.called("c", T0 + MINUTE, number="+5491123456789", manager_id="anna"))
    assert world.lead("L").status == "answered"


@pytest.mark.parametrize("answered", [False, True])
def test_r24_a_lead_of_before_is_found_by_the_key_of_its_number_from_its_next_fold_on(answered: bool) -> None:
    world = World(sales())
    world.feed(facts.lead("L", T0, phones=("+5491123456789", NUMBER), owner_id="anna"))
    if answered:
        world.feed(facts.message(T0, lead_id="L"))
    row = world.lead("L")
    row.keyed = False
    world.logs[Log.EVENTS].rows["L"] = world.logs[Log.EVENTS].codec.encode(row)
    world.logs[Log.PHONES].rows.pop("+541123456789")
    world.feed(facts.called("c", T0 + MINUTE, number="+541123456789", manager_id="anna"))
    assert world.lead("L").calls == []
    world.to(T0 + 7 * MINUTE)
    world.feed(facts.updated("L", world.now, name="Ivan"))
    assert [call.number for call in world.lead("L").calls] == ["+541123456789"]
    assert world.lead("L").status == "answered"
    assert world.lead("L").keyed
