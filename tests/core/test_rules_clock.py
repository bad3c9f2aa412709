"""Each sentence of R1-R13 that no other test holds to its word, as a lead lives it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sla_monitor.core import case, track
from sla_monitor.core.events import Due
from sla_monitor.core.lead import Lead, Phase
from sla_monitor.core.lead_clock import LeadClock
from sla_monitor.core.rules import DAY, HOUR, MINUTE, SECOND, Hours, Manager, Policy, Rules
from tests import facts
from tests.world import T0, World, sales

MIDNIGHT = T0 - T0 % DAY
MORNING, EVENING = Hours("UTC", (((540, 720),),) * 7), Hours("UTC", (((780, 1080),),) * 7)
TALKED = Policy(response="contact")


def shifts(**calendars: Hours) -> Rules:
    """A team in which each manager works by a calendar of their own name."""
    rules = sales(*calendars, calendars=dict(calendars))
    people = {name: Manager(name, shift=name) for name in calendars}
    return replace(rules, managers={**rules.managers, **people})


def at(hour: int, minute: int = 0) -> int:
    """An instant of the first day after T0, UTC."""
    return MIDNIGHT + DAY + hour * HOUR + minute * MINUTE


def held(direction: str = "inbound") -> World:
    """A lead whose decision is held by a call that has rung since half a minute before due."""
    w = World(sales(policy=TALKED))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE + 30 * SECOND)
    w.feed(facts.started("c", w.now, lead_id="L", direction=direction))
    w.to(T0 + 10 * MINUTE + 10 * SECOND)
    assert w.lead("L").status == "held"
    return w


def asking(w: World) -> None:
    """Let the due of L pass and lose the question."""
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    w.logs["phones"].queue.clear()


def test_r01_a_contact_is_an_attempt_even_of_a_call_that_began_before_the_lead() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.called("c", T0 - 5 * SECOND, lead_id="L"))
    assert w.lead("L").first_attempt_at == w.lead("L").first_contact_at == T0 + 5 * SECOND


@pytest.mark.parametrize("who", [None, "101"])
def test_r01_a_call_of_nobody_known_counts_and_names_nobody(who: str | None) -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.feed(facts.called("c", T0 + MINUTE, lead_id="L", manager_id=who))
    (met,) = w.of("sla.met")
    assert "by" not in met.data
    assert w.told("anna") == ["assigned", "answered"]


def test_r04_a_call_that_turns_out_to_have_begun_earlier_is_credited_again_under_an_id_of_its_own() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.started("c", T0 + 2 * MINUTE, lead_id="L"))
    w.feed(
        facts.answered("c", T0 + 2 * MINUTE + SECOND, lead_id="L"), facts.called("c", T0 + MINUTE, lead_id="L", talk=0)
    )
    credited = w.of("call.credited")
    assert [outcome.data["response_at"] for outcome in credited] == [T0 + 2 * MINUTE, T0 + MINUTE]
    assert len({outcome.qualifier for outcome in credited}) == 2


def test_r05_what_was_tried_before_the_start_is_only_shown() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.message(T0 - MINUTE, lead_id="L"))
    w.feed(facts.called("c", T0 - MINUTE, lead_id="L", talk=0, outcome="no_answer", ring=20 * SECOND))
    assert [entry.data["reason"] for entry in w.lead("L").timeline if entry.type == "call.ignored"] == [
        "before_start"
    ] * 2
    assert w.lead("L").first_attempt_at == 0


def test_r05_a_contact_that_lasts_into_the_start_counts_as_an_immediate_response() -> None:
    w = World(sales(policy=TALKED))
    w.feed(facts.lead("L", T0), facts.called("c", T0 - MINUTE, lead_id="L", talk=3 * MINUTE))
    assert w.of("sla.met")[0].data["response_at"] == T0


def test_r06_without_a_calendar_the_customers_clock_runs_while_anybody_of_the_team_works() -> None:
    w = World(shifts(anna=MORNING, vera=EVENING), at=at(11, 55))
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").due_at == at(13, 5)
    w.to(at(12, 30))
    w.feed(facts.lead("M", w.now))
    assert (w.lead("M").status, w.lead("M").started_at) == ("scheduled", at(13))


def test_r06_the_calendar_of_the_policy_wins_over_the_shifts_of_the_team() -> None:
    rules = shifts(anna=MORNING, vera=EVENING)
    w = World(replace(rules, policies=(Policy(calendar="vera"),)), at=at(9))
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").started_at == at(13)


def test_r06_work_that_ends_exactly_at_closing_is_due_at_closing() -> None:
    w = World(replace(shifts(anna=MORNING), policies=(Policy(calendar="anna"),)), at=at(11, 50))
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").due_at == at(12)


def test_r06_one_manager_without_a_shift_keeps_the_clock_running_around_it() -> None:
    rules = shifts(anna=MORNING, vera=EVENING)
    w = World(replace(rules, managers={**rules.managers, "vera": Manager("vera")}), at=at(3))
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").due_at == at(3, 10)


def test_r08_the_catching_up_is_counted_while_we_run_and_asked_again_after_a_pause() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    asking(w)
    w.accept(facts.called("c", T0 + MINUTE, number="+79990000001", received=w.now))
    w.now = T0 + HOUR
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    assert not w.of("sla.breached")
    w.run()
    assert w.types("L")[-1] == "sla.met"


def test_r08_after_one_pause_the_answers_are_not_waited_for_again() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    asking(w)
    for later in (HOUR, 2 * HOUR):
        w.now = T0 + later
        w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
        w.logs["phones"].queue.clear()
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]


def test_r08_a_lead_asks_each_lead_that_has_joined_it() -> None:
    w = World()
    w.feed(facts.lead("A", T0), facts.lead("B", T0), facts.closed("B", T0, "merged", merged_into="A"))
    w.now = T0 + 10 * MINUTE + 2 * SECOND
    w.accept(facts.message(T0 + MINUTE, lead_id="B"))
    w.to(w.now)
    assert w.types("A")[-1] == "sla.met"
    assert not w.of("sla.breached")


def test_r09_a_customer_in_our_queue_at_due_holds_the_decision() -> None:
    w = held()
    w.feed(facts.answered("c", w.now, lead_id="L", answered_by="queue"))
    assert w.lead("L").status == "held"
    w.feed(facts.ended("c", w.now, lead_id="L", direction="inbound", outcome="no_answer", talk=0))
    assert len(w.of("sla.breached")) == 1


def test_r09_a_held_call_that_is_answered_is_held_as_talk_from_then_on() -> None:
    w = held()
    w.feed(facts.answered("c", w.now, lead_id="L", answered_by="manager"))
    w.to(w.now + 2 * HOUR - 1)
    assert (w.lead("L").status, len(w.of("sla.held"))) == ("held", 1)
    w.to(w.now + 1)
    assert (len(w.of("sla.released")), len(w.of("sla.breached"))) == (1, 1)


def test_r09_a_call_that_began_after_due_holds_nothing() -> None:
    w = held()
    w.feed(facts.started("later", w.now, lead_id="L"))
    w.feed(facts.ended("c", w.now, lead_id="L", direction="inbound", outcome="no_answer", talk=0))
    assert len(w.of("sla.breached")) == 1


def test_r09_of_two_calls_at_due_the_longer_one_holds() -> None:
    w = World(sales(policy=TALKED))
    w.feed(facts.lead("L", T0), *(facts.started(c, T0 + 9 * MINUTE, lead_id="L") for c in ("c", "d")))
    w.to(T0 + 10 * MINUTE + 10 * SECOND)
    w.feed(facts.ended("c", w.now, lead_id="L", outcome="no_answer", talk=0))
    assert w.lead("L").status == "held"
    w.feed(facts.ended("d", w.now, lead_id="L", outcome="no_answer", talk=0))
    assert len(w.of("sla.breached")) == 1


def test_r09_a_decision_without_answers_stays_degraded_when_a_call_held_it() -> None:
    w = World(sales(policy=TALKED))
    w.feed(facts.lead("L", T0, phones=("+79990000001",)), facts.started("c", T0 + 9 * MINUTE, lead_id="L"))
    w.feed(facts.answered("c", T0 + 9 * MINUTE, lead_id="L", answered_by="unknown"))
    asking(w)
    w.to(T0 + 12 * MINUTE)
    assert w.lead("L").status == "held"
    w.feed(facts.ended("c", w.now, lead_id="L", outcome="voicemail", talk=0))
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]


def test_r10_a_late_response_answers_the_lead_and_leaves_it_breached() -> None:
    w = World(sales(policy=Policy(on_breach="notify")))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.message(w.now, lead_id="L"))
    (late,) = w.of("sla.responded")
    assert (late.data["due_at"], late.data["response_at"]) == (T0 + 10 * MINUTE, T0 + 12 * MINUTE)
    assert (w.lead("L").status, w.lead("L").evaluated) == ("answered", "breached")


def test_r11_of_a_retracted_later_turn_its_holder_the_present_one_and_the_head_are_told() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 21 * MINUTE)
    w.feed(facts.message(T0 + 15 * MINUTE, "vera", lead_id="L"))
    assert [name for name in ("anna", "vera", "olga", "boris") if "retracted" in w.told(name)] == [
        "vera",
        "olga",
        "boris",
    ]


def test_r11_the_holder_stays_after_a_retraction_until_a_person_acts() -> None:
    w = World(sales("anna", "vera", "olga"))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 12 * MINUTE)
    w.feed(facts.message(T0 + MINUTE, "anna", lead_id="L"))
    w.after(HOUR)
    assert (w.lead("L").holder, w.lead("L").turns[-1].result) == ("vera", "ended")
    w.feed(facts.assigned("L", "olga", w.now))
    assert w.lead("L").holder == "olga"


def test_r11_the_row_of_a_closed_lead_goes_after_retract_window() -> None:
    w = World()
    w.feed(facts.lead("L", T0), facts.closed("L", T0))
    w.to(T0 + 7 * DAY - 1)
    assert "L" in w.logs["events"].rows
    w.after(1)
    assert "L" not in w.logs["events"].rows


def test_r12_the_contact_target_runs_from_the_same_start_in_the_same_calendar() -> None:
    policy = Policy(calendar="anna", contact_target=4 * HOUR)
    w = World(replace(shifts(anna=MORNING), policies=(policy,)), at=at(3))
    w.feed(facts.lead("L", w.now))
    assert w.lead("L").contact_due_at == at(24 + 10)


def test_r13_each_turn_has_its_own_warnings_at_shares_of_its_own_target() -> None:
    w = World()
    w.feed(facts.lead("L", T0))
    w.to(T0 + 10 * MINUTE + 2 * SECOND)
    begun = w.lead("L").current.begun
    w.to(begun + 9 * MINUTE)
    assert [(o.turn, o.at - begun) for o in w.of("sla.warning")[2:]] == [(2, 6 * MINUTE), (2, 8 * MINUTE + 30 * SECOND)]
    assert w.told("vera") == ["assigned", "warning", "warning"]


def test_r13_shares_are_of_open_time_from_the_customers_start_however_late_the_turn_was_given() -> None:
    policy = Policy(calendar="office", unowned="wait", unowned_after=3 * MINUTE)
    w = World(sales(policy=policy, calendars={"office": MORNING}), at=at(11, 55))
    w.feed(facts.lead("L", w.now))
    w.to(at(24 + 9, 5))
    assert w.lead("L").current.begun == at(11, 58)
    assert [o.at for o in w.of("sla.warning")] == [at(24 + 9, 1), at(24 + 9, 3) + 30 * SECOND]


def test_r13_a_warning_without_a_turn_is_no_warning() -> None:
    row = Lead("L", Phase.OPEN, team_id="sales", warn_next=T0, clocks=[LeadClock(1, T0, T0, T0 + MINUTE)])
    after, effects = track.decide(row, Due(T0), T0, sales())
    assert after is not None
    assert (after.warn_next, effects) == (0, [])


def test_r13_no_warning_is_sent_past_due() -> None:
    w = World(sales(policy=Policy(allowance=MINUTE)))
    w.feed(facts.lead("L", T0))
    w.now = T0 + 10 * MINUTE + SECOND
    w.to(w.now)
    assert not w.of("sla.warning")


def test_r06_the_hours_of_a_team_are_found_out_once_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "_MOST_KNOWN", 1)
    for rules in (shifts(anna=MORNING), shifts(anna=EVENING)):
        known = case.team_hours(rules, rules.teams["sales"])
        assert case.team_hours(rules, rules.teams["sales"]) is known
        assert known.is_open(at(10)) == (rules.calendars["anna"] is MORNING)


def test_r08_a_timer_for_something_else_does_not_cut_the_waiting_short() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    asking(w)
    w.now += SECOND
    w._perform("events", w.logs["events"].apply("L", Due(w.now), w.now, w.rules))
    assert (w.lead("L").unanswered, w.of("sla.breached")) == (["+79990000001"], [])


def fire_blind(w: World, at: int) -> None:
    """A timer that has waited for intake long enough."""
    w.now = at
    w._perform("events", w.logs["events"].apply("L", Due(w.now, blind=True), w.now, w.rules))


def test_r08_what_is_asked_blind_is_decided_as_degraded_and_the_next_decision_is_not() -> None:
    w = World()
    w.feed(facts.lead("L", T0, owner_id="anna"))
    fire_blind(w, T0 + 10 * MINUTE + 2 * SECOND)
    w.run()
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]
    w.to(T0 + HOUR)
    assert w.of("sla.breached")[-1].data["confidence"] == "full"


def test_r08_what_is_asked_again_blind_is_decided_as_degraded() -> None:
    w = World()
    w.feed(facts.lead("L", T0, phones=("+79990000001",)))
    asking(w)
    fire_blind(w, T0 + HOUR)
    assert not w.of("sla.breached")
    w.run()
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]


def test_r09_what_is_let_go_blind_is_decided_as_degraded() -> None:
    w = held()
    fire_blind(w, T0 + 12 * MINUTE)
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]


def test_r09_what_was_asked_blind_stays_degraded_when_it_is_let_go_seeing() -> None:
    w = World(sales(policy=TALKED))
    w.feed(facts.lead("L", T0))
    w.to(T0 + 9 * MINUTE + 30 * SECOND)
    w.feed(facts.started("c", w.now, lead_id="L"))
    fire_blind(w, T0 + 10 * MINUTE + 2 * SECOND)
    w.run()
    assert w.lead("L").status == "held"
    w.to(T0 + 12 * MINUTE)
    assert [o.data["confidence"] for o in w.of("sla.breached")] == ["degraded"]


def test_r12_a_contact_is_met_once() -> None:
    w = World(sales(policy=Policy(contact_target=HOUR)))
    w.feed(
        facts.lead("L", T0),
        facts.called("c", T0 + 2 * MINUTE, lead_id="L"),
        facts.called("d", T0 + MINUTE, lead_id="L"),
    )
    assert [o.data["measure"] for o in w.of("sla.met")] == ["contact", "response"]
