"""What Prometheus counts at the instant of each decision is, over all days, what the ledger, the outcomes and the
report say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sla_monitor.core.ledger import entry
from sla_monitor.core.rules import HOUR, Policy
from sla_monitor.metrics import Metrics
from sla_monitor.report.figures import By, report
from sla_monitor.report.period import Period
from tests.report.days import MOSCOW, clocks_of
from tests.report.test_figures import OFFICE, SPANS, START, happen, lead_facts
from tests.world import World, sales

EVER = Period(START - timedelta(days=3), START + timedelta(days=30), MOSCOW)


def counted(metrics: Metrics, name: str, *labels: str) -> Counter[str]:
    """The samples of a counter, added up by some labels."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name:
                found["/".join(sample.labels[label] for label in labels)] += int(sample.value)
    return +found


@settings(max_examples=60, deadline=None)
@given(story=st.lists(st.tuples(SPANS, lead_facts()), max_size=30), office=st.booleans())
def test_prometheus_the_ledger_the_outcomes_and_the_report_are_one(story, office):
    policy = Policy(calendar="office" if office else None, contact_target=HOUR)
    w = World(sales("anna", "vera", policy=policy, calendars={"office": OFFICE}))
    for number, (span, what) in enumerate(story):
        w.after(span)
        happen(w, number, what)
    metrics = Metrics("0", w.rules)
    for outcome in w.outcomes:
        metrics.observe(outcome, "events")
    ledger = Counter(filter(None, map(entry, w.outcomes)))
    labels = ("turn", "measure", "outcome")
    evaluations, back = (counted(metrics, f"sla_{name}_total", *labels) for name in ("evaluations", "retractions"))
    assert evaluations == Counter({name: n for name, n in ledger.items() if not name.endswith("retracted")})
    taken_back = Counter({name.rpartition("/")[0]: n for name, n in ledger.items() if name.endswith("retracted")})
    assert counted(metrics, "sla_retractions_total", "turn", "measure") == taken_back

    total = report(clocks_of(w, EVER), EVER, By.TEAM).total
    first = "first/response"
    withdrawn = back[f"{first}/withdrawn"]
    assert total.decided == evaluations[f"{first}/met"] + evaluations[f"{first}/breached"] - withdrawn
    assert total.in_time == evaluations[f"{first}/met"] + back[f"{first}/retracted"]
    later = evaluations["later/response/met"] + evaluations["later/response/breached"]
    assert total.later_decided == later - back["later/response/withdrawn"]
    assert total.later_in_time == evaluations["later/response/met"]
    assert back["later/response/retracted"] == 0
