"""The one object that counts, and renders what it counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from sla_monitor.clock import Clock, monotonic
from sla_monitor.core.effects import Act, Beat, Bury, Count, Measure, Publish, Receive
from sla_monitor.core.rules import Rules

from . import catalogue as m
from .catalogue import CATALOGUE, Group, Kind, Label, Metric
from .state import Sample, Snapshot, samples

logger = logging.getLogger(__name__)

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST

_CLASSES: dict[Kind, Callable[..., Any]] = {
    Kind.COUNTER: prometheus.Counter,
    Kind.GAUGE: prometheus.Gauge,
    Kind.HISTOGRAM: prometheus.Histogram,
}

DECIDING = frozenset(Group) - {Group.AUDIT}
"""What a process shows that owns partitions."""
SERVING = frozenset({Group.PIPELINE, Group.PROCESS})
"""What a process shows that takes events and decides nothing."""

WITHDRAWN = "closed_before_due"
"""The reason of taking back a breach because nothing was due any more (R29)."""

_CHANGES = {"lead.reassigned": "ok", "lead.unassignable": "nobody", "lead.escalated": "escalated"}


class Metrics:
    """What one process has counted, and what it shows. Several may live side by side.

    Counting belongs in the event loop, and so does `take`; `render` may then run in a thread.
    """

    def __init__(
        self,
        version: str,
        rules: Rules,
        sources: Iterable[str] = (),
        *,
        groups: Collection[Group] = DECIDING,
        by_manager: bool = True,
    ) -> None:
        """rules: their targets become bounds of the response histograms, for good. sources: names of the keys.

        groups: what is shown; nothing else can be counted. by_manager: whether managers are told apart.
        """
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = prometheus.CollectorRegistry()
        for collector in (prometheus.ProcessCollector, prometheus.PlatformCollector, prometheus.GCCollector):
            collector(registry=self._registry)
        self._bounds = tuple(sorted({*m.RESPONSE, *_targets(rules)}))
        self._shown = [
            metric for metric in CATALOGUE if metric.group in groups and (by_manager or m.MANAGER not in metric.labels)
        ]
        self._instruments = {metric: self._make(metric) for metric in self._shown if metric.kind in _CLASSES}
        self._children: dict[tuple[Metric, tuple[str, ...]], Any] = {}
        self._admitted: dict[Label, set[str]] = {}
        self._beats: dict[tuple[str, str], float] = {}
        self._snapshot: Callable[[], Snapshot] = Snapshot
        self._child(m.BUILD_INFO, version).set(1)
        self.know(rules, sources)

    def know(self, rules: Rules, sources: Iterable[str] = ()) -> None:
        """Begin the series of what is known in advance at 0, so that no first increment is lost; show the policy."""
        known = {m.SOURCE: ("other", *sources, *rules.sources), m.MANAGER: tuple(rules.managers)}
        for metric in self._instruments:
            if metric.unit == m.INSTANT:  # at 0 it would tell of 1970
                continue
            for values in product(*(known.get(label, label.values) for label in metric.labels)):
                self._child(metric, *values)
        if m.TARGET not in self._instruments:
            return
        for shown in (m.TARGET, m.OBJECTIVE):
            self._instruments[shown].clear()
        self._children.clear()
        for policy in rules.policies:
            self._child(m.TARGET, policy.name).set(policy.target / 1000)
            self._child(m.OBJECTIVE, policy.name).set(policy.objective)

    # what happened

    def step(self, topic: str, acts: Iterable[Act], ages: Iterable[int], late: Iterable[float], stuck: int) -> None:
        """A step was committed. ages: of its records, late: of its timers, ms. stuck: timers that failed."""
        results: Counter[str] = Counter()  # thousands of a few names: counted first, added once
        for act in acts:
            if isinstance(act, Count):
                results[act.result] += 1
            else:
                self.observe(act, topic)
        for result, number in results.items():
            self.event(topic, result, number)
        observe_age = self._child(m.EVENT_AGE).observe
        for age in ages:
            observe_age(max(age, 0) / 1000)
        for lateness in late:
            self.lateness(lateness)
        self._child(m.STUCK_TIMERS, topic).inc(stuck)

    def observe(self, effect: Act, topic: str) -> None:
        """Count a committed effect of the log `topic`."""
        match effect:
            case Count(result):
                self.event(topic, result)
            case Bury(reason=reason):
                self._child(m.DEAD_LETTERS, topic, reason).inc()
            case Receive(source):
                self._child(m.RECEIVED, source).inc()
            case Measure(source=source, kind=kind):
                self._child(m.RESPONSE_SECONDS, source, kind).observe(effect.open / 1000)
                self._child(m.RESPONSE_WALL_SECONDS, source, kind).observe(effect.wall / 1000)
            case Publish() if not effect.data.get("test"):
                self._outcome(effect.type, effect.data)

    def event(self, topic: str, result: str, number: int = 1) -> None:
        self._child(m.EVENTS, topic, result).inc(number)

    def lateness(self, late: float) -> None:
        """A timer fired `late` real ms after its instant."""
        self._child(m.TIMER_LATENESS).observe(max(late, 0) / 1000)

    def committed(self, seconds: float, records: int) -> None:
        """A commit of a step of so many inputs took so long."""
        self._child(m.COMMIT_SECONDS).observe(seconds)
        self._child(m.STEP_RECORDS).observe(records)

    def unavailable(self, topic: str, reason: str) -> None:
        self._child(m.UNAVAILABLE, topic, reason).inc()

    def opened(self, topic: str, seconds: float) -> None:
        """A partition was opened, which took so long."""
        self._child(m.OPENING_SECONDS, topic).observe(seconds)

    def assigned(self) -> None:
        """The process was told which partitions are its own."""
        self._child(m.REBALANCES).inc()

    def beat(self, beat: Beat, clock: Clock) -> None:
        """A heartbeat has come through a stage just now."""
        sent = clock.real(beat.at)
        place = beat.stage, str(beat.partition)
        self._beats[place] = newest = max(sent, self._beats.get(place, sent))
        self._child(m.HEARTBEAT, *place).set(newest)
        self._child(m.HEARTBEAT_SECONDS, beat.stage).observe(max(clock.real(clock.now()) - sent, 0))

    def notification(self, channel: str, result: str, seconds: float) -> None:
        """An attempt to send ended. channel: the scheme of its address, never the address."""
        self._child(m.NOTIFICATIONS, channel, result).inc()
        self._child(m.NOTIFICATION_SECONDS, channel).observe(seconds)
        if result == "sent":
            self._child(m.NOTIFIED, channel).set_to_current_time()

    def policy_differs(self, differs: bool) -> None:
        """Whether the policy in force is not that of this process's file."""
        self._child(m.POLICY_DIFFERS).set(differs)

    def loop_lag(self, seconds: float) -> None:
        """The event loop woke somebody up so late."""
        self._child(m.LOOP_LAG).observe(seconds)

    def request(self, route: str, status: int) -> None:
        """An HTTP request was answered. route: the pattern that matched, never the path."""
        self._child(m.HTTP_REQUESTS, route, str(status)).inc()

    def clock_jumped(self) -> None:
        self._child(m.CLOCK_JUMPS).inc()

    def _outcome(self, kind: str, data: Mapping[str, Any]) -> None:
        source, reason = str(data.get("source", "other")), str(data.get("reason", "unknown"))
        match kind:
            case "sla.met" | "sla.breached":
                outcome = kind.removeprefix("sla.")
                self._child(m.EVALUATIONS, source, data["evaluated"], data["measure"], outcome).inc()
                self._credit(data, outcome)
            case "sla.breach_retracted":
                back = "withdrawn" if data["evaluated"] == "later" or reason == WITHDRAWN else "retracted"
                self._child(m.RETRACTIONS, source, data["evaluated"], data["measure"], back).inc()
                self._credit(data, back)
            case "lead.reassigned" | "lead.unassignable" | "lead.escalated":
                self._child(m.REASSIGNMENTS, reason, _CHANGES[kind]).inc()
            case "lead.closed":
                self._child(m.CLOSED, source, reason, str(bool(data.get("responded"))).lower()).inc()

    def _credit(self, data: Mapping[str, Any], outcome: str) -> None:
        if m.MANAGER_EVALUATIONS in self._instruments and data["measure"] == "response" and data.get("holder_id"):
            self._child(m.MANAGER_EVALUATIONS, data["holder_id"], outcome).inc()

    # what is shown

    def watch(self, snapshot: Callable[[], Snapshot]) -> None:
        """Where the state gauges come from; asked once a scrape, so it must be quick."""
        self._snapshot = snapshot

    def take(self) -> list[Sample]:
        """The state gauges of this instant, for `render`."""
        began = monotonic()
        try:
            snapshot = self._snapshot()
        except Exception:
            logger.exception("no state for this scrape")
            self._child(m.SNAPSHOT_ERRORS).inc()
            return []
        shown: dict[tuple[Metric, tuple[str, ...]], float] = {}
        for metric, values, number in samples(snapshot):
            if metric not in self._shown:
                continue
            series = metric, tuple(map(self._admit, metric.labels, values))
            shown[series] = shown.get(series, 0) + number
        shown[m.SNAPSHOT_SECONDS, ()] = monotonic() - began
        return [(metric, values, number) for (metric, values), number in shown.items()]

    def render(self, state: list[Sample] | None = None) -> bytes:
        """The exposition, of `CONTENT_TYPE`. state: what `take` returned; taken now if None."""
        taken = self.take() if state is None else state
        derived = [metric for metric in self._shown if metric.kind not in _CLASSES]
        return prometheus.generate_latest(_Scrape(self._registry, derived, taken))

    def _make(self, metric: Metric) -> Any:
        names = [label.name for label in metric.labels]
        bounds = {"buckets": self._bounds if metric.buckets is m.RESPONSE else metric.buckets} if metric.buckets else {}
        return _CLASSES[metric.kind](metric.name, metric.help, names, registry=self._registry, **bounds)

    def _child(self, metric: Metric, *values: str) -> Any:
        """Of a metric, the one of these labels; those admitted are looked up once."""
        child = self._children.get((metric, values))
        if child is None:
            admitted = tuple(map(self._admit, metric.labels, values))
            instrument = self._instruments[metric]
            child = instrument.labels(*admitted) if admitted else instrument
            if admitted == values:
                self._children[metric, values] = child
        return child

    def _admit(self, label: Label, value: str) -> str:
        """The value, or m.OTHER for one too many, or one that would spoil the exposition."""
        if label.cap is None or value in label.values:
            return value
        admitted = self._admitted.setdefault(label, set())
        if value not in admitted:
            if len(admitted) >= label.cap or not value.isprintable():
                self._instruments[m.LABEL_OVERFLOW].labels(label.name).inc()
                return m.OTHER
            admitted.add(value)
        return value


class _Scrape(prometheus.registry.Collector):
    """The counted and the derived as one; made for each scrape, so that scrapes share nothing."""

    def __init__(
        self, registry: prometheus.CollectorRegistry, derived: Iterable[Metric], state: Iterable[Sample]
    ) -> None:
        self._registry = registry
        self._families = {metric: _family(metric) for metric in derived}
        self._state = state

    def collect(self) -> Iterator[Family]:
        yield from self._registry.collect()
        for metric, values, number in self._state:
            self._families[metric].add_metric(values, number)
        yield from self._families.values()


def _family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    family = CounterMetricFamily if metric.kind is Kind.LEDGER else GaugeMetricFamily
    return family(metric.name, metric.help, labels=[label.name for label in metric.labels])


def _targets(rules: Rules) -> Iterator[float]:
    """Seconds, of responses and of contacts."""
    for policy in rules.policies:
        yield policy.target / 1000
        if policy.contact_target is not None:
            yield policy.contact_target / 1000
