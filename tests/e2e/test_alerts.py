"""From a lead that nobody calls to the pager of ops, through a real Prometheus and a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.observatory import Observatory, Pager, deadman
from tests.e2e.process import SPEED, Monitor, event

BURST = 60
"""Leads at once, three times as many as a share needs to be believed."""


@pytest.fixture
def pager() -> Iterator[Pager]:
    pager = Pager()
    yield pager
    pager.close()


def leave_alone(m: Monitor, number: int) -> None:
    """Leads that nobody answers."""
    at = m.clock.now()
    leads = [event("lead.created.v1", at, lead_id=f"alone-{n}", owner_id="anna", phones=[]) for n in range(number)]
    assert m.post_all(leads) == 202


def answer(m: Monitor, number: int, name: str) -> None:
    """Leads that are answered as soon as they come."""
    at, leads = m.clock.now(), [f"{name}-{n}" for n in range(number)]
    assert m.post_all(event("lead.created.v1", at, lead_id=lead, owner_id="anna", phones=[]) for lead in leads) == 202
    said = {"kind": "message", "manager_id": "anna"}
    assert m.post_all(event("contact.recorded.v1", at, lead_id=lead, **said) for lead in leads) == 202


def test_leads_left_alone_page_ops_and_answers_resolve_it(tmp_path: Path, pager: Pager):
    with Monitor(tmp_path, SLA_HEARTBEAT="1s") as m, Observatory(tmp_path / "ops", pager) as ops:
        ops.watch(worker=[m.url])
        ops.wait(lambda: ops.query('sla_ready{job="sla-monitor-worker"} == 1'))
        leave_alone(m, BURST)
        burning = pager.wait_for("SlaErrorBudgetBurn", severity="page")
        share = ops.query("all:sla_breaches_per_evaluation:ratio_rate1h")
        ops.wait(lambda: answer(m, 20, f"n{len(pager.told)}{m.clock.now()}") or pager_resolved(pager))

    assert "%" in burning["annotations"]["summary"]
    assert burning["annotations"]["runbook_url"].endswith(".md")
    assert share[0][1] == 1.0


def pager_resolved(pager: Pager) -> bool:
    return any(
        alert["labels"]["alertname"] == "SlaErrorBudgetBurn" and alert["status"] == "resolved" for alert in pager.told
    )


def test_a_worker_that_is_gone_pages_ops_and_its_return_resolves_it(tmp_path: Path, pager: Pager):
    with Monitor(tmp_path, SLA_HEARTBEAT="1s") as m, Observatory(tmp_path / "ops", pager) as ops:
        ops.watch(worker=[m.url])
        ops.wait(lambda: ops.query('sla_ready{job="sla-monitor-worker"} == 1'))
        m.kill()
        pager.wait_for("SlaNoWorker", severity="page")
        m.start()
        ops.watch(worker=[m.url])
        pager.wait_for("SlaNoWorker", "resolved")


def test_a_pager_that_refuses_is_seen_by_prometheus(tmp_path: Path, pager: Pager):
    # Alertmanager gives up after 10 s at the earliest, however fast its routes are: the windows have to hold that.
    with Observatory(tmp_path / "ops", pager, speed=SPEED / 4) as ops:
        pager.status = 500
        ops.wait(lambda: "SlaAlertmanagerNotificationsFailing" in ops.firing())
        assert ops.query("alertmanager_notifications_failed_total > 0")


def test_when_prometheus_dies_the_dead_mans_switch_speaks_and_says_when_it_is_back(tmp_path: Path, pager: Pager):
    with deadman(tmp_path) as switch, Observatory(tmp_path / "ops", pager, deadman=switch.url) as ops:
        ops.wait(lambda: switch.health()["by"])
        ops.prometheus.kill()
        ops.wait(lambda: "silent" in switch.said())
        ops.prometheus.start()
        ops.wait(lambda: "heard again" in switch.said())

    assert all(alert["labels"]["alertname"] != "SlaWatchdog" for alert in pager.told)


def test_a_healthy_monitor_pages_nobody(tmp_path: Path, pager: Pager):
    with (
        Monitor(tmp_path, SLA_HEARTBEAT="1s") as m,
        Observatory(
            tmp_path / "ops",
            pager,
            speed=SPEED / 4,  # two minutes without a heartbeat are more than a hiccup of the machine
        ) as ops,
    ):
        ops.watch(worker=[m.url])
        ops.wait(lambda: ops.query('sla_ready{job="sla-monitor-worker"} == 1'))
        answer(m, BURST, "ok")
        ops.wait(lambda: ops.query("all:sla_breaches_per_evaluation:ratio_rate5m == 0"))
        ops.wait(lambda: ops.query('sla_heartbeat_timestamp_seconds{stage="notify"} > time() - 3'))
        assert ops.firing() <= {"SlaWatchdog"}
