"""From the fields of a row as an older version wrote them to those that the next version has.

A row is upgraded in memory whenever it is read, and written in the present version at its next fold: so a start
rewrites nothing, and opens as fast as ever. A field that was merely added needs nothing here, it takes its default; one
whose default is another by now does: what had the old default is not in the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fields = dict[str, Any]
"""The fields of a row that have not their default, as MessagePack gives them: enums are strings, tuples are lists."""

Step = Callable[[Fields], Fields]

OVER = {"answered": "ended", "closed": "ended", "joined": "joined"}
"""What an undecided due is in a row of a lead that is not open."""


def lead_clocks(lead: Fields) -> Fields:
    """The loose fields of the one clock that version 2 had become the present clock (R7)."""
    old = {name: lead.pop(name, default) for name, default in _LOOSE.items()}
    phase, turns = lead.get("phase", "unknown"), lead.get("turns", [])
    if not old["started_at"]:
        return lead
    first = next((turn for turn in turns if turn["turn"] == old["cycle"] and turn["kind"] == "first"), None)
    later = [turn for turn in turns if turn["turn"] >= old["cycle"] and turn["kind"] == "breach"]
    results = [old[name] or OVER.get(phase, "") for name in ("evaluated", "contact_evaluated")]
    if phase == "answered" and not old["contact_evaluated"]:
        results[1] = ""  # a contact is awaited still
    lead["clocks"] = [
        [
            old["cycle"],
            lead.get("created_at", 0) if old["cycle"] == 1 else old["started_at"],
            old["started_at"],
            old["due_at"],
            old["contact_due_at"],
            *results,
            _ended(lead, old),
            first["holder"] if first else "",
            old["late_arrival"],
            "",
            *(old[f"first_{kind}_{what}"] for kind in ("attempt", "contact") for what in ("at", "by")),
            [[turn["turn"], turn["holder"], turn["due"]] for turn in later if turn["result"] == "breached"],
        ]
    ]
    return lead


def _ended(lead: Fields, old: Fields) -> int:
    """When the clock ended, as far as the row knows: at the response, else when its end was told."""
    if lead.get("phase") == "open":
        return 0
    terms = lead.get("terms", {})
    names = ["first_contact_at"] if terms.get("response") == "contact" else ["first_attempt_at", "first_contact_at"]
    told = [entry["at"] for entry in lead.get("timeline", []) if entry["type"] in ("lead.closed", "lead.joined")]
    return int(min(filter(None, [*(old[name] for name in names), *told]), default=old["due_at"]))


_LOOSE: Fields = {
    "cycle": 1,
    "started_at": 0,
    "due_at": 0,
    "evaluated": "",
    "contact_due_at": 0,
    "contact_evaluated": "",
    "late_arrival": False,
    "first_attempt_at": 0,
    "first_attempt_by": "",
    "first_contact_at": 0,
    "first_contact_by": "",
}
"""The fields of a lead that are a clock's by now, and their defaults."""

STEPS: dict[tuple[bytes, int], Step] = {(b"Lead", 2): lead_clocks}
"""(wire name of the row, version) -> what makes its fields those of the version after it. A step may change its own."""


def steps_of(name: bytes, version: int, present: int, steps: Mapping[tuple[bytes, int], Step] = STEPS) -> list[Step]:
    """What brings a row from a version to the present one; empty where its fields have not been reshaped since."""
    return [step for at in range(version, present) if (step := steps.get((name, at)))]
