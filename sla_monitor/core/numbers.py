"""A lead's numbers: opening and closing them where calls are matched (R24-R26)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

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


def erase(case: Case, part: str, had: tuple[str, ...], at: int) -> None:
    """What a lead that joined brought goes, here and where calls are matched, unless somebody else has it too (R31)."""
    lead = case.lead
    theirs = {key(number) for number in (*had, *lead.brought.get(part, ()))}
    bring(case, {part: ()}, at)
    gone = theirs.intersection(map(key, lead.removed_phones)).difference(map(key, lead.phones))
    lead.removed_phones = tuple(number for number in lead.removed_phones if key(number) not in theirs)
    for call in lead.calls:
        call.number = None if key(call.number or "") in gone else call.number
    for number in sorted(gone):
        case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=at, erase=True))


def say(case: Case, own: tuple[str, ...], at: int, shared: tuple[str, ...] = ()) -> None:
    """What the lead has by its own word; what leads that joined have stays (R24, R25)."""
    case.lead.own_phones = own
    _gather(case, at, shared)


def bring(case: Case, brought: Mapping[str, tuple[str, ...]], at: int, shared: tuple[str, ...] = ()) -> None:
    """What leads that joined have, each instead of what it had before, is this lead's too (R25)."""
    lead = case.lead
    lead.own_phones = lead.own
    lead.brought = {part: has for part, has in (lead.brought | dict(brought)).items() if has}
    _gather(case, at, shared)


def _gather(case: Case, at: int, shared: tuple[str, ...]) -> None:
    """Its own, then what only those have that joined, each in one spelling."""
    lead = case.lead
    phones = {number: key(number) for number in lead.own}
    for number in chain.from_iterable(lead.brought.values()):
        if key(number) not in phones.values():
            phones[number] = key(number)
    if not lead.brought:
        lead.own_phones = None
    change(case, tuple(phones), at, shared)


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
    opened = set(map(key, before)) if lead.keyed else set()
    for number in phones:
        if number not in before and key(number) not in opened:
            open_one(case, number, join=False)
            if lead.phase is Phase.ANSWERED:
                case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=case.now, collect=True))
    kept = set(map(key, phones))  # another spelling of a number is no other number
    for number in before:
        if key(number) not in kept:
            case.effects.append(CloseNumber(number=number, lead_id=lead.lead_id, at=at))
            if number in lead.unanswered:
                lead.unanswered.remove(number)
