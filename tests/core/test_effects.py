from __future__ import annotations

from sla_monitor.core.effects import Accept, Log, address
from tests import facts


def test_an_event_from_outside_goes_where_intake_has_routed_it() -> None:
    assert address(Accept(Log.PHONES, "+79990000001", facts.called("c", 0))) == (Log.PHONES, "+79990000001")
