"""The main job with the real process: lead -> warning -> breach -> reassigned -> met, killed in the middle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE, SECOND
from tests.e2e.process import SPEED, Monitor, types


def test_an_unanswered_lead_is_warned_breached_reassigned_and_met_once_through_a_kill(tmp_path: Path) -> None:
    with Monitor(tmp_path, speed=SPEED / 2) as m:  # a slow machine starts twice within a turn
        start = m.clock.now()
        assert m.post("lead.created.v1", start, lead_id="L-1", name="Ivan") == 202
        m.wait_for("sla.warning", "L-1")
        m.kill()
        m.start()
        m.wait_for("lead.reassigned", "L-1")
        m.kill()
        m.start()
        assert m.post("contact.recorded.v1", m.clock.now(), lead_id="L-1", kind="message", manager_id="vera") == 202
        seen = m.wait_for("sla.responded", "L-1")
        lead = m.lead("L-1")
        metrics = m.get("/metrics")

    assert list(dict.fromkeys(types(seen))) == [
        "lead.assigned",
        "sla.warning",
        "sla.breached",
        "lead.reassigned",
        "call.credited",
        "sla.met",
        "sla.responded",
    ]
    assert max(Counter(outcome["id"] for outcome in seen).values()) == 1
    breached = next(o for o in seen if o["type"] == "sla.breached.v1")
    assert breached["data"]["due_at"] == rfc3339(start + 10 * MINUTE)
    assert breached["data"]["asked_at"] >= rfc3339(start + 10 * MINUTE + 2 * SECOND)
    assert (lead["status"], lead["holder_id"], lead["breached"], lead["turn"]) == ("answered", "vera", True, 2)
    assert 'sla_evaluations_total{measure="response",outcome="met",source="other",turn="later"} 1.0' in metrics
    told = [(notice["manager_id"], notice["kind"]) for notice in m.notices()]
    assert ("anna", "assigned") in told
    assert ("anna", "reassigned_away") in told
    assert ("vera", "assigned") in told
