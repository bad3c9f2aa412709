from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Beat, Bury, Count, Effect, Measure, Publish, Receive
from sla_monitor.core.rules import HOUR, MINUTE, Manager, Policy, Rules, Source
from sla_monitor.metrics import CATALOGUE, SERVING, Metrics, OwnedPartition, Snapshot
from sla_monitor.metrics.catalogue import OTHER, Group, Kind, Metric, most_series
from sla_monitor.metrics.page import metrics_markdown

RULES = Rules(
    policies=(Policy(name="hot", target=7 * MINUTE, contact_target=5 * HOUR, objective=0.9), Policy()),
    managers={"anna": Manager("anna")},
    sources={"pbx1": Source("pbx1")},
)
UNITS = {"seconds", "seconds since 1970", "ratio", ""}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3", RULES, ("web",))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return None


def figures(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What is counted: neither how the process does nor how long a look took."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if sample.name.startswith("sla_") and sample.name != "sla_snapshot_seconds"
    }


def series(metrics: Metrics, name: str) -> list[dict[str, str]]:
    families = text_string_to_metric_families(metrics.render().decode())
    return [sample.labels for family in families for sample in family.samples if sample.name == name]


def outcome(kind: str, **data: object) -> Publish:
    return Publish(type=kind, lead_id="L1", turn=1, at=0, data={"source": "web", **data})


def decision(kind: str, measure: str = "response", **data: object) -> Publish:
    return outcome(kind, measure=measure, evaluated="first", holder_id="anna", **data)


def tell(metrics: Metrics, *effects: Effect) -> None:
    for effect in effects:
        metrics.observe(effect, "events")


def test_a_decision_is_counted_for_its_source_and_its_holder(metrics: Metrics):
    tell(metrics, decision("sla.breached"), decision("sla.breach_retracted"))
    labels = {"source": "web", "turn": "first", "measure": "response"}
    assert value(metrics, "sla_evaluations_total", **labels, outcome="breached") == 1
    assert value(metrics, "sla_evaluations_total", **labels, outcome="met") == 0
    assert value(metrics, "sla_retractions_total", **labels, outcome="retracted") == 1
    for what in ("breached", "retracted"):
        assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome=what) == 1


@pytest.mark.parametrize(
    "why", [{"reason": "closed_before_due"}, {"evaluated": "later"}], ids=["closed by its due", "a later turn"]
)
def test_a_breach_that_is_taken_back_for_nobody_is_withdrawn(metrics: Metrics, why: dict[str, str]):
    told = {"measure": "response", "evaluated": "first", "holder_id": "anna"} | why
    tell(metrics, outcome("sla.breached", **told), outcome("sla.breach_retracted", **told))
    labels = {"source": "web", "turn": told["evaluated"], "measure": "response"}
    assert value(metrics, "sla_retractions_total", **labels, outcome="withdrawn") == 1
    assert value(metrics, "sla_retractions_total", **labels, outcome="retracted") == 0
    assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome="withdrawn") == 1


def test_a_contact_target_is_not_held_against_a_manager(metrics: Metrics):
    tell(metrics, decision("sla.met", measure="contact"))
    assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome="met") == 0
    labels = {"source": "web", "turn": "first", "measure": "contact", "outcome": "met"}
    assert value(metrics, "sla_evaluations_total", **labels) == 1


def test_a_decision_without_a_holder_is_credited_to_nobody(metrics: Metrics):
    tell(metrics, outcome("sla.met", measure="response", evaluated="later"))
    assert {labels["manager"] for labels in series(metrics, "sla_manager_evaluations_total")} == {"anna"}


def test_test_leads_are_in_no_figure(metrics: Metrics):
    before = figures(metrics)
    tell(metrics, decision("sla.breached", test=True), outcome("lead.closed", reason="junk", test=True))
    assert figures(metrics) == before


@pytest.mark.parametrize(
    ("kind", "result"), [("lead.reassigned", "ok"), ("lead.unassignable", "nobody"), ("lead.escalated", "escalated")]
)
def test_a_reassignment_is_counted_by_how_it_ended(metrics: Metrics, kind: str, result: str):
    tell(metrics, outcome(kind, reason="no_response"))
    assert value(metrics, "sla_reassignments_total", reason="no_response", result=result) == 1


