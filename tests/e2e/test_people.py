"""Timetables of people: nobody free, hand-over, escalation, test leads, erasure, a channel that is dead."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from sla_monitor import codec
from sla_monitor.codec import rfc3339
from sla_monitor.core.mailbox import Mailbox, key_of
from sla_monitor.core.rules import MINUTE
from tests.e2e.process import PATIENCE, Monitor, types

HEAD = "boris"


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what no outcome announces."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def told(m: Monitor, lead_id: str) -> set[tuple[str, str]]:
    """Who was told what of a lead."""
    return {(notice["manager_id"], notice["kind"]) for notice in m.notices() if notice["lead_id"] == lead_id}


def test_a_lead_that_nobody_can_take_is_shown_to_the_head_and_goes_to_who_comes_back(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("manager.status.v1", start, manager_id="pavel", status="offline") == 202
    assert office.post("lead.created.v1", start, lead_id="nobody", team_id="pair", channel="web") == 202
    nobody = office.wait_for("lead.unassignable", "nobody")[-1]["data"]
    eventually(lambda: (HEAD, "unassignable") in told(office, "nobody"))
    status = office.lead("nobody")["status"]
    assert office.post("manager.status.v1", office.clock.now(), manager_id="pavel", status="available") == 202
    seen = office.wait_for("lead.reassigned", "nobody")
    answered = {"lead_id": "nobody", "kind": "message", "manager_id": "pavel"}
    assert office.post("contact.recorded.v1", office.clock.now(), **answered) == 202
    met = office.wait_for("sla.met", "nobody")[-1]["data"]

    assert status == "unassignable"
    assert {c["manager_id"]: c["passed_over"] for c in nobody["candidates"]} == {"olga": "had_it", "pavel": "offline"}
    assert types(seen).count("sla.breached") == 1
    assert (seen[-1]["data"]["from"], seen[-1]["data"]["to"]) == ("olga", "pavel")
    assert (met["turn"], met["evaluated"], met["holder_id"]) == (2, "later", "pavel")


def test_a_hand_over_gives_a_fresh_target_and_leaves_the_customers_clock_alone(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="handed", owner_id="anna") == 202
    office.until(start + 4 * MINUTE)
    given = {"lead_id": "handed", "owner_id": "vera", "assigned_by": "human"}
    assert office.post("lead.assigned.v1", office.clock.now(), **given) == 202
    handed = office.wait_for("lead.assigned", "handed", to="vera")[-1]
    seen = office.wait_for("lead.reassigned", "handed")

    (breached,) = [o["data"] for o in seen if o["type"] == "sla.breached.v1"]
    superseded = next(o["data"] for o in seen if o["type"] == "lead.superseded.v1")
    assert superseded["holder_id"] == "anna"
    assert (breached["turn"], breached["due_at"]) == (1, rfc3339(start + 10 * MINUTE))
    assert (seen[-1]["data"]["from"], seen[-1]["data"]["to"]) == ("vera", "gleb")
    assert seen[-1]["data"]["reason"] == "no_response"
    assert seen[-1]["time"] >= handed["data"]["due_at"] > breached["due_at"]


def test_a_claim_takes_the_lead_from_its_holder(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="claimed", owner_id="anna") == 202
    office.wait_for("lead.assigned", "claimed")
    claim = {"lead_id": "claimed", "manager_id": "gleb", "turn": 1}
    assert office.post("lead.claimed.v1", office.clock.now(), **claim) == 202
    taken = office.wait_for("lead.assigned", "claimed", to="gleb")[-1]["data"]

    assert (taken["reason"], taken["turn"]) == ("claimed", 2)
    assert office.lead("claimed")["holder_id"] == "gleb"
    assert office.post("lead.closed.v1", office.clock.now(), lead_id="claimed", reason="junk") == 202


def test_after_enough_turns_the_head_has_the_lead_until_somebody_responds(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="hot", channel="hot") == 202
    seen = office.wait_for("lead.escalated", "hot")
    lead = office.lead("hot")
    office.past(office.clock.now() + 2 * MINUTE)  # no timer runs for the head
    mail = {"lead_id": "hot", "kind": "email", "manager_id": HEAD}
    assert office.post("contact.recorded.v1", office.clock.now(), **mail) == 202
    after = office.wait_for("sla.responded", "hot")

    assert types(seen)[-2:] == ["sla.breached", "lead.escalated"]
    assert (lead["status"], lead["holder_id"], seen[-1]["data"]["reason"]) == ("escalated", HEAD, "max_turns")
    assert types(after)[len(seen) :] == ["call.credited", "sla.responded"]
    assert office.lead("hot")["status"] == "answered"
    assert (HEAD, "escalated") in told(office, "hot")


def kept(mailbox: bytes) -> set[tuple[str, str]]:
    """(lead, kind) of the notices in the row of a mailbox."""
    row: Mailbox = codec.RowCodec((Mailbox,)).decode(mailbox)
    return {(item.lead_id, item.kind) for item in row.items()}


def test_a_dead_channel_delays_no_timer_and_shows(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="deaf", owner_id="rita") == 202
    seen = office.wait_for("lead.reassigned", "deaf")
    box = key_of("rita").encode()
    eventually(lambda: kept(office.rows("notifications")[box]) == set())  # she was told nothing, and has lost it

    assert types(seen) == ["lead.assigned", "sla.warning", "sla.warning", "sla.breached", "lead.reassigned"]
    assert seen[-1]["data"]["to"] == "lev"
    assert office.metric("sla_notifications_total", channel="json", result="failed") >= 1
    assert told(office, "deaf") == {("lev", "assigned")}
    assert office.post("lead.closed.v1", office.clock.now(), lead_id="deaf", reason="junk") == 202


def test_a_test_lead_is_timed_but_reaches_only_the_log_and_no_statistics(office: Monitor) -> None:
    start = office.clock.now() - MINUTE
    assert office.post("lead.created.v1", start, lead_id="trial", owner_id="zoe", test=True) == 202
    breached = office.wait_for("sla.breached", "trial")[-1]["data"]
    eventually(lambda: {("zoe", "assigned"), ("zoe", "warning")} <= told(office, "trial"))

    assert breached["test"] is True
    assert all(notice["test"] for notice in office.notices() if notice["lead_id"] == "trial")
    assert office.metric("sla_manager_evaluations_total", manager="zoe") == 0
    assert office.metric("sla_notifications_total", channel="xml") == 0
    assert office.post("lead.closed.v1", office.clock.now(), lead_id="trial", reason="junk") == 202


def test_an_erased_lead_leaves_its_id_and_status_and_nothing_of_the_person(office: Monitor) -> None:
    name, number = "Zebedee Quark", "+74951237788"
    start = office.clock.now() - MINUTE
    person = {"name": name, "phones": [number], "emails": ["zebedee@quark.example"]}
    assert office.post("lead.created.v1", start, lead_id="gone", owner_id="rita", **person) == 202
    ring = {"call_id": "gone", "direction": "inbound", "outcome": "no_answer", "talk_seconds": 0, "ring_seconds": 9}
    assert office.post("call.ended.v1", start + MINUTE, source="/pbx", customer_number=number, **ring) == 202
    office.wait_for("call.ignored", "gone")
    assert office.post("lead.erased.v1", office.clock.now(), lead_id="gone") == 202
    office.wait_for("lead.erased", "gone")
    assert office.post("lead.updated.v1", office.clock.now(), lead_id="gone", name=name, phones=[number]) == 202
    eventually(lambda: any(b'"erased"' in value for _, value in office.records("dead-letters")))
    eventually(lambda: not traces(office, name, number))

    assert office.lead("gone")["status"] == "erased"
    public = [*office.records("outcomes"), *office.records("dead-letters")]
    said = b"".join(key + value for key, value in public) + json.dumps(office.notices()).encode()
    assert not [word for word in marks(name, number) if word in said]


def marks(name: str, number: str) -> list[bytes]:
    first, _, _ = name.partition(" ")
    return [first.encode(), first.lower().encode(), number.strip("+").encode()]


def traces(m: Monitor, name: str, number: str) -> list[str]:
    """The logs whose rows still tell of a person."""
    logs = ("events", "phones", "notifications", "desk")
    lying = {log: b"".join(key + value for key, value in m.rows(log).items()) for log in logs}
    return [log for log, rows in lying.items() if any(mark in rows for mark in marks(name, number))]
