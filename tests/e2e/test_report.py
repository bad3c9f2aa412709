"""A timetable whose report the command, the HTTP view and the sheet tell alike, beside `up` and while it is down."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from sla_monitor.core.rules import MINUTE
from tests.e2e.process import FAST, POLICY, Monitor

DAYS = "last=2d"
"""Today and yesterday: wherever the domain's midnight lies."""


def command(m: Monitor, *args: str) -> str:
    line = [sys.executable, "-m", "sla_monitor", "report", "--last", "2d", *args]
    done = subprocess.run(line, env=m.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_manager(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["manager"]: row for row in told["rows"]}


def as_csv(m: Monitor) -> str:
    request = urllib.request.Request(f"{m.url}/v1/report?{DAYS}", headers={"Accept": "text/csv"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()


def test_what_happened_in_the_morning_is_in_the_report(tmp_path: Path) -> None:
    with Monitor(tmp_path, POLICY, speed=FAST) as m:
        start = m.clock.now() - 3 * MINUTE
        assert m.post("lead.created.v1", start, lead_id="kept", owner_id="anna") == 202
        assert m.post("lead.created.v1", start, lead_id="lost", owner_id="anna") == 202
        assert m.post("lead.created.v1", start, lead_id="trial", owner_id="anna", test=True) == 202
        told = {"lead_id": "kept", "kind": "message", "manager_id": "anna"}
        assert m.post("contact.recorded.v1", start + 2 * MINUTE, **told) == 202
        m.wait_for("lead.unassignable", "lost")  # after which nothing changes any more
        report = m.get(f"/v1/report?{DAYS}")
        sheet = m.get(f"/report/sheet?manager=anna&{DAYS}")
        csv = as_csv(m)

        anna, vera = by_manager(report)["anna"], by_manager(report)["vera"]
        assert (anna["received"], anna["decided"], anna["share_in_time"]) == (2, 2, 0.5)
        assert (anna["attempts"], anna["attempt_p50_seconds"], anna["still_open"]) == (1, 120, 1)
        assert (anna["reassigned_away"], vera["received_by_reassignment"], vera["received"]) == (1, 1, 0)
        assert "50% (1 of 2)" in sheet
        assert "<bdi>lost</bdi>" in sheet
        assert csv.splitlines()[1].startswith("anna,Anna,2,1,2,1,0.5,1,120.0,")
        assert by_manager(json.loads(command(m)))["anna"] == anna

        m.kill()
        assert by_manager(json.loads(command(m, "--team", "sales")))["anna"] == anna
        assert "50% (1 of 2)" in command(m, "--manager", "anna", "--format", "html")
