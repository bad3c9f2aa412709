"""What calls and records prove: R1-R3, and when they are live (R9)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sla_monitor.core.proof import (
    CallSeen,
    Proof,
    Reason,
    applied,
    call_key,
    contact_proof,
    live_state,
    proof,
    talk_began,
)
from sla_monitor.core.rules import Bounds
from tests import facts

T = 1_900_000_000_000
SECOND = 1_000
LIMITS = Bounds()
OWN = "+74950000000"


def seen(*told: Any) -> CallSeen:
    call = None
    for fact in told:
        call = applied(call, fact)
    assert call is not None
    return call


def proven(*told: Any, own_numbers: tuple[str, ...] = ()) -> Proof:
    return proof(seen(*told), LIMITS, own_numbers)


def ended(at: int = T, **fields: Any) -> Any:
    return facts.ended("c", at, **fields)


def unanswered(outcome: str, **fields: Any) -> Any:
    return ended(T, outcome=outcome, talk=0, **fields)


@pytest.mark.parametrize("outcome", ["busy", "rejected", "voicemail", "machine", "answered"])
def test_r01_an_outbound_call_that_reached_the_customers_phone_is_an_attempt_however_short(outcome: str) -> None:
    assert proven(unanswered(outcome, started_at=T - 1)) == Proof(T - 1, None, None, "")


@pytest.mark.parametrize("outcome", ["failed", "invalid_number"])
def test_r01_a_call_that_failed_is_no_attempt_however_long(outcome: str) -> None:
    assert proven(unanswered(outcome, ring=60 * SECOND)).reason is Reason.FAILED


@pytest.mark.parametrize("outcome", ["no_answer", "canceled"])
def test_r01_a_call_that_rang_for_min_ring_is_an_attempt_and_one_below_is_none(outcome: str) -> None:
    assert proven(unanswered(outcome, ring=LIMITS.min_ring)).attempt_at == T - LIMITS.min_ring
    assert proven(unanswered(outcome, ring=LIMITS.min_ring - 1)) == Proof(None, None, None, Reason.NOT_RUNG)


def test_r01_ring_time_is_the_answer_or_the_end_minus_the_start_when_not_told() -> None:
    assert proven(unanswered("no_answer", started_at=T - LIMITS.min_ring)).attempt_at == T - LIMITS.min_ring
    assert proven(unanswered("canceled", started_at=T - LIMITS.min_ring + 1)).reason is Reason.NOT_RUNG
    answered_soon = unanswered("canceled", started_at=T - 60 * SECOND, answered_at=T - 59 * SECOND)
    assert proven(answered_soon).reason is Reason.NOT_RUNG


def test_r01_an_unknown_ring_time_counts_as_enough() -> None:
    assert proven(unanswered("no_answer")).attempt_at == T


def test_r01_an_outbound_call_that_the_far_side_answered_is_an_attempt_before_it_ends() -> None:
    dialled = facts.started("c", T, manager_id="anna")
    assert proven(dialled) == Proof(None, None, "anna", Reason.LIVE)
    for who in ("customer", "unknown", "machine", "ivr", "queue"):
        assert proven(dialled, facts.answered("c", T + 5, answered_by=who)) == Proof(T, None, "anna", "")


def test_r01_the_managers_own_leg_is_no_attempt_before_the_customer_was_rung() -> None:
    own_leg = facts.answered("c", T + 5, answered_by="manager")
    assert proven(facts.started("c", T), own_leg).reason is Reason.LIVE


def test_r01_a_call_that_was_answered_is_an_attempt_whatever_its_ring_and_outcome() -> None:
    told = (facts.answered("c", T + 1), ended(T + 2, outcome="canceled", talk=0, started_at=T))
    assert proven(*told).attempt_at == T


def test_r01_a_customers_call_is_no_attempt_of_ours() -> None:
    assert proven(facts.missed("c", T)).reason is Reason.INBOUND


def test_r01_a_contact_is_an_attempt_at_the_same_instant() -> None:
    inbound = ended(T, direction="inbound", started_at=T - 80 * SECOND, answered_at=T - 60 * SECOND)
    assert proven(inbound) == Proof(T - 60 * SECOND, T - 60 * SECOND, None, "")


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_r02_talk_of_min_talk_is_a_contact_and_less_is_none(direction: str) -> None:
    assert proven(ended(direction=direction, talk=LIMITS.min_talk)).contact_at == T - LIMITS.min_talk
    assert proven(ended(direction=direction, talk=LIMITS.min_talk - 1)).contact_at is None


def test_r02_a_short_talk_with_a_caller_proves_nothing() -> None:
    assert proven(ended(direction="inbound", talk=SECOND)).reason is Reason.TOO_SHORT


@pytest.mark.parametrize("who", ["machine", "ivr", "queue"])
def test_r02_machine_ivr_and_queue_are_never_contact(who: str) -> None:
    told = (facts.answered("c", T - 60 * SECOND, answered_by=who), ended(T))
    assert proven(*told).contact_at is None
    told = (facts.answered("c", T - 60 * SECOND, answered_by=who), ended(T, direction="inbound"))
    assert proven(*told).reason is Reason.MACHINE


@pytest.mark.parametrize("outcome", ["voicemail", "machine"])
def test_r02_voicemail_is_never_contact_even_if_somebody_seemed_to_answer(outcome: str) -> None:
    told = (facts.answered("c", T, answered_by="unknown"), ended(T, direction="inbound", outcome=outcome))
    assert proven(*told).reason is Reason.MACHINE
    assert talk_began(seen(*told)) is None


def test_r02_unknown_counts_as_human_until_a_machine_is_recognised() -> None:
    told = (facts.answered("c", T - 60 * SECOND, answered_by="unknown"), ended(T))
    assert proven(*told).contact_at == T - 60 * SECOND
    recognised = facts.answered("c", T - 58 * SECOND, answered_by="machine")
    assert proven(*told, recognised).contact_at is None


def test_r02_a_human_who_took_the_call_from_the_queue_is_contact() -> None:
    queued = facts.answered("c", T - 90 * SECOND, answered_by="queue")
    taken = facts.answered("c", T - 60 * SECOND, answered_by="manager")
    assert proven(queued, taken, ended(T, direction="inbound")).contact_at == T - 60 * SECOND
    told = ended(T, direction="inbound", answered_at=T - 60 * SECOND)
    assert proven(queued, told).contact_at == T - 60 * SECOND


def test_r02_the_managers_own_leg_of_a_click_to_call_is_not_contact() -> None:
    own_leg = facts.answered("c", T - 60 * SECOND, answered_by="manager")
    assert proven(own_leg, ended(T)).contact_at is None
    assert proven(own_leg, ended(T, answered_at=T - 60 * SECOND)).contact_at is None
    assert proven(own_leg, ended(T, answered_at=T - 50 * SECOND)).contact_at == T - 50 * SECOND
    customer = facts.answered("c", T - 45 * SECOND, answered_by="customer")
    assert proven(own_leg, customer, ended(T)).contact_at == T - 45 * SECOND


def test_r02_internal_calls_and_own_numbers_prove_nothing() -> None:
    assert proven(facts.started("c", T, internal=True), ended(T)).reason is Reason.INTERNAL
    assert proven(ended(T, internal=True)).reason is Reason.INTERNAL
    assert proven(ended(T, number=OWN), own_numbers=(OWN,)).reason is Reason.OWN_NUMBER


def test_r02_a_meeting_is_a_contact_and_other_records_are_attempts() -> None:
    assert contact_proof(facts.message(T, kind="meeting")) == Proof(T, T, "anna", "")
    for kind in ("message", "email", "manual"):
        assert contact_proof(facts.message(T, kind=kind)) == Proof(T, None, "anna", "")


def test_r03_an_attempt_happens_when_the_call_started() -> None:
    assert proven(facts.started("c", T - 5), ended(T, started_at=T - 3)).attempt_at == T - 5


def test_r03_a_start_that_nobody_told_is_derived_from_what_is_known() -> None:
    talked = {"talk": 40 * SECOND}
    assert proven(ended(T, **talked)).attempt_at == T - 40 * SECOND
    assert proven(ended(T, ring=SECOND, **talked)).attempt_at == T - 41 * SECOND
    assert proven(ended(T, ring=SECOND, answered_at=T - 50 * SECOND, **talked)).attempt_at == T - 51 * SECOND
    by_machine = facts.answered("c", T - 60 * SECOND, answered_by="machine")
    assert proven(by_machine, ended(T, **talked)).attempt_at == T - 60 * SECOND


def test_r03_a_contact_happens_when_the_far_side_answered_else_as_told_else_at_the_end_minus_talk() -> None:
    told = ended(T, answered_at=T - 50 * SECOND, talk=40 * SECOND)
    assert proven(facts.answered("c", T - 45 * SECOND), told).contact_at == T - 45 * SECOND
    assert proven(told).contact_at == T - 50 * SECOND
    assert proven(ended(T, talk=40 * SECOND)).contact_at == T - 40 * SECOND


def test_a_call_is_known_alike_whatever_the_order_of_its_events() -> None:
    told = (
        facts.started("c", T, manager_id="anna"),
        facts.answered("c", T + 10, answered_by="manager"),
        facts.answered("c", T + 20, answered_by="customer"),
        ended(T + 60 * SECOND, started_at=T + 1, talk=59 * SECOND),
    )
    known = [seen(*order) for order in permutations(told)]
    assert all(call == known[0] for call in known)


def test_of_several_legs_of_one_call_the_answered_one_tells_how_it_ended() -> None:
    legs = (
        ended(T, direction="inbound", outcome="no_answer", talk=0, manager_id="vera"),
        ended(T - 1, direction="inbound", talk=20 * SECOND, manager_id="anna"),
    )
    for order in permutations(legs):
        assert proven(*order) == Proof(T - 1 - 20 * SECOND, T - 1 - 20 * SECOND, "anna", "")


LEGS = (
    unanswered("failed", ring=0, started_at=T - 40_000),
    unanswered("no_answer", ring=20_000, started_at=T - 30_000),
    unanswered("no_answer", ring=2_000, started_at=T - 29_000),
    unanswered("canceled", started_at=T - 1_000),
    unanswered("busy"),
    ended(T - 5_000, talk=3_000, answered_at=T - 8_000),
    ended(T + 5_000, talk=30_000, answered_at=T - 25_000),
)


@pytest.mark.parametrize("legs", [LEGS[:4], LEGS[:2], LEGS[1:5], LEGS[3:], LEGS[:1] + LEGS[4:]])
def test_r01_of_several_ends_the_one_that_proves_most_stands_in_whatever_order(legs: tuple[Any, ...]) -> None:
    best = {proven(*order) for order in permutations(legs)}
    assert len(best) == 1
    assert best.pop().attempt_at is not None


def test_r01_no_leg_that_rang_too_short_becomes_long_by_another() -> None:
    legs = (unanswered("no_answer", started_at=T - 2_000), ended(T + 60_000, outcome="canceled", started_at=T + 58_000))
    assert {proven(*order).reason for order in permutations(legs)} == {Reason.NOT_RUNG}


def test_r05_what_another_lead_had_says_so_in_its_proof() -> None:
    call = seen(facts.started("c", 0, spoken_for=True), facts.called("c", 0, spoken_for=True))
    assert proof(call, LIMITS, ()).spoken_for
    assert not proof(seen(facts.called("c", 0)), LIMITS, ()).spoken_for
    assert contact_proof(facts.message(0, spoken_for=True)).spoken_for


def test_r09_a_call_is_ringing_until_a_human_answers_and_talking_until_it_ends() -> None:
    ringing = facts.started("c", T)
    assert live_state(seen(ringing)) == "ringing"
    assert live_state(seen(ringing, facts.answered("c", T, answered_by="manager"))) == "ringing"
    assert live_state(seen(ringing, facts.answered("c", T, answered_by="queue"))) == "ringing"
    assert live_state(seen(ringing, facts.answered("c", T))) == "talking"
    assert live_state(seen(ringing, facts.answered("c", T), ended(T))) is None


def test_r09_an_answer_before_its_start_is_known_is_talk() -> None:
    assert live_state(seen(facts.answered("c", T, answered_by="manager"))) == "talking"


def test_r09_a_machine_and_an_internal_call_hold_nothing() -> None:
    assert live_state(seen(facts.started("c", T), facts.answered("c", T, answered_by="machine"))) is None
    assert live_state(seen(facts.started("c", T, internal=True))) is None


def test_a_call_is_its_source_and_its_id() -> None:
    assert call_key("/pbx", "1") == call_key("/pbx", "1") != call_key("/pbx2", "1")
    assert len(call_key("/pbx", "1")) == 16
