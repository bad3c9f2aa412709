"""What is wrong with one lead now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sla_monitor.codec import NEVER

from .accepted import Arrival
from .findings import Finding, Wrong
from .late import BUILT_IN, Force, decided_by, promised
from .outcomes import Breach, Outcomes
from .published import GIVEN, id_of
from .rows import BREACH, FIRST, Clock, LeadRow, TurnRow, clocks


class Subject(NamedTuple):
    """A lead at an instant, with all that is known of it. row: None if there is none. now: ms.

    place: up to where the partition has been applied.
    """

    key: bytes
    partition: int
    place: int
    row: LeadRow | None
    arrival: Arrival | None
    breach: Breach | None
    force: Force
    now: int

    def wrong(self, kind: Wrong, since: int, what: str) -> Finding:
        lead_id = self.key.decode(errors="replace")
        return Finding(kind=kind, lead_id=lead_id, partition=self.partition, since=since, what=what)


def check(lead: Subject, outcomes: Outcomes) -> Iterator[Finding]:
    """Everything."""
    if lead.row is not None:
        yield from _overdue(lead, lead.row, outcomes)
    if lead.breach is not None:
        yield from _unfollowed(lead, lead.breach, outcomes)
    if lead.arrival is not None:
        yield from _lost(lead, lead.arrival, outcomes)


def _overdue(lead: Subject, row: LeadRow, outcomes: Outcomes) -> Iterator[Finding]:
    """Each clock that has passed its due, and nothing says what became of it."""
    for clock in clocks(row, promised(row, lead.arrival.at if lead.arrival else 0, lead.force)):
        if decided_by(row, clock.due, lead.force) >= lead.now:
            continue
        if clock.published and id_of(row.lead_id, clock.turn, "sla.breached", clock.measure) in outcomes:
            continue
        if _runs(row, clock):
            yield lead.wrong(Wrong.OVERDUE, clock.due, f"the {clock.measure} of turn {clock.turn} is still awaited")
        elif clock.published and clock.result in ("breached", "retracted") and outcomes.complete_since <= clock.due:
            what = f"the row says that turn {clock.turn} was {clock.result} ({clock.measure}), and no outcome does"
            yield lead.wrong(Wrong.OVERDUE, clock.due, what)


def _runs(row: LeadRow, clock: Clock) -> bool:
    """What a lead that is no longer open has left undecided was due before its end (R29)."""
    return not clock.result and row.phase != "erased"


def _unfollowed(lead: Subject, breach: Breach, outcomes: Outcomes) -> Iterator[Finding]:
    """The newest breach of a lead, when nothing came after it that must."""
    limits = [breach.at + lead.force.grace]
    if lead.row is not None:
        if _told_only(lead.row) or lead.row.over or _stands(lead.row, outcomes):
            return
        limits += [_over(lead.row, turn, lead.force) for turn in _begun_before(lead.row, breach, outcomes)]
    if max(limits) < lead.now:
        yield lead.wrong(Wrong.UNFOLLOWED, breach.at, f"nothing followed the breach of turn {breach.turn}")


def _told_only(row: LeadRow) -> bool:
    """Holder and head are told of a breach, which no outcome tells."""
    return bool(row.terms.get("on_breach", BUILT_IN.on_breach) == "notify")


def _stands(row: LeadRow, outcomes: Outcomes) -> bool:
    """It was told before that nobody can take the lead (R18), or that the head has it (R19)."""
    nobody = row.unassignable and id_of(row.lead_id, row.turn, "lead.unassignable", str(row.ask)) in outcomes
    return nobody or (row.escalated and id_of(row.lead_id, row.turn, "lead.escalated") in outcomes)


def _begun_before(row: LeadRow, breach: Breach, outcomes: Outcomes) -> Iterator[TurnRow]:
    """Turns with a due of their own whose holder was told of before the breach (R16), or that began late (R14, R30), or
    whose customer's due another answers for (R25).
    """
    for turn in row.turns:
        given = any(id_of(row.lead_id, turn.turn, kind) in outcomes for kind in GIVEN)
        if (turn.turn > breach.turn and given) or (turn.turn == breach.turn and turn.kind not in (FIRST, BREACH)):
            yield turn


def _over(row: LeadRow, turn: TurnRow, force: Force) -> int:
    """When something must have followed a turn; never while it runs, for then its end is what is awaited."""
    return decided_by(row, turn.due, force) if turn.result else NEVER


def _lost(lead: Subject, arrival: Arrival, outcomes: Outcomes) -> Iterator[Finding]:
    """Accepted, and neither watched nor ever decided about."""
    limits = lead.force.rules.limits
    followed = lead.row is not None and lead.row.phase != "unknown"
    backfill = arrival.received - arrival.at > limits.max_event_age  # its row goes without an outcome (R30)
    gone = outcomes.about(lead.key) or outcomes.complete_since > arrival.received
    if not (followed or backfill or gone) and arrival.received + lead.force.grace < lead.now:
        applied = arrival.offset < lead.place
        what = "accepted, and " + ("neither watched nor decided about" if applied else "nobody has come to it yet")
        yield lead.wrong(Wrong.LOST, arrival.received, what)
