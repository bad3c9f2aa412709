"""A directory of an older version is opened and goes on: `day.py` says how it was made, and what lies in it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sla_monitor import codec
from sla_monitor.core.rules import HOUR, MINUTE
from tests.e2e.process import Monitor
from tests.e2e.receiver import SECRET, Receiver
from tests.kept.day import MAILBOX, WEBHOOK, number

DATA = Path(__file__).parent / "data"
TOLD = json.loads((DATA / "told.json").read_text())
LEADS: dict[str, dict[str, Any]] = TOLD["leads"]
STOPPED: int = TOLD["stopped_at"]
PROMISED = ("status", "holder_id", "turn", "started_at", "customer_due_at", "due_at", "breached", "joined_to",
            "team_id", "policy", "first_attempt_at", "first_contact_at", "contact_due_at")  # fmt: skip
OLD_SECRET = "/tmp/sla-kept-webhook-secret"

SILENT = {"trial", "unowned"}
"""A test lead is posted to nobody (R30); of one that waits for an owner nothing has been told yet."""


@pytest.fixture
def mailbox() -> Iterator[Receiver]:
    """Where the notices go that waited in a mailbox."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def opened(directory: Path, at: int, speed: float, mailbox: Receiver, webhook: Receiver) -> Monitor:
    """The program on a copy of the data, where it is `at` by its clock. Its policy has the receivers elsewhere now."""
    secret = directory / "secret-of-webhook"
    secret.write_text(SECRET)
    text = (DATA / "policy.yaml").read_text().replace(OLD_SECRET, str(secret))
    for old, receiver in ((MAILBOX, mailbox), (WEBHOOK, webhook)):
        text = text.replace(f"127.0.0.1:{old}/", f"127.0.0.1:{receiver.server_port}/")
    monitor = Monitor(directory, text, speed=speed)
    data = directory / "data"
    data.mkdir()
    (data / "sla.db").write_bytes(gzip.decompress((DATA / "sla.db.gz").read_bytes()))
    for name in ("secret", "notifications.log"):
        shutil.copy(DATA / name, data / name)
    (data / "clock-origin").write_text(str((speed * time.time() - at / 1000) / (speed - 1)))
    return monitor


def eventually(holds: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.05)


def shown(view: dict[str, Any]) -> dict[str, Any]:
    return {name: view[name] for name in PROMISED}


def version(monitor: Monitor, lead_id: str) -> int:
    return monitor.rows("events")[lead_id.encode()][0]


def test_data_of_an_older_version_is_opened_shows_all_and_goes_on(tmp_path, mailbox, webhook):
    with opened(tmp_path, STOPPED + 1000, 2, mailbox, webhook) as monitor:
        assert {lead_id: shown(monitor.lead(lead_id)) for lead_id in LEADS} == {
            lead_id: shown(view) for lead_id, view in LEADS.items()
        }
        assert {
            who["manager_id"]: (who["presence"], who["open_leads"]) for who in monitor.get("/v1/managers")["managers"]
        } == {who["manager_id"]: (who["presence"], who["open_leads"]) for who in TOLD["managers"]["managers"]}
        assert version(monitor, "answered") == 2  # rows are written anew as they are folded

        waited = {"mailbox", "mailbox-2"}  # of notices to a channel that was down
        eventually(lambda: all(any(lead_id in str(body) for _, body in mailbox.accepted) for lead_id in waited))
        now = monitor.clock.now()
        sent = {"kind": "message", "manager_id": "anna"}
        assert monitor.post("contact.recorded.v1", now, lead_id="waiting", **sent) == 202
        assert monitor.post("lead.created.v1", now, lead_id="later", phones=[number(40)]) == 202
        assert monitor.post("lead.created.v1", now, lead_id="spoken-before", phones=[number(30)]) == 202
        assert monitor.post("lead.created.v1", now, lead_id="second-of-two", phones=[number(21)]) == 202
        ended = {"call_id": "live", "direction": "inbound", "outcome": "answered", "talk_seconds": 300}
        assert monitor.post("call.ended.v1", now, None, "/pbx", customer_number=number(5), **ended) == 202
        monitor.wait_for("sla.met", "waiting")
        monitor.wait_for("sla.met", "held")
        monitor.wait_for("sla.met", "spoken-before")
        monitor.wait_for("lead.joined", "second-of-two", into="waiting-long")
        eventually(lambda: monitor.lead("later")["holder_id"] == "vera")  # its assignment waited for it

        assert version(monitor, "waiting") == codec.VERSION
        assert monitor.audit() == []


def test_timers_of_an_older_version_fire_once_it_is_opened_by_the_next(tmp_path, mailbox, webhook):
    with opened(tmp_path, STOPPED + 7 * HOUR, 60, mailbox, webhook) as monitor:
        monitor.past(STOPPED + 7 * HOUR + MINUTE)
        for lead_id in ("waiting", "held", "scheduled", "missed:4449c969eb31eca7", "service-quiet"):
            seen = monitor.wait_for("sla.breached", lead_id)
            assert seen[-1]["data"]["due_at"] == LEADS[lead_id]["customer_due_at"]
        monitor.wait_for("sla.breached", "handed-on", turn=2)
        eventually(lambda: any(b'"later"' in value for _, value in monitor.records("dead-letters")))
        eventually(lambda: "service-quiet" in {notice["lead_id"] for notice in monitor.notices()})  # no quiet hours now
        eventually(lambda: {body["data"]["lead_id"] for _, body in webhook.accepted} >= set(LEADS) - SILENT)
        assert not webhook.forged
        assert monitor.audit() == []


def test_the_report_over_data_of_an_older_version_is_made(tmp_path, mailbox, webhook):
    monitor = opened(tmp_path, STOPPED + HOUR, 60, mailbox, webhook)
    command = [
        sys.executable,
        "-m",
        "sla_monitor",
        "report",
        "--format",
        "json",
        "--from",
        "2026-11-30",
        "--to",
        "2026-11-30",
    ]
    done = subprocess.run(command, env=monitor.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]
