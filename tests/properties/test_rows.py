"""What holds of any row, also of those that no story leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_monitor import codec
from sla_monitor.core import track
from sla_monitor.core.effects import Count, Publish, Question
from sla_monitor.core.events import (
    Absorbed,
    Asked,
    Assigned,
    Away,
    Declined,
    Due,
    Joined,
    JoinedReopened,
    JoinRefused,
    Merged,
    Parted,
)
from sla_monitor.core.lead import Kind, Lead, Loose, Phase, Turn, next_due
from sla_monitor.core.lead_clock import Broken, LeadClock
from sla_monitor.core.promise import Result
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Policy
from tests import facts
from tests.world import T0, World, sales

RULES = sales("anna", "vera", "olga")
WHO = st.sampled_from(["anna", "vera", "olga", ""])
NEAR = st.integers(-30, 30).map(lambda minutes: T0 + minutes * MINUTE)
MAYBE = st.one_of(st.just(0), NEAR)


@st.composite
def leads(draw: Any) -> Lead:
    """Any lead, of whatever made-up past."""
    phase = draw(st.sampled_from([Phase.OPEN, Phase.OPEN, Phase.OPEN, Phase.ANSWERED, Phase.CLOSED, Phase.JOINED]))
    started = draw(NEAR)
    kinds, results = st.sampled_from(Kind), st.sampled_from(Result)
    turns = [
        Turn(i + 1, draw(WHO.filter(bool)), started, draw(NEAR), draw(kinds), draw(results))
        for i in range(draw(st.integers(0, 3)))
    ]
    past = LeadClock(0, started - HOUR, started - HOUR, started - 50 * MINUTE, 0, draw(results), ended=started - MINUTE)
    clock = LeadClock(
        1,
        started,
        started,
        started + 10 * MINUTE,
        draw(MAYBE),
        draw(results),
        draw(results),
        ended=0 if phase is Phase.OPEN else draw(NEAR),
        first_holder=draw(WHO),
        attempt_at=draw(MAYBE),
        contact_at=draw(MAYBE),
        breached=draw(st.sampled_from([(), (Broken(2, "vera", started + 20 * MINUTE),)])),
    )
    escalated = draw(st.booleans())
    return Lead(
        "L",
        phase,
        clocks=[past] * draw(st.integers(0, 1)) + [clock],
        loose=draw(st.sampled_from([[], [Loose(started, None, 0, "anna", "e1")]])),
        joining=draw(st.sampled_from([{}, {"M": started + 5 * MINUTE}])),
        keyed=True,
        team_id="sales",
        turn=max(len(turns), 1),
        turns=turns,
        counted=draw(st.integers(1, 4)),
        holder="boris" if escalated else draw(WHO),
        ask=draw(st.integers(0, 2)),
        asking=draw(st.booleans()),
        ask_reason=draw(st.sampled_from(["assigned", "no_response", "absent"])),
        unassignable=draw(st.booleans()),
        unassignable_to="boris",
        escalated=escalated,
        question=1,
        asked_at=draw(MAYBE),
        catch_up_at=draw(NEAR),
        unanswered=draw(st.sampled_from([[], ["L"], ["+7999", "L"]])),
        held_until=draw(MAYBE),
        warn_next=draw(MAYBE),
        unowned_until=draw(MAYBE),
        rules_version=1,
        joined_to="M" if phase is Phase.JOINED else "",
    )


ANY_FACT = st.one_of(
    NEAR.map(Due),
    st.builds(
        Assigned, lead_id=st.just("L"), n=st.integers(0, 3), at=NEAR, manager_id=WHO.map(lambda who: who or None)
    ),
    st.builds(Asked, lead_id=st.just("L"), k=st.integers(0, 2), by=st.sampled_from(["L", "+7999", "x"]), at=NEAR),
    st.builds(Away, lead_id=st.just("L"), manager_id=WHO, at=NEAR),
    st.builds(
        Joined,
        lead_id=st.just("L"),
        into=st.just("M"),
        at=NEAR,
        started_at=NEAR,
        due_at=NEAR,
        undecided=st.booleans(),
        cycle=st.integers(0, 2),
    ),
    st.builds(JoinRefused, lead_id=st.just("L"), into=st.just("M"), reason=st.just("not_open"), at=NEAR),
    st.builds(Declined, lead_id=st.just("L"), joined=st.just("M"), at=NEAR),
    NEAR.map(lambda at: JoinedReopened(lead_id="L", joined="M", at=at, reopened=facts.reopened("M", at))),
    NEAR.map(lambda at: Parted(lead_id="L", at=at, reopened=facts.reopened("L", at))),
    st.builds(Absorbed, lead_id=st.just("L"), started_at=NEAR, at=NEAR),
    st.builds(
        Merged,
        lead_id=st.just("L"),
        joined=st.just("M"),
        at=NEAR,
        attempt_at=MAYBE,
        contact_at=MAYBE,
        came=NEAR,
        started_at=NEAR,
        due_at=MAYBE,
        first_holder=WHO,
    ),
    NEAR.map(lambda at: facts.message(at, lead_id="L")),
    NEAR.map(lambda at: facts.called("c", at, lead_id="L")),
    NEAR.map(lambda at: facts.started("c", at, lead_id="L")),
    NEAR.map(lambda at: facts.closed("L", at)),
    NEAR.map(lambda at: facts.reopened("L", at)),
    NEAR.map(lambda at: facts.erased("L", at)),
    st.tuples(WHO.filter(bool), NEAR).map(lambda it: facts.assigned("L", *it)),
    st.tuples(WHO.filter(bool), st.integers(1, 4), NEAR).map(lambda it: facts.claimed("L", *it)),
)

FAST = settings(max_examples=400, derandomize=True, deadline=None)


def decided(lead: Lead, fact: Any, now: int) -> tuple[Lead | None, list[Any]]:
    return track.decide(deepcopy(lead), fact, now, RULES)


@FAST
@given(leads(), NEAR, st.integers(0, 3600), st.sampled_from(["vera", "olga"]))
def test_i06_a_turn_begun_by_a_breach_is_due_a_target_after_it_was_given(
    lead: Lead, now: int, late: int, to: str
) -> None:
    lead.asking, lead.ask, lead.phase = True, 7, Phase.OPEN
    now += late * SECOND
    after, effects = decided(lead, Assigned(lead_id="L", n=7, at=now - late * SECOND, manager_id=to), now)
    assert after is not None
    turn = after.turns[-1]
    assert turn.holder == after.holder == to
    assert turn.due == (after.due_at if turn.kind is Kind.FIRST else now + Policy().target)
    assert any(isinstance(e, Publish) and e.data["due_at"] == turn.due for e in effects)


@FAST
@given(leads(), NEAR)
def test_i12_a_timer_that_is_not_due_changes_nothing(lead: Lead, now: int) -> None:
    due = next_due(lead)
    if due is None or due > now:
        assert decided(lead, Due(now), now) == (lead, [])


@FAST
@given(leads(), NEAR)
def test_i04_i12_a_timer_never_decides_a_breach_by_itself(lead: Lead, now: int) -> None:
    """Before anything is decided the numbers are asked, or a hold or a question has run out (R8, R9)."""
    _, effects = decided(lead, Due(now), now)
    breached = [e for e in effects if isinstance(e, Publish) and e.type == "sla.breached"]
    ran_out = (lead.unanswered and lead.catch_up_at <= now) or 0 < lead.held_until <= now
    assert not breached or ran_out
    for breach in breached:
        assert breach.data["due_at"] + Policy().allowance <= breach.data["asked_at"]


@FAST
@given(leads(), NEAR, st.integers(0, 5))
def test_i12_an_answer_to_another_ask_or_question_changes_nothing(lead: Lead, now: int, other: int) -> None:
    stale = [Asked(lead_id="L", k=lead.question + 1 + other, by="L", at=now)]
    stale += [Assigned(lead_id="L", n=lead.ask + 1 + other, at=now, manager_id="vera")]
    for fact in stale:
        after, effects = decided(lead, fact, now)
        assert after is not None
        assert replace(after, gone_at=0) == lead
        assert all(isinstance(effect, Count) for effect in effects)


@FAST
@given(leads(), ANY_FACT, NEAR)
def test_i16_turns_only_rise_and_at_most_the_last_one_runs(lead: Lead, fact: Any, now: int) -> None:
    for turn in lead.turns[:-1]:
        turn.result = turn.result or Result.ENDED
    after, _ = decided(lead, fact, now)
    if after is not None:
        numbers = [turn.turn for turn in after.turns]
        assert numbers == sorted(set(numbers))
        assert after.turn >= lead.turn
        assert all(turn.result for turn in after.turns[:-1])


@FAST
@given(leads(), ANY_FACT, NEAR)
def test_i16_r19_a_breach_asks_or_escalates_never_beyond_the_most_turns(lead: Lead, fact: Any, now: int) -> None:
    after, effects = decided(lead, fact, now)
    asks = [e for e in effects if type(e).__name__ == "Ask"]
    if after is not None and asks and after.ask_reason == "no_response":
        assert after.counted < Policy().max_turns


@FAST
@given(leads(), ANY_FACT, NEAR)
def test_i22_no_fact_makes_any_row_fail_and_every_row_survives_its_bytes(lead: Lead, fact: Any, now: int) -> None:
    after, effects = decided(lead, fact, now)
    rows = codec.RowCodec((Lead,))
    assert after is None or rows.decode(rows.encode(after)) == after
    for effect in effects:
        if isinstance(effect, Publish):
            assert codec.encode_outcome(effect)


@FAST
@given(leads(), NEAR)
def test_i22_no_timer_spins(lead: Lead, now: int) -> None:
    """Each firing moves the timer on: one that is due at once again would be due for ever."""
    if next_due(lead) is None or next_due(lead) > now:
        return
    after, _ = decided(lead, Due(now), now)
    due = None if after is None else next_due(after)
    assert due is None or due > now


@FAST
@given(st.binary(max_size=80))
def test_i22_bytes_decode_or_are_refused_by_name(raw: bytes) -> None:
    with suppress(codec.Undecodable):
        codec.decode_record(raw)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.permutations(range(8)))
def test_i13_records_of_different_leads_commute(order: list[int]) -> None:
    """What becomes of a lead does not depend on how it is mixed with others that share nobody with it."""
    queues = {
        "A": [
            facts.lead("A", T0, owner_id="anna", id="a1"),
            facts.assigned("A", "vera", T0 + 1, id="a2"),
            facts.claimed("A", "anna", 2, T0 + 2, id="a3"),
            facts.closed("A", T0 + 3, id="a4"),
        ],
        "B": [
            facts.lead("B", T0, owner_id="olga", id="b1"),
            facts.called("c", T0, lead_id="B", id="b2"),
            facts.closed("B", T0 + 2, id="b3"),
            facts.reopened("B", T0 + 3, id="b4"),
        ],
    }
    mixed = [queues["A" if i < 4 else "B"].pop(0) for i in order]
    seen = {}
    for name, story in (("mixed", mixed), ("sorted", sorted(mixed, key=lambda fact: fact.origin.id))):
        world = World(RULES)
        world.feed(*story)
        world.to(T0 + 9 * MINUTE)
        seen[name] = [[(o.type, o.turn, o.data) for o in world.outcomes if o.lead_id == lead] for lead in ("A", "B")]
    assert seen["mixed"] == seen["sorted"]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.permutations(range(4)), st.integers(-20, 9))
def test_i14_calls_before_their_lead_count_as_calls_after_it(order: list[int], minutes: int) -> None:
    """Whatever the order of arrival, the end is the same."""
    start = T0 + minutes * MINUTE
    story = [
        facts.lead("A", T0, phones=("+7999",), owner_id="anna"),
        facts.started("c", start, number="+7999"),
        facts.answered("c", start + 5 * SECOND, number="+7999"),
        facts.ended("c", start + MINUTE, number="+7999", talk=55 * SECOND, started_at=start),
    ]
    ends = []
    for each in (story, [story[i] for i in order]):
        world = World(RULES)
        for fact in each:
            world.feed(fact)
        lead = world.lead("A")
        ends.append((lead.status, lead.first_attempt_at, lead.first_contact_at, lead.evaluated, lead.turns))
    assert ends[0] == ends[1]


def test_a_question_is_asked_of_every_number_before_a_breach() -> None:
    clocks = [LeadClock(1, T0, T0, T0 + MINUTE)]
    lead = Lead("L", Phase.OPEN, clocks=clocks, phones=("+7999", "+7998"), rules_version=1)
    after, effects = track.decide(lead, Due(T0 + 2 * MINUTE), T0 + 2 * MINUTE, RULES)
    assert after is not None
    assert [effect.to for effect in effects if isinstance(effect, Question)] == after.unanswered == ["+7999", "+7998"]


STORY = """
from hashlib import sha256
from sla_monitor import codec
from sla_monitor.core.rules import MINUTE
from tests import facts
from tests.world import T0, World, sales
world = World(sales("anna", "vera", "olga", "zoya"))
world.feed(*(facts.lead(f"L{i}", T0, phones=(f"+7999000000{i % 3}",), skills=(), owner_id=None) for i in range(6)))
world.to(T0 + 50 * MINUTE)
rows = [sorted(log.rows.items()) for log in world.logs.values()]
print(sha256(repr([rows, [codec.encode_outcome(o) for o in world.outcomes]]).encode()).hexdigest())
"""


def test_i10_nothing_depends_on_the_order_of_hashes() -> None:
    ends = set()
    for seed in ("1", "2"):
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        ends.add(
            subprocess.run([sys.executable, "-c", STORY], env=env, capture_output=True, text=True, check=True).stdout
        )
    assert len(ends) == 1
