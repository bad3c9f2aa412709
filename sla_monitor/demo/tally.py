"""What the outcomes say: of each lead, and of the whole morning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .feed import Outcome


class Fate(StrEnum):
    """What became of a lead; each has exactly one."""

    OPEN = "still open"
    IN_TIME = "answered in time"
    BREACHED = "breached"
    JOINED = "joined another"
    CLOSED = "closed unanswered"


@dataclass(slots=True)
class LeadSeen:
    """holder, by: ids of managers. settled: its customer waits no more. late: answered after the breach."""

    lead_id: str
    holder: str = ""
    fate: Fate = Fate.OPEN
    settled: bool = False
    late: bool = False
    by: str = ""
    breaches: int = 0
    reassignments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The morning in numbers. leads = answered_in_time + breached + joined + closed + open.

    breaches: of customers' clocks; breaches = breached + taken_back. later_breaches: of later turns, that stand.
    answered_late: of the breached. reassigned_absent: of the reassignments.
    """

    leads: int
    answered_in_time: int
    breached: int
    answered_late: int
    joined: int
    closed: int
    open: int
    breaches: int
    later_breaches: int
    taken_back: int
    reassignments: int
    reassigned_absent: int
    escalations: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    def lines(self) -> list[str]:
        """As people read it, within 80 columns."""
        taken_back = f"{self.taken_back} taken back on late proof; {self.later_breaches} more in later turns"
        no_response = self.reassignments - self.reassigned_absent
        why = f"{no_response} for no response, {self.reassigned_absent} for an absent manager"
        return [
            f"Leads               {self.leads:4}",
            f"  answered in time  {self.answered_in_time:4}",
            f"  breached          {self.breached:4}   {self.answered_late} of them answered late",
            f"  joined another    {self.joined:4}",
            f"  closed unanswered {self.closed:4}",
            f"  still open        {self.open:4}",
            f"Breaches            {self.breaches:4}   {taken_back}",
            f"Reassignments       {self.reassignments:4}   {why}",
            f"Escalations         {self.escalations:4}",
        ]


class Tally:
    """Folds the outcomes, each once and in order."""

    def __init__(self) -> None:
        self.leads: dict[str, LeadSeen] = {}
        self.counts: Counter[str] = Counter()

    def apply(self, outcome: Outcome) -> None:
        data = outcome["data"]
        lead = self.leads.setdefault(data["lead_id"], LeadSeen(data["lead_id"]))
        kind = outcome["type"].removesuffix(".v1")
        if kind in _FOLDS:
            _FOLDS[kind](self, lead, data)

    def waits_for(self, lead_id: str, manager_id: str) -> bool:
        """Whether the lead is still this manager's to answer."""
        lead = self.leads[lead_id]
        return not lead.settled and lead.holder == manager_id

    def settled(self) -> list[LeadSeen]:
        """Those who wait no more, the latest first."""
        return [lead for lead in reversed(self.leads.values()) if lead.settled]

    def summary(self) -> Summary:
        fates, counts = Counter(lead.fate for lead in self.leads.values()), self.counts
        return Summary(
            leads=len(self.leads),
            answered_in_time=fates[Fate.IN_TIME],
            breached=fates[Fate.BREACHED],
            answered_late=sum(lead.late for lead in self.leads.values() if lead.fate is Fate.BREACHED),
            joined=fates[Fate.JOINED],
            closed=fates[Fate.CLOSED],
            open=fates[Fate.OPEN],
            breaches=counts["first"],
            later_breaches=counts["later"],
            taken_back=counts["taken_back"],
            reassignments=counts["reassigned"],
            reassigned_absent=counts["absent"],
            escalations=counts["escalated"],
        )

    def end(self, lead: LeadSeen, fate: Fate) -> None:
        """An evaluation stands whatever the lead becomes later."""
        if lead.fate is Fate.OPEN:
            lead.fate = fate
        if not lead.settled:
            self.settle(lead, "")

    def settle(self, lead: LeadSeen, by: str) -> None:
        """Its customer waits no more; it becomes the latest of those."""
        lead.settled, lead.by = True, by
        self.leads[lead.lead_id] = self.leads.pop(lead.lead_id)


# one function an outcome


def _assigned(_tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.holder = data["to"]


def _reassigned(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.holder = data["to"]
    lead.reassignments += 1
    tally.counts["reassigned"] += 1
    tally.counts["absent"] += data["reason"] == "absent"


def _escalated(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.holder = data["to"]
    tally.counts["escalated"] += 1


def _breached(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.breaches += 1
    tally.counts[data["evaluated"]] += 1
    if data["evaluated"] == "first":
        lead.fate = Fate.BREACHED


def _met(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    if data["evaluated"] == "first":
        lead.fate = Fate.IN_TIME
        tally.settle(lead, data["by"])


def _retracted(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.breaches -= 1
    if data["evaluated"] == "later":
        tally.counts["later"] -= 1
        return
    lead.fate = Fate.IN_TIME
    tally.counts["taken_back"] += 1
    tally.settle(lead, data["holder_id"])


def _responded(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    lead.late = True
    tally.settle(lead, data["by"])


def _joined(tally: Tally, lead: LeadSeen, _data: dict[str, Any]) -> None:
    tally.end(lead, Fate.JOINED)


def _closed(tally: Tally, lead: LeadSeen, data: dict[str, Any]) -> None:
    tally.end(lead, Fate.JOINED if data["reason"] == "merged" else Fate.CLOSED)


_FOLDS: dict[str, Callable[[Tally, LeadSeen, dict[str, Any]], None]] = {
    "lead.assigned": _assigned,
    "lead.reassigned": _reassigned,
    "lead.escalated": _escalated,
    "sla.breached": _breached,
    "sla.met": _met,
    "sla.breach_retracted": _retracted,
    "sla.responded": _responded,
    "lead.joined": _joined,
    "lead.closed": _closed,
}
