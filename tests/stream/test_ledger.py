"""The ledger counts each decision once, whatever becomes of the step that makes it."""

from __future__ import annotations

import pytest

from sla_monitor import codec
from sla_monitor.core import track
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import MINUTE
from sla_monitor.errors import Fenced, Unanswered, Unavailable
from sla_monitor.records import Record
from sla_monitor.stream.folding import Role
from tests import facts
from tests.stream.bench import T0, WHERE, Bench


def leads() -> Bench:
    return Bench(role=Role(Log.EVENTS, lambda: track.REDUCER))


def record(fact) -> Record:
    return Record(WHERE.topic, fact.lead_id.encode(), codec.encode_record(fact), T0)


def answered(lead_id: str, **about) -> list[Record]:
    return [record(facts.lead(lead_id, T0, **about)), record(facts.message(T0 + MINUTE, lead_id=lead_id))]


def counts(bench: Bench) -> dict[str, int]:
    row = bench.log.kept[WHERE].get(codec.LEDGER_KEY)
    return codec.LEDGERS.decode(row).counts if row else {}


async def test_decisions_are_counted_by_turn_measure_and_outcome():
    async with leads() as bench:
        await bench.append(*answered("A"))
        await bench.append(*answered("B"))
        await bench.folded()
        ledger = bench.owner.ledger()
    assert counts(bench) == {"first/response/met": 2}
    assert ledger is not None
    assert ledger.counts == {"first/response/met": 2}


async def test_a_test_lead_is_not_counted_and_where_nothing_was_decided_there_is_no_row():
    async with leads() as bench:
        await bench.append(*answered("T", test=True))
        await bench.folded()
        assert bench.owner.ledger() is None
    assert counts(bench) == {}


@pytest.mark.parametrize("error", [Fenced("by another"), Unanswered("no answer"), Unavailable("away")])
async def test_a_step_that_is_made_again_is_counted_once(error):
    async with leads() as bench:
        await bench.append(*answered("A"))
        await bench.folded()
        bench.log.failures = [error]
        await bench.append(*answered("B"))
        await bench.folded()
    assert counts(bench) == {"first/response/met": 2}


async def test_the_row_is_no_lead():
    async with leads() as bench:
        await bench.append(*answered("A"))
        await bench.folded()
        gauges = bench.owner.gauges()
    assert gauges is not None
    assert gauges.rows == 1
