"""What two leads say to each other while they become one, in whatever order it arrives (R25, R26, R29)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sla_monitor.core import track
from sla_monitor.core.effects import Join, Log
from sla_monitor.core.events import Absorbed, Declined, Joined, JoinRefused, Merged, Parted
from sla_monitor.core.lead import Phase
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Policy, Source
from tests import facts
from tests.world import T0, World, sales


def tell(w: World, fact: Any) -> None:
    """What another lead says arrives."""
    w._append(Log.EVENTS, fact.lead_id, fact)
    w.run()


def decided(w: World, lead_id: str = "L") -> list[tuple[str, int, str]]:
    kinds = ("sla.met", "sla.breached", "sla.breach_retracted")
    told = [o for o in w.outcomes if o.lead_id == lead_id and o.type in kinds]
    return [(o.type.removeprefix("sla."), o.turn, o.data.get("holder_id", "")) for o in told]


def opened(**fields: Any) -> World:
    w = World()
    w.feed(facts.lead("L", T0, **{"owner_id": "anna", **fields}))
    return w


def merged(**fields: Any) -> Merged:
    given = {"lead_id": "L", "joined": "O", "at": T0 + MINUTE, "came": T0 - MINUTE, "started_at": T0 - MINUTE}
    return Merged(**given | {"due_at": T0 + 9 * MINUTE, "first_holder": "vera"} | fields)


def test_r25_a_refusal_is_told_once_for_each_lead_that_refuses():
    w = opened()
    for _ in range(2):
        tell(w, JoinRefused(lead_id="L", into="M", reason="full", at=w.now))
    assert [o.data["into"] for o in w.of("lead.join_refused")] == ["M"]
    assert w.lead("L").status == "waiting"


def test_r25_a_refusal_that_comes_after_another_lead_has_taken_it_changes_nothing_of_that():
    w = opened()
    w.feed(facts.lead("S", T0), facts.closed("L", T0, "merged", merged_into="S"))
    tell(w, JoinRefused(lead_id="L", into="M", reason="full", at=w.now))
    assert (w.lead("L").status, w.lead("L").joined_to) == ("joined", "S")


def test_r30_a_refusal_for_a_lead_without_a_clock_decides_nothing():
    w = World()
    w.feed(facts.lead("L", T0 - 2 * DAY, received=T0))
    tell(w, JoinRefused(lead_id="L", into="M", reason="not_open", at=w.now))
    assert decided(w) == []
    assert w.types("L") == ["lead.join_refused"]


def test_r25_an_acceptance_that_comes_twice_is_no_second_joining():
    w = opened()
    w.feed(facts.lead("S", T0), facts.closed("L", T0, "merged", merged_into="S"))
    tell(w, Joined(lead_id="L", into="S", at=w.now, started_at=T0, due_at=T0 + 10 * MINUTE))
    assert w.counted("ignored_already_joined") == 1
    assert len(w.of("lead.joined")) == 1


def test_r25_a_lead_that_does_not_come_is_asked_for_nothing_any_more():
    w = opened()
    lead = w.lead("L")
    lead.joined, lead.joining, lead.unanswered = ["O"], {"O": T0 + 9 * MINUTE}, ["O"]
    row, _ = track.decide(lead, Declined(lead_id="L", joined="O", at=T0), T0, w.rules)
    assert (row.joined, row.joining, row.unanswered) == ([], {}, [])


def test_r25_a_clock_that_is_decided_takes_no_other():
    w = opened()
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", manager_id="anna"))
    tell(w, merged())
    w.to(T0 + 20 * MINUTE)
    assert decided(w) == [("met", 1, "anna")]
    assert w.lead("L").started_at == T0


def test_r25_a_lead_that_was_closed_meanwhile_decides_the_due_that_it_was_given():
    w = opened()
    w.to(T0 + 9 * MINUTE + SECOND)
    w.feed(facts.closed("L", w.now))
    tell(w, merged())
    w.to(T0 + 20 * MINUTE)
    assert decided(w) == [("breached", 1, "vera")]


def test_r25_what_comes_for_a_lead_that_joined_another_itself_goes_on_to_that():
    w = opened()
    w.feed(facts.lead("S", T0, owner_id="vera"), facts.closed("L", T0, "merged", merged_into="S"))
    tell(w, merged(phones=("+74951112233",)))
    assert w.lead("S").phones == ("+74951112233",)
    assert w.lead("S").started_at == T0 - MINUTE


def test_r25_a_lead_that_is_merged_into_one_that_waits_to_be_taken_itself_goes_where_that_goes():
    w = opened()
    w.feed(facts.lead("M", T0, owner_id="vera"), facts.lead("N", T0, owner_id="vera"))
    w.to(T0 + 10 * MINUTE)  # due, and not decided yet
    w.feed(facts.closed("M", w.now, "merged", merged_into="N"), facts.closed("L", w.now, "merged", merged_into="M"))
    w.after(MINUTE)
    assert [(w.lead(name).phase, w.lead(name).joined_to) for name in "LM"] == [(Phase.JOINED, "N")] * 2
    assert w.of("lead.join_refused") == []


def test_r26_a_missed_call_that_made_no_lead_moves_the_start_back_with_its_due():
    w = World()
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    tell(w, Absorbed(lead_id="L", started_at=T0, at=T0))
    assert (w.lead("L").started_at, w.lead("L").due_at) == (T0, T0 + 10 * MINUTE)
    w.to(T0 + 11 * MINUTE)
    assert decided(w) == [("breached", 1, "anna")]


def test_r26_nobody_answers_for_a_due_that_left_them_less_than_half_of_the_target():
    w = World()
    w.to(T0 + 8 * MINUTE)
    w.feed(facts.lead("L", w.now, owner_id="anna"))
    tell(w, Absorbed(lead_id="L", started_at=T0, at=T0))
    w.to(T0 + 11 * MINUTE)
    assert decided(w) == [("breached", 1, "")]
    assert (w.lead("L").holder, w.lead("L").current.due) == ("anna", T0 + 18 * MINUTE)


@pytest.mark.parametrize("started_at", [T0, T0 + MINUTE])
def test_r26_a_missed_call_that_is_not_earlier_moves_nothing(started_at: int):
    w = opened()
    tell(w, Absorbed(lead_id="L", started_at=started_at, at=started_at))
    assert (w.lead("L").started_at, w.lead("L").due_at) == (T0, T0 + 10 * MINUTE)


def test_r26_a_lead_that_nobody_has_takes_the_start_of_a_missed_call_too():
    w = World(sales(policy=Policy(unowned="wait", unowned_after=30 * MINUTE)))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.lead("L", w.now))
    tell(w, Absorbed(lead_id="L", started_at=T0, at=T0))
    assert w.lead("L").due_at == T0 + 10 * MINUTE


def test_r25_what_a_lead_on_its_way_might_bring_is_waited_for_only_so_long():
    w = opened()
    w.to(T0 + 10 * MINUTE + SECOND)
    lead = w.lead("L")
    lead.joined, lead.joining = ["gone"], {"gone": T0 + 9 * MINUTE}
    w.logs[Log.EVENTS].rows["L"] = w.logs[Log.EVENTS].codec.encode(lead)
    lead, effects = track.decide(lead, track.Due(T0 + 10 * MINUTE + 2 * SECOND), T0 + 10 * MINUTE + 2 * SECOND, w.rules)
    assert lead.unanswered == ["gone"]
    later = lead.catch_up_at
    lead, effects = track.decide(lead, track.Due(later), later, w.rules)
    (breach,) = [effect for effect in effects if getattr(effect, "type", "") == "sla.breached"]
    assert (lead.joining, breach.data["confidence"]) == ({}, "degraded")


def test_r29_a_later_turn_whose_due_had_passed_at_the_end_is_met_by_proof_that_comes_before_the_decision():
    w = opened()
    w.to(T0 + 20 * MINUTE + 3 * SECOND)
    assert w.lead("L").holder == "vera"
    w.feed(facts.closed("L", w.now))
    w.feed(facts.called("c", T0 + 15 * MINUTE, lead_id="L", manager_id="vera", received=w.now))
    w.after(MINUTE)
    assert decided(w) == [("breached", 1, "anna"), ("met", 2, "vera")]


def test_r29_a_conversation_that_was_due_before_the_end_is_decided_and_nobody_is_told_to_call():
    w = World(sales(policy=Policy(contact_target=4 * MINUTE)))
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 4 * MINUTE + SECOND)
    w.feed(facts.closed("L", w.now))
    w.after(MINUTE)
    assert [(o.type, o.data["measure"]) for o in w.of("sla.breached")] == [("sla.breached", "contact")]
    assert "contact_breached" not in w.told("anna")


def test_r31_erasing_decides_a_later_turn_whose_due_had_passed():
    w = opened()
    w.to(T0 + 20 * MINUTE + 3 * SECOND)
    w.feed(facts.erased("L", w.now))
    assert decided(w) == [("breached", 1, "anna"), ("breached", 2, "vera")]


def test_r29_a_lead_that_was_too_old_for_a_clock_begins_its_first_one_when_it_is_reopened():
    w = World()
    w.feed(facts.lead("L", T0 - 2 * DAY, received=T0), facts.reopened("L", T0))
    assert [clock.came for clock in w.lead("L").clocks] == [T0]


def test_who_proved_what_first_is_told_of_the_present_clock():
    w = opened()
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", manager_id="vera"))
    assert (w.lead("L").first_attempt_by, w.lead("L").first_contact_by) == ("vera", "vera")


# R25: a lead that joined another is closed in its source


PHONE = "+74951112233"


def joined(w: World | None = None) -> World:
    """O, which is anna's, is part of S, which is vera's."""
    w = w or World()
    w.feed(facts.lead("S", T0, phones=(PHONE,), owner_id="vera"), facts.lead("O", T0, phones=(PHONE,), owner_id="anna"))
    assert w.lead("O").joined_to == "S"
    return w


@pytest.mark.parametrize(("reason", "into"), [("duplicate", None), ("merged", "S")])
def test_r25_a_joined_lead_that_its_source_closes_stays_joined_and_its_calls_are_the_others(reason, into):
    w = joined()
    w.to(T0 + MINUTE)
    w.feed(facts.closed("O", w.now, reason, merged_into=into))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.called("c", T0 + 2 * MINUTE, lead_id="O", manager_id="anna", received=w.now))
    assert (w.lead("O").status, w.lead("S").status) == ("joined", "answered")
    assert decided(w, "S") == [("met", 1, "vera")]
    assert w.types("O")[-2:] == ["lead.joined", "lead.closed"]


def test_r25_a_joined_lead_is_closed_once():
    w = joined()
    w.feed(facts.closed("O", w.now, "duplicate"), facts.closed("O", w.now, "junk"))
    assert [o.data["reason"] for o in w.of("lead.closed")] == ["duplicate"]
    assert w.counted("ignored_already_closed") == 1


def test_r29_a_closing_of_a_joined_lead_takes_back_what_it_had_decided_itself():
    w = World()
    w.feed(facts.lead("O", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + 3 * SECOND)
    w.feed(facts.lead("S", w.now, owner_id="vera"), facts.closed("O", w.now, "merged", merged_into="S"))
    w.after(10 * SECOND)
    lead = w.lead("O")
    lead.closed_reason = ""  # as one that joined by its number has it
    w.logs[Log.EVENTS].rows["O"] = w.logs[Log.EVENTS].codec.encode(lead)
    w.feed(facts.closed("O", T0 + 9 * MINUTE, "duplicate", received=w.now))
    assert decided(w, "O") == [("breached", 1, "anna"), ("breach_retracted", 1, "anna")]
    assert w.lead("O").status == "joined"


def test_r25_a_joined_lead_is_not_merged_into_a_third_which_is_told():
    w = joined()
    w.feed(facts.lead("T", T0, owner_id="anna"), facts.closed("O", w.now, "merged", merged_into="T"))
    assert [(o.data["into"], o.data["reason"]) for o in w.of("lead.join_refused")] == [("T", "joined")]
    assert (w.lead("O").joined_to, w.lead("T").joined) == ("S", [])


def join(w: World, **fields: Any) -> None:
    given = {"lead_id": "S", "joining": "O", "at": w.now, "started_at": T0, "due_at": T0 + 10 * MINUTE, "merge": True}
    tell(w, Join(**given | fields))


@pytest.mark.parametrize("answered", [False, True])
def test_r25_whoever_asks_again_to_join_has_the_same_answer_whatever_became_of_the_other(answered):
    w = joined()
    if answered:
        w.feed(facts.message(w.now, lead_id="S"))
    join(w)
    assert (w.counted("ignored_already_joined"), w.of("lead.join_refused")) == (1, [])
    assert (w.lead("S").joined, w.lead("S").joining) == (["O"], {})
    assert len(w.of("lead.joined")) == 1


# R25, R29: a lead that joined another is reopened, and merged again


def test_r29_a_joined_lead_is_not_reopened_while_the_other_is_open_and_that_is_shown():
    w = joined()
    w.feed(facts.reopened("O", w.now))
    assert (w.lead("O").status, w.of("lead.reopened")) == ("joined", [])
    assert w.lead("S").flags == ("joined_reopened",)


def over(w: World, how: str) -> None:
    """S, of which O is part, is open no more."""
    if how == "forgotten":
        w.feed(facts.closed("S", w.now))
        w.after(8 * DAY)
    elif how == "joined":
        w.feed(facts.lead("T", w.now), facts.closed("S", w.now, "merged", merged_into="T"))
        w.feed(facts.closed("T", w.now))
        assert w.lead("S").joined_to == "T"
    else:
        over = {"answered": facts.message, "closed": facts.closed, "erased": facts.erased}[how]
        w.feed(over(w.now, lead_id="S") if how == "answered" else over("S", w.now))


@pytest.mark.parametrize("how", ["answered", "closed", "erased", "forgotten", "joined"])
def test_r29_a_joined_lead_whose_other_is_over_is_reopened_with_a_clock_of_its_own(how):
    w = joined()
    w.to(T0 + MINUTE)
    over(w, how)
    w.after(MINUTE)
    w.feed(facts.reopened("O", w.now))
    lead = w.lead("O")
    assert (lead.status, lead.joined_to, lead.holder, lead.started_at) == ("waiting", "", "anna", w.now)
    assert [o.turn for o in w.of("lead.reopened")] == [2]
    w.feed(facts.called("c", w.now, number=PHONE, manager_id="anna"))
    assert decided(w, "O") == [("met", 2, "anna")]


def test_r29_what_is_reopened_by_itself_is_no_part_of_the_other_any_more():
    w = joined()
    w.feed(facts.message(w.now, lead_id="S"))
    w.after(MINUTE)
    w.feed(facts.reopened("O", w.now))
    assert w.lead("S").joined == []


LATE = {name: Source(name, max_delay=8 * HOUR) for name in ("crm", "pbx", "other")}


def told(*order: tuple[str, str, float]) -> World:
    """O is part of S since minute 1; all else is told an hour later, in this order."""
    w = World(sales(sources=LATE))
    w.feed(facts.lead("S", T0, owner_id="anna", phones=(PHONE,)))
    w.to(T0 + MINUTE)
    w.feed(facts.lead("O", w.now, owner_id="vera", phones=(PHONE,)))
    w.to(T0 + HOUR)
    for what, lead_id, minute in order:
        w.after(MINUTE)
        at = T0 + int(minute * MINUTE)
        if what == "called":
            w.feed(facts.called(f"c{minute}", at, number=PHONE, manager_id="anna", received=w.now))
        else:
            w.feed({"closed": facts.closed, "reopened": facts.reopened}[what](lead_id, at, received=w.now))
    w.after(3 * HOUR)
    return w


def came(w: World, lead_id: str) -> list[tuple[float, bool]]:
    """When each clock came, in minutes, and whether a response in time is known."""
    clocks = w.lead(lead_id).clocks
    return [((clock.came - T0) / MINUTE, clock.evaluated.value in ("met", "retracted")) for clock in clocks]


@pytest.mark.parametrize(
    ("facts_", "others", "own"),
    [
        ([("closed", "S", 5), ("reopened", "O", 20)], [(0, False)], [(1, False), (20, False)]),
        ([("closed", "S", 5), ("reopened", "O", 20), ("called", "", 25)], [(0, False)], [(1, False), (20, True)]),
        ([("called", "", 5), ("reopened", "O", 20), ("called", "", 25)], [(0, True)], [(1, False), (20, True)]),
        ([("reopened", "O", 4), ("closed", "S", 5)], [(0, False)], [(1, False)]),
        ([("reopened", "O", 4), ("closed", "S", 5), ("reopened", "O", 6)], [(0, False)], [(1, False), (6, False)]),
        (
            [("closed", "S", 5), ("reopened", "O", 20), ("reopened", "S", 30)],
            [(0, False), (30, False)],
            [(1, False), (20, False)],
        ),
    ],
)
def test_r29_a_joined_lead_is_reopened_by_itself_if_the_other_was_over_then_in_whatever_order_it_is_told(
    facts_, others, own
):
    for order in permutations(facts_):
        w = told(*order)
        assert (came(w, "S"), came(w, "O")) == (others, own), order


@pytest.mark.parametrize(
    "order",
    [
        (("closed", "S", 5), ("reopened", "S", 6), ("reopened", "O", 7)),
        (("reopened", "S", 6), ("closed", "S", 5), ("reopened", "O", 7)),
        (("reopened", "S", 6), ("reopened", "O", 7), ("closed", "S", 5)),
        (("reopened", "O", 7), ("reopened", "S", 6), ("closed", "S", 5)),
    ],
)
def test_r29_whoever_is_part_of_a_lead_that_is_open_again_stays_that_even_if_the_closing_is_told_last(order):
    w = told(*order)
    assert (came(w, "S"), came(w, "O")) == ([(0, False), (6, False)], [(1, False)])
    assert decided(w, "O") == []


def test_r29_what_was_over_by_its_erasure_lets_go_whoever_was_reopened_since():
    w = World(sales(sources=LATE))
    w.feed(facts.lead("S", T0, phones=(PHONE,)), facts.lead("O", T0, phones=(PHONE,)))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.reopened("O", w.now))
    assert w.lead("O").status == "joined"
    w.after(MINUTE)
    w.feed(facts.erased("S", T0 + 4 * MINUTE, received=w.now))
    assert (w.lead("O").status, came(w, "O")) == ("waiting", [(0, False), (5, False)])


@pytest.mark.parametrize("joined_too", [False, True])
def test_r29_who_is_no_part_of_it_any_more_is_not_reopened_for_its_sake(joined_too):
    w = World(sales(sources=LATE))
    w.feed(facts.lead("S", T0, phones=(PHONE,)), facts.lead("O", T0, phones=(PHONE,)), facts.lead("T", T0))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.reopened("O", w.now))
    assert list(w.lead("S").parting) == ["O"]
    if joined_too:  # T waits for the customer, whatever S was
        w.after(MINUTE)
        w.feed(facts.closed("S", w.now, "merged", merged_into="T"))
        w.feed(facts.closed("S", T0 + 4 * MINUTE, received=w.now))
        assert (w.lead("S").status, w.lead("S").parting, list(w.lead("T").parting)) == ("joined", {}, ["O"])
    tell(w, Declined(lead_id="S", joined="O", at=w.now))
    assert (w.lead("S").parting, w.lead("T").parting, w.lead("O").status) == ({}, {}, "joined")


def test_r29_who_was_reopened_is_one_of_its_own_if_what_the_other_joined_since_was_over_then():
    w = World(sales(sources=LATE))
    w.feed(facts.lead("T", T0), facts.lead("S", T0, phones=(PHONE,)), facts.lead("O", T0, phones=(PHONE,)))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.reopened("O", w.now))
    w.after(MINUTE)
    w.feed(facts.closed("S", w.now, "merged", merged_into="T"))
    w.after(MINUTE)
    w.feed(facts.closed("T", T0 + 2 * MINUTE, received=w.now))
    assert (w.lead("O").status, came(w, "O")) == ("waiting", [(0, False), (3, False)])


def test_r29_a_joined_lead_is_reopened_once_however_often_that_is_told():
    w = joined()
    w.feed(facts.closed("S", w.now))
    w.after(MINUTE)
    w.accept(facts.reopened("O", w.now))
    w.accept(facts.reopened("O", w.now))
    w.run()
    assert len(w.of("lead.reopened")) == 1
    tell(w, Parted(lead_id="O", at=w.now, reopened=facts.reopened("O", w.now)))
    assert w.counted("ignored_not_joined") == 2


def test_r07_what_happened_on_a_joined_lead_since_it_was_reopened_answers_it_however_late_that_is_told():
    w = joined()
    w.feed(facts.closed("S", w.now))
    w.to(T0 + 5 * MINUTE)
    w.feed(facts.message(T0 + 3 * MINUTE, lead_id="O", received=w.now))
    w.feed(facts.called("c", T0, lead_id="O", manager_id="anna", received=w.now))
    w.feed(facts.reopened("O", T0 + 2 * MINUTE, received=w.now))
    assert [(o.data["cycle"], o.data["response_at"]) for o in w.of("sla.met", "O")] == [(2, T0 + 3 * MINUTE)]


def test_r29_a_joined_lead_that_was_closed_since_is_not_reopened():
    w = joined()
    w.feed(facts.closed("S", w.now))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.closed("O", w.now, "junk"), facts.reopened("O", T0 + MINUTE, received=w.now))
    assert (w.lead("O").status, w.counted("ignored_older")) == ("joined", 1)


def test_who_may_not_reopen_a_joined_lead_is_told_so():
    w = joined()
    w.feed(facts.closed("S", w.now), facts.reopened("O", w.now, may=("others",), uri="/sla-monitor/board"))
    assert (w.lead("O").status, w.types("O")[-1]) == ("joined", "act.refused")


def again(w: World) -> None:
    """O, which was part of S, is a lead of its own since minute 2, and is merged into S at minute 3, which is open."""
    w.to(T0 + MINUTE)
    w.feed(facts.closed("S", w.now))
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.reopened("O", w.now))
    w.feed(facts.reopened("S", w.now))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.closed("O", w.now, "merged", merged_into="S"))


def test_r25_a_lead_that_was_reopened_is_merged_again_with_the_clock_that_it_has_then():
    w = joined()
    again(w)
    assert [(o.turn, o.data["clock"]) for o in w.of("lead.joined")] == [(1, "joined"), (2, "joined")]
    assert w.lead("S").joined == ["O"]
    w.after(MINUTE)
    w.feed(facts.message(T0 + 2 * MINUTE + 30 * SECOND, lead_id="O", received=w.now))
    assert decided(w, "S") == [("met", 2, "vera")]


def test_r25_a_second_merge_that_is_refused_is_told_too():
    w = World()
    w.feed(facts.lead("O", T0))
    for _ in range(2):
        w.after(MINUTE)
        w.feed(facts.closed("O", w.now, "merged", merged_into="gone"))
        w.feed(facts.reopened("O", w.now))
    assert [o.turn for o in w.of("lead.join_refused")] == [1, 2]


def test_r25_of_a_row_that_never_heard_of_the_reopening_the_second_merge_is_answered_too():
    w = joined()
    again(w)
    lead = w.lead("S")
    lead.joined = ["O", "N"]
    w.logs[Log.EVENTS].rows["S"] = w.logs[Log.EVENTS].codec.encode(lead)
    w.feed(facts.lead("N", w.now, owner_id="anna"), facts.closed("N", w.now, "merged", merged_into="S"))
    assert [o.data["clock"] for o in w.of("lead.joined", "N")] == ["ended"]


def crossing(*steps: Log) -> World:
    """O is created with the number of S, closed, reopened, and merged into S, all at once."""
    w = World()
    w.feed(facts.lead("S", T0, phones=(PHONE,), owner_id="vera"))
    for fact in (
        facts.lead("O", T0, phones=(PHONE,), owner_id="anna"),
        facts.closed("O", T0, "junk"),
        facts.reopened("O", T0),
        facts.closed("O", T0, "merged", merged_into="S"),
    ):
        w.accept(fact)
    while any(w.logs[log].queue for log in steps):
        for log in steps:
            w.step(log)
    w.run()
    return w


@pytest.mark.parametrize(
    "steps",
    [
        (Log.PHONES, Log.EVENTS),
        (Log.EVENTS, Log.PHONES),
        (Log.EVENTS, Log.EVENTS, Log.PHONES),
        (Log.EVENTS, Log.PHONES, Log.PHONES),
        (Log.PHONES, Log.EVENTS, Log.EVENTS, Log.EVENTS),
    ],
)
def test_r25_in_whatever_order_they_hear_of_each_other_the_reopened_lead_is_part_of_the_other_once(steps):
    w = crossing(*steps)
    assert (w.lead("O").status, w.lead("O").joined_to) == ("joined", "S")
    assert (w.lead("S").joined, w.lead("S").joining) == (["O"], {})
    w.to(T0 + 2 * MINUTE)
    w.feed(facts.message(T0 + MINUTE, lead_id="O", received=w.now))
    assert decided(w, "S") == [("met", 1, "vera")]


def test_r25_an_acceptance_of_the_clock_before_is_not_that_of_the_reopened_one():
    w = opened()
    w.feed(facts.closed("L", T0), facts.reopened("L", T0))
    tell(w, Joined(lead_id="L", into="S", at=w.now, started_at=T0, due_at=T0 + 10 * MINUTE, cycle=1))
    assert (w.lead("L").status, w.counted("ignored_not_open")) == ("waiting", 1)


def test_r25_a_clock_whose_due_had_passed_at_the_acceptance_is_its_own():
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    w.to(T0 + 10 * MINUTE + SECOND)
    tell(w, Joined(lead_id="L", into="S", at=w.now, started_at=T0, due_at=T0 + 20 * MINUTE, undecided=True, cycle=1))
    w.after(MINUTE)
    assert [o.data["clock"] for o in w.of("lead.joined", "L")] == ["own"]
    assert len(w.of("sla.breached", "L")) == 1


# erasure (R31)

P, Q, R = "+74951234567", "+74957654321", "+74950000001"


def joined_by_number(*, more: tuple[str, ...] = (Q,)) -> World:
    """A, which has a further number, is part of B."""
    w = World()
    w.feed(facts.lead("B", T0, owner_id="anna", phones=(P,)))
    w.feed(facts.lead("A", T0, owner_id="vera", phones=(P, *more), name="Ivan"))
    assert w.lead("A").joined_to == "B"
    return w


def kept_of(w: World, *texts: str) -> list[str]:
    rows = [row for log in (Log.EVENTS, Log.PHONES) for row in w.logs[log].rows.items()]
    return [text for text in texts for key, row in rows if text.encode() in row or text in key]


def test_r31_what_a_joined_lead_alone_brought_is_erased_with_it():
    w = joined_by_number()
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").phones == (P,)
    assert kept_of(w, Q, "Ivan") == []
    w.feed(facts.called("c", w.now, number=P))
    assert w.lead("B").status == "answered"


def test_r31_a_number_that_another_joined_lead_brought_too_stays():
    w = joined_by_number(more=(Q, R))
    w.feed(facts.lead("C", T0, phones=(P, Q)), facts.erased("A", w.now))
    assert w.lead("C").joined_to == "B"
    assert w.lead("B").phones == (P, Q)
    w.feed(facts.erased("C", w.now))
    assert w.lead("B").phones == (P,)


def test_r31_a_call_to_what_was_erased_with_a_joined_lead_does_not_keep_the_number():
    w = joined_by_number()
    w.feed(facts.called("c", w.now, number=Q, manager_id="anna"), facts.erased("A", w.now))
    assert (w.lead("B").status, kept_of(w, Q)) == ("answered", [])


NEW, OLD = "+541123456789", "+5491123456789"


@pytest.mark.parametrize("spelled", [(NEW, OLD), (OLD, NEW)])
def test_r31_the_same_phone_in_another_spelling_stays_whichever_lead_is_erased_that_had_it_too(spelled):
    w = World()
    w.feed(*(facts.lead(name, T0, phones=(number,)) for name, number in zip("BA", spelled, strict=True)))
    assert (w.lead("A").joined_to, w.lead("B").phones) == ("B", spelled[:1])
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").phones == spelled[:1]
    w.feed(facts.called("c", w.now, number=NEW, manager_id="anna"))
    assert w.lead("B").status == "answered"
    assert set(kept_of(w, NEW, OLD)) == {NEW, *spelled[:1]}  # NEW is the key that calls come to


def test_r31_what_two_parts_have_in_two_spellings_goes_with_the_last_of_them():
    w = joined_by_number(more=(NEW,))
    w.feed(facts.lead("C", T0, phones=(P, OLD)), facts.erased("A", w.now))
    assert w.lead("B").phones == (P, OLD)
    w.feed(facts.called("c", T0, number=NEW))
    assert w.lead("B").calls[-1].number == NEW
    w.feed(facts.erased("C", w.now))
    assert (w.lead("B").phones, kept_of(w, NEW, OLD)) == ((P,), [])


@pytest.mark.parametrize("kind", [facts.updated, facts.lead])
def test_r25_what_a_lead_says_of_its_own_numbers_takes_none_from_those_that_joined(kind):
    w = joined_by_number(more=(Q,))
    w.feed(kind("B", T0 + 1, phones=(P, R)), kind("B", T0 + 2, phones=(P,)))
    assert (w.lead("B").phones, w.lead("B").own) == ((P, Q), (P,))
    w.to(T0 + MINUTE)
    w.feed(facts.called("r", w.now, number=R, manager_id="anna"))
    assert w.lead("B").status == "waiting"  # R24: it is nobody's any more
    w.feed(facts.called("q", w.now, number=Q, manager_id="anna"))
    assert w.lead("B").status == "answered"


@pytest.mark.parametrize("kind", [facts.updated, facts.lead])
def test_r24_a_number_that_is_taken_from_a_joined_lead_is_taken_from_the_other_too(kind):
    w = joined_by_number(more=(Q,))
    w.to(T0 + 2 * MINUTE)
    w.feed(kind("A", w.now, phones=(P,)))
    assert (w.lead("B").phones, w.lead("B").brought) == ((P,), {"A": (P,)})
    w.feed(facts.called("late", w.now + MINUTE, number=Q, manager_id="anna", received=w.now))
    assert w.lead("B").status == "waiting"
    w.feed(facts.called("early", T0 + MINUTE, number=Q, manager_id="anna", received=w.now))
    assert w.lead("B").status == "answered"
    w.feed(facts.erased("A", w.now))
    assert kept_of(w, Q) == []


def test_r24_a_number_stays_while_anybody_has_it_whoever_gives_it_up():
    w = joined_by_number(more=(Q,))
    w.feed(facts.lead("C", T0, phones=(Q, R)))
    assert w.lead("C").joined_to == "B"
    w.feed(facts.updated("A", T0 + 1, phones=(P,)), facts.updated("B", T0 + 2, phones=()))
    assert set(w.lead("B").phones) == {P, Q, R}
    w.feed(facts.updated("C", T0 + 3, phones=()), facts.updated("A", T0 + 4, phones=()))
    assert (w.lead("B").phones, w.lead("B").brought, w.lead("B").own_phones) == ((), {}, None)


def test_r24_the_numbers_of_a_part_of_a_part_are_its_own_wherever_they_went():
    w = World()
    w.feed(facts.lead("M", T0, phones=(R,)), facts.lead("B", T0, phones=(P,)), facts.lead("A", T0, phones=(P, Q)))
    w.feed(facts.closed("B", w.now, "merged", merged_into="M"))
    assert w.lead("M").brought == {"A": (P, Q), "B": (P,)}
    w.feed(facts.updated("A", T0 + 1, phones=()), facts.updated("B", T0 + 2, phones=()))
    assert (w.lead("M").phones, w.lead("M").brought) == ((R,), {})


def test_r25_what_the_other_brings_of_this_lead_or_of_its_parts_is_known_here():
    w = opened(phones=(P,))
    w.feed(facts.lead("C", T0, phones=(P, Q)))
    tell(w, merged(phones=(R,), parts={"L": (NEW,), "C": (NEW,), "D": (Q,)}))
    assert (w.lead("L").phones, w.lead("L").own) == ((P, Q, R), (P,))


def test_r25_a_row_from_before_has_as_its_own_what_nobody_brought():
    w = joined_by_number()
    lead = w.lead("B")
    lead.own_phones, lead.brought = None, {"A": (Q,)}
    assert lead.own == (P,)
    w.logs[Log.EVENTS].rows["B"] = w.logs[Log.EVENTS].codec.encode(lead)
    w.feed(facts.updated("B", T0 + 1, phones=(R,)))
    assert w.lead("B").phones == (R, Q)
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").phones == (R,)


def test_r21_an_update_of_a_joined_lead_that_is_older_than_what_it_has_changes_nothing_of_the_other():
    w = joined_by_number()
    w.feed(facts.updated("A", T0 + 2, phones=(P, R), name="Ivan"))
    w.feed(facts.updated("A", T0 + 1, phones=(P, Q), name="Olga"))
    assert [(w.lead(name).phones, w.lead(name).name) for name in "AB"] == [((P, R), "Ivan")] * 2
    assert w.counted("ignored_older") == 1


def test_r21_the_numbers_of_a_joined_lead_are_the_newest_of_it_whatever_the_other_was_told_since():
    w = joined_by_number()
    w.feed(facts.updated("B", T0 + 9, name="Boris"), facts.updated("A", T0 + 5, phones=(P, R), name="Ivan"))
    assert (w.lead("B").phones, w.lead("B").name) == ((P, R), "Boris")


def test_r31_what_a_joined_lead_brought_goes_where_the_other_went():
    w = World()
    w.feed(facts.lead("M", T0, phones=(R,)), facts.lead("B", T0, phones=(P,)), facts.lead("A", T0, phones=(P, Q)))
    w.feed(facts.closed("B", w.now, "merged", merged_into="M"))
    assert set(w.lead("M").phones) == {P, Q, R}
    w.feed(facts.erased("A", w.now))
    assert set(w.lead("M").phones) == {P, R}
    assert kept_of(w, Q) == []


@pytest.mark.parametrize("since", ["open", "closed", "other_open", "joined_again"])
def test_r31_what_a_lead_brought_to_one_that_it_is_no_part_of_any_more_is_erased_with_it_too(since):
    w = joined_by_number()
    w.to(T0 + MINUTE)
    w.feed(facts.closed("B", w.now))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.reopened("A", w.now))
    if since == "closed":
        w.feed(facts.closed("A", w.now))
    if since in ("other_open", "joined_again"):
        w.feed(facts.reopened("B", w.now))
    if since == "joined_again":
        w.feed(facts.closed("A", w.now, "merged", merged_into="B"))
        assert w.lead("A").joined_to == "B"
    assert (w.lead("A").was_part_of, w.lead("B").phones) == (("B",), (P, Q))
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").phones == (P,)
    assert kept_of(w, Q, "Ivan") == []


def test_r31_an_erasure_of_what_brought_nothing_leaves_all():
    w = joined_by_number(more=())
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").phones == (P,)


def said(w: World, lead_id: str) -> tuple[str | None, tuple[str, ...], str | None]:
    lead = w.lead(lead_id)
    return lead.name, lead.emails, lead.url


IVAN = {"name": "Ivan", "emails": ("ivan@example.com",), "url": "https://crm.example/ivan"}
ANNA = {"name": "Anna", "emails": ("anna@example.com",), "url": "https://crm.example/anna"}


@pytest.mark.parametrize("kind", [facts.updated, facts.lead])
@pytest.mark.parametrize("own", [{}, ANNA])
def test_r31_what_was_said_of_a_joined_lead_later_is_erased_with_it(kind, own):
    w = joined_by_number(more=())
    w.feed(facts.updated("B", T0, **own))
    before = said(w, "B")
    w.to(T0 + MINUTE)
    w.feed(kind("A", w.now, phones=(P, Q), **IVAN))
    assert (said(w, "B"), w.lead("B").phones) == ((IVAN["name"], IVAN["emails"], IVAN["url"]), (P, Q))  # R25
    w.feed(facts.erased("A", w.now))
    assert (said(w, "B"), w.lead("B").phones) == (before, (P,))
    assert kept_of(w, Q, "Ivan", "ivan") == []


def test_r31_what_a_lead_says_itself_stays_whatever_was_said_of_its_parts():
    w = joined_by_number()
    w.feed(facts.updated("A", T0 + 1, received=T0 + 1, **IVAN), facts.updated("B", T0 + 2, phones=(P, Q), **ANNA))
    w.feed(facts.erased("A", w.now))
    assert (said(w, "B"), w.lead("B").phones) == ((ANNA["name"], ANNA["emails"], ANNA["url"]), (P, Q))


def test_r31_of_what_was_said_of_two_parts_that_of_the_other_stays_until_it_is_erased_too():
    w = joined_by_number(more=())
    w.feed(facts.lead("C", T0, phones=(P,)), facts.updated("B", T0, name="Anna"))
    w.feed(facts.updated("A", T0 + 1, name="Ivan"), facts.updated("C", T0 + 2, name="Olga"))
    w.feed(facts.erased("A", w.now))
    assert w.lead("B").name == "Olga"
    w.feed(facts.erased("C", w.now))
    assert w.lead("B").name == "Anna"
    assert kept_of(w, "Ivan", "Olga") == []


def test_r31_what_was_said_of_a_part_of_a_part_is_erased_wherever_it_went():
    w = World()
    w.feed(facts.lead("M", T0, phones=(R,)), facts.lead("B", T0, phones=(P,)), facts.lead("A", T0, phones=(P,)))
    w.feed(facts.closed("B", w.now, "merged", merged_into="M"))
    w.feed(facts.updated("A", T0 + 1, phones=(P, Q), **IVAN))
    assert (w.lead("M").name, set(w.lead("M").phones)) == ("Ivan", {P, Q, R})
    w.feed(facts.erased("A", w.now))
    assert (w.lead("M").name, set(w.lead("M").phones)) == (None, {P, R})
    assert kept_of(w, Q, "Ivan", "ivan") == []


@pytest.mark.parametrize("order", ["AB", "BA"])
@pytest.mark.parametrize("at_once", [True, False])
def test_r31_it_is_erased_wherever_it_went_though_the_lead_in_between_is_erased_too(order, at_once):
    w = World()
    w.feed(facts.lead("M", T0, phones=(R,)), facts.lead("B", T0, phones=(P,)), facts.lead("A", T0, phones=(P,)))
    w.feed(facts.closed("B", w.now, "merged", merged_into="M"))
    w.feed(facts.updated("A", T0 + 1, phones=(P, Q), **IVAN))
    for name in order:
        w.accept(facts.erased(name, w.now))
        if not at_once:
            w.run()
    w.run()
    assert (w.lead("M").name, w.lead("M").phones, w.lead("B").was_part_of) == (None, (R,), ("M",))
    assert kept_of(w, P, Q, "Ivan", "ivan") == []


def long_joined() -> World:
    """A, part of B, was idle for so long that it is forgotten; B is not."""
    w = joined_by_number()
    w.feed(facts.updated("A", T0 + 1, name="Ivan"))
    w.feed(facts.called("c", T0 + MINUTE, number=P, manager_id="anna"))
    w.to(T0 + 20 * DAY)
    w.feed(facts.called("d", w.now, number=P, manager_id="anna"))
    w.to(T0 + 31 * DAY)
    assert (w.lead("A").status, w.lead("B").status, w.lead("B").phones) == ("unknown", "answered", (P, Q))
    return w


def test_r31_a_joined_lead_that_was_forgotten_is_erased_where_it_had_gone_to():
    w = long_joined()
    assert kept_of(w, "Ivan") == ["Ivan"]  # what B has
    w.feed(facts.erased("A", w.now))
    assert (w.lead("A").status, w.lead("B").name, w.lead("B").phones) == ("erased", None, (P,))
    assert (w.of("lead.erased")[-1].data["team_id"], kept_of(w, Q, "Ivan")) == ("sales", [])


def test_r31_what_is_erased_goes_on_through_a_lead_that_was_forgotten():
    w = World()
    w.feed(facts.lead("M", T0, phones=(R,)), facts.lead("B", T0, phones=(P,)), facts.lead("A", T0, phones=(P, Q)))
    w.feed(facts.closed("B", w.now, "merged", merged_into="M"))
    for day in (20, 40):
        w.to(T0 + day * DAY)
        w.feed(facts.called(f"m{day}", w.now, number=R, manager_id="anna"))
    assert (w.lead("B").status, w.lead("B").was_part_of) == ("unknown", ("M",))
    w.feed(facts.erased("A", w.now))
    assert (w.lead("M").phones, kept_of(w, Q)) == ((R, P), [])


def test_r31_where_a_forgotten_lead_had_gone_to_is_known_for_a_year():
    w = long_joined()
    w.to(T0 + 30 * DAY + track.KNOWS_WHOLE + DAY)
    assert "A" not in w.logs[Log.EVENTS].rows


def test_r27_what_comes_for_a_forgotten_lead_waits_for_it_as_for_any_and_it_begins_anew():
    w = long_joined()
    w.feed(facts.updated("A", w.now + 1, name="Olga", received=w.now))
    assert w.counted("parked") == 1
    w.feed(facts.lead("A", w.now, phones=(R,), name="Anna"))
    assert (w.lead("A").status, w.lead("A").name, w.lead("A").was_part_of) == ("waiting", "Olga", ("B",))
    w.after(MINUTE)
    w.feed(facts.called("r", w.now, number=R, manager_id="anna"))
    assert w.lead("A").status == "answered"


def test_r31_leads_that_were_part_of_each_other_pass_an_erasure_on_only_so_often():
    w = joined_by_number()
    w.to(T0 + MINUTE)
    w.feed(facts.closed("B", w.now))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.reopened("A", w.now), facts.reopened("B", w.now), facts.closed("B", w.now, "merged", merged_into="A"))
    assert (w.lead("A").was_part_of, w.lead("B").joined_to) == (("B",), "A")
    w.feed(facts.lead("C", w.now, phones=(P, R), name="Olga"))
    assert w.lead("C").joined_to == "A"
    w.feed(facts.erased("C", w.now))
    assert kept_of(w, R, "Olga") == []


def test_r25_a_joined_lead_that_is_reopened_by_itself_knows_what_was_said_of_it_since():
    w = joined_by_number(more=())
    w.feed(facts.updated("A", T0 + 1, phones=(P, Q), name="Ivan Petrov"))
    w.to(T0 + MINUTE)
    w.feed(facts.closed("B", w.now))
    w.to(T0 + 3 * MINUTE)
    w.feed(facts.reopened("A", w.now))
    assert (w.lead("A").status, w.lead("A").phones, w.lead("A").name) == ("waiting", (P, Q), "Ivan Petrov")
    w.feed(facts.called("c", w.now, number=Q))
    assert w.lead("A").status == "answered"
