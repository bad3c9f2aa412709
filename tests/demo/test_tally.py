"""The numbers of the demo come from the outcomes, and add up."""

from __future__ import annotations

from typing import Any

import pytest

from sla_monitor.demo.tally import Fate, Summary, Tally
from tests.demo.said import assigned, breached, closed, joined, met, outcome, reassigned, responded, retracted


def told(*outcomes: dict[str, Any]) -> Tally:
    tally = Tally()
    for one in outcomes:
        tally.apply(one)
    return tally


def test_a_lead_that_is_met_is_answered_in_time_by_whoever_responded() -> None:
    lead = told(assigned("anna"), met("vera")).leads["web-1"]
    assert (lead.fate, lead.settled, lead.by) == (Fate.IN_TIME, True, "vera")


def test_a_late_response_leaves_the_lead_breached() -> None:
    tally = told(
        assigned("anna"),
        breached("anna"),
        reassigned("anna", "vera"),
        met("vera", turn=2, evaluated="later"),
        responded("vera"),
    )
    summary = tally.summary()
    assert (summary.breached, summary.answered_late, summary.answered_in_time) == (1, 1, 0)
    assert (summary.breaches, summary.reassignments) == (1, 1)
    assert tally.leads["web-1"].by == "vera"


def test_a_breach_that_is_taken_back_leaves_the_lead_answered_in_time() -> None:
    tally = told(assigned("anna"), breached("anna"), reassigned("anna", "vera"), responded("vera"), retracted("anna"))
    summary, lead = tally.summary(), tally.leads["web-1"]
    assert (summary.answered_in_time, summary.breached, summary.breaches, summary.taken_back) == (1, 0, 1, 1)
    assert (summary.answered_late, lead.breaches, lead.by) == (0, 0, "anna")


def test_breaches_of_later_turns_are_counted_apart_until_they_are_taken_back() -> None:
    twice = [assigned("anna"), breached("anna"), breached("vera", turn=2, evaluated="later")]
    assert told(*twice).summary().later_breaches == 1
    again = told(*twice, retracted("vera", turn=2, evaluated="later")).summary()
    assert (again.later_breaches, again.breaches, again.breached) == (0, 1, 1)


def test_closing_after_an_evaluation_changes_nothing() -> None:
    assert told(met("anna"), closed()).summary().closed == 0
    assert told(breached("anna"), closed()).summary().breached == 1


def test_a_lead_that_another_took_has_joined_however_it_was_told() -> None:
    summary = told(joined("web-2"), closed("missed:1", "merged", "web-3"), joined("web-3", "missed:1")).summary()
    assert (summary.leads, summary.joined) == (2, 2)


def test_a_lead_waits_for_its_present_holder_until_it_is_answered() -> None:
    tally = told(assigned("anna"), reassigned("anna", "vera"))
    assert not tally.waits_for("web-1", "anna")
    assert tally.waits_for("web-1", "vera")
    tally.apply(met("anna"))
    assert not tally.waits_for("web-1", "vera")


def test_an_escalated_lead_is_the_heads_and_still_open() -> None:
    tally = told(assigned("anna"), outcome("lead.escalated", to="boris", reason="max_turns"))
    assert (tally.leads["web-1"].holder, tally.summary().escalations, tally.summary().open) == ("boris", 1, 1)


def test_the_latest_settled_leads_come_first() -> None:
    tally = told(
        assigned("anna", "a"), assigned("anna", "b"), assigned("anna", "c"), met("anna", "b"), met("anna", "a")
    )
    assert [lead.lead_id for lead in tally.settled()] == ["a", "b"]


def test_outcomes_that_say_nothing_of_the_fate_only_make_the_lead_known() -> None:
    assert told(outcome("sla.warning")).summary().open == 1


def test_the_absent_are_a_part_of_the_reassignments() -> None:
    summary = told(reassigned("anna", "vera"), reassigned("vera", "igor", turn=3, reason="absent")).summary()
    assert (summary.reassignments, summary.reassigned_absent) == (2, 1)


@pytest.mark.parametrize("large", [3, 999])
def test_the_summary_fits_a_narrow_terminal(large: int) -> None:
    summary = Summary(**dict.fromkeys(Summary.__dataclass_fields__, large))
    assert max(map(len, summary.lines())) <= 80
    assert summary.as_json()["leads"] == large
