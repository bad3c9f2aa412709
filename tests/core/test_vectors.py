"""Numbers that other systems publish, run against the product.

Reads `tests/vectors/`, or the files named in `SLA_VECTORS` instead. Where a system is marked as odd
(`standard: false`), `expected_*` is the plain meaning and is what is tested.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sla_monitor.core.calendar import ALWAYS, Calendar, to_utc, zone
from sla_monitor.core.events import ContactRecorded, LeadCreated, Origin
from sla_monitor.core.roster import Seat, Standing
from sla_monitor.core.rules import Hours, Intervals, Manager, Rules
from sla_monitor.core.strategies import in_order
from sla_monitor.core.track import decide

Vector = dict[str, Any]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PAUSED = ("pauses", "breaks")


def files() -> list[Path]:
    named = os.environ.get("SLA_VECTORS")
    if named:
        return [Path(name) for name in named.split(os.pathsep) if name]
    return [Path(__file__).parent.parent / "vectors" / "business_time.json"]


def vectors() -> Iterator[Any]:
    for file in files():
        content = json.loads(file.read_text("utf-8"))
        for vector in content["vectors"]:
            yield pytest.param(vector, content.get("calendars", {}), id=f"{vector['kind']}-{vector['id']}")


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def span(seconds: float) -> int:
    return round(seconds * 1000)


def opening(written: Vector | None) -> Calendar:
    if written is None or written.get("hours") is None:
        return ALWAYS
    week = tuple(intervals(written["hours"].get(day, ())) for day in WEEKDAYS)
    dates = {day: intervals(spans) for day, spans in written.get("shifts", {}).items()}
    dates |= dict.fromkeys(written.get("holidays", ()), ())
    return Calendar(Hours(written["tz"], week, dates))


def intervals(written: list[list[str]]) -> Intervals:
    return tuple((minutes(start), minutes(end)) for start, end in written)


def minutes(text: str) -> int:
    hour, minute = text.split(":")[:2]
    return int(hour) * 60 + int(minute)


def deadline(vector: Vector, calendar: Calendar) -> None:
    assert calendar.add(instant(vector["start"]), span(vector["target_s"])) == instant(vector["expected_due"])


def elapsed(vector: Vector, calendar: Calendar) -> None:
    found = calendar.elapsed(instant(vector["start"]), instant(vector["end"]))
    assert found == span(vector["expected_elapsed_s"])


def open_intervals(vector: Vector, calendar: Calendar) -> None:
    expected = [(instant(start), instant(end)) for start, end in vector["expected_intervals"]]
    assert calendar.open_intervals(instant(vector["start"]), len(expected)) == expected


def local_to_utc(vector: Vector, _: Calendar) -> None:
    assert to_utc(datetime.fromisoformat(vector["local"]), zone(vector["tz"])) == instant(vector["expected_utc"])


def event_order(vector: Vector, _: Calendar) -> None:
    """Each response is told to the lead's reducer in the order of arrival."""
    created, rules = instant(vector["lead_created"]), Rules()
    responses = [instant(text) for text in vector["responses_in_arrival_order"]]
    now = max(created, *responses)
    lead, _effects = decide(None, LeadCreated(lead_id="lead", at=created, origin=Origin("/crm", "0")), now, rules)
    for n, at in enumerate(responses, 1):
        call = ContactRecorded(lead_id="lead", at=at, kind="manual", manager_id="anna", origin=Origin("/pbx", str(n)))
        lead, _effects = decide(lead, call, now, rules)
    assert lead is not None
    assert lead.first_attempt_at == instant(vector["expected_first_response"])


def round_robin(vector: Vector, _: Calendar) -> None:
    """The pool took leads in its order until the last assignee had one; the rest had none yet."""
    pool, last = vector["pool_sorted_by_id"], vector["last_assignee"]
    served = 0 if last is None else pool.index(last) + 1
    ranks = [n if n <= served else 0 for n in range(1, len(pool) + 1)]
    seats = [Seat(Manager(name), Standing(last_given=rank), 0) for name, rank in zip(pool, ranks, strict=True)]
    assert in_order("round_robin", seats)[0].manager.id == vector["expected_next"]


KINDS: dict[str, Callable[[Vector, Calendar], None]] = {
    check.__name__: check for check in (deadline, elapsed, open_intervals, local_to_utc, event_order, round_robin)
}


@pytest.mark.parametrize(("vector", "calendars"), list(vectors()))
def test_vector_has_its_expected_result(vector: Vector, calendars: dict[str, Vector]):
    kind = vector["kind"]
    if kind not in KINDS:
        pytest.skip(f"no rule of ours: {kind}")
    for name in PAUSED:
        if vector.get(name):
            pytest.skip(f"our clock has no {name}")
    calendar = vector.get("calendar")
    KINDS[kind](vector, opening(calendars[calendar] if isinstance(calendar, str) else calendar))
