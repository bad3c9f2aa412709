"""The whole rule file on an installation: well, quiet, young, and while partitions move."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.cases.case import BREACHED, LEDGER, MET, OPEN, RETRACTED, WEB, WORKER, decided, minutely, often
from tests.alerting.promtool import Bench, Given

FIRING = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'
SPAN = "100m"
gauge, counter, clock = minutely.gauge, minutely.counter, minutely.clock

RATIO = "all:sla_breaches_per_evaluation:ratio_rate1h"
WATCHDOG = '{alertname="SlaWatchdog", severity="none"}'
BURNING = '{alertname="SlaErrorBudgetBurn", severity="page"}', '{alertname="SlaErrorBudgetBurn", severity="ticket"}'


def well(leads: float = 1.0) -> Given:
    """Two workers, a web process and Prometheus itself; so many leads a minute, all answered."""
    place = 'topic="events",partition="0",instance="w1"'
    return {
        **{WORKER % one: gauge((SPAN, 1)) for one in (1, 2)},
        WEB % 1: gauge((SPAN, 1)),
        'sla_leads_received_total{source="crm",instance="w1"}': counter((SPAN, leads)),
        MET: counter((SPAN, leads)),
        BREACHED: counter((SPAN, 0)),
        RETRACTED: counter((SPAN, 0)),
        LEDGER % 1: counter((SPAN, leads)),
        **{OPEN % (0, state, 1): gauge((SPAN, 3)) for state in ("scheduled", "waiting")},
        **{OPEN % (0, state, 1): gauge((SPAN, 0)) for state in ("held", "overdue", "unassignable", "escalated")},
        'sla_calendar_open{calendar="office",instance="w1"}': gauge((SPAN, 1)),
        'sla_topic_partitions{topic="events",instance="w1"}': gauge((SPAN, 1)),
        'sla_topic_partitions{topic="events",instance="w2"}': gauge((SPAN, 1)),
        f'sla_partition_state{{{place},state="running"}}': gauge((SPAN, 1)),
        f'sla_partition_state{{{place},state="opening"}}': gauge((SPAN, 0)),
        f"sla_partition_commit_timestamp_seconds{{{place}}}": clock((SPAN, True)),
        f"sla_next_timer_timestamp_seconds{{{place}}}": counter((SPAN, 60), start=300),
        f"sla_lag_records{{{place}}}": gauge((SPAN, 2)),
        **{
            f'sla_heartbeat_timestamp_seconds{{stage="{stage}",partition="0",instance="w1"}}': clock((SPAN, True))
            for stage in ("ingest", "intake", "track", "timer", "notify")
        },
        'sla_events_total{topic="events",result="ok",instance="w1"}': counter((SPAN, 10)),
        'sla_notifications_total{channel="json",result="sent",instance="w1"}': counter((SPAN, 2)),
        'sla_notifications_total{channel="json",result="failed",instance="w1"}': counter((SPAN, 0)),
        'sla_policy_file_differs{instance="w1"}': gauge((SPAN, 0)),
        'scrape_samples_scraped{job="sla-monitor-worker",instance="w1"}': gauge((SPAN, 2_000)),
        'prometheus_notifications_alertmanagers_discovered{job="prometheus"}': gauge((SPAN, 1)),
        'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="g"}': gauge((SPAN, 0)),
    }


@pytest.mark.parametrize("leads", [0, 1])
def test_where_all_is_well_only_the_watchdog_fires(leads: float, tmp_path: Path) -> None:
    Bench(tmp_path).values(well(leads), "99m", {FIRING: {WATCHDOG: 1}}, "1m")


def test_ten_leads_that_are_all_late_burn_nothing(tmp_path: Path) -> None:
    given = decided(("100m", 0, 0.1), series=minutely)
    Bench(tmp_path).values(given, "90m", {'ALERTS{alertname="SlaErrorBudgetBurn"}': {}}, "1m")


@pytest.mark.parametrize(("late", "fires"), [(1.4, ()), (4, BURNING)])
def test_minutes_after_the_first_start_many_late_leads_burn_in_every_window_and_few_in_none(
    late: float, fires: tuple[str, ...], tmp_path: Path
) -> None:
    burning = {FIRING.replace("{", '{alertname="SlaErrorBudgetBurn",'): dict.fromkeys(fires, 2)}
    Bench(tmp_path).values(decided(("11m", 0, late), series=minutely), "10m", burning, "1m")


def test_while_a_partition_moves_its_leads_count_once(tmp_path: Path) -> None:
    gauge = often.gauge
    both = {OPEN % (0, "waiting", 1): gauge(("2m", 40)), OPEN % (0, "waiting", 2): gauge(("1m", None), ("1m", 42))}
    waiting = {'state:sla_open_leads:sum{state="waiting"}': 42}
    Bench(tmp_path).values(both, "90s", {"state:sla_open_leads:sum": waiting})


def test_the_restart_of_a_worker_is_neither_a_breach_nor_a_gap(tmp_path: Path) -> None:
    halves = {MET: 4, BREACHED: 1}
    given = {name: " ".join([counter(("30m", rate))] * 2) for name, rate in halves.items()}
    Bench(tmp_path).values(given, "1h", {f"round({RATIO}, 0.01)": {"{}": 0.2}}, "1m")
