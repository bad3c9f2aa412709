"""How `data/` was made, once, by the code of 6b888d4: a morning at two teams, cut off by kill -9.

    git worktree add /tmp/then 6b888d4
    cd /tmp/then && PYTHONPATH=/tmp/then python REPOSITORY/tests/kept/day.py REPOSITORY/tests/kept/data

It is not made anew: it shows what a directory of that version holds. `told.json` is what the program said of it last.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.process import Monitor

MINUTE = 60_000
SPEED = 60
MAILBOX, WEBHOOK = 27913, 27914
"""Ports of receivers that were down when the day was cut off."""

POLICY = """
version: 1
calendars:
  night: {{timezone: UTC, hours: {{mon-sun: ["{night}"]}}}}
managers:
  anna: {{name: Anna, phones: ["+79031110001"]}}
  vera: {{name: Vera, skills: [english]}}
  gleb: {{name: Gleb}}
  rita: {{name: Rita, notify: ["json://127.0.0.1:{mailbox}/"]}}
  boris: {{name: Boris}}
  olga: {{name: Olga, quiet: ["{quiet}"], urgent: []}}
  pavel: {{name: Pavel, capacity: 50}}
  rosa: {{name: Rosa, notify: ["json://127.0.0.1:{mailbox}/"]}}
teams:
  sales: {{head: boris, managers: [anna, vera, gleb, rita]}}
  service: {{head: rosa, managers: [olga, pavel]}}
policies:
  - {{name: night, match: {{channel: [night]}}, team: sales, calendar: night}}
  - {{name: slow, match: {{channel: [slow]}}, team: sales, target: 10h, on_breach: notify}}
  - {{name: hot, match: {{channel: [hot]}}, team: sales, target: 2m, max_turns: 1}}
  - {{name: told, match: {{channel: [told]}}, team: sales, on_breach: notify, contact_target: 20m}}
  - {{name: rare, match: {{channel: [rare]}}, team: sales, require: {{skills: [chinese]}}}}
  - {{name: bare, match: {{channel: [bare]}}, team: sales, unowned: wait, unowned_after: 20h, target: 20h}}
  - {{name: service, match: {{team: [service]}}, target: 30m, on_absence: reassign}}
  - {{name: default, team: sales, target: 10m}}
webhooks:
  - {{name: crm, url: "http://127.0.0.1:{webhook}/hook", secret_file: {secret}, allow_private: true}}