def test_a_closed_lead_tells_whether_anyone_had_responded(metrics: Metrics):
    tell(metrics, outcome("lead.closed", reason="junk", responded=False), outcome("lead.closed", reason="junk"))
    assert value(metrics, "sla_leads_closed_total", source="web", reason="junk", responded="false") == 2


def test_other_outcomes_count_nothing(metrics: Metrics):
    before = figures(metrics)
    tell(metrics, outcome("sla.warning", share=60))
    assert figures(metrics) == before


def test_every_target_is_an_exact_bound(metrics: Metrics):
    tell(metrics, Measure(source="web", kind="attempt", open=7 * MINUTE, wall=8 * MINUTE))
    labels = {"source": "web", "kind": "attempt"}
    assert value(metrics, "sla_response_seconds_bucket", **labels, le="420.0") == 1
    assert value(metrics, "sla_response_seconds_bucket", **labels, le="600.0") == 1
    assert value(metrics, "sla_response_seconds_bucket", **labels, le="18000.0") == 1
    assert value(metrics, "sla_response_wall_seconds_sum", **labels) == 480


def test_a_step_counts_what_it_did(metrics: Metrics):
    acts = [Count("ok"), Count("ok"), Bury(reason="unknown_lead")]
    metrics.step("events", acts, ages=[500, -3], late=[1500.0], stuck=1)
    assert value(metrics, "sla_events_total", topic="events", result="ok") == 2
    assert value(metrics, "sla_dead_letters_total", topic="events", reason="unknown_lead") == 1
    assert value(metrics, "sla_event_age_seconds_sum") == 0.5
    assert value(metrics, "sla_event_age_seconds_count") == 2
    assert value(metrics, "sla_timer_lateness_seconds_sum") == 1.5
    assert value(metrics, "sla_stuck_timers_total", topic="events") == 1


def test_the_shell_is_counted(metrics: Metrics):
    metrics.committed(0.25, 40)
    metrics.unavailable("desk", "Fenced")
    metrics.notification("log", "sent", 0.5)
    metrics.notification("log", "failed", 2)
    metrics.opened("desk", 3)
    metrics.assigned()
    metrics.policy_differs(True)
    metrics.loop_lag(0.01)
    metrics.request("/v1/events", 202)
    metrics.clock_jumped()
    assert value(metrics, "sla_log_commit_seconds_sum") == 0.25
    assert value(metrics, "sla_step_records_sum") == 40
    assert value(metrics, "sla_unavailable_total", topic="desk", reason="Fenced") == 1
    assert value(metrics, "sla_notifications_total", channel="log", result="sent") == 1
    assert value(metrics, "sla_notification_seconds_sum", channel="log") == 2.5
    assert value(metrics, "sla_opening_seconds_sum", topic="desk") == 3
    assert value(metrics, "sla_rebalances_total") == 1
    assert value(metrics, "sla_policy_file_differs") == 1
    assert value(metrics, "sla_event_loop_lag_seconds_sum") == 0.01
    assert value(metrics, "sla_http_requests_total", route="/v1/events", status="202") == 1
    assert value(metrics, "sla_clock_jumps_total") == 1
    assert value(metrics, "sla_build_info", version="1.2.3") == 1


def test_the_last_success_of_a_channel_is_told_once_there_was_one(metrics: Metrics):
    metrics.notification("mailto", "failed", 1)
    assert series(metrics, "sla_notification_success_timestamp_seconds") == []
    metrics.notification("mailto", "sent", 1)
    assert value(metrics, "sla_notification_success_timestamp_seconds", channel="mailto") == pytest.approx(
        time.time(), abs=60
    )


def test_a_lead_that_came_in_is_counted_by_its_source(metrics: Metrics):
    tell(metrics, Receive("web"))
    assert value(metrics, "sla_leads_received_total", source="web") == 1
    assert value(metrics, "sla_leads_received_total", source="pbx1") == 0


def test_a_heartbeat_tells_when_it_was_sent_and_how_long_it_took(metrics: Metrics):
    clock = ManualClock(10_000)
    metrics.beat(Beat("track", 3, 9_000), clock)
    metrics.beat(Beat("track", 3, 4_000), clock)  # an older one, that came late
    assert value(metrics, "sla_heartbeat_timestamp_seconds", stage="track", partition="3") == 9
    assert value(metrics, "sla_heartbeat_seconds_sum", stage="track") == 1 + 6
    assert len(series(metrics, "sla_heartbeat_timestamp_seconds")) == 1


