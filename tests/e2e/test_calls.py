"""Timetables of calls: before the lead, by number alone, too late, missed, and live at due."""

from __future__ import annotations

import json
from typing import Any

from sla_monitor.codec import rfc3339
from sla_monitor.core.proof import call_key
from sla_monitor.core.rules import MINUTE, SECOND
from tests.e2e.process import Monitor, types

PBX = "/pbx"
EVALUATIONS = ("sla.met", "sla.breached", "sla.breach_retracted")


def talked(m: Monitor, number: str, began: int, **more: Any) -> None:
    """An outbound call that the customer took after 5 s, for half a minute."""
    status = m.post(
        "call.ended.v1",
        began + 35 * SECOND,
        source=PBX,
        call_id=f"c{number}-{began}",
        direction="outbound",
        customer_number=number,
        outcome="answered",
        started_at=rfc3339(began),
        answered_at=rfc3339(began + 5 * SECOND),
        talk_seconds=30,
        **more,
    )
    assert status == 202


def evaluations(m: Monitor, lead_id: str) -> list[str]:
    """How the lead was evaluated, as its view tells."""
    timeline = [entry["type"].removesuffix(".v1") for entry in m.lead(lead_id)["timeline"]]
    return [kind for kind in timeline if kind in EVALUATIONS]


def test_a_conversation_before_the_lead_meets_its_promise_at_the_start(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    talked(office, "+74951110001", start - 2 * MINUTE, manager_id="anna")
    assert office.post("lead.created.v1", start, lead_id="before", phones=["+74951110001"]) == 202
    met = office.wait_for("sla.met", "before")[-1]
    office.past(start + 10 * MINUTE)

    assert (met["data"]["response_at"], met["data"]["by"]) == (rfc3339(start), "anna")
    assert (office.lead("before")["status"], evaluations(office, "before")) == ("answered", ["sla.met"])


def test_a_call_that_knows_only_the_number_ends_the_clock_of_its_lead(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    number = "+74951110002"
    assert office.post("lead.created.v1", start, lead_id="number", phones=["+7 (495) 111-00-02"]) == 202
    legs = {"call_id": "legs", "customer_number": number, "manager_id": "vera"}
    assert office.post("call.started.v1", start + SECOND, source=PBX, direction="outbound", **legs) == 202
    assert office.post("call.answered.v1", start + 9 * SECOND, source=PBX, answered_by="customer", **legs) == 202
    ended = {"direction": "outbound", "outcome": "answered", "talk_seconds": 20.5}
    assert office.post("call.ended.v1", start + 30 * SECOND, source=PBX, **ended, **legs) == 202
    met = office.wait_for("sla.met", "number")[-1]
    office.past(start + 10 * MINUTE)

    assert (met["data"]["response_at"], met["data"]["by"]) == (rfc3339(start + SECOND), "vera")
    assert (office.lead("number")["status"], evaluations(office, "number")) == ("answered", ["sla.met"])


def test_late_proof_of_a_call_in_time_takes_the_breach_back_and_ends_the_next_turn(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="late", phones=["+74951110003"]) == 202
    reassigned = office.wait_for("lead.reassigned", "late")[-1]["data"]
    talked(office, "+74951110003", start + 4 * MINUTE, manager_id=reassigned["from"])
    retracted = office.wait_for("sla.breach_retracted", "late")[-1]["data"]
    office.past(office.clock.now() + 10 * MINUTE)  # the second turn would be due by then
    lead = office.lead("late")

    assert (retracted["response_at"], retracted["turn"]) == (rfc3339(start + 4 * MINUTE), 1)
    assert (lead["status"], lead["breached"]) == ("answered", False)
    assert [turn["result"] for turn in lead["turns"]] == ["retracted", "ended"]
    assert evaluations(office, "late") == ["sla.breached", "sla.breach_retracted"]
    told = {n["manager_id"] for n in office.notices() if (n["lead_id"], n["kind"]) == ("late", "retracted")}
    assert told == {reassigned["from"], reassigned["to"], "boris"}


def test_a_missed_call_makes_a_lead_that_the_web_form_of_the_same_number_absorbs(office: Monitor) -> None:
    missed_at = office.clock.now()
    number = "+74951110004"
    made = f"missed:{call_key(PBX, 'missed')}"
    call = {"call_id": "missed", "direction": "inbound", "customer_number": number, "outcome": "no_answer"}
    assert office.post("call.ended.v1", missed_at, source=PBX, ring_seconds=20, talk_seconds=0, **call) == 202
    office.wait_for("lead.assigned", made)
    assert office.post("lead.created.v1", office.clock.now(), lead_id="form", channel="web", phones=[number]) == 202
    closed = office.wait_for("lead.closed", made)[-1]["data"]
    talked(office, number, office.clock.now() - 36 * SECOND, manager_id="gleb")
    met = office.wait_for("sla.met", "form")[-1]["data"]
    office.past(missed_at + 10 * MINUTE)

    assert (closed["reason"], closed["merged_into"]) == ("merged", "form")
    assert met["due_at"] == rfc3339(missed_at + 10 * MINUTE)
    assert office.lead("form")["started_at"] == rfc3339(missed_at)
    assert (office.lead(made)["status"], office.lead(made)["joined_to"]) == ("joined", "form")
    published = [json.loads(value) for _, value in office.records("outcomes")]
    assert [o["subject"] for o in published if o["type"] == "sla.met.v1" and o["subject"] in (made, "form")] == ["form"]
    assert evaluations(office, made) == evaluations(office, "form")  # the view of the joined follows


def test_a_call_that_lives_at_due_holds_the_decision_until_it_ends(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    leads = {"talks": "+74951110005", "rings": "+74951110006"}
    for lead_id, number in leads.items():
        assert office.post("lead.created.v1", start, lead_id=lead_id, channel="talk", phones=[number]) == 202
        call = {"call_id": lead_id, "direction": "outbound", "customer_number": number, "manager_id": "anna"}
        assert office.post("call.started.v1", start + SECOND, source=PBX, **call) == 202
    answered = {"call_id": "talks", "answered_by": "customer", "customer_number": leads["talks"]}
    assert office.post("call.answered.v1", start + 6 * SECOND, source=PBX, **answered) == 202
    for lead_id, number in leads.items():
        held = office.wait_for("sla.held", lead_id)
        assert "sla.breached" not in types(held)
        assert office.lead(lead_id)["status"] == "held"
        outcome = {"outcome": "answered", "talk_seconds": 600} if lead_id == "talks" else {"outcome": "no_answer"}
        ended = {"call_id": lead_id, "direction": "outbound", "customer_number": number, "talk_seconds": 0} | outcome
        assert office.post("call.ended.v1", office.clock.now(), source=PBX, **ended) == 202

    met = office.wait_for("sla.met", "talks")
    breached = office.wait_for("sla.breached", "rings")
    assert met[-1]["data"]["response_at"] == rfc3339(start + 6 * SECOND)
    assert types(breached)[-2:] == ["sla.released", "sla.breached"]
    assert (evaluations(office, "talks"), evaluations(office, "rings")) == (["sla.met"], ["sla.breached"])
