"""The types of outcome that are published, without their `.v1`."""

from __future__ import annotations

TYPES = (
    "act.refused",
    "assignment.ignored",
    "call.credited",
    "call.ignored",
    "lead.assigned",
    "lead.closed",
    "lead.erased",
    "lead.escalated",
    "lead.join_refused",
    "lead.joined",
    "lead.reassigned",
    "lead.reopened",
    "lead.superseded",
    "lead.unassignable",
    "sla.breach_retracted",
    "sla.breached",
    "sla.held",
    "sla.met",
    "sla.released",
    "sla.responded",
    "sla.scheduled",
    "sla.warning",
)
