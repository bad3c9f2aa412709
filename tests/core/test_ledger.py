"""What counts in the ledger."""

from __future__ import annotations

from collections import Counter

import pytest

from sla_monitor.core.effects import Publish
from sla_monitor.core.ledger import Ledger, entry
from sla_monitor.core.row import Header


def outcome(kind: str, **data: object) -> Publish:
    return Publish(type=kind, lead_id="L", turn=1, at=0, data={"evaluated": "first", "measure": "response", **data})


@pytest.mark.parametrize(
    ("kind", "counted"), [("sla.met", "met"), ("sla.breached", "breached"), ("sla.breach_retracted", "retracted")]
)
def test_a_decision_is_an_entry_by_turn_measure_and_outcome(kind: str, counted: str):
    assert entry(outcome(kind)) == f"first/response/{counted}"
    assert entry(outcome(kind, evaluated="later", measure="contact")) == f"later/contact/{counted}"


def test_neither_other_outcomes_nor_test_leads_are_entries():
    assert entry(outcome("sla.warning")) == ""
    assert entry(outcome("sla.met", test=True)) == ""


def test_entries_add_up_and_the_row_has_no_timer():
    ledger = Ledger(since=5)
    ledger.add(Counter({"first/response/met": 2}))
    ledger.add(Counter({"first/response/met": 1, "later/response/breached": 1}))
    assert ledger.counts == {"first/response/met": 3, "later/response/breached": 1}
    assert ledger.header() == Header()
