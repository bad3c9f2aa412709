"""Timetables of a monitor that is down: for longer than the target, past a timer, and stopped in order."""

from __future__ import annotations

import time
from pathlib import Path

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE, SECOND
from tests.e2e.process import FAST, OFFICE, Monitor, types

NUMBER = "+74951115555"


def test_calls_that_were_accepted_while_the_monitor_was_down_prevent_a_false_breach(tmp_path: Path) -> None:
    with Monitor(tmp_path, OFFICE, speed=FAST) as m, Monitor(tmp_path, OFFICE, speed=FAST, command="web") as web:
        start = m.clock.now() - MINUTE
        assert m.post("lead.created.v1", start, lead_id="saved", phones=[NUMBER]) == 202
        assert m.post("lead.created.v1", start, lead_id="lost", phones=["+74951115556"]) == 202
        m.wait_for("lead.assigned", "saved")
        m.wait_for("lead.assigned", "lost")
        m.kill()
        call = {"call_id": "c", "direction": "outbound", "customer_number": NUMBER, "manager_id": "anna"}
        began = web.clock.now()
        ended = call | {"outcome": "answered", "talk_seconds": 30, "started_at": rfc3339(began)}
        web.until(began + 40 * SECOND)
        assert web.post("call.ended.v1", began + 40 * SECOND, source="/pbx", **ended) == 202
        assert web.lead("saved")["status"] == "waiting"
        web.until(start + 12 * MINUTE)
        m.start()
        met = web.wait_for("sla.met", "saved")
        breached = m.wait_for("sla.breached", "lost")[-1]["data"]
        lateness = m.metric("sla_timer_lateness_seconds_sum")
        seen = [entry["type"] for entry in m.lead("saved")["timeline"]]

    assert met[-1]["data"]["response_at"] == rfc3339(began)
    assert "sla.breached.v1" not in seen
    assert breached["due_at"] == rfc3339(start + 10 * MINUTE)
    assert breached["asked_at"] >= rfc3339(start + 12 * MINUTE)
    assert lateness >= 2 * (2 * MINUTE - 2 * SECOND) / SECOND / FAST  # both timers, in real seconds


def test_a_stop_is_prompt_even_with_a_listener_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with Monitor(tmp_path, OFFICE, speed=FAST) as m:
        start = m.clock.now()
        assert m.post("lead.created.v1", start, lead_id="L-1") == 202
        with m.outcomes() as listener:
            next(listener)
            began = time.monotonic()
            code = m.stop()
            stopped_in = time.monotonic() - began
        m.start()
        seen = m.wait_for("lead.reassigned", "L-1")
        again = m.stop()

    assert (code, again) == (0, 0)
    assert stopped_in < 10
    assert [kind for kind in types(seen) if kind != "sla.warning"] == [
        "lead.assigned",
        "sla.breached",
        "lead.reassigned",
    ]
    assert len({outcome["id"] for outcome in seen}) == len(seen)
    assert "Traceback" not in m.log.read_text()
