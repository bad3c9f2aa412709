"""A lead's numbers: opening and closing them where calls are matched (R24-R26)."""

from __future__ import annotations

from .case import Case
from .effects import CloseNumber, OpenNumber
from .lead import MISSED_CALL, Phase
from .spelling import key

MOST_REMOVED = 50
"""Removed numbers that a lead remembers, newest, so that its erasure reaches them (R31)."""


def open_all(case: Case, *, join: bool) -> None:
    """Ask for the calls of every number, from when the lead came on."""
    for number in case.lead.phones:
        open_one(case, number, join=join)


def open_one(case: Case, number: str, *, join: bool) -> None:
    lead = case.lead
    case.effects.append(
        OpenNumber(
            number=number,
            lead_id=lead.lead_id,
            since=lead.clock.came,
            at=case.now,
            join=join,
            absorb=lead.phase is Phase.OPEN and lead.channel != MISSED_CALL,
            due_at=lead.due_at,
            shared=number in lead.shared_phones,
        )
    )


def rekey(case: Case) -> None:
    """Open what an older program opened under another spelling: calls come to the key now (R24)."""
    lead = case.lead
    lead.keyed = True
    for number in lead.phones:
        if key(number) != number:
            open_one(case, number, join=False)
            if lead.phase is Phase.ANSWERED:
                case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=case.now, collect=True))


def close_all(case: Case, at: int, *, erase: bool = False, joined: bool = False) -> None:
    lead = case.lead
    for number in dict.fromkeys((*lead.phones, *(lead.removed_phones if erase else ()))):
        case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=at, erase=erase, joined=joined))


def collect_all(case: Case, at: int) -> None:
    """The lead is answered: it still gets its calls, but no longer counts as open (R23)."""
    for number in case.lead.phones:
        case.effects.append(CloseNumber(number=number, lead_id=case.lead.lead_id, at=at, collect=True))


def erase(case: Case, gone: set[str], at: int) -> None:
    """Some numbers go, here and where calls are matched: whoever brought them was erased (R31)."""
    lead = case.lead
    change(case, tuple(number for number in lead.phones if number not in gone), at)
    lead.removed_phones = tuple(number for number in lead.removed_phones if number not in gone)
    for number in sorted(gone):
        case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=at, erase=True))


def change(case: Case, phones: tuple[str, ...], at: int, shared: tuple[str, ...] = ()) -> None:
    """Replace the numbers: a new one counts from the lead's start, a removed one stops at the update's time (R24).

    shared: those that many may have.
    """
    lead = case.lead
    before, lead.phones = lead.phones, phones
    lead.shared_phones = tuple(number for number in phones if number in (*shared, *lead.shared_phones))
    removed = (*lead.removed_phones, *(number for number in before if number not in phones))
    lead.removed_phones = tuple(dict.fromkeys(removed))[-MOST_REMOVED:]
    if lead.phase not in (Phase.OPEN, Phase.ANSWERED):
        return
    for number in phones:
        if number not in before:
            open_one(case, number, join=False)
            if lead.phase is Phase.ANSWERED:
                case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=case.now, collect=True))
    kept = set(map(key, phones))  # another spelling of a number is no other number
    for number in before:
        if key(number) not in kept:
            case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=at))
            if number in lead.unanswered:
                lead.unanswered.remove(number)
