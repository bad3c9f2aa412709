"""What people and systems say of a lead: its fields, its owner, who claims it (R16, R21-R24, R28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import events, joining, numbers, rights, turns
from .case import Case
from .lead import Lead, Lent
from .promise import Result
from .rules import MINUTE

ECHO = 10 * MINUTE
"""How long an assignment may come back to us from the CRM (R21)."""

PERSONAL = ("name", "emails", "url")
FIELDS = (*PERSONAL, "channel", "priority", "language", "region", "skills")
"""What an update may change besides the numbers; of the first it is remembered which joined lead said it."""


def update_again(case: Case, fact: events.LeadCreated) -> None:
    """The same lead again is an update; start, policy and due stay (R28)."""
    case.count("created_again")
    update(case, _as_update(fact))


def _as_update(fact: events.LeadCreated) -> events.LeadUpdated:
    fields = ("lead_id", "at", "origin", "channel", "priority", "language", "region", "name", "shared", "url")
    kept: dict[str, Any] = {name: getattr(fact, name) for name in fields}
    lists: dict[str, Any] = {name: getattr(fact, name) or None for name in ("phones", "emails", "skills")}
    return events.LeadUpdated(**kept, **lists)


def update(case: Case, fact: events.LeadUpdated) -> None:
    """Fields that are named; numbers open and close as they come and go (R21, R24)."""
    case.count("ok" if _take_up(case, fact) else "ignored_older")


def update_and_forward(case: Case, fact: events.LeadCreated | events.LeadUpdated) -> None:
    """What is said of a lead that joined is said of the other too (R25), which knows whose it is (R31)."""
    told = _as_update(fact) if isinstance(fact, events.LeadCreated) else fact
    if _take_up(case, told) or _of_part(told):
        joining.forward(case, replace(told, part=told.part or case.lead.lead_id))
    else:
        case.count("ignored_older")


def _of_part(fact: events.LeadUpdated) -> bool:
    """Whether it was said of a lead that joined, which has passed on what was the newest of it."""
    return bool(fact.part or fact.origin.hops)


def _take_up(case: Case, fact: events.LeadUpdated) -> bool:
    """Unless something newer is known. Whose numbers they are is known of each lead alone."""
    newer = stamp(fact) >= case.lead.updated_stamp
    if newer:
        _set_fields(case.lead, fact)
    if fact.phones is not None and _of_part(fact):
        numbers.bring(case, {fact.part: fact.phones}, fact.at, fact.shared)
    elif fact.phones is not None and newer:
        numbers.say(case, fact.phones, fact.at, fact.shared)
    return newer


def _set_fields(lead: Lead, fact: events.LeadUpdated) -> None:
    lead.updated_stamp = stamp(fact)
    for name in FIELDS:
        value = getattr(fact, name)
        if value is not None:
            if name in PERSONAL:
                _remember_own(lead, name, fact.part)
            setattr(lead, name, value)


def _remember_own(lead: Lead, name: str, part: str) -> None:
    """What the lead itself said of a field, while it has what was said of a part of it."""
    lent, had = lead.lent.pop(name, None), getattr(lead, name)
    if part:
        own = lent.own if lent else had if isinstance(had, tuple) else tuple(filter(None, (had,)))
        lead.lent[name] = Lent(part, own)


def stamp(fact: Any) -> tuple[int, str, str]:
    return fact.at, fact.origin.uri, fact.origin.id


def assign(case: Case, fact: events.LeadAssigned) -> None:
    """An assignment by a person or a rule; echoes and older ones change nothing (R16, R21, R22)."""
    if rights.refused(case, fact) or _outdated(case, fact) or _echo(case, fact):
        return
    if fact.owner_id and not case.is_manager(fact.owner_id):
        case.flag("unknown_owner")
        return
    case.lead.assigned_stamp = stamp(fact)
    if fact.owner_id:
        turns.hand_over(case, fact.owner_id, "rule" if fact.assigned_by == "rule" else "manual")
    else:
        turns.take_away(case)
    case.count("ok")


def _outdated(case: Case, fact: events.LeadAssigned | events.LeadClaimed) -> bool:
    older = stamp(fact) < case.lead.assigned_stamp
    if older:
        case.count("ignored_older")
    return older


def _echo(case: Case, fact: events.LeadAssigned) -> bool:
    """Our own assignment coming back starts nothing (R21).

    That nobody has the lead, said by who does not say that it was taken away, is what it was before we gave it.
    """
    lead = case.lead
    recent = (t.holder for t in lead.turns if t.reason in turns.OURS and t.begun >= fact.at - ECHO)
    echo = (
        fact.assigned_by == "sla"
        or fact.owner_id == lead.holder
        or (fact.assigned_by is None and (fact.owner_id or lead.holder) in recent)
    )
    if echo:
        case.count("ignored_echo")
    return echo


def assign_only(case: Case, fact: events.LeadAssigned) -> None:
    """Assigning a lead that is not open changes its holder only (R23)."""
    if rights.refused(case, fact) or _outdated(case, fact) or _echo(case, fact):
        return
    if fact.owner_id and not case.is_manager(fact.owner_id):
        case.flag("unknown_owner")
        return
    lead = case.lead
    lead.assigned_stamp, before, lead.holder = stamp(fact), lead.holder, fact.owner_id
    lead.by_escalation = False
    named = {"from": before, "to": lead.holder, "reason": "holder_only"}
    case.publish("lead.assigned", named, qualifier=f"{fact.origin.uid():x}", source=lead.source)
    case.count("ok")


def _claimed(lead: Lead, turn: int) -> bool:
    """Whether an open turn was nobody's, and somebody took it by a claim: it keeps its number."""
    current = lead.current
    claimed = current is not None and current.reason == "claimed" and current.result is Result.RUNNING
    return claimed and turn == lead.cycle


def claim(case: Case, fact: events.LeadClaimed) -> None:
    """The first claim of a turn takes the lead; by the present holder it is an acknowledgement (R16)."""
    lead = case.lead
    if fact.manager_id == lead.holder:
        case.count("acknowledged")
    elif fact.turn != lead.turn or _claimed(lead, fact.turn):
        case.count("ignored_stale_claim")
    elif not case.is_manager(fact.manager_id):
        case.flag("unknown_manager")
    elif not rights.refused(case, fact) and not _outdated(case, fact):
        lead.assigned_stamp = stamp(fact)
        turns.hand_over(case, fact.manager_id, "claimed")
        case.count("ok")
