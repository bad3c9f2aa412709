"""An outcome as an audit reads it: from its JSON, by docs/outcomes.md."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from sla_monitor.codec import Undecodable
from sla_monitor.records import Stored

FOLLOWS = frozenset(
    {
        "lead.assigned.v1",
        "lead.reassigned.v1",
        "lead.unassignable.v1",
        "lead.escalated.v1",
        "lead.closed.v1",
        "lead.joined.v1",
        "lead.erased.v1",
        "sla.responded.v1",
    }
)
"""Any of them after a breach shows that somebody reacted, or needs not."""
GIVEN = ("lead.assigned", "lead.reassigned")
"""Somebody was given the lead for a turn."""
ANSWERS = frozenset({"sla.breach_retracted.v1", "sla.met.v1"})
"""Beside `FOLLOWS`, when they are about the customer's response."""


class Data(msgspec.Struct, frozen=True, gc=False):
    turn: int
    measure: str = ""
    evaluated: str = ""
    test: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What an audit needs of an outcome."""

    id: str
    type: str
    data: Data

    @property
    def kind(self) -> str:
        """The type without its version, as it stands in ids."""
        return self.type.removesuffix(".v1")

    @property
    def breach(self) -> bool:
        """Of the promise to respond; one of the contact target is only told (R12)."""
        return self.type == "sla.breached.v1" and self.data.measure == "response"

    @property
    def follows(self) -> bool:
        """Whether it is enough after a breach."""
        return self.type in FOLLOWS or (self.type in ANSWERS and self.data.measure == "response")


_decode = msgspec.json.Decoder(Outcome).decode


def outcome_of(record: Stored) -> Outcome:
    """Raises Undecodable."""
    try:
        return _decode(record.value or b"")
    except msgspec.MsgspecError as error:
        raise Undecodable(f"the outcomes hold at offset {record.offset} what is none of ours") from error


def id_of(lead_id: str, turn: int, kind: str, qualifier: str = "") -> bytes:
    """The id that an outcome has, by docs/outcomes.md."""
    parts = [lead_id, str(turn), kind, *filter(None, [qualifier])]
    return ":".join(quote(part, safe="") for part in parts).encode()
