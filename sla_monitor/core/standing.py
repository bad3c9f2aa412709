"""Who is told what of a lead: whether a notice still holds, and what is left to say to somebody who was told before.

Nothing here is written at single transitions. What is so of a lead (`LeadState`) is compared with what a notice says
that waits, and with what somebody was told last; so it does not matter how the lead came to be what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .effects import LeadState

OPEN, ANSWERED, CLOSED, JOINED, ERASED, LEAVING = "open", "answered", "closed", "joined", "erased", "leaving"
"""Phases of a `LeadState`. leaving: it closed to become part of another lead, which has not answered yet (R25): nothing
that waited for it holds any more, and what there is to tell of its end is the answer.
"""


class Word(StrEnum):
    """For how long a kind of notice says what is so."""

    TURN = "turn"  # while the turn runs
    OPEN = "open"  # while the lead waits for a response
    ALWAYS = "always"


WORDS: Mapping[str, Word] = {
    "assigned": Word.TURN,
    "warning": Word.TURN,
    "absent": Word.TURN,
    "escalated": Word.TURN,
    "breached": Word.OPEN,
    "contact_breached": Word.OPEN,
    "unassignable": Word.OPEN,
    "no_team": Word.OPEN,
    "missed_call": Word.OPEN,
}
"""All other kinds tell of what has happened, and stay true."""

HOLDERS = frozenset({"assigned", "warning", "escalated", "missed_call"})
"""Kinds that tell somebody that the lead is theirs."""

CHANGES = frozenset({"reassigned_away", "taken", "answered", "closed", "joined"})
"""Kinds that tell somebody what has become of what they were told before."""

NOBODYS = frozenset({"unassignable", "no_team"})
"""Kinds that ask heads to see to a lead that nobody has."""

ENDS = {ANSWERED: "answered", CLOSED: "closed", JOINED: "joined", ERASED: "closed"}
"""What is told of a lead that waits for nobody any more."""

CUSTOMER = ("lead_name", "customer")
"""Details of a notice by which the customer is known."""


def live(kind: str) -> bool:
    """Whether a kind of notice asks somebody to do something."""
    return WORDS.get(kind, Word.ALWAYS) is not Word.ALWAYS


def stands(kind: str, turn: int, manager: str, state: LeadState) -> bool:
    """Whether a notice of a kind, made in a turn, tells a manager what is so."""
    word = WORDS.get(kind, Word.ALWAYS)
    if kind in CHANGES:
        return _changed(kind, manager, state)
    if word is Word.ALWAYS:
        return True
    if kind == "contact_breached":
        return state.phase in (OPEN, ANSWERED) and not state.spoken and manager in (state.holder, state.head)
    if state.phase != OPEN or (word is Word.TURN and turn != state.turn):
        return False
    if kind in NOBODYS:
        return not state.holder
    if kind == "absent" and not state.absent:
        return False
    if kind in HOLDERS:
        return manager == state.holder
    return manager in (state.holder, state.head) or not state.head  # of a lead of no team all heads are told


def _changed(kind: str, manager: str, state: LeadState) -> bool:
    if state.phase != OPEN:
        return kind == ENDS.get(state.phase)
    return kind in ("reassigned_away", "taken") and manager != state.holder


def said(state: LeadState) -> dict[str, Any]:
    """The details of a notice that tells somebody what has become of a lead."""
    more = {"reason": state.why, "by": state.by, "into": state.into, "to_id": state.holder, "holder_id": state.holder}
    return {**state.details, **{name: value for name, value in more.items() if value}}


def named_anew(details: Mapping[str, Any], state: LeadState) -> dict[str, Any]:
    """The details of a notice that waits, with the customer named as the lead has them now (R31)."""
    kept = {name: value for name, value in details.items() if name not in CUSTOMER}
    return kept | {name: state.details[name] for name in CUSTOMER if name in state.details}


@dataclass(slots=True)
class Heard:
    """What a manager was told last. mine: whether they take the lead for theirs. telling: the notice of the difference
    that is on its way to them.
    """

    kind: str
    turn: int
    mine: bool = False
    telling: str = ""

    def hear(self, kind: str, turn: int) -> None:
        self.mine = kind in HOLDERS or (self.mine and kind not in CHANGES)
        self.kind, self.turn = kind, turn


def difference(heard: Heard, manager: str, state: LeadState) -> str:
    """The kind of notice that says what has become of what a manager was told; empty if nothing has, or they know."""
    if heard.kind in CHANGES:
        return ""
    if state.phase != OPEN:
        return "" if state.by == manager else ENDS.get(state.phase, "")
    if heard.mine:
        return "" if state.holder == manager else "reassigned_away"
    found = heard.kind in NOBODYS or (heard.kind == "absent" and state.turn > heard.turn)
    return "taken" if found and state.holder and state.holder != manager else ""
