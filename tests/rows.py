"""Rows as tests write them: a lead with a clock, by the names under which it is shown."""

from __future__ import annotations

from typing import Any

from sla_monitor.core.lead import Lead
from sla_monitor.core.lead_clock import LeadClock

CLOCK = {
    "cycle": "cycle",
    "started_at": "start",
    "due_at": "due",
    "contact_due_at": "contact_due",
    "evaluated": "evaluated",
    "contact_evaluated": "contact_evaluated",
    "first_attempt_at": "attempt_at",
    "first_attempt_by": "attempt_by",
    "first_contact_at": "contact_at",
    "first_contact_by": "contact_by",
}
"""What a lead shows of its present clock -> the clock's own name."""


def lead_row(lead_id: str, **fields: Any) -> Lead:
    """The lead; what belongs to its clock goes there."""
    of_clock = {own: fields.pop(name) for name, own in CLOCK.items() if name in fields}
    clock = LeadClock(**{"came": of_clock.get("start", 0)} | of_clock)
    return Lead(lead_id, **{"clocks": [clock] if of_clock else []} | fields)


def change_row(lead: Lead, **fields: Any) -> None:
    """Let the row tell something else."""
    for name, value in fields.items():
        if name in CLOCK:
            lead.put_clock(lead.clock._replace(**{CLOCK[name]: value}))
        else:
            setattr(lead, name, value)