def test_managers_are_not_told_apart_if_so_wished():
    metrics = Metrics("1", RULES, by_manager=False)
    metrics.watch(lambda: STATE)
    tell(metrics, decision("sla.breached"))
    assert "manager=" not in metrics.render().decode()
    assert value(metrics, "sla_open_leads", partition="3", state="waiting") == 2


def test_who_decides_nothing_shows_nothing_of_the_promise():
    shown = Metrics("1", RULES, groups=SERVING).render().decode()
    families = {family.name for family in text_string_to_metric_families(shown)}
    assert "sla_http_requests" in families
    assert "sla_target_seconds" in families
    assert not families & {"sla_evaluations", "sla_open_leads", "sla_audit_findings"}


def test_series_of_known_sources_and_managers_begin_at_zero(metrics: Metrics):
    for source in ("web", "pbx1", "other"):
        labels = {"source": source, "turn": "later", "measure": "contact", "outcome": "met"}
        assert value(metrics, "sla_evaluations_total", **labels) == 0
    assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome="met") == 0


def test_the_policy_is_shown_and_a_policy_that_went_is_not(metrics: Metrics):
    assert value(metrics, "sla_objective_ratio", policy="hot") == 0.9
    assert value(metrics, "sla_target_seconds", policy="hot") == 420
    metrics.know(Rules())
    assert series(metrics, "sla_target_seconds") == [{"policy": "default"}]


def test_a_label_has_no_more_values_than_its_cap(metrics: Metrics):
    for n in range(100):
        tell(metrics, decision("sla.met", source=f"s{n}"))
    sources = {labels["source"] for labels in series(metrics, "sla_evaluations_total")}
    assert len(sources) == 50 + 1
    assert OTHER in sources
    assert value(metrics, "sla_label_overflow_total", label="source") == 100 - (50 - 3)


def test_a_value_that_would_spoil_the_exposition_is_other(metrics: Metrics):
    metrics.event("events", "\ud800")
    assert value(metrics, "sla_events_total", topic="events", result=OTHER) == 1


STATE = Snapshot(
    ready=True,
    partitions=(
        OwnedPartition(
            topic="events",
            number=3,
            state="running",
            waiting=4,
            lag=9,
            version=7,
            committed_at=2.0,
            next_due=3.0,
            oldest_record=1.25,
            open_leads={"waiting": 2, "overdue": 0},
            oldest=1.5,
            ledger={"first/response/met": 5},
        ),
        OwnedPartition(topic="notifications", number=1, state="running", pending=4, posts=3, gone=2, oldest=2.5),
        OwnedPartition(topic="desk", number=0, state="opening"),
    ),
    managers={"anna": 2},
    topics={"events": 6, "desk": 1},
    calendars={"office": False, "always": True},
)


def test_state_is_shown_as_it_is_at_the_scrape(metrics: Metrics):
    assert value(metrics, "sla_ready") == 0
    metrics.watch(lambda: STATE)
    assert value(metrics, "sla_ready") == 1
    assert value(metrics, "sla_open_leads", partition="3", state="waiting") == 2
    assert value(metrics, "sla_open_leads", partition="3", state="overdue") == 0
    assert value(metrics, "sla_oldest_waiting_timestamp_seconds", partition="3") == 1.5
    assert value(metrics, "sla_manager_open_leads", manager="anna") == 2
    assert value(metrics, "sla_partition_state", topic="events", partition="3", state="running") == 1
    assert value(metrics, "sla_partition_state", topic="events", partition="3", state="retrying") == 0
    assert value(metrics, "sla_policy_version", topic="events", partition="3") == 7
    assert value(metrics, "sla_lag_records", topic="events", partition="3") == 9
    assert value(metrics, "sla_oldest_record_timestamp_seconds", topic="events", partition="3") == 1.25
    assert value(metrics, "sla_notifications_pending", partition="1") == 4
    assert value(metrics, "sla_webhooks_pending", partition="1") == 3
    assert value(metrics, "sla_webhooks_disabled", partition="1") == 2
    assert value(metrics, "sla_oldest_notification_timestamp_seconds", partition="1") == 2.5
    assert value(metrics, "sla_topic_partitions", topic="events") == 6
    assert value(metrics, "sla_calendar_open", calendar="office") == 0
    assert value(metrics, "sla_calendar_open", calendar="always") == 1
    assert value(metrics, "sla_snapshot_seconds") is not None


