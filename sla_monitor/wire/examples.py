"""One event of each type, for the docs and the schemas; the tests send them."""

from __future__ import annotations

from typing import Any

CRM, PBX = "/crm/main", "/pbx/msk1"


def _event(kind: str, number: int, source: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"evt-{number}",
        "source": source,
        "type": kind,
        "time": f"2026-11-23T{time}+03:00",
        "datacontenttype": "application/json",
        "data": data,
    }


LEAD = {"lead_id": "crm:1001"}
CUSTOMER = "+7 495 123-45-67"

_EXAMPLES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "lead.created.v1",
        CRM,
        "10:00:00",
        LEAD | {"owner_id": "anna", "phones": [CUSTOMER], "channel": "web", "priority": "high", "name": "Ivan"},
    ),
    ("lead.assigned.v1", CRM, "10:01:00", LEAD | {"owner_id": "vera", "assigned_by": "human"}),
    ("lead.updated.v1", CRM, "10:02:00", LEAD | {"phones": [CUSTOMER, "+7 495 765-43-21"]}),
    ("lead.closed.v1", CRM, "12:00:00", LEAD | {"reason": "converted"}),
    ("lead.reopened.v1", CRM, "13:00:00", LEAD),
    ("lead.erased.v1", CRM, "14:00:00", LEAD),
    (
        "call.started.v1",
        PBX,
        "10:03:00",
        {"call_id": "c-77", "direction": "outbound", "customer_number": CUSTOMER, "manager_id": "101"},
    ),
    (
        "call.answered.v1",
        PBX,
        "10:03:12.500",
        {"call_id": "c-77", "answered_by": "customer", "customer_number": CUSTOMER, "manager_id": "101"},
    ),
    (
        "call.ended.v1",
        PBX,
        "10:05:00",
        {
            "call_id": "c-77",
            "direction": "outbound",
            "customer_number": CUSTOMER,
            "manager_id": "101",
            "outcome": "answered",
            "started_at": "2026-11-23T10:03:00+03:00",
            "answered_at": "2026-11-23T10:03:12.500+03:00",
            "ring_seconds": 12.5,
            "talk_seconds": 107.5,
        },
    ),
    ("contact.recorded.v1", CRM, "10:06:00", LEAD | {"kind": "message", "manager_id": "anna"}),
    ("lead.claimed.v1", CRM, "10:07:00", LEAD | {"manager_id": "vera", "turn": 2}),
    (
        "manager.status.v1",
        PBX,
        "09:00:00",
        {"manager_id": "anna", "status": "away", "until": "2026-11-23T09:30:00+03:00"},
    ),
)

EXAMPLES: dict[str, dict[str, Any]] = {
    kind: _event(kind, number, source, time, data)
    for number, (kind, source, time, data) in enumerate(_EXAMPLES, start=1)
}
