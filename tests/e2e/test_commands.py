"""Commands in processes of their own, beside an `up` that decides, and while it is down."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import MINUTE
from tests.e2e.process import POLICY, Monitor, types

SLOWER = POLICY.replace("target: 10m", "target: 20m")


def run(m: Monitor, *args: str) -> subprocess.CompletedProcess[str]:
    """A command with the settings of a monitor."""
    line = [sys.executable, "-m", "sla_monitor", *args]
    return subprocess.run(line, env=m.env, capture_output=True, text=True, timeout=60, check=False)


def answer(m: Monitor, *args: str) -> Any:
    """What a command that went well says, as JSON."""
    done = run(m, *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def until(holds: Callable[[], bool]) -> None:
    """Return when something holds that nothing announces."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def created(m: Monitor, lead_id: str) -> int:
    """A lead of now that the monitor knows of; the span of its customer's clock, ms."""
    start = m.clock.now()
    assert m.post("lead.created.v1", start, lead_id=lead_id) == 202
    m.wait_for("lead.assigned", lead_id)
    spans = (span for span in (10 * MINUTE, 20 * MINUTE) if m.lead(lead_id)["customer_due_at"] == rfc3339(start + span))
    return next(spans)


def target(m: Monitor) -> float:
    """Of the policy that the process itself believes to be in force, s."""
    return m.metric("sla_target_seconds")


def test_a_policy_applied_beside_a_running_up_counts_for_new_leads_only(tmp_path: Path) -> None:
    with Monitor(tmp_path) as m:
        (tmp_path / "slower.yaml").write_text(SLOWER)
        assert created(m, "before") == 10 * MINUTE
        due = m.lead("before")["customer_due_at"]

        applied = answer(m, "policy", "apply", str(tmp_path / "slower.yaml"))
        assert (applied["changed"], applied["in_force"]) == (True, True)
        assert created(m, "after") == 20 * MINUTE
        assert m.lead("before")["customer_due_at"] == due
        until(lambda: target(m) == 1200)

        again = answer(m, "policy", "apply", str(tmp_path / "slower.yaml"))
        assert (again["changed"], again["version"]) == (False, applied["version"])
        assert answer(m, "policy", "show")["version"] == applied["version"]


def test_what_was_applied_outlives_an_up_that_is_given_no_file(tmp_path: Path) -> None:
    with Monitor(tmp_path, SLOWER) as m:
        m.stop()
    with Monitor(tmp_path, SLA_POLICY="") as m:
        assert created(m, "L-1") == 20 * MINUTE
        assert target(m) == 1200


def test_sighup_puts_a_changed_file_into_force_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    with Monitor(tmp_path) as m:
        assert m.process is not None
        (tmp_path / "policy.yaml").write_text("policies: [{name: default, target: soon}]")
        m.process.send_signal(signal.SIGHUP)
        until(lambda: "policies[0].target: must be a duration" in m.log.read_text())
        assert target(m) == 600

        (tmp_path / "policy.yaml").write_text(SLOWER)
        m.process.send_signal(signal.SIGHUP)
        until(lambda: target(m) == 1200)
        assert created(m, "L-1") == 20 * MINUTE


def test_a_second_up_is_told_who_has_the_directory(tmp_path: Path) -> None:
    with Monitor(tmp_path) as m:
        assert m.process is not None
        second, data = run(m, "up"), tmp_path / "data"
        assert second.returncode == 2
        assert second.stderr.startswith(f"{data} is in use by another worker (pid {m.process.pid}).")
        assert "Traceback" not in second.stderr
        assert json.loads(run(m, "check").stdout)["notes"] == [f"A worker runs on {data} (pid {m.process.pid})."]


def test_web_takes_events_for_an_up_that_runs_and_for_one_that_is_down(tmp_path: Path) -> None:
    with Monitor(tmp_path) as up, Monitor(tmp_path, command="web") as web:
        start = up.clock.now()
        assert web.post("lead.created.v1", start, lead_id="L-1") == 202
        web.wait_for("lead.assigned", "L-1")
        assert web.lead("L-1") == up.lead("L-1")

        up.stop()
        start = up.clock.now()
        assert web.post("lead.created.v1", start, lead_id="L-2") == 202
        assert web.lead("L-1")["status"] == "waiting"

        up.start()
        web.wait_for("lead.assigned", "L-2")
        assert web.lead("L-2")["customer_due_at"] == rfc3339(start + 10 * MINUTE)


def test_a_contact_that_came_long_before_its_lead_counts_once_it_is_replayed(tmp_path: Path) -> None:
    policy = POLICY.replace("target: 10m", "target: 1h") + "limits: {match_window: 1m}\n"
    with Monitor(tmp_path, policy) as m:
        start = m.clock.now() - MINUTE
        contact = {"lead_id": "L-1", "kind": "message", "manager_id": "vera"}
        assert m.post("contact.recorded.v1", start + 1000, **contact) == 202
        until(lambda: len(m.records("dead-letters")) == 1)
        assert m.post("lead.created.v1", start, lead_id="L-1") == 202
        m.wait_for("lead.assigned", "L-1")

        assert answer(m, "dead-letters", "replay", "--reason", "unknown_lead") == {"replayed": [0], "refused": []}
        met = m.wait_for("sla.met", "L-1")[-1]
        assert met["data"]["response_at"] == rfc3339(start + 1000)

        assert answer(m, "dead-letters", "replay", "0")["replayed"] == [0]
        until(lambda: m.metric("sla_events_total", result="duplicate") == 1)
        assert len(m.records("dead-letters")) == 1


def test_explain_tells_the_same_story_beside_an_up_and_without_it(tmp_path: Path) -> None:
    with Monitor(tmp_path, POLICY.replace("target: 10m", "target: 2m")) as m:
        assert m.post("lead.created.v1", m.clock.now(), lead_id="L-1") == 202
        m.wait_for("lead.unassignable", "L-1")
        beside = answer(m, "explain", "L-1")
        assert types(beside["outcomes"])[-1] == "lead.unassignable"
        m.stop()
        assert answer(m, "explain", "L-1") == beside


def test_answers_are_text_on_a_terminal(tmp_path: Path) -> None:
    with Monitor(tmp_path) as m:
        m.stop()
        ours, theirs = pty.openpty()
        line = [sys.executable, "-m", "sla_monitor", "policy", "show"]
        subprocess.run(line, env=m.env, stdout=theirs, timeout=60, check=True)
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
    assert shown.startswith("Version ")
    assert "team sales (round_robin): anna, vera; head boris" in shown