own_numbers: ["+74950000000"]
"""


def number(n: int) -> str:
    return f"+7903555{n:04d}"


class Day:
    """monitor: of the old code. leads: all that were sent."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.leads: list[str] = []

    @property
    def now(self) -> int:
        return self.monitor.clock.now()

    def post(self, kind: str, ago: float = 0, source: str = "/crm", /, **data: Any) -> None:
        assert self.monitor.post(kind, self.now - int(ago * MINUTE), None, source, **data) == 202, (kind, data)

    def lead(self, lead_id: str, ago: float = 0, **data: Any) -> None:
        self.leads.append(lead_id)
        self.post("lead.created.v1", ago, lead_id=lead_id, **data)

    def called(self, call_id: str, ago: float = 0, **data: Any) -> None:
        given = {"direction": "outbound", "outcome": "answered", "talk_seconds": 60, "manager_id": "anna"} | data
        self.post("call.ended.v1", ago, "/pbx", call_id=call_id, **given)

    def message(self, lead_id: str, ago: float = 0, manager_id: str = "anna") -> None:
        self.post("contact.recorded.v1", ago, lead_id=lead_id, manager_id=manager_id, kind="message")

    def wait(self, kind: str, lead_id: str, **data: Any) -> None:
        self.monitor.wait_for(kind, lead_id, **data)

    # the morning

    def long_ago(self) -> None:
        """What takes its time: the first to be sent."""
        self.post("lead.updated.v1", lead_id="nobody", name="Nemo")  # becomes a dead letter in 30 minutes
        self.post("contact.recorded.v1", kind="meeting", manager_id="vera", lead_id="nobody-2")
        self.lead("breached-then-answered", 9.5, owner_id="anna", phones=[number(1)])
        self.lead("retracted", 9.5, owner_id="vera", phones=[number(2)])
        self.lead("reassigned", 9.5, owner_id="gleb")
        self.lead("overdue", 9.5, owner_id="anna", channel="told", phones=[number(4)])
        self.lead("escalated", 1, channel="hot", phones=[number(6)])
        self.lead("unassignable", 1, channel="rare", phones=[number(7)])
        for lead_id in ("breached-then-answered", "retracted", "reassigned", "overdue"):
            self.wait("sla.breached", lead_id)
        self.wait("lead.escalated", "escalated")
        self.wait("lead.unassignable", "unassignable")
        self.message("breached-then-answered")
        self.called(
            "late-proof", customer_number=number(2), talk_seconds=(self.now - self.due("retracted")) // 1000 + 90
        )
        self.wait("sla.breach_retracted", "retracted")
        self.message("escalated-and-answered")  # waits for its lead, which comes
        self.lead("escalated-and-answered", 3, channel="hot", phones=[number(8)])

    def due(self, lead_id: str) -> int:
        due = self.monitor.lead(lead_id)["customer_due_at"]
        return int(datetime.fromisoformat(due).timestamp() * 1000)

    def ended(self) -> None:
        """Leads that are over in every way."""
        self.lead("answered", 5, owner_id="anna", phones=[number(10)])
        self.called("c10", 2, customer_number=number(10))
        self.lead("answered-slowly", 5, owner_id="vera", channel="told", phones=[number(11)])
        self.message("answered-slowly", 1, "vera")
        self.lead("closed", 5, owner_id="vera")
        self.post("lead.closed.v1", lead_id="closed", reason="junk")
        self.lead("merged", 5, owner_id="gleb", phones=[number(12)])
        self.lead("merged-into", 5, owner_id="vera", channel="slow")
        self.post("lead.closed.v1", lead_id="merged", reason="merged", merged_into="merged-into")
        self.lead("first-of-two", 5, owner_id="anna", phones=[number(13)], channel="slow")
        self.lead("joined", 1, owner_id="vera", phones=[number(13)])
        self.wait("lead.joined", "joined")
        self.lead("erased", 5, owner_id="rita", phones=[number(14)], name="Zebedee Quark")
        self.wait("lead.assigned", "erased")
        self.post("lead.erased.v1", lead_id="erased")
        self.lead("reopened", 5, owner_id="anna", phones=[number(15)], channel="slow")
        self.message("reopened", 3)
        self.post("lead.reopened.v1", lead_id="reopened")
        self.lead("claimed", 5, owner_id="anna", phones=[number(16)], channel="slow")
        self.wait("lead.assigned", "claimed")
        self.post("lead.claimed.v1", lead_id="claimed", manager_id="gleb", turn=1)
        self.lead("trial", 5, owner_id="rita", test=True)

    def running(self) -> None:
        """Leads that wait for something when the day is cut off."""
        call = {"call_id": "live", "customer_number": number(5), "manager_id": "anna"}
        self.post("call.started.v1", 4, "/pbx", direction="inbound", **call)
        self.post("call.answered.v1", 3.9, "/pbx", answered_by="manager", **call)
        self.lead("held", 5, owner_id="anna", phones=[number(5)], name="Ivan Held")
        self.lead("waiting-long", 0, channel="slow", owner_id="vera", phones=[number(21)])
        self.lead("scheduled", 0, channel="night", owner_id="vera", phones=[number(22)])
        self.lead("unowned", 0, channel="bare", phones=[number(23)])
        self.lead("service-quiet", 0, team_id="service", owner_id="olga", phones=[number(24)])
        self.lead("mailbox", 0, owner_id="rita", channel="slow", phones=[number(25)])
        self.lead("mailbox-2", 0, owner_id="rita", channel="slow", phones=[number(26)])
        self.post("lead.assigned.v1", lead_id="later", owner_id="vera")
        self.post("lead.updated.v1", lead_id="later", name="Later Comer")
        self.called("kept", 1, customer_number=number(30), manager_id="vera", talk_seconds=40)
        missed = {"direction": "inbound", "outcome": "no_answer", "talk_seconds": 0, "ring_seconds": 20}
        self.post("call.ended.v1", 0.1, "/pbx", call_id="missed", customer_number=number(31), **missed)
        self.post("manager.status.v1", manager_id="vera", status="away")
        self.post("manager.status.v1", manager_id="gleb", status="busy")
        self.wait("lead.assigned", "service-quiet")
        self.wait("lead.assigned", "mailbox-2")
        while self.monitor.lead("held")["status"] != "held":
            time.sleep(0.01)
        self.lead("handed-on", 9.8, owner_id="gleb", phones=[number(3)])
        self.wait("lead.reassigned", "handed-on")
        self.lead("waiting", 0, owner_id="anna", phones=[number(20)], name="Olga Waiting")
        self.wait("lead.assigned", "waiting")


def hours(start: datetime, first: float, last: float) -> str:
    return "-".join(f"{start + timedelta(hours=at):%H:%M}" for at in (first, last))


def main(to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, now = Path(folder), datetime.now(UTC)
        secret = Path("/tmp/sla-kept-webhook-secret")
        secret.write_text("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
        given = {"mailbox": MAILBOX, "webhook": WEBHOOK, "secret": secret}
        policy = POLICY.format(night=hours(now, 6, 7), quiet=hours(now, -1, 6), **given)
        with Monitor(directory, policy, speed=SPEED, SLA_HEARTBEAT="1m") as monitor:
            day = Day(monitor)
            day.long_ago()
            day.ended()
            began = day.now
            monitor.until(began + 31 * MINUTE)  # the window of what no lead came for is over
            day.running()
            made = [row["lead_id"] for row in monitor.get("/v1/board")["leads"]]
            told = {lead_id: monitor.lead(lead_id) for lead_id in sorted({*day.leads, *made})}
            managers = monitor.get("/v1/managers")
            stopped_at = day.now
            monitor.kill()
        data = directory / "data"
        with closing(sqlite3.connect(data / "sla.db", isolation_level=None)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            file.execute("VACUUM")
        said = {"made_by": "6b888d4", "speed": SPEED, "stopped_at": stopped_at, "leads": told, "managers": managers}
        for name in ("secret", "notifications.log"):
            (to / name).write_bytes((data / name).read_bytes())
        (to / "sla.db.gz").write_bytes(gzip.compress((data / "sla.db").read_bytes(), mtime=0))
        (to / "policy.yaml").write_text(policy)
        (to / "told.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        print(sorted(path.name for path in data.iterdir()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