def test_the_ledger_is_a_counter_whose_series_are_all_there(metrics: Metrics):
    metrics.watch(lambda: STATE)
    labels = {"partition": "3", "turn": "first", "measure": "response"}
    assert value(metrics, "sla_ledger_evaluations_total", **labels, outcome="met") == 5
    assert value(metrics, "sla_ledger_evaluations_total", **labels, outcome="retracted") == 0
    assert "# TYPE sla_ledger_evaluations_total counter" in metrics.render().decode()


def test_what_is_not_there_has_no_series(metrics: Metrics):
    metrics.watch(lambda: Snapshot(partitions=(OwnedPartition(topic="events", number=0, state="opening"),)))
    for name in (
        "sla_oldest_waiting_timestamp_seconds",
        "sla_next_timer_timestamp_seconds",
        "sla_partition_commit_timestamp_seconds",
        "sla_open_leads",
    ):
        assert series(metrics, name) == []


def test_a_partition_that_moved_away_leaves_no_series(metrics: Metrics):
    metrics.watch(lambda: STATE)
    metrics.render()
    metrics.watch(Snapshot)
    assert series(metrics, "sla_open_leads") == []


def test_managers_above_the_cap_are_added_up(metrics: Metrics):
    metrics.watch(lambda: Snapshot(managers={f"m{n}": 1 for n in range(5_010)}))
    assert value(metrics, "sla_manager_open_leads", manager=OTHER) == 5_010 - (5_000 - 1)


def test_a_scrape_without_state_still_shows_the_counters(metrics: Metrics):
    def broken() -> Snapshot:
        raise RuntimeError

    metrics.watch(broken)
    assert value(metrics, "sla_snapshot_errors_total") == 1
    assert series(metrics, "sla_ready") == []


def test_two_sets_of_metrics_share_nothing(metrics: Metrics):
    other = Metrics("1.2.3", RULES)
    metrics.event("events", "ok")
    assert value(other, "sla_events_total", topic="events", result="ok") is None


# lint


def ids(metrics: Iterable[Metric]) -> list[str]:
    return [metric.name for metric in metrics]


def test_names_are_unique():
    assert len(set(ids(CATALOGUE))) == len(CATALOGUE)


@pytest.mark.parametrize("metric", CATALOGUE, ids=ids(CATALOGUE))
def test_a_metric_follows_the_conventions(metric: Metric):
    assert metric.name.startswith("sla_")
    assert (metric.kind in (Kind.COUNTER, Kind.LEDGER)) == metric.name.endswith("_total")
    assert (metric.unit == "seconds") == (metric.name.endswith("_seconds") and "_timestamp_" not in metric.name)
    assert (metric.unit == "seconds since 1970") == metric.name.endswith("_timestamp_seconds")
    assert (metric.unit == "ratio") == metric.name.endswith("_ratio")
    assert metric.unit in UNITS
    assert metric.help.endswith(".") or metric.name == "sla_build_info"
    assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))


@pytest.mark.parametrize("metric", CATALOGUE, ids=ids(CATALOGUE))
def test_a_label_is_bounded_and_names_no_person_or_lead(metric: Metric):
    for label in metric.labels:
        assert label.cap is not None or label.name == "partition"
        assert label.name not in {"lead_id", "phone", "name", "le", "call_id"}
    labels = {label.name for label in metric.labels}
    assert "manager" not in labels or not labels & {"source", "partition"}
    assert "manager" not in labels or metric.kind is not Kind.HISTOGRAM


def test_the_exposition_is_the_catalogue_without_created_series(metrics: Metrics):
    metrics.watch(lambda: STATE)
    text = metrics.render().decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    ours = {family for family in families if family.startswith("sla_")}
    assert ours == {metric.name.removesuffix("_total") for metric in CATALOGUE if metric.group is not Group.AUDIT}
    assert "process_cpu_seconds" in families
    assert "_created" not in text


def test_the_worst_case_fits_into_a_scrape():
    """12 partitions of each log and 2,000 managers on one worker, every other label as full as it may be."""
    assert sum(most_series(metric, partitions=12, managers=2_000) for metric in CATALOGUE) < 30_000


def test_the_docs_are_current():
    committed = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    assert committed == metrics_markdown(), "run: python -m sla_monitor.metrics.page > docs/metrics.md"
