"""An audit that goes on beside a monitor; the session's monitor and the kill run end with one."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.process import FAST, OFFICE, PATIENCE, Monitor
from tests.e2e.served import Served


def test_an_audit_shows_what_it_finds_when_nobody_decides_any_more(tmp_path: Path) -> None:
    with Monitor(tmp_path, OFFICE.replace("max_catch_up: 30m", "max_catch_up: 1m"), speed=FAST) as m:
        assert m.post("lead.created.v1", m.clock.now(), lead_id="L-1") == 202
        m.wait_for("lead.assigned", "L-1")
        options = ("--every", "1s", "--grace", "0s", "--listen", "127.0.0.1:0")
        audit = Served(tmp_path, "audit", *options, env=m.env)
        shown(audit, 'sla_audit_findings{finding="overdue_without_breach"} 0.0')
        m.kill()
        shown(audit, 'sla_audit_findings{finding="overdue_without_breach"} 1.0')
        assert "sla_audit_leads 1.0" in audit.get("/metrics")
        assert audit.get("/readyz") == '{"status": "ready"}'
        m.start()
        shown(audit, 'sla_audit_findings{finding="overdue_without_breach"} 0.0')
        assert audit.end() == 0

    assert "overdue_without_breach: lead L-1, since " in audit.log
    assert "1 findings are gone, 0 are left" in audit.log


def shown(audit: Served, series: str) -> None:
    """Return when /metrics has it."""
    deadline = time.monotonic() + PATIENCE
    while series not in audit.get("/metrics"):
        assert time.monotonic() < deadline, audit.get("/metrics")
        time.sleep(0.1)
