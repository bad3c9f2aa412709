from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sla_monitor.core.effects import Bury, Count, Effect, Measure, Publish
from sla_monitor.core.rules import HOUR, MINUTE, Manager, Policy, Rules, Source
from sla_monitor.metrics import CATALOGUE, Metrics, OwnedPartition, Snapshot
from sla_monitor.metrics.catalogue import OTHER, Kind, Metric
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
    assert value(metrics, "sla_retractions_total", **labels) == 1
    for what in ("breached", "retracted"):
        assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome=what) == 1


def test_a_contact_target_is_not_held_against_a_manager(metrics: Metrics):
    tell(metrics, decision("sla.met", measure="contact"))
    assert value(metrics, "sla_manager_evaluations_total", manager="anna", outcome="met") == 0
    labels = {"source": "web", "turn": "first", "measure": "contact", "outcome": "met"}
    assert value(metrics, "sla_evaluations_total", **labels) == 1


def test_a_decision_without_a_holder_is_credited_to_nobody(metrics: Metrics):
    tell(metrics, outcome("sla.met", measure="response", evaluated="later"))
    assert {labels["manager"] for labels in series(metrics, "sla_manager_evaluations_total")} == {"anna"}


def test_test_leads_are_in_no_figure(metrics: Metrics):
    before = metrics.render()
    tell(metrics, decision("sla.breached", test=True), outcome("lead.closed", reason="junk", test=True))
    assert metrics.render() == before


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
    before = metrics.render()
    tell(metrics, outcome("sla.warning", share=60))
    assert metrics.render() == before


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
    metrics.notification("log", "sent")
    metrics.request("/v1/events", 202)
    metrics.clock_jumped()
    assert value(metrics, "sla_log_commit_seconds_sum") == 0.25
    assert value(metrics, "sla_step_records_sum") == 40
    assert value(metrics, "sla_unavailable_total", topic="desk", reason="Fenced") == 1
    assert value(metrics, "sla_notifications_total", channel="log", result="sent") == 1
    assert value(metrics, "sla_http_requests_total", route="/v1/events", status="202") == 1
    assert value(metrics, "sla_clock_jumps_total") == 1
    assert value(metrics, "sla_build_info", version="1.2.3") == 1


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
            version=7,
            committed_at=2_000,
            next_due=3_000,
            open_leads={"waiting": 2, "overdue": 0},
            oldest=1_500,
        ),
        OwnedPartition(topic="desk", number=0, state="opening"),
    ),
    managers={"anna": 2},
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
    assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
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
        assert label.cap is not None or label.name in {"partition", "state"}
        assert label.name not in {"lead_id", "phone", "name", "le", "call_id"}
    labels = {label.name for label in metric.labels}
    assert "manager" not in labels or not labels & {"source", "partition"}
    assert "manager" not in labels or metric.kind is not Kind.HISTOGRAM


def test_the_exposition_is_the_catalogue_without_created_series(metrics: Metrics):
    metrics.watch(lambda: STATE)
    text = metrics.render().decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    assert families == {metric.name.removesuffix("_total") for metric in CATALOGUE}
    assert "_created" not in text


def test_the_docs_are_current():
    committed = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    assert committed == metrics_markdown(), "run: python -m sla_monitor.metrics.page > docs/metrics.md"
