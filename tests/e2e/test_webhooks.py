"""Outcomes reach a receiver through kill -9, an outage and 410; at least once each, and once by their id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import FAST, POLICY, Monitor
from tests.e2e.receiver import Receiver

LEADS = 12


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def monitor(tmp_path: Path, receiver: Receiver) -> Iterator[Monitor]:
    with Monitor(tmp_path, f"{POLICY}\nwebhooks: [{receiver.entry(tmp_path)}]\n", speed=FAST) as monitor:
        yield monitor


def answer_leads(monitor: Monitor, *, first: int, count: int) -> None:
    """Leads that are responded to at once: a few outcomes each, none by a timer."""
    for number in range(first, first + count):
        now = monitor.clock.now()
        assert monitor.post("lead.created.v1", now, lead_id=f"L{number}") == 202
        sent = {"lead_id": f"L{number}", "kind": "message", "manager_id": "anna"}
        assert monitor.post("contact.recorded.v1", now + 1, **sent) == 202


def by_lead(ids: list[str]) -> dict[str, list[str]]:
    leads = defaultdict(list)
    for event_id in ids:
        leads[event_id.partition(":")[0]].append(event_id)
    return leads


def command(monitor: Monitor, *args: str) -> Any:
    env = monitor.env | {"SLA_POLICY": ""}
    done = subprocess.run(
        [sys.executable, "-m", "sla_monitor", "webhooks", *args], env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_every_outcome_arrives_through_kill_9_in_the_middle_of_deliveries(monitor: Monitor, receiver: Receiver):
    for life in range(3):
        receiver.open.clear()
        seen = len(receiver.arrived)
        answer_leads(monitor, first=life * LEADS, count=LEADS)
        receiver.until(lambda seen=seen: len(receiver.arrived) >= seen + 5)
        monitor.kill()
        receiver.open.set()
        monitor.start()
    outcomes = monitor.wait_for("sla.met", times=3 * LEADS)
    receiver.until(lambda: set(receiver.ids()) >= {outcome["id"] for outcome in outcomes})
    assert receiver.forged == []
    assert dict(receiver.accepted) == {outcome["id"]: outcome for outcome in outcomes}
    assert by_lead(receiver.ids()) == by_lead([outcome["id"] for outcome in outcomes])


def test_an_outage_is_waited_for_and_410_is_remembered_through_a_restart(monitor: Monitor, receiver: Receiver):
    receiver.status = 503
    answer_leads(monitor, first=0, count=1)
    receiver.until(lambda: max(receiver.arrived.values(), default=0) >= 3)
    receiver.status = 200
    outcomes = monitor.wait_for("sla.met")
    receiver.until(lambda: len(receiver.ids()) == len(outcomes))
    receiver.status = 410
    answer_leads(monitor, first=1, count=1)
    receiver.until(lambda: receiver.answers[410] > 0)
    held = {outcome["id"] for outcome in monitor.wait_for("sla.met", "L1")}
    monitor.stop()
    asked = receiver.arrived.total()
    monitor.start()
    receiver.status = 200
    (state,) = command(monitor, "list")
    assert (state["state"], state["pending"] > 0, receiver.arrived.total()) == ("disabled", True, asked)
    assert (monitor.metric("sla_webhooks_disabled"), monitor.metric("sla_webhooks_pending")) == (1, 1)
    command(monitor, "enable", "crm")
    receiver.until(lambda: set(by_lead(receiver.ids())["L1"]) == held)
    (state,) = command(monitor, "list")
    assert (state["state"], monitor.metric("sla_webhooks_disabled")) == ("enabled", 0)
    assert command(monitor, "log", "crm")[-1]["status"] == 200
